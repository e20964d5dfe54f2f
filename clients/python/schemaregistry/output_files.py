"""Write the file that an option or argument names: replace a regular file whole, write through into anything else."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from schemaregistry.errors import InvalidArgument

_LINKS: Final = 40
"""Symbolic links that are followed for one name, as many as Linux does (path_resolution(7))."""


def regular_target(path: Path) -> Path | None:
    """Return the path of the regular file that `path` names, which may not exist yet; symbolic links are followed.

    None for a FIFO, a character device, a socket or an open descriptor (`/dev/stdout`): these take bytes through
    `opened_through`. Raises InvalidArgument (OUTPUT_UNWRITABLE) for a directory (an empty name is the current one), a
    block device, and a name that can't be followed.
    """
    try:
        if _descriptor(path) is not None:
            return None
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    if stat.S_ISDIR(mode):
        raise _refused(f"{str(path)!r} is a directory" + (", as an empty name is" if str(path) == "." else ""))
    # Bytes written there would go over a disk's file system.
    if stat.S_ISBLK(mode):
        raise _refused(f"{path} is a block device")
    if not stat.S_ISREG(mode):
        return None
    # Renaming another file into place needs no right to write to this one.
    if not os.access(path, os.W_OK):
        raise _refused(f"can't write {path} (Permission denied)")
    return Path(os.path.realpath(path))


@contextmanager
def opened_through(path: Path) -> Iterator[IO[bytes]]:
    """Open a FIFO, a device or a descriptor for writing; this waits for a FIFO's reader.

    Raises InvalidArgument (OUTPUT_UNWRITABLE), for errors of the block too.
    """
    try:
        descriptor = _descriptor(path)
        # Neither made nor emptied: whatever the name is by now, a file isn't lost.
        opened = os.open(path, os.O_WRONLY | os.O_NOCTTY) if descriptor is None else os.dup(descriptor)
        with os.fdopen(opened, "wb") as file:
            yield file
    except OSError as error:
        raise unwritable(path, error) from None


def write(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write `data` as the whole of a file, or leave the file as it was; into a FIFO or a device, write it through.

    A file gets `mode` (None: the mode that it has, or a new file would get).

    Raises InvalidArgument (OUTPUT_UNWRITABLE).
    """
    target = regular_target(path)
    if target is None:
        with opened_through(path) as stream:
            stream.write(data)
        return
    try:
        _replace(target, data, mode)
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: Exception) -> InvalidArgument:
    """The refusal for an error of the file system."""
    return _refused(f"can't write {path} ({getattr(error, 'strerror', None) or error})")


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument(f"{message}: name a file that can be written", reason="OUTPUT_UNWRITABLE")


def _descriptor(path: Path) -> int | None:
    """The number of the open descriptor that a name such as `/dev/stdout` or `/dev/fd/63` leads to.

    A file behind it may have been opened to append, or have what others wrote: it isn't to be replaced.
    """
    own = f"/proc/{os.getpid()}/fd"
    for _ in range(_LINKS):
        if path.name.isdecimal() and os.path.realpath(path.parent) == own:
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return None


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable: a new file's, or a renamed one's."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    """Write a temporary file with `mode`, or the one that `target` has or would get, and rename it into place."""
    descriptor, name = tempfile.mkstemp(prefix=".schemaregistry-", suffix=".partial", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(target) if mode is None else mode)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _mode(target: Path) -> int:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        # The umask can only be read by setting it.
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
