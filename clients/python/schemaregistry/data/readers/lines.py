"""Split a text file into blocks of whole records, and locate each record by line and byte offset.

A record of NDJSON is a line. A record of CSV is a line too, except that quoted fields may contain line ends (RFC 4180,
2.6). `ndjson.py` and `csv.py` parse the records.
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
"""Bytes read at a time."""
_PART: Final = 1 << 17
"""Bytes scanned at a time: few enough to stay in a core's cache."""
LONGEST: Final = 16 << 20
"""Bytes of the longest record: it is held in memory whole, more than a dozen times while it is judged."""
_BOMB_BYTES: Final = 256 << 20
"""Decompressed bytes from which the compression ratio of a file is limited."""
_BOMB_RATIO: Final = 500
"""The largest ratio of decompressed to compressed bytes; beyond it such a file counts as a decompression bomb."""
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_IS_SPACE: Final = np.isin(np.arange(256), np.frombuffer(b" \t\r\f\v\n", np.uint8))
"""For each byte whether it is white space."""
_BOM: Final = b"\xef\xbb\xbf"


Text: TypeAlias = bytes | memoryview
Prove: TypeAlias = Callable[[Text], bool]
"""Says whether every record of a text surely conforms."""


class Reads(Protocol):
    """The bytes of a text file after decompression and decoding: an `Input` or a `CsvText`."""

    @property
    def position(self) -> int: ...

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        ...

    def passed_over(self, offset: int) -> int:
        """Return how many lines of the file before `offset` of this text were left out of it."""
        ...


def _none(_offset: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Proven:
    """Consecutive records that conform by `line_proofs.py`, a line each, and so needn't be parsed."""

    lines: int


@dataclass(frozen=True)
class Block:
    """Whole records: `data` starts at byte `offset` of the decompressed text, on line `line` (from 1).

    `quoted`: line ends within quotes are part of a record. `keep_empty`: an empty line is a record, as in CSV of one
    column.
    """

    data: bytes
    offset: int
    line: int
    quoted: bool
    keep_empty: bool = False
    passed_over: Callable[[int], int] = _none
    """Returns how many lines of the file before an offset were left out of the text."""

    @cached_property
    def newlines(self) -> Indices:
        """The offsets of the newlines in `data`."""
        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == _NEWLINE)

    @cached_property
    def lines(self) -> int:
        """The number of lines, the last one with or without a newline."""
        return count_lines(self.data)

    @cached_property
    def is_utf8(self) -> bool:
        """Whether all of `data` is UTF-8."""
        return is_utf8(self.data)

    @property
    def is_blank(self) -> bool:
        """Whether there is no record."""
        return not (self.data if self.keep_empty else self.data.lstrip(b"\r\n"))

    def has(self, records: int) -> bool:
        """Whether the block has exactly this many records.

        Without quotes and carriage returns the number of lines answers that; otherwise the starts of records are
        counted.
        """
        is_plain = b"\r" not in self.data and not (self.quoted and b'"' in self.data)
        if is_plain and records == self.lines:
            return True
        return records == len(self.starts)

    @cached_property
    def starts(self) -> Indices:
        """The offset in `data` of each record.

        An empty line is a record only with `keep_empty`, a line of white space only with `quoted`: in CSV, not in JSON.
        """
        if not self.quoted and self.data.isspace():
            return np.empty(0, np.int64)
        ends = record_ends(self.data, self.newlines) if self.quoted else self.newlines
        ended = len(ends) and ends[-1] == len(self.data) - 1
        starts: Indices = np.append(0, ends[:-1] + 1 if ended else ends + 1)
        stops = ends if ended else np.append(ends, len(self.data))
        lengths = stops - starts
        letters = np.append(np.frombuffer(self.data, np.uint8), _NEWLINE)
        if not self.keep_empty and int(lengths.min()) <= 1:
            kept = (lengths > 1) | ((lengths == 1) & (letters[starts] != _RETURN))
            starts, stops = starts[kept], stops[kept]
        if not self.quoted and _IS_SPACE[letters[starts]].any():
            written = np.append(np.flatnonzero(~_IS_SPACE[letters]), len(letters))
            starts = starts[written[np.searchsorted(written, starts)] < stops]
        return starts

    def line_of(self, record: int) -> int:
        """Return the line number on which a record starts."""
        return self.line_at(int(self.starts[record]))

    def line_at(self, at: int) -> int:
        """Return the line number of a byte of `data`."""
        return self.line + int(np.searchsorted(self.newlines, at)) + self.passed_over(self.offset + at)

    def offset_at(self, at: int) -> int:
        """Return the offset in the decompressed text of a byte of `data`."""
        return self.offset + at

    def record(self, index: int) -> bytes:
        """Return the bytes of one record without its line end."""
        part = self.part(index, index + 1)
        # Lines of white space may follow a line of JSON.
        return (part if self.quoted else part.partition(b"\n")[0]).rstrip(b"\r\n")

    def part(self, first: int, end: int) -> bytes:
        """Return the bytes of the records from `first` up to but without `end`."""
        stop = int(self.starts[end]) if end < len(self.starts) else len(self.data)
        return self.data[int(self.starts[first]) : stop]

    def after(self, end: int) -> "Block":
        """Return the rest of the block from byte `end` on."""
        line = self.line + self.data.count(b"\n", 0, end)
        return replace(self, data=self.data[end:], offset=self.offset + end, line=line)


