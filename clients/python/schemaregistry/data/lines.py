"""A text file in blocks of whole records, with the line and the place of each. Knows no format's fields.

In NDJSON a record is a line. In CSV it is a line too, but for line ends within quotes (RFC 4180, 2.6).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from schemaregistry.data.arrays import Indices, Mask
from schemaregistry.data.faults import READ_ERRORS, Unreadable
from schemaregistry.data.sources import Input, Source

BLOCK: Final = 4 << 20
"""Bytes that are read at a time."""
LONGEST: Final = 64 << 20
"""Bytes of a record; one without an end would fill the memory."""
_BOMB_BYTES: Final = 256 << 20
_BOMB_RATIO: Final = 500
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class Block:
    """Whole records: `data` starts at `offset` of the (decompressed) text, on line `line`, from 1."""

    data: bytes
    offset: int
    line: int
    quoted: bool
    keep_empty: bool = False

    @cached_property
    def newlines(self) -> Indices:
        """Where the line ends are."""
        return np.flatnonzero(self._ends)

    @cached_property
    def lines(self) -> int:
        """How many line ends there are."""
        return int(np.count_nonzero(self._ends))

    @property
    def is_blank(self) -> bool:
        """Whether there is no record."""
        return not (self.data if self.keep_empty else self.data.lstrip(b"\r\n"))

    def has(self, records: int) -> bool:
        """Whether there are so many records: one for each line end, or else they have to be looked for.

        A reader that passes over empty lines can't have found one for each if there are any.
        """
        is_plain = b"\r" not in self.data and not (self.quoted and b'"' in self.data)
        if is_plain and records == self.lines + (not self.data.endswith(b"\n")):
            return True
        return records == len(self.starts)

    @cached_property
    def _ends(self) -> Mask:
        ends: Mask = np.frombuffer(self.data, np.uint8) == _NEWLINE
        return ends

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
        return self.line + int(np.searchsorted(self.newlines, self.starts[record]))

    def record(self, index: int) -> bytes:
        """One record, without its line end."""
        return self.part(index, index + 1).rstrip(b"\r\n")

    def part(self, first: int, end: int) -> bytes:
        """The records from `first` to before `end`."""
        stop = int(self.starts[end]) if end < len(self.starts) else len(self.data)
        return self.data[int(self.starts[first]) : stop]

    def after(self, end: int) -> "Block":
        """The rest of the block from a record's start on."""
        line = self.line + int(np.searchsorted(self.newlines, end))
        return Block(self.data[end:], self.offset + end, line, self.quoted)


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 throughout."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def record_ends(data: bytes, newlines: Indices) -> Indices:
    """The line ends that aren't within quotes: those with an even number of quotes before them."""
    if b'"' not in data:
        return newlines
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)
    ends: Indices = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return ends


def blocks(source: Source, text: Input, *, quoted: bool) -> Iterator[Block]:
    """The text in blocks of whole records; raises Unreadable.

    `quoted`: line ends within quotes are part of a record.
    """
    rest, offset, line = b"", 0, 1
    while True:
        chunk = _read(source, text, offset + len(rest))
        data = rest + chunk
        end = _last_end(data, quoted=quoted) if chunk else len(data)
        if end == 0 and len(data) > LONGEST:
            message = f"a record is longer than {LONGEST >> 20} MiB: is this the format that the name says?"
            raise Unreadable(source.path, "RECORD_TOO_LONG", message, offset=offset, line=line)
        if not chunk and quoted and data.count(b'"') % 2:
            message = "a quote is never closed: the file is cut off, or a quote within a field isn't doubled"
            raise Unreadable(source.path, "UNCLOSED_QUOTE", message, offset=offset, line=line)
        if end:
            block = Block(data[:end], offset, line, quoted)
            yield block
            line += block.lines
            offset += end
        rest = data[end:]
        if not chunk:
            return


def _last_end(data: bytes, *, quoted: bool) -> int:
    """Where the last whole record ends."""
    if not quoted or b'"' not in data:
        return data.rfind(b"\n") + 1
    ends = record_ends(data, np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE))
    return int(ends[-1]) + 1 if len(ends) else 0


def _read(source: Source, text: Input, offset: int) -> bytes:
    try:
        chunk = text.read(BLOCK)
    except READ_ERRORS as error:
        raise Unreadable(source.path, "CORRUPT", str(error), offset=offset) from None
    total = offset + len(chunk)
    if source.compression and total > _BOMB_BYTES and total > _BOMB_RATIO * max(text.position, 1):
        message = f"{text.position:,} bytes have become {total:,} so far: decompress it yourself if you trust it"
        raise Unreadable(source.path, "DECOMPRESSION_BOMB", message, offset=offset)
    return chunk
