"""A value that is read from files, and read again once one of them changes."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from schemaregistry.errors import RegistryError

ValueT = TypeVar("ValueT")
Stamp = tuple[int, int, int] | None

log = logging.getLogger(__name__)


class Reloaded(Generic[ValueT]):
    """The value that `make` reads from `paths`. Raises as `make` does at first; later the last good value stays.

    It stays, for example, while a certificate has been replaced and its key has not yet.
    """

    def __init__(self, paths: Sequence[Path], make: Callable[[], ValueT]) -> None:
        self._paths = tuple(paths)
        self._make = make
        self._seen = self._stamps()
        self._value = make()
        self._complaint = ""
        self.on_change: Callable[[], object] = lambda: None
        """Called after each time that the files were read again."""

    @property
    def value(self) -> ValueT:
        """The value of the files as they are now. Costs one stat(2) a file while they don't change."""
        stamps = self._stamps()
        if stamps != self._seen:
            self._renew(stamps)
        return self._value

    def _renew(self, stamps: tuple[Stamp, ...]) -> None:
        try:
            self._value = self._make()
        except RegistryError as error:
            # `_seen` stays, so that the next call tries again: a second write within the same tick of the file system's
            # clock wouldn't change the stamp.
            if error.message != self._complaint:
                log.error("what was read before stays in use: %s", error.message)
                self._complaint = error.message
        else:
            self._seen, self._complaint = stamps, ""
            log.warning("read again: %s", ", ".join(map(str, self._paths)))
            self.on_change()

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(map(_stamp, self._paths))


def _stamp(path: Path) -> Stamp:
    """Inode, time and size: they change when a file is written or replaced, through a symbolic link too.

    None: there is no such file.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