def without_mark(block: Block) -> Block:
    """Return the block without the byte order mark at the start of a file."""
    return block.after(len(_BOM)) if block.offset == 0 and block.data.startswith(_BOM) else block


def record_ends(data: bytes, newlines: Indices) -> Indices:
    """Return those newlines that end a record: an even number of quotes stands before them."""
    if b'"' not in data:
        return newlines
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)
    ends: Indices = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return ends


def blocks(source: Source, text: Reads, *, quoted: bool, prove: Prove | None = None) -> Iterator[Block | Proven]:
    """Yield the text as blocks of whole records, or as Proven where `prove` proves a block.

    `quoted`: line ends within quotes are part of a record. `prove` may be true only of text with one line for each
    record.

    Raises UnreadableFile: RECORD_TOO_LONG, UNCLOSED_QUOTE, CORRUPT, DECOMPRESSION_BOMB.
    """
    buffer, filled, offset, line = bytearray(2 * BLOCK), 0, 0, 1
    while True:
        if filled + BLOCK > len(buffer):
            # The last record didn't end within a block: the next one is appended to it.
            buffer = buffer[:filled] + bytearray(filled + BLOCK)
        size, ends = _fill(source, text, buffer, filled, offset)
        filled += size
        end = _last_end(buffer, filled, quoted=quoted) if size else filled
        at = line + text.passed_over(offset)
        if end == 0 and filled > LONGEST:
            message = f"a record is longer than {LONGEST >> 20} MiB: is this the format that the name says?"
            raise UnreadableFile(source.path, "RECORD_TOO_LONG", message, offset=offset, line=at)
        # An odd number of quotes up to the end of the file: the last one isn't closed.
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
        # The start of a record whose end isn't read yet moves to the front; one buffer serves the whole file.
        buffer[: filled - end] = buffer[end:filled]
        filled -= end
        if not size:
            return


def _proven(buffer: bytearray, end: int, lines: int, prove: Prove | None) -> Proven | None:
    """Run `prove` on a view of the buffer, released at once: a bytearray with a view on it can't be resized."""
    with memoryview(buffer)[:end] as view:
        return Proven(lines) if prove and prove(view) else None


def count_lines(text: Text) -> int:
    """Count the lines of a text that isn't empty, the last one with or without a newline."""
    letters = np.frombuffer(text, np.uint8)
    parts = (letters[start : start + _PART] for start in range(0, len(letters), _PART))
    return sum(int(np.count_nonzero(part == _NEWLINE)) for part in parts) + int(letters[-1] != _NEWLINE)


def _last_end(buffer: bytearray, filled: int, *, quoted: bool) -> int:
    """Return the offset after the last whole record in the buffer; 0 for none."""
    if not quoted or buffer.find(b'"', 0, filled) < 0:
        return buffer.rfind(b"\n", 0, filled) + 1
    data = bytes(memoryview(buffer)[:filled])
    ends = record_ends(data, np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE))
    return int(ends[-1]) + 1 if len(ends) else 0


def _fill(source: Source, text: Reads, buffer: bytearray, filled: int, offset: int) -> tuple[int, int]:
    """Read up to a block into the buffer; return the number of bytes and of newlines.

    In small parts: the newlines of a part are counted while it is still in the cache.
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
