"""Reading NDJSON: blocks of lines by Arrow's parser, with the contract's types. Judges no values.

What that parser refuses, or may have read otherwise than JSON says, is narrowed down to a few lines, and these are
read one by one. Types come from the contract, never from what the file looks like.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import pyarrow as pa

from schemaregistry.data.faults import Unreadable
from schemaregistry.data.frame import Batch
from schemaregistry.data.jsonbatch import Layout
from schemaregistry.data.judge import Judge
from schemaregistry.data.lines import Block, Proven, blocks, without_mark
from schemaregistry.data.linewise import JsonLines
from schemaregistry.data.records import Records, read_exactly, read_line
from schemaregistry.data.sources import Input, Source
from schemaregistry.document import Json

_FEW: Final = 256
"""Lines that are read one by one, where they can't be read together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Batch):
    """A batch of records that were lines; `text_of` tells the text of a row."""

    text_of: Callable[[int], bytes]

    @classmethod
    def of(cls, batch: Batch, text_of: Callable[[int], bytes]) -> "Lines":
        """The batch with the texts of its rows."""
        return cls(**{part.name: getattr(batch, part.name) for part in fields(batch)}, text_of=text_of)


class NdjsonReader:
    """The batches and records of one NDJSON file."""

    format = "ndjson"

    def __init__(self, source: Source, judge: Judge) -> None:
        self._source = source
        self._judge = judge
        self._input = Input(source)
        self._layout = Layout.of(judge.plan)

    @property
    def position(self) -> int:
        """Bytes on disk that are done."""
        return self._input.position

    def __iter__(self) -> Iterator[Batch | Records | Proven]:
        """The batches and records in the file's order; raises Unreadable."""
        self._judge.bind(self._judge.plan.record_schema)
        prove = JsonLines(self._judge.plan).prove if self._judge.by_proof else None
        try:
            for block in blocks(self._source, self._input, quoted=False, prove=prove):
                if isinstance(block, Proven):
                    yield block
                    continue
                text = without_mark(block)
                if len(text.starts):
                    yield from self._read(text, 0, len(text.starts))
        finally:
            self._input.close()

    def _read(self, block: Block, first: int, end: int) -> Iterator[Batch | Records]:
        batch = self._layout.read(block, first, end) if self._layout else None
        if batch:
            self._judge.bind(pa.schema([(name, array.type) for name, array in batch.columns.items()]))
            yield Lines.of(batch, lambda row: block.record(first + row))
        elif end - first <= _FEW or not self._layout:
            yield self._records(block, first, end)
        else:
            middle = (first + end) // 2
            yield from self._read(block, first, middle)
            yield from self._read(block, middle, end)

    def _records(self, block: Block, first: int, end: int) -> Records:
        lines = [block.record(index) for index in range(first, end)]
        kept = [index for index, line in enumerate(lines) if not line.isspace()]
        values = [self._line(block, first + index, lines[index]) for index in kept]
        numbers = [block.line_of(first + index) for index in kept]
        return Records(values, numbers, [lines[index] for index in kept])

    def _line(self, block: Block, index: int, line: bytes) -> Json:
        try:
            return read_exactly(line) if self._has_decimals else read_line(line)
        except ValueError as error:
            offset = block.offset + int(block.starts[index])
            message = f"not JSON: {error}"
            raise Unreadable(self._source.path, "NOT_JSON", message, offset=offset, line=block.line_of(index)) from None

    @cached_property
    def _has_decimals(self) -> bool:
        return any(place.kind is not None and pa.types.is_decimal(place.kind) for place in self._judge.plan.places)
