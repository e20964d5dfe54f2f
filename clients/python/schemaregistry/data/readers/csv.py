"""Read CSV (RFC 4180 or a dialect): parse every field as text, then convert each column to the contract's type.

Only an empty field without quotes is null, and the dialect's texts for null. Types come from the contract, never from
the looks of the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.batch import Batch, field_of
from schemaregistry.data.arrow.types import Array, Table, family, pc
from schemaregistry.data.engine.binding import needed
from schemaregistry.data.engine.plan import ROW, Plan
from schemaregistry.data.readers.bad_lines import BadLines
from schemaregistry.data.readers.csv_header import no_header, numbered, refuse_delimiter, refuse_header, split
from schemaregistry.data.readers.csv_quoting import sound_part
from schemaregistry.data.readers.csv_text import CsvText
from schemaregistry.data.readers.line_proofs import CsvLines
from schemaregistry.data.readers.lines import Block, Proven, Text, blocks, count_lines, without_mark
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import ColumnRows
from schemaregistry.data.readers.schema_checks import refuse_repeated_names
from schemaregistry.data.readers.sources import Input, Source
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

read_csv: Any = pcsv.read_csv
"""Untyped: pyarrow's stubs don't accept Arrow's own byte readers."""

_HEAD: Final = 1 << 16
"""Search this many bytes for the end of the header first, then the whole block."""


