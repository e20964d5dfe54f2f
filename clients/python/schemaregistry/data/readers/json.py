"""Read JSON files: an array of records, or records one after another, over any number of lines.

The file is split into one record a line, and the lines are read by `ndjson.py`.
"""

import codecs
import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemaregistry.data.arrow.json_fault import fault_of
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.lines import BLOCK, LONGEST, Block, Proven, Reads, blocks
from schemaregistry.data.readers.ndjson import NdjsonReader
from schemaregistry.data.readers.sources import Input, Source
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str)
"""Finds the end of a record; numbers stay texts, since Python refuses integers of very many digits."""
_CHUNK: Final = 1 << 20
_CUT_OFF: Final = "the array isn't closed: the file is cut off"
_AFTER_BARE: Final = ' \t\r\n,]}{["'
"""What may follow a number, true, false or null: white space, or what ends it or begins another value."""
_ONE_LINE: Final = str.maketrans("\r\n", "  ")
"""Line ends within a record are white space (they are escaped in strings), so spaces can replace them."""


class JsonReader(NdjsonReader):
    """Reads the rows of one JSON file."""

    format = "json"
    rule = "json"

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:
        super().__init__(source, plan, proving=proving)
        self._ahead = _Ahead(self._input)

    def _blocks(self) -> Iterator[Block | Proven]:
        """The text in blocks with one record on each line."""
        if self._ahead.is_lines():
            return blocks(self._source, self._ahead, quoted=False, prove=self._prove)
        return _Elements(self._source, self._ahead).blocks()


class _Ahead:
    """An input whose first bytes can be looked at before they are read."""

    def __init__(self, text: Input) -> None:
        self._text = text
        self._head = b""

    @property
    def position(self) -> int:
        return self._text.position

    def passed_over(self, _offset: int) -> int:
        return 0

    def read(self, size: int) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        return head or self._text.read(size)

    def is_lines(self) -> bool:
        """Whether the first line is a whole record, so that the file can be read as NDJSON."""
        parts: list[bytes] = []
        while more := self._text.read(_CHUNK):
            parts.append(more)
            if b"\n" in more or len(parts) * _CHUNK > LONGEST:
                break
        self._head = b"".join(parts)
        line = self._head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0]
        try:
            return not isinstance(json.loads(line), list)
        except (ValueError, RecursionError):
            return False


@dataclass(frozen=True)
class ElementsBlock(Block):
    """Records of a JSON file, each rewritten on one line of `data`.

    `at_lines` and `at_offsets` say where each record starts in the file itself.
    """

    at_lines: tuple[int, ...] = ()
    at_offsets: tuple[int, ...] = ()

    def line_at(self, at: int) -> int:
        """Return the line of the file on which the record around a byte starts."""
        return self.at_lines[self._index(at)]

    def offset_at(self, at: int) -> int:
        """Return the offset in the file at which the record around a byte starts."""
        return self.at_offsets[self._index(at)]

    def _index(self, at: int) -> int:
        return bisect_right(self.starts, at) - 1


