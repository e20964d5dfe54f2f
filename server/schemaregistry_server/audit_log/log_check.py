"""Read one file of an audit log and verify its chain: a line that is changed, missing or in another place is named.

`log_order.py` verifies several files, which go on with one another's chains.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from schemaregistry.errors import FailedPrecondition, InvalidArgument
from schemaregistry_server.audit_log.event_lines import GENESIS, MAX_LINE, MOST, ChainEnd, EventLine, read_line

LONGEST: Final = 2 * MAX_LINE
"""Bytes that are read in search of a line's end."""

NOTHING: Final = ChainEnd()
"""The end of a chain that has no record yet."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a file that was verified, and its number there, from 1."""

    number: int
    event: EventLine


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """What was found in a file whose chain is whole.

    `before` is the end of the chain that its first line goes on with, from a file before it, and `first` that line's
    hash, "" where there is no line. `cut_off` are the numbers of lines that a crash cut off, each named by the line
    after it; `lost` is the number of events that the disk didn't take, by the log's own count.
    """

    path: Path
    records: int
    before: ChainEnd
    first: str
    end: ChainEnd
    cut_off: tuple[int, ...]
    lost: int


def check(path: Path, after: ChainEnd = NOTHING, check_first: Callable[[LogLine], None] = lambda _: None) -> CheckedLog:
    """Verify a file. `after` is where the chain is before it; an empty file leaves it there.

    A file may go on with any chain, as its first line says: `check_first` raises where that line is out of place.

    Raises FailedPrecondition (AUDIT_BROKEN), naming file, line and sequence, at the first line that is wrong;
    InvalidArgument (AUDIT_LOG_UNREADABLE) where the file can't be read.
    """
    before = end = after
    cut_off: list[int] = []
    records, lost, first = 0, 0, ""
    for line in read(path, after.sequence, cut_off):
        event = line.event
        if not first:
            if event.sequence == 1 and event.previous != GENESIS:
                raise broken(path, line.number, 1, "is of another chain: it is the first, and names one before it")
            check_first(line)
            before, end, first = event.before, event.before, event.hash
        if event.sequence != end.sequence + 1:
            raise out_of_place(path, line, end)
        if event.previous != end.hash:
            raise broken(path, line.number, event.sequence, "is of another chain, or the record before it is another")
        end, records = event.end, records + 1
        lost += _lost(path, line)
    return CheckedLog(path, records, before, first, end, tuple(cut_off), lost)


def read(path: Path, after: int = 0, cut_off: list[int] | None = None) -> Iterator[LogLine]:
    """Yield the lines of a file, each with the right hash; the chain isn't looked at. Raises as `check` does.

    `after` is the number of the record before the first one, to name that one by. The numbers of lines that a crash cut
    off are added to `cut_off`.
    """
    cut_off = [] if cut_off is None else cut_off
    try:
        with path.open("rb") as file:
            yield from _lines(path, file, after, cut_off)
    except OSError as failed:
        raise _unreadable(path, failed) from failed


def read_raw(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file as they are, without their newlines; a line of over LONGEST bytes comes in pieces.

    Raises InvalidArgument (AUDIT_LOG_UNREADABLE).
    """
    try:
        with path.open("rb") as file:
            size = _whole_size(file)
            while file.tell() < size:
                yield file.readline(LONGEST).removesuffix(b"\n")
    except OSError as failed:
        raise _unreadable(path, failed) from failed


def broken(path: Path, number: int, sequence: int, what: str) -> FailedPrecondition:
    """Make the error about a line; `sequence` is its number in the chain, 0 where that isn't known."""
    record = f"record {sequence}" if sequence else "the line"
    return FailedPrecondition(
        f"{path}: line {number}: {record} {what}.",
        reason="AUDIT_BROKEN",
        metadata={"file": str(path), "line": str(number), "sequence": str(sequence)},
    )


def out_of_place(path: Path, line: LogLine, end: ChainEnd, where: str = "") -> FailedPrecondition:
    """Make the error about a line that doesn't follow `end`, the last record of `where` (" of FILE")."""
    sequence = line.event.sequence
    what = f"comes after record {end.sequence}{where}"
    if sequence > end.sequence + 1:
        missing = f"{end.sequence + 1}" if sequence == end.sequence + 2 else f"{end.sequence + 1} to {sequence - 1}"
        what += f": {missing} missing, or in another place"
    elif sequence == end.sequence + 1:
        what += ", which is another one than it names"
    else:
        what += ": it is there twice, or in another place"
    return broken(path, line.number, sequence, what)


def _lines(path: Path, file: BinaryIO, sequence: int, cut_off: list[int]) -> Iterator[LogLine]:
    size, fragment, why, number = _whole_size(file), b"", "", 0
    while file.tell() < size:
        number += 1
        raw = file.readline(LONGEST)
        line = raw.removesuffix(b"\n")
        try:
            if line == raw:
                raise ValueError("it is cut off" if file.tell() >= size else "it is no line of an audit log")
            event = read_line(line)
        except ValueError as wrong:
            if fragment:
                raise broken(path, number - 1, sequence + 1, f"is not as it was written: {why}") from wrong
            if line == raw:
                raise broken(path, number, sequence + 1, f"is not to be read: {wrong}") from wrong
            fragment, why = line or b"\0", str(wrong)  # only the line after it can tell that a crash cut it off
            continue
        if fragment and not _tells_of(event, fragment):
            raise broken(path, number - 1, sequence + 1, f"is not as it was written: {why}")
        if fragment:
            cut_off.append(number - 1)
        fragment, sequence = b"", event.sequence
        yield LogLine(number, event)
    if fragment:
        raise broken(path, number, sequence + 1, f"is not as it was written: {why}")


def _unreadable(path: Path, failed: OSError) -> InvalidArgument:
    return InvalidArgument(f"{path}: the audit log can't be read ({failed.strerror}).", reason="AUDIT_LOG_UNREADABLE")


def _whole_size(file: BinaryIO) -> int:
    """The file's size while no process writes to it: a server may be half way through a line."""
    fcntl.flock(file, fcntl.LOCK_SH)
    try:
        return os.fstat(file.fileno()).st_size
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _tells_of(event: EventLine, fragment: bytes) -> bool:
    members = event.members
    return members.get("event") == "cut" and (members.get("bytes"), members.get("sha256")) == (
        len(fragment),
        hashlib.sha256(fragment).hexdigest(),
    )


def _lost(path: Path, line: LogLine) -> int:
    """How many events a `gap` says were lost; 0 for any other line."""
    if line.event.members.get("event") != "gap":
        return 0
    lost = line.event.members.get("lost")
    if type(lost) is not int or not 0 < lost <= MOST:
        raise broken(path, line.number, line.event.sequence, "is a gap of no number of events: no program writes that")
    return lost