class CsvReader:
    """Reads the rows of one CSV file."""

    format = "csv"

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:
        self._source = source
        self._plan = plan
        self._proving = proving
        self._dialect = source.csv.over(plan.csv)
        self._delimiter = self._dialect.delimiter or ","
        self._input = CsvText(source.path, Input(source), self._dialect)
        self._lines: CsvLines | None = None
        self._unnamed: frozenset[str] = frozenset()

    @property
    def position(self) -> int:
        """Bytes of the file on disk read so far."""
        return self._input.position

    def __iter__(self) -> Iterator[FileSchema | ColumnRows | BadLines | Proven]:
        """Yield the schema once the header is read, then the rows. Raises UnreadableFile."""
        names: list[str] | None = None
        try:
            for block in blocks(self._source, self._input, quoted=True, prove=self._prove):
                if isinstance(block, Proven):
                    yield block
                    continue
                rows, fault = sound_part(self._source.path, without_mark(block), self._delimiter)
                if names is None and not rows.is_blank:
                    names, rows = self._header(rows)
                    yield self._schema(names)
                    self._lines = CsvLines(self._plan, names) if self._proves else None
                    if rows.data and not fault and self._prove(rows.data):
                        yield Proven(count_lines(rows.data))
                        continue
                if names is not None:
                    # With one column an empty line is a row with null; with more it is no row (Arrow skips it).
                    yield from self._rows(replace(rows, keep_empty=True) if len(names) == 1 else rows, names)
                if fault and names is None:
                    line, text = _first_line(block)
                    refuse_delimiter(self._source.path, self._plan, text, self._delimiter, line)
                # Raised after the rows before it were yielded: the first fault of a file is the one that is reported.
                if fault:
                    raise fault
            if names is None:
                raise no_header(self._source.path, self._plan, self._delimiter)
        finally:
            self._input.close()

    @property
    def _proves(self) -> bool:
        """Whether blocks may be proven: only for comma-separated files in which nothing but an empty field is null."""
        return self._proving and self._delimiter == "," and not self._dialect.null

    def _prove(self, text: Text) -> bool:
        return self._lines is not None and self._lines.prove(text)

    def _schema(self, names: list[str]) -> FileSchema:
        """Return the file's schema: the contract's type for each of its columns, text for any other column."""
        kinds = {place.name: place.kind for place in self._plan.children[ROW]}
        text = pa.string()
        found = [(name, kinds.get(name) or text) for name in names]
        return FileSchema(
            pa.schema(
                field_of(name, text if family(kind) in ("text", "json") else kind, self._unnamed)
                for name, kind in found
            )
        )

    def _header(self, block: Block) -> tuple[list[str], Block]:
        """Return the column names and the rest of the block."""
        # Finding the starts of records takes time for each byte, so only the head is looked at.
        head = replace(block, data=block.data[:_HEAD])
        if len(head.starts) < 2:
            head = block
        starts = head.starts
        end = int(starts[1]) if len(starts) > 1 else len(block.data)
        try:
            text = block.data[int(starts[0]) : end].decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                self._source.path,
                "NOT_UTF8",
                f"the header isn't UTF-8: {error}",
                offset=block.offset,
                line=block.line_at(0),
            ) from None
        known = [str(place.name) for place in self._plan.columns]
        names, self._unnamed = numbered(split(text, self._delimiter), known)
        line = head.line_of(0)
        refuse_header(self._source.path, self._plan, text, self._delimiter, line)
        refuse_repeated_names(self._source.path, names, line=line)
        return names, block.after(end)

    def _rows(self, block: Block, names: list[str]) -> Iterator[ColumnRows | BadLines]:
        if block.is_blank:
            return
        columns = needed(self._plan, names)
        table, refused = self._parsed(block, names, columns or names[:1])
        # Arrow joins or splits some malformed records without an error; the number of records shows it.
        if not block.has(table.num_rows + len(refused)):
            message = "quotes within a field must be doubled, and lines end with \\n or \\r\\n"
            raise UnreadableFile(self._source.path, "NOT_CSV", message, offset=block.offset, line=block.line_at(0))
        batch = self._batch(block, table, columns)
        if not refused:
            yield ColumnRows(batch)
            return
        ragged = {(row.number or 1) - 1: row for row in refused}
        kept = np.setdiff1d(np.arange(table.num_rows + len(refused)), list(ragged))
        yield from self._between(block, replace(batch, line_of=lambda row: block.line_of(int(kept[row]))), ragged)

    def _between(
        self, block: Block, batch: Batch, ragged: Mapping[int, pcsv.InvalidRow]
    ) -> Iterator[ColumnRows | BadLines]:
        """Yield the rows of a batch and the lines with a wrong number of fields between them, in the file's order.

        `ragged` has these lines by their record number in the block.
        """
        at = 0
        for bad in consecutive(sorted(ragged)):
            # The batch lacks the bad lines, so its rows before this one are fewer by those before it.
            first = int(np.searchsorted(sorted(ragged), bad[0]))
            rows = bad[0] - first
            if rows > at:
                yield ColumnRows(batch.slice(at, rows))
            at = rows
            yield self._bad_lines(block, bad, ragged[bad[0]], list(batch.columns))
        if at < batch.rows:
            yield ColumnRows(batch.slice(at, batch.rows))

    def _bad_lines(
        self, block: Block, records: Sequence[int], first: pcsv.InvalidRow, columns: Sequence[str]
    ) -> BadLines:
        message = f"{first.actual_columns:,} fields where the header has {first.expected_columns:,}: {first.text[:80]}"
        offset, line = block.offset + int(block.starts[records[0]]), block.line_of(records[0])
        # A last line without a newline may have been cut off.
        ends = records[-1] < len(block.starts) - 1 or block.data.endswith(b"\n")
        return BadLines(
            "csv",
            f"{first.expected_columns:,} fields",
            [block.line_of(record) for record in records],
            [block.record(record) for record in records],
            UnreadableFile(self._source.path, "NOT_CSV", message, offset=offset, line=line),
            columns,
            cut_off=not ends,
        )

    def _batch(self, block: Block, table: Table, columns: Sequence[str]) -> Batch:
        places = {place.name: place for place in self._plan.children[ROW]}
        values: dict[str, Array] = {}
        misfits: dict[int, Mask] = {}
        texts: dict[int, Array] = {}
        for name in columns:
            values[name] = one_chunk(table.column(name))
            if name in self._unnamed:
                # Writers that quote every field write "" there.
                filled = pc.not_equal(pc.binary_length(values[name]), 0)
                values[name] = pc.if_else(filled, values[name], None)
            place = places.get(name)
            if place and place.kind:
                texts[place.index] = values[name]
                values[name], unread = text_parsing.read(values[name], place.kind)
                if unread is not None:
                    misfits[place.index] = unread
        return Batch(values, table.num_rows, misfits, texts, block.line_of, block.is_utf8, self._unnamed)

    def _parsed(self, block: Block, names: list[str], columns: list[str]) -> tuple[Table, list[pcsv.InvalidRow]]:
        """Parse the block's fields as text; return the table, and the records with too many or too few fields."""
        refused: list[pcsv.InvalidRow] = []

        def refuse(row: pcsv.InvalidRow) -> Literal["skip"]:
            refused.append(row)
            return "skip"

        try:
            table = read_csv(
                pa.BufferReader(block.data),
                # In one thread and block: otherwise Arrow doesn't number the rows that it skips.
                pcsv.ReadOptions(column_names=names, use_threads=False, block_size=len(block.data) + 1),
                pcsv.ParseOptions(
                    delimiter=self._delimiter,
                    newlines_in_values=b'"' in block.data,
                    ignore_empty_lines=not block.keep_empty,
                    # The handler gets the record as str, and pyarrow fails where it isn't UTF-8.
                    invalid_row_handler=refuse if block.is_utf8 else None,
                ),
                pcsv.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=columns,
                    null_values=["", *(self._dialect.null or ())],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except READ_ERRORS as error:
            path, line = self._source.path, block.line_at(0)
            raise UnreadableFile(path, "NOT_CSV", str(error), offset=block.offset, line=line) from None
        return table, refused


def consecutive(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Split ascending numbers into runs without gaps."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _first_line(block: Block) -> tuple[int, str]:
    """Return the first record's line number and text."""
    text = block.data.lstrip(b"\r\n")
    line = text[:_HEAD].partition(b"\n")[0].decode(errors="replace").rstrip("\r")
    return block.line_at(len(block.data) - len(text)), line


def one_chunk(column: Array) -> Array:
    """Return a table's column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
