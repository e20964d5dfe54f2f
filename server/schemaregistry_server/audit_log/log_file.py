"""One audit log's file: lock it, append lines to it, and go on with its chain after other processes and restarts."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from schemaregistry.errors import FailedPrecondition
from schemaregistry.output_files import sync_directory
from schemaregistry_server.audit_log.event_lines import ChainEnd, EventLine, read_line, write_line

TAIL: Final = 1 << 20
"""Bytes from the end in which the last whole line is looked for: a group of lines that was cut off is shorter."""

LOCK_SECONDS: Final = 5.0
"""Seconds to wait for the lock, which others hold for one append; a process that stands still must stop no other."""

LOCK_PAUSE: Final = 0.005

Members = Mapping[str, object]


class LogFile:
    """A file to which several processes append lines of one chain, each append under a lock (flock).

    Where the file is renamed (logrotate), the next append makes a new one, which goes on with the chain.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for its owner alone.

        Raises FailedPrecondition where it can't be written (AUDIT_LOG_UNUSABLE) or its last line isn't one of an audit
        log (AUDIT_LOG_BROKEN).
        """
        self._path = path
        self._end = ChainEnd()
        self._size = 0
        """Bytes of the file up to where `_end` is its chain's end."""
        self.cut = b""
        """The beginning of a line that a crash cut off at the end of the file."""
        self._lacks_newline = False
        try:
            self._file = _opened(path)
            with self._locked():
                self._catch_up(strict=True)
        except OSError as failed:
            raise FailedPrecondition(
                f"{path}: the audit log can't be written ({failed.strerror}). Name another file, or make room.",
                reason="AUDIT_LOG_UNUSABLE",
            ) from failed

    def append(self, make: Callable[[], Sequence[Members]]) -> None:
        """Append the lines that `make` returns, which is called once the file is locked, and sync them to the disk.

        Raises OSError where they can't all be written; none of them is then in the file, nor in the chain.
        """
        with self._locked():
            self._follow_rename()
            self._catch_up()
            lines, end = b"", self._end
            for members in make():
                line, end = write_line(members, end)
                lines += line
            if not lines:
                return
            lines = b"\n" * self._lacks_newline + lines
            size = os.fstat(self._file).st_size
            try:
                _write_all(self._file, lines)
                os.fdatasync(self._file)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._file, size)  # only what was written here, and under the lock
                raise
            self._end, self._size = end, size + len(lines)
            self.cut, self._lacks_newline = b"", False

    def last(self, event: str, program: str) -> EventLine | None:
        """The last line about an event in this file, None where there is none; to be called while it is locked."""
        # Quotes within texts are escaped, so no text can look like this.
        wanted = f'"event":"{event}","program":"{program}"'.encode()
        end = os.fstat(self._file).st_size
        while end > 0:
            begin = max(0, end - TAIL)
            block = os.pread(self._file, end - begin, begin)
            first, _, lines = block.partition(b"\n") if begin else (b"", b"", block)
            for line in reversed(lines.split(b"\n")):
                if wanted in line:
                    with suppress(ValueError):
                        return read_line(line)
            # The first line may begin in the block before: it is read again there.
            end = begin + len(first) if len(first) < len(block) else begin
        return None

    def close(self) -> None:
        os.close(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        _lock(self._file)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)  # of a file that was renamed meanwhile the lock went with it

    def _follow_rename(self) -> None:
        while not _same_file(self._file, self._path):
            self._catch_up()  # the last lines of others in the old file
            new = _opened(self._path)
            try:
                _lock(new)
            except OSError:
                os.close(new)
                raise
            os.close(self._file)
            self._file, self._size = new, 0
            self.cut, self._lacks_newline = b"", False

    def _catch_up(self, *, strict: bool = False) -> None:
        """Take the end of the chain from the file's last whole line, where others have written since.

        A file that has become shorter, or whose last line is no line, leaves the end as it is remembered: the chain in
        the file then has a gap, which `audit verify` finds.
        """
        size = os.fstat(self._file).st_size
        if size == self._size:
            return
        grown, self._size = size > self._size, size
        begin = max(0, size - TAIL)
        lines = os.pread(self._file, size - begin, begin).split(b"\n")
        self.cut = lines.pop()
        self._lacks_newline = bool(self.cut)
        with suppress(ValueError):  # a line that lacks its newline alone
            read_line(self.cut)
            lines.append(self.cut)
            self.cut = b""
        if not grown or (not lines and begin == 0):
            return
        try:
            self._end = read_line(lines[-1] if lines else b"").end
        except ValueError as wrong:
            if strict:
                raise FailedPrecondition(
                    f"{self._path}: the last line can't be gone on from: {wrong}. Keep the file, and see "
                    "`schemaregistry audit verify --log`; move it away, and start again.",
                    reason="AUDIT_LOG_BROKEN",
                    metadata={"file": str(self._path)},
                ) from wrong


def _opened(path: Path) -> int:
    # O_APPEND: no two writers overwrite one another, not even one that doesn't lock.
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if not os.fstat(file).st_size:
        sync_directory(path.parent)  # a new file's name is on the disk only once its directory is
    return file


def _lock(file: int) -> None:
    """Take the lock of a file; raises BlockingIOError where another process has it for LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
        time.sleep(LOCK_PAUSE)


def _same_file(file: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    own = os.fstat(file)
    return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
