"""Read NDJSON: Arrow's parser reads whole blocks of lines with the contract's types.

Where the parser fails, or might differ from what JSON means, the block is halved until few lines are left, which are
parsed one by one. Types come from the contract, never from the looks of the file.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from schemaregistry.data.arrow.json_fault import MORE_FOLLOWS, fault_of
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.engine.records import Records, read_exactly, read_line
from schemaregistry.data.readers.bad_lines import BadLines
from schemaregistry.data.readers.json_batch import RecordLayout
from schemaregistry.data.readers.line_proofs import JsonLines
from schemaregistry.data.readers.lines import Block, Prove, Proven, blocks, without_mark
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import LineRows, RecordRows
from schemaregistry.data.readers.sources import Input, Source
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document import Json

_FEW: Final = 256
"""How many lines are parsed one by one rather than halved further."""


class NdjsonReader:
    """Reads the rows of one NDJSON file."""

    format = "ndjson"
    rule = "ndjson"

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:
        self._source = source
        self._plan = plan
        self._proving = proving
        self._input = Input(source)
        self._layout = RecordLayout.of(plan, every_member=not proving)

    @property
    def position(self) -> int:
        """Bytes of the file on disk read so far."""
        return self._input.position

    def __iter__(self) -> Iterator[FileSchema | LineRows | RecordRows | BadLines | Proven]:
        """Yield the rows in the file's order, each kind after its schema. Raises UnreadableFile."""
        yield FileSchema(self._plan.record_schema)
        try:
            is_first = True
            for block in self._blocks():
                if isinstance(block, Proven):
                    yield block
                    continue
                text = without_mark(block)
                if len(text.starts):
                    # Otherwise the array would be reported as one record that is no object.
                    if is_first and self.format == "ndjson":
                        self._refuse_array(text)
                    yield from self._read(text, 0, len(text.starts))
                is_first = False
        finally:
            self._input.close()

    def _blocks(self) -> Iterator[Block | Proven]:
        """The text in blocks with one record on each line."""
        return blocks(self._source, self._input, quoted=False, prove=self._prove)

    @cached_property
    def _prove(self) -> Prove | None:
        return JsonLines(self._plan).prove if self._proving else None

    def _refuse_array(self, block: Block) -> None:
        """Raise UnreadableFile (JSON_ARRAY) where the first line begins an array of records."""
        line = block.record(0).lstrip()
        if not line.startswith(b"["):
            return
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            # The array goes on over further lines.
            value = [{}]
        if value and isinstance(value[0], dict):
            message = "the records are in a JSON array, not a line each: name the file .json, or say --format json"
            raise UnreadableFile(self._source.path, "JSON_ARRAY", message, offset=block.offset, line=block.line_of(0))

    def _read(self, block: Block, first: int, end: int) -> Iterator[FileSchema | LineRows | RecordRows | BadLines]:
        batch = self._layout.read(block, first, end) if self._layout else None
        if batch:
            yield FileSchema(batch.schema)
            yield LineRows(batch, lambda row: block.record(first + row))
        elif end - first <= _FEW or not self._layout:
            yield from self._records(block, first, end)
        else:
            middle = (first + end) // 2
            yield from self._read(block, first, middle)
            yield from self._read(block, middle, end)

    def _records(self, block: Block, first: int, end: int) -> Iterator[RecordRows | BadLines]:
        lines = [block.record(index) for index in range(first, end)]
        # A line of white space is no record.
        kept = [index for index, line in enumerate(lines) if not line.isspace()]
        read: list[tuple[int, Json]] = []
        for index in kept:
            try:
                read.append((index, self._value(lines[index])))
            except ValueError as error:
                if read:
                    yield _as_records(block, first, lines, read)
                    read = []
                yield self._bad_line(block, first + index, lines[index], str(fault_of(lines[index]) or error))
        if read or not kept:
            yield _as_records(block, first, lines, read)

    def _value(self, line: bytes) -> Json:
        return read_exactly(line) if self._plan.has_decimals else read_line(line)

    def _bad_line(self, block: Block, index: int, line: bytes, error: str) -> BadLines:
        offset, number = block.offset_at(int(block.starts[index])), block.line_of(index)
        if self.format == "ndjson" and error.startswith(MORE_FOLLOWS):
            error += "; a line, which ends in \\n, is one record: for records one after another say --format json"
        fault = UnreadableFile(self._source.path, "NOT_JSON", f"not JSON: {error}", offset=offset, line=number)
        # A last line without a newline may have been cut off.
        ends = index < len(block.starts) - 1 or block.data.endswith(b"\n")
        columns = [str(place.name) for place in self._plan.columns]
        return BadLines(self.rule, "a JSON value", [number], [line], fault, columns, cut_off=not ends)


def _as_records(block: Block, first: int, lines: Sequence[bytes], read: Sequence[tuple[int, Json]]) -> RecordRows:
    """Build rows from the lines of a block that could be parsed; `read` counts from record `first` on."""
    numbers = [block.line_of(first + index) for index, _ in read]
    return RecordRows(Records([value for _, value in read], numbers, [lines[index] for index, _ in read]))
