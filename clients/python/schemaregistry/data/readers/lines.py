"""A text file in blocks of whole records, with the line and the place of each. Knows no format's fields.

In NDJSON a record is a line. In CSV it is a line too, but for line ends within quotes (RFC 4180, 2.6).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol, TypeAlias

import numpy as np

from schemaregistry.data.arrow.arrays import Indices, is_utf8
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

BLOCK: Final = 4 << 20
"""Bytes that are read at a time."""
_PART: Final = 1 << 17
"""Bytes that are looked at at a time: few enough to stay in a core's cache."""
LONGEST: Final = 64 << 20
"""Bytes of a record; one without an end would fill the memory."""
_BOMB_BYTES: Final = 256 << 20
_BOMB_RATIO: Final = 500
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_BOM: Final = b"\xef\xbb\xbf"


Text: TypeAlias = bytes | memoryview
Prove: TypeAlias = Callable[[Text], bool]


class Reads(Protocol):
    """The bytes of a text file, decompressed. `position` counts bytes on disk."""

    @property
    def position(self) -> int: ...

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        ...

    def passed_over(self, offset: int) -> int:
        """How many lines of the file before an offset aren't in the text."""
        ...


def _none(_offset: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Proven:
    """Consecutive records of a file, a line each, that surely conform, unread."""

    lines: int


@dataclass(frozen=True)
class Block:
    """Whole records: `data` starts at `offset` of the (decompressed) text, on line `line`, from 1."""

    data: bytes
    offset: int
    line: int
    quoted: bool
    keep_empty: bool = False
    passed_over: Callable[[int], int] = _none
    """How many lines before an offset aren't in the text."""

    @cached_property
    def newlines(self) -> Indices:
        """Where the line ends are."""
        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == _NEWLINE)

    @cached_property
    def lines(self) -> int:
        """How many lines there are, the last one with or without an end."""
        return count_lines(self.data)

    @cached_property
    def is_utf8(self) -> bool:
        """Whether it is UTF-8 throughout."""
        return is_utf8(self.data)

    @property
    def is_blank(self) -> bool:
        """Whether there is no record."""
        return not (self.data if self.keep_empty else self.data.lstrip(b"\r\n"))

    def has(self, records: int) -> bool:
        """Whether there are so many records: one for each line end, or else they have to be looked for.

        A reader that passes over empty lines can't have found one for each if there are any.
        """
        is_plain = b"\r" not in self.data and not (self.quoted and b'"' in self.data)
        if is_plain and records == self.lines:
            return True
        return records == len(self.starts)

    @cached_property
    def starts(self) -> Indices:
        """Where each record starts. Empty lines are none, but where `keep_empty`."""
        ends = record_ends(self.data, self.newlines) if self.quoted else self.newlines
        ended = len(ends) and ends[-1] == len(self.data) - 1
        starts: Indices = np.append(0, ends[:-1] + 1 if ended else ends + 1)
        stops = ends if ended else np.append(ends, len(self.data))
        lengths = stops - starts
        if self.keep_empty or int(lengths.min()) > 1:
            return starts
        letters = np.append(np.frombuffer(self.data, np.uint8), _NEWLINE)
        found: Indices = starts[(lengths > 1) | ((lengths == 1) & (letters[starts] != _RETURN))]
        return found

    def line_of(self, record: int) -> int:
        """The line that a record starts on."""
        return self.line_at(int(self.starts[record]))

    def line_at(self, at: int) -> int:
        """The line of a byte."""
        return self.line + int(np.searchsorted(self.newlines, at)) + self.passed_over(self.offset + at)

    def offset_at(self, at: int) -> int:
        """Where a byte is in the text."""
        return self.offset + at

    def record(self, index: int) -> bytes:
        """One record, without its line end."""
        return self.part(index, index + 1).rstrip(b"\r\n")

    def part(self, first: int, end: int) -> bytes:
        """The records from `first` to before `end`."""
        stop = int(self.starts[end]) if end < len(self.starts) else len(self.data)
        return self.data[int(self.starts[first]) : stop]

    def after(self, end: int) -> "Block":
        """The rest of the block from a record's start on."""
        line = self.line + self.data.count(b"\n", 0, end)
        return replace(self, data=self.data[end:], offset=self.offset + end, line=line)


