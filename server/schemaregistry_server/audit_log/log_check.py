"""Read an audit log's file and verify its chain: a line that is changed, missing or in another place is named."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from schemaregistry.errors import FailedPrecondition, InvalidArgument
from schemaregistry_server.audit_log.event_lines import GENESIS, MAX_LINE, ChainEnd, EventLine, read_line

LONGEST: Final = 2 * MAX_LINE
"""Bytes that are read in search of a line's end."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a file that was verified, and its number there, from 1."""

    number: int
    event: EventLine


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """What was found in a file whose chain is whole.

    `before` is the end of the chain that its first line goes on with, from a file before it. `cut_off` are the numbers
    of lines that a crash cut off, each named by the line after it; `lost` is the number of events that the disk didn't
    take, by the log's own count.
    """

    path: Path
    records: int
    before: ChainEnd
    end: ChainEnd
    cut_off: tuple[int, ...]
    lost: int


def check(path: Path, after: ChainEnd | None = None) -> CheckedLog:
    """Verify a file. `after` is the end of the file before it, where there was one.

    Raises FailedPrecondition (AUDIT_BROKEN), naming file, line and sequence, at the first line that is wrong;
    InvalidArgument (AUDIT_LOG_UNREADABLE) where the file can't be read.
    """
    before: ChainEnd | None = None
    cut_off: list[int] = []
    records = lost = 0
    end, number = ChainEnd(), 0
    for line in read(path, cut_off):
        event, number = line.event, line.number
        if before is None:
            before = end = _begin(path, line, after)
        if event.sequence != end.sequence + 1:
            raise _out_of_place(path, line, end)
        if event.previous != end.hash:
            raise broken(path, number, event.sequence, "is of another chain, or the record before it is another")
        end, records = event.end, records + 1
        lost += _lost(event)
    return CheckedLog(path, records, before or ChainEnd(), end, tuple(cut_off), lost)


def read(path: Path, cut_off: list[int] | None = None) -> Iterator[LogLine]:
    """Yield the lines of a file, each with the right hash; the chain isn't looked at. Raises as `check` does.

    The numbers of lines that a crash cut off are added to `cut_off`.
    """
    cut_off = [] if cut_off is None else cut_off
    try:
        with path.open("rb") as file:
            yield from _lines(path, file, cut_off)
    except OSError as failed:
        raise InvalidArgument(
            f"{path}: the audit log can't be read ({failed.strerror}).", reason="AUDIT_LOG_UNREADABLE"
        ) from failed


def broken(path: Path, number: int, sequence: int, what: str) -> FailedPrecondition:
    """Make the error about a line; `sequence` is its number in the chain, 0 where that isn't known."""
    record = f"record {sequence}" if sequence else "the line"
    return FailedPrecondition(
        f"{path}: line {number}: {record} {what}.",
        reason="AUDIT_BROKEN",
        metadata={"file": str(path), "line": str(number), "sequence": str(sequence)},
    )


def _lines(path: Path, file: BinaryIO, cut_off: list[int]) -> Iterator[LogLine]:
    size, fragment, number, sequence = _whole_size(file), b"", 0, 0
    while file.tell() < size:
        number += 1
        raw = file.readline(LONGEST)
        line = raw.removesuffix(b"\n")
        try:
            if line == raw:
                raise ValueError("it is cut off" if file.tell() >= size else "it is no line of an audit log")
            event = read_line(line)
        except ValueError as wrong:
            if fragment or line == raw:
                raise broken(path, number, sequence + 1, f"is not to be read: {wrong}") from wrong
            fragment = line or b"\0"  # only the line after it can tell that a crash cut it off
            continue
        if fragment and not _tells_of(event, fragment):
            raise broken(path, number - 1, sequence + 1, "is not as it was written: its hash is another")
        if fragment:
            cut_off.append(number - 1)
        fragment, sequence = b"", event.sequence
        yield LogLine(number, event)
    if fragment:
        raise broken(path, number, sequence + 1, "is not as it was written: its hash is another")


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


def _begin(path: Path, line: LogLine, after: ChainEnd | None) -> ChainEnd:
    """The end of the chain that a file's first line goes on with; a file may also begin a chain of its own."""
    event = line.event
    if event.sequence == 1:
        if event.previous != GENESIS:
            raise broken(path, line.number, 1, "is of another chain: it is the first, and names one before it")
        return ChainEnd()
    begun = ChainEnd(event.sequence - 1, event.previous)
    if after is None or after == begun:
        return begun
    raise _out_of_place(path, line, after)


def _out_of_place(path: Path, line: LogLine, end: ChainEnd) -> FailedPrecondition:
    sequence = line.event.sequence
    where = f"comes after record {end.sequence}"
    if sequence > end.sequence + 1:
        missing = f"{end.sequence + 1}" if sequence == end.sequence + 2 else f"{end.sequence + 1} to {sequence - 1}"
        what = f"{where}: {missing} missing, or in another place"
    elif sequence == end.sequence + 1:
        what = f"{where}, which is another one than it names"
    else:
        what = f"{where}: it is there twice, or in another place"
    return broken(path, line.number, sequence, what)


def _lost(event: EventLine) -> int:
    lost = event.members.get("lost")
    return lost if event.members.get("event") == "gap" and isinstance(lost, int) else 0
