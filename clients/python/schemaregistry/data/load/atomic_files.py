"""Files and folders that are there whole from one moment to the next. Knows nothing of what is in them.

Until then each has a hidden name and a lock. What was killed leaves one without a lock: the next one removes it.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemaregistry.errors import InvalidArgument

_PREFIX: Final = ".schemaregistry-"
_SUFFIX: Final = ".partial"
_LONGEST_STEM: Final = 220
_YOUNG: Final = 60
"""Seconds."""


@dataclass(frozen=True, slots=True)
class AtomicFile:
    """A file or a folder at `path` that nobody looks at yet, locked while `descriptor` is open.

    `made` are the folders that were made for it, the one that it is in first.
    """

    path: Path
    descriptor: int
    made: tuple[Path, ...]

    def show(self, final: Path) -> None:
        """Give it its name, for good, and let others read it; what is in it has been synced. Raises OSError."""
        _allow_readers(self.path)
        self.path.replace(final)
        sync(final.parent)

    def discard(self) -> None:
        """Remove it, unless it has been shown, and the folders that were made for it if nothing else is there."""
        remove(self.path)
        with contextlib.suppress(OSError):
            for folder in self.made:
                folder.rmdir()


def shortened(name: str) -> str:
    """The start of a name that leaves room for a digest or a number, and an ending: names have 255 bytes at most."""
    while len(os.fsencode(name)) > _LONGEST_STEM:
        name = name[:-1]
    return name


def hidden_file(folder: Path) -> AtomicFile:
    """An empty file in a folder; the folder is made if need be.

    Raises InvalidArgument (DESTINATION_UNWRITABLE) where no file can be made there.
    """
    return _made(folder, lambda: tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder))


def hidden_folder(folder: Path) -> AtomicFile:
    """The same with an empty folder in it."""

    def make() -> tuple[int, str]:
        name = tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder)
        return os.open(name, os.O_RDONLY), name

    return _made(folder, make)


def _made(folder: Path, make: Callable[[], tuple[int, str]]) -> AtomicFile:
    made = tuple(each for each in (folder, *folder.parents) if not each.exists())
    try:
        _make_folder(folder)
        _remove_abandoned(folder)
        descriptor, name = make()
    except OSError as error:
        message = f"can't write to {folder} ({error.strerror}): name a directory that can be written"
        raise InvalidArgument(message, reason="DESTINATION_UNWRITABLE", metadata={"file": str(folder)}) from None
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return AtomicFile(Path(name), descriptor, made)


def _make_folder(folder: Path) -> None:
    """Make a folder that outlasts a power cut, if it isn't there."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder and what is in it; nothing if it isn't there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make a file's contents durable, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _allow_readers(path: Path) -> None:
    """Give a file or a folder the mode of one that was made the ordinary way."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)


def _remove_abandoned(folder: Path) -> None:
    """Remove what is no longer locked. What is young may not be locked yet."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            if time.time() - os.fstat(descriptor).st_mtime >= _YOUNG:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