def without_mark(block: Block) -> Block:
    """The block without a byte order mark at the start of the text."""
    return block.after(len(_BOM)) if block.offset == 0 and block.data.startswith(_BOM) else block


def record_ends(data: bytes, newlines: Indices) -> Indices:
    """The line ends that aren't within quotes: those with an even number of quotes before them."""
    if b'"' not in data:
        return newlines
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)
    ends: Indices = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return ends


def blocks(source: Source, text: Reads, *, quoted: bool, prove: Prove | None = None) -> Iterator[Block | Proven]:
    """The text in blocks of whole records, or how many records such a block has that is proven; raises Unreadable.

    `quoted`: line ends within quotes are part of a record. `prove` says of a block whether it is proven, and has a line
    for each record.
    """
    buffer, filled, offset, line = bytearray(2 * BLOCK), 0, 0, 1
    while True:
        if filled + BLOCK > len(buffer):
            buffer = buffer[:filled] + bytearray(filled + BLOCK)
        size, ends = _fill(source, text, buffer, filled, offset)
        filled += size
        end = _last_end(buffer, filled, quoted=quoted) if size else filled
        at = line + text.passed_over(offset)
        if end == 0 and filled > LONGEST:
            message = f"a record is longer than {LONGEST >> 20} MiB: is this the format that the name says?"
            raise UnreadableFile(source.path, "RECORD_TOO_LONG", message, offset=offset, line=at)
        if not size and quoted and buffer.count(b'"', 0, filled) % 2:
            message = "a quote is never closed: the file is cut off, or a quote within a field isn't doubled"
            raise UnreadableFile(source.path, "UNCLOSED_QUOTE", message, offset=offset, line=at)
        if end:
            found = _proven(buffer, end, ends or 1, prove) or Block(
                bytes(memoryview(buffer)[:end]), offset, line, quoted, passed_over=text.passed_over
            )
            yield found
            line += found.lines
            offset += end
        buffer[: filled - end] = buffer[end:filled]
        filled -= end
        if not size:
            return


def _proven(buffer: bytearray, end: int, lines: int, prove: Prove | None) -> Proven | None:
    """The view lasts no longer than this: the buffer is filled anew."""
    with memoryview(buffer)[:end] as view:
        return Proven(lines) if prove and prove(view) else None


def count_lines(text: Text) -> int:
    """How many lines there are, the last one with or without an end."""
    letters = np.frombuffer(text, np.uint8)
    parts = (letters[start : start + _PART] for start in range(0, len(letters), _PART))
    return sum(int(np.count_nonzero(part == _NEWLINE)) for part in parts) + int(letters[-1] != _NEWLINE)


def _last_end(buffer: bytearray, filled: int, *, quoted: bool) -> int:
    """Where the last whole record ends."""
    if not quoted or buffer.find(b'"', 0, filled) < 0:
        return buffer.rfind(b"\n", 0, filled) + 1
    data = bytes(memoryview(buffer)[:filled])
    ends = record_ends(data, np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE))
    return int(ends[-1]) + 1 if len(ends) else 0


def _fill(source: Source, text: Reads, buffer: bytearray, filled: int, offset: int) -> tuple[int, int]:
    """Read a block's bytes into the buffer; return how many, and how many line ends.

    A few at a time: memory that was just used is the fastest.
    """
    size = ends = 0
    while size < BLOCK:
        try:
            chunk = text.read(min(_PART, BLOCK - size))
        except READ_ERRORS as error:
            raise UnreadableFile(source.path, "CORRUPT", str(error), offset=offset + filled) from None
        if not chunk:
            break
        buffer[filled + size : filled + size + len(chunk)] = chunk
        size += len(chunk)
        ends += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE))
        total = offset + filled + size
        if source.compression and total > _BOMB_BYTES and total > _BOMB_RATIO * max(text.position, 1):
            message = f"{text.position:,} bytes have become {total:,} so far: decompress it yourself if you trust it"
            raise UnreadableFile(source.path, "DECOMPRESSION_BOMB", message, offset=offset + filled)
    return size, ends
