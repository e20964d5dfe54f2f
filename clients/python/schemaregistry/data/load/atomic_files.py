"""Write to a locked temporary file or folder and rename it into place.

The temporary name is hidden. A process that was killed leaves a file without a lock, which the next load removes.
"""

import contextlib
import errno
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
"""Bytes of a name's stem: names have 255 bytes at most, and a digest and an ending are added."""
_YOUNG: Final = 60
"""Seconds for which a temporary file is left alone, since it may not be locked yet."""


@dataclass(frozen=True, slots=True)
class AtomicFile:
    """A temporary file or folder at `path`, locked as long as `descriptor` is open.

    `made` are the folders that were created for it, the innermost first.
    """

    path: Path
    descriptor: int
    made: tuple[Path, ...]

    def show(self, final: Path) -> None:
        """Rename it to `final` and let others read it; its contents must be synced before.

        Raises OSError, also where `final` is a FIFO, a device or a socket: a rename would take its place.
        """
        if final.exists() and not (final.is_file() or final.is_dir()):
            raise FileExistsError(errno.EEXIST, "it is no regular file", str(final))
        _allow_readers(self.path)
        self.path.replace(final)
        # A rename is durable only once its folder is synced.
        sync(final.parent)

    def discard(self) -> None:
        """Remove it unless it was renamed, and the folders that were created for it if they are empty."""
        remove(self.path)
        with contextlib.suppress(OSError):
            for folder in self.made:
                folder.rmdir()


def shortened(name: str) -> str:
    """Cut a name so that a digest or number and an ending still fit into a file name."""
    while len(os.fsencode(name)) > _LONGEST_STEM:
        name = name[:-1]
    return name


def hidden_file(folder: Path) -> AtomicFile:
    """Create an empty temporary file in a folder, and the folder if need be.

    Raises InvalidArgument (DESTINATION_UNWRITABLE) where no file can be created there.
    """
    return _made(folder, lambda: tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder))


def hidden_folder(folder: Path) -> AtomicFile:
    """Create an empty temporary folder in a folder; otherwise like `hidden_file`."""

    def make() -> tuple[int, str]:
        name = tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder)
        return os.open(name, os.O_RDONLY), name

    return _made(folder, make)


def _made(folder: Path, make: Callable[[], tuple[int, str]]) -> AtomicFile:
    made = tuple(each for each in (folder, *folder.parents) if not each.exists())
    try:
        descriptor, name = _made_within(folder, make)
    except OSError as error:
        message = f"can't write to {folder} ({error.strerror}): name a directory that can be written"
        raise InvalidArgument(message, reason="DESTINATION_UNWRITABLE", metadata={"file": str(folder)}) from None
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return AtomicFile(Path(name), descriptor, made)


def _made_within(folder: Path, make: Callable[[], tuple[int, str]], tries: int = 5) -> tuple[int, str]:
    """Create a temporary file or folder, and the folder that it is in.

    Another load that fails meanwhile removes the folder that it created, while that is empty: then it is created again.
    """
    try:
        _make_folder(folder)
        _remove_abandoned(folder)
        return make()
    except FileNotFoundError:
        if tries == 1:
            raise
        return _made_within(folder, make, tries - 1)


def _make_folder(folder: Path) -> None:
    """Create a folder and its parents durably."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its contents; do nothing if it doesn't exist."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make the contents of a file durable, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _allow_readers(path: Path) -> None:
    """Set the mode that the umask would give; mkstemp and mkdtemp allow the owner alone."""
    # The umask can only be read by setting it.
    umask = os.umask(0)
    os.umask(umask)
    path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files without a lock that are older than `_YOUNG`."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            if time.time() - os.fstat(descriptor).st_mtime >= _YOUNG:
                # A process's lock ends with it, however it ends.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
