"""A value made from files, made anew once one of them changes. Holds no file's meaning."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from schemaregistry.errors import RegistryError

ValueT = TypeVar("ValueT")
Stamp = tuple[int, int, int] | None

log = logging.getLogger(__name__)


class Reloaded(Generic[ValueT]):
    """What `make` makes of `paths`. Raises as `make` does, at first; later the last good value stays.

    It stays, for one, while one half of a pair is replaced and the other is not yet.
    """

    def __init__(self, paths: Sequence[Path], make: Callable[[], ValueT]) -> None:
        self._paths = tuple(paths)
        self._make = make
        self._seen = self._stamps()
        self._value = make()
        self._complaint = ""

    @property
    def value(self) -> ValueT:
        """The value of the files as they are now. Asks the file system only whether they changed."""
        stamps = self._stamps()
        if stamps != self._seen:
            self._renew(stamps)
        return self._value

    def _renew(self, stamps: tuple[Stamp, ...]) -> None:
        try:
            self._value = self._make()
        except RegistryError as error:
            # `_seen` stays: what is written within one tick of the file system's clock would not be noticed.
            if error.message != self._complaint:
                log.error("what was read before stays in use: %s", error.message)
                self._complaint = error.message
        else:
            self._seen, self._complaint = stamps, ""
            log.warning("read again: %s", ", ".join(map(str, self._paths)))

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(map(_stamp, self._paths))


def _stamp(path: Path) -> Stamp:
    """What differs once a file is replaced (through a symbolic link, too) or written to; None: it isn't there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