class _Elements:
    """Splits a JSON text into its records in bounded memory. Raises UnreadableFile: NOT_JSON, CORRUPT."""

    def __init__(self, source: Source, text: Reads) -> None:
        self._path = source.path
        self._source = source
        self._text = text
        # Bytes that aren't UTF-8 are reported with their record.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._offset = 0
        self._line = 1

    def blocks(self) -> Iterator[Block]:
        """Yield the records in blocks of some megabytes; those before a fault are yielded first."""
        found: list[tuple[int, int, str]] = []
        size = 0
        fault: UnreadableFile | None = None
        try:
            for element in self._elements():
                found.append(element)
                size += len(element[2])
                if size > BLOCK:
                    yield _block(found)
                    found, size = [], 0
        except UnreadableFile as unreadable:
            fault = unreadable
        if found:
            yield _block(found)
        if fault:
            raise fault

    def _elements(self) -> Iterator[tuple[int, int, str]]:
        """Yield the line, the offset and the text of each record."""
        first = self._next()
        if first == "\ufeff":
            self._take(1)
            first = self._next()
        is_array = first == "["
        if is_array:
            self._take(1)
            if self._next() == "]":
                self._take(1)
                return self._end()
        while self._next() or is_array:
            yield self._element(is_array)
            if is_array and self._next() in (",", "]"):
                if self._take(1) == "]":
                    return self._end()
            elif is_array:
                raise self._fault("a comma or ] is missing after a record" if self._next() else _CUT_OFF)

    def _end(self) -> None:
        if self._next():
            raise self._fault("there is more after the array")

    def _element(self, is_array: bool) -> tuple[int, int, str]:
        line, offset = self._line, self._offset
        while True:
            try:
                _, end = _DECODER.raw_decode(self._buffer, self._at)
                # A number at the end of the buffer may go on in the next chunk.
                if end < len(self._buffer) or self._ended:
                    self._refuse_joined(end)
                    return line, offset, self._take(end - self._at).translate(_ONE_LINE)
            except RecursionError:
                raise self._fault(self._wrong(is_array)) from None
            except json.JSONDecodeError:
                if self._ended:
                    raise self._fault(self._wrong(is_array)) from None
            if len(self._buffer) - self._at > LONGEST:
                raise self._fault(f"a record is longer than {LONGEST >> 20} MiB, or isn't JSON")
            self._fill()

    def _refuse_joined(self, end: int) -> None:
        """Raise UnreadableFile where a number, true, false or null, which has no end mark, goes on as no value does."""
        is_bare = self._buffer[self._at] not in '{["'
        if is_bare and end < len(self._buffer) and self._buffer[end] not in _AFTER_BARE:
            fault = fault_of(self._buffer[self._at : end + 1].encode(errors="surrogateescape"))
            raise self._fault(str(fault))

    def _wrong(self, is_array: bool) -> str:
        """Say what is wrong with the record that starts here."""
        rest = self._buffer[self._at :].encode(errors="surrogateescape")
        fault = fault_of(rest, whole=False)
        if fault is None or fault.at >= len(rest):
            return _CUT_OFF if is_array else "the file is cut off"
        return str(fault)

    def _next(self) -> str:
        """Skip white space and return the next character without consuming it; empty at the end."""
        while True:
            letter = self._buffer[self._at : self._at + 1]
            if letter and letter not in " \t\r\n":
                return letter
            space = _SPACE.match(self._buffer, self._at)
            self._take(len(space[0]) if space else 0)
            if self._at < len(self._buffer) or self._ended:
                return self._buffer[self._at : self._at + 1]
            self._fill()

    def _take(self, count: int) -> str:
        taken = self._buffer[self._at : self._at + count]
        self._at += len(taken)
        self._offset += len(taken.encode(errors="surrogateescape"))
        self._line += taken.count("\n")
        return taken

    def _fill(self) -> None:
        """Read as many characters as are buffered, so that a long record is parsed anew only a few times."""
        wanted, parts = max(_CHUNK, len(self._buffer) - self._at), [self._buffer[self._at :]]
        while wanted > 0 and not self._ended:
            try:
                chunk = self._text.read(min(_CHUNK, wanted))
                parts.append(self._decoder.decode(chunk, not chunk))
            except READ_ERRORS as error:
                raise UnreadableFile(self._path, "CORRUPT", str(error), offset=self._offset) from None
            self._ended = not chunk
            wanted -= len(chunk)
        self._buffer, self._at = "".join(parts), 0

    def _fault(self, message: str) -> UnreadableFile:
        return UnreadableFile(self._path, "NOT_JSON", f"not JSON: {message}", offset=self._offset, line=self._line)


def _block(found: list[tuple[int, int, str]]) -> Block:
    lines, offsets, texts = zip(*found, strict=True)
    data = "".join(f"{text}\n" for text in texts).encode(errors="surrogateescape")
    return ElementsBlock(data, offsets[0], lines[0], quoted=False, at_lines=lines, at_offsets=offsets)
