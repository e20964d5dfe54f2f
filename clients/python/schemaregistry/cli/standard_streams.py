"""Give the process its three standard streams, and notice where what is printed can't be written."""

import errno
import fcntl
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_FOR_CLOSED: Final = (os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)
"""How the null device is opened in the place of stdin, stdout and stderr.

Reading stdin and writing stdout then fail, as in gnulib's `stdopen.c`; what goes to stderr is dropped.
"""


class OutputLost(OSError):
    """What is printed can't be written to stdout.

    `errno` stays None, or typer would exit with 1 on EPIPE, which means `violates`.
    """

    def __init__(self, why: str, *, broken_pipe: bool = False) -> None:
        super().__init__(why)
        self.broken_pipe = broken_pipe


@contextmanager
def guarded() -> Iterator[None]:
    """Open the descriptors 0 to 2 that are closed, and replace Python's streams for the block.

    Printing then raises OutputLost where stdout takes no more, an error of stderr is dropped, and reading a stdin that
    was closed raises InvalidArgument (NO_INPUT). Streams that somebody replaced before, as tests do, stay.
    """
    # Else the next file or socket gets such a number, and is taken for a standard stream: libuv aborts on that.
    for descriptor, flags in enumerate(_FOR_CLOSED):
        _open_if_closed(descriptor, flags)
    before = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is sys.__stdin__ and fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_ClosedStdin()))
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Stdout(1, "wb", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Stderr(2, "wb", closefd=False), sys.stderr)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


class _Stdout(io.FileIO):
    """Descriptor 1. After its first error it drops what is written, so that the error is raised once."""

    _lost = False

    def write(self, data: "ReadableBuffer", /) -> int:
        if self._lost:
            return memoryview(data).nbytes
        try:
            # None where the descriptor doesn't block, as a parent process may have set it, and is full.
            while (written := super().write(data)) is None:
                select.select((), (self,), ())
        except OSError as error:
            self._lost = True
            why = "stdout is closed" if error.errno == errno.EBADF else _lowered(error)
            raise OutputLost(why, broken_pipe=isinstance(error, BrokenPipeError)) from error
        return written


class _Stderr(io.FileIO):
    """Descriptor 2. Its errors are dropped: there is nowhere else to tell of them."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


class _ClosedStdin(io.RawIOBase):
    """A stdin that can't be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: "WriteableBuffer", /) -> NoReturn:
        raise InvalidArgument("Standard input is closed: pipe something into it.", reason="NO_INPUT")


def _open_if_closed(descriptor: int, flags: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        # The lowest free number is given out, and all below it are open. Child processes are to have it, too.
        os.set_inheritable(os.open(os.devnull, flags), True)


def _text(raw: io.FileIO, like: TextIO | None) -> TextIO:
    """A text stream over `raw` with the settings of Python's own, which is None where the descriptor was closed."""
    buffer = io.BufferedWriter(raw)
    if not isinstance(like, io.TextIOWrapper):
        return io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace")
    return io.TextIOWrapper(
        buffer,
        encoding=like.encoding,
        errors=like.errors,
        line_buffering=like.line_buffering,
        write_through=like.write_through,
    )


def _lowered(error: OSError) -> str:
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
