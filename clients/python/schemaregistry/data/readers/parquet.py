"""Read Parquet: every page of the columns that the contract names.

Texts that the file stores as dictionaries stay dictionaries, so that each distinct value is checked once.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import tee
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import DataType, family
from schemaregistry.data.engine.binding import needed
from schemaregistry.data.engine.plan import ROW, Plan
from schemaregistry.data.readers.concatenated_files import refuse_second_file
from schemaregistry.data.readers.int96 import (
    Exact,
    Unheld,
    alongside,
    columns_of_int96,
    in_contract_units,
    leaves,
    notes,
)
from schemaregistry.data.readers.parquet_footer import RowGroup, footer_start, row_groups
from schemaregistry.data.readers.parquet_pages import refuse_bombs
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import ColumnRows
from schemaregistry.data.readers.schema_checks import refuse_repeated
from schemaregistry.data.readers.sources import Source, open_native
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

_MAGIC: Final = b"PAR1"
_ENCRYPTED_MAGIC: Final = b"PARE"
"""The last bytes, and sometimes the first, of a file whose footer is encrypted."""
_BATCH_ROWS: Final = 1 << 16
"""Rows in a batch at most."""
_BATCH_BYTES: Final = 64 << 20
"""Decompressed bytes in a batch, about; wide rows make smaller batches."""
_BUFFER: Final = 1 << 20
"""Bytes of a column chunk read at a time, so that a large row group isn't held in memory whole."""
_BOMB_BYTES: Final = 256 << 20
"""Decompressed bytes of a column chunk from which its compression ratio is limited."""
_BOMB_RATIO: Final = 500
"""The largest ratio of decompressed to compressed bytes."""


class ParquetReader:
    """Reads the rows of one Parquet file."""

    format = "parquet"

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:  # noqa: ARG002
        self._source = source
        self._plan = plan
        self._done = 0.0

    @property
    def position(self) -> int:
        """Bytes of the file that are read, estimated from the share of rows."""
        return int(self._done * self._source.size)

    def __iter__(self) -> Iterator[FileSchema | ColumnRows]:
        """Yield the schema and the rows.

        Raises UnreadableFile: CORRUPT, TRUNCATED, WRONG_FORMAT, ENCRYPTED, DUPLICATE_COLUMN, DECOMPRESSION_BOMB,
        UNHELD.
        """
        path = self._source.path
        with self._source.opened() as opened:
            stream, file, groups = open_parquet(self._source, opened)
            schema = file.schema_arrow
            wide = columns_of_int96(file.schema, schema)
            names, unread = _readable(self._plan, schema.names, groups)
            columns = _Columns(names, schema, groups, wide.intersection(names), unread)
            yield self._schema(columns, in_contract_units(self._plan, schema, wide))
            refuse_chunks(path, opened, groups, names)
            yield from self._rows(stream, file, columns)

    def _schema(self, columns: "_Columns", schema: pa.Schema) -> FileSchema:
        found = notes(self._plan, columns.schema, columns.wide)
        unread = [(ROW, f"{name}: encrypted, so rows that are set aside lack it") for name in columns.unread]
        return FileSchema(schema, [*((place.index, f"{place.column}: {note}") for place, note in found), *unread])

    def _rows(self, stream: Any, file: pq.ParquetFile, columns: "_Columns") -> Iterator[FileSchema | ColumnRows]:
        total, done = file.metadata.num_rows, 0
        if not columns.names:
            # Rows count even where no column of them is read.
            sizes = (min(_BATCH_ROWS, total - start) for start in range(0, total, _BATCH_ROWS))
            yield from (ColumnRows(Batch({}, size)) for size in sizes)
            return
        reader = pq.ParquetFile(
            stream,
            buffer_size=_BUFFER,
            page_checksum_verification=True,
            # It would load the column chunks of a row group whole.
            pre_buffer=False,
            read_dictionary=_dictionaries(columns),
            metadata=file.metadata,
        )
        rows, decimals = _batch_rows(total, columns.groups), columns.decimals
        try:
            batches = map(validated_layout, reader.iter_batches(rows, columns=columns.names))
            found = map(_batch, batches) if not columns.wide else self._exact(batches, stream, file, rows, columns)
            for batch in found:
                for name in decimals:
                    # Only the full validation of a decimal counts its digits.
                    batch.columns[name].validate(full=True)
                if columns.wide:
                    yield self._schema(columns, self._types_of(columns, batch))
                yield ColumnRows(batch)
                done += batch.rows
                self._done = done / total
        except READ_ERRORS as error:
            raise UnreadableFile(
                self._source.path, "CORRUPT", str(error), offset=_offset(columns.groups, done)
            ) from None
        except Unheld as error:
            message = f"{error}: write them as timestamps of microseconds"
            raise UnreadableFile(self._source.path, "UNHELD", message, offset=_offset(columns.groups, done)) from None
        if done != total:
            message = f"the footer says {total:,} rows, the pages have {done:,}"
            raise UnreadableFile(self._source.path, "CORRUPT", message, offset=_offset(columns.groups, done))

    def _exact(
        self, batches: Iterator[pa.RecordBatch], stream: Any, file: pq.ParquetFile, rows: int, columns: "_Columns"
    ) -> Iterator[Batch]:
        """Yield the batches with exact int96 columns, read a second time in seconds (`int96.py`). Raises Unheld."""
        reader = pq.ParquetFile(
            stream,
            buffer_size=_BUFFER,
            page_checksum_verification=True,
            pre_buffer=False,
            coerce_int96_timestamp_unit="s",
            metadata=file.metadata,
        )
        ahead, behind = tee(batches)
        counts = (batch.num_rows for batch in behind)
        coarse = alongside(reader.iter_batches(rows, columns=sorted(columns.wide)), counts)
        for batch in ahead:
            exact, seconds = Exact(self._plan, self._plan.whole_rows), next(coarse)
            found = dict(zip(batch.schema.names, batch.columns, strict=True))
            for name in columns.wide:
                found[name] = exact.column(name, found[name], seconds.column(name))
            yield Batch(found, batch.num_rows, exact.misfits, exact.texts)

    def _types_of(self, columns: "_Columns", batch: Batch) -> pa.Schema:
        """Return the file's schema with the types that the int96 columns have in this batch."""
        schema = in_contract_units(self._plan, columns.schema, columns.wide)
        types = {name: batch.columns[name].type for name in columns.wide}
        return pa.schema([each.with_type(types.get(each.name, each.type)) for each in schema])


def open_parquet(source: Source, opened: BinaryIO) -> tuple[Any, pq.ParquetFile, list[RowGroup]]:
    """Open a file, and check its footer; `opened` is the source's stream of bytes.

    Returns the stream that pyarrow reads, the file, and its row groups with the schema's names. Raises UnreadableFile:
    CORRUPT, TRUNCATED, WRONG_FORMAT, ENCRYPTED, DUPLICATE_COLUMN.
    """
    path = source.path
    _check_magic(path, opened)
    stream = _native(opened)
    try:
        file = pq.ParquetFile(stream, buffer_size=_BUFFER, page_checksum_verification=True)
        schema = file.schema_arrow
        groups = row_groups(opened, source.size)
    except (*READ_ERRORS, ValueError) as error:
        raise UnreadableFile(path, "CORRUPT", str(error), offset=source.size) from None
    refuse_second_parquet(path, opened, source.size, groups)
    refuse_repeated(path, schema)
    _check_groups(path, file.metadata, groups)
    return stream, file, _as_the_schema_names(groups, file.schema, schema)


def refuse_second_parquet(path: str, opened: BinaryIO, size: int, groups: list[RowGroup]) -> None:
    """Raise UnreadableFile (CORRUPT) for two Parquet files one after another; `groups` are the last footer's."""
    ends = (chunk.offset + chunk.packed for group in groups for chunk in group.chunks)
    room = footer_start(opened, size) - max(ends, default=0)
    refuse_second_file(path, opened, _MAGIC, room, pq.read_metadata)


def refuse_chunks(path: str, opened: BinaryIO, groups: list[RowGroup], names: list[str]) -> None:
    """Check the column chunks and page headers of the columns to read, before any is read.

    Raises UnreadableFile: ENCRYPTED, DECOMPRESSION_BOMB, CORRUPT.
    """
    _refuse_encrypted(path, groups, names)
    _refuse_bomb(path, groups)
    refuse_bombs(path, opened, groups, names)


def validated_layout(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Validate a batch's layout: a damaged file may yield columns of different lengths."""
    batch.validate()
    return batch


def _batch(batch: pa.RecordBatch) -> Batch:
    return Batch(dict(zip(batch.schema.names, batch.columns, strict=True)), batch.num_rows)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns to read, by name, with the file's schema and row groups; `wide` are the columns with int96.

    `unread` are columns that can't be read, since they are encrypted, and needn't be.
    """

    names: list[str]
    schema: pa.Schema
    groups: list[RowGroup]
    wide: frozenset[str]
    unread: list[str]

    @property
    def decimals(self) -> list[str]:
        """Columns whose integers may have more digits than the declared precision, which a writer would cut off."""
        return [name for name in self.names if _holds_decimals(self.schema.field(name).type)]


def _holds_decimals(kind: DataType) -> bool:
    inner = (kind.field(index).type for index in range(kind.num_fields))
    return family(kind) == "decimal" or any(map(_holds_decimals, inner))


def _native(stream: BinaryIO) -> Any:
    """Open a named file with Arrow itself, which avoids a call into Python for each read."""
    return open_native(stream.name) if isinstance(stream.name, str) else stream


def _check_magic(path: str, stream: BinaryIO) -> None:
    """Tell another format from a truncated file: pyarrow's message is the same for both."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(len(_MAGIC))
    stream.seek(max(size - len(_MAGIC), 0))
    tail = stream.read(len(_MAGIC))
    stream.seek(0)
    if size >= 12 and tail == _ENCRYPTED_MAGIC and head in (_MAGIC, _ENCRYPTED_MAGIC):
        raise UnreadableFile(
            path, "ENCRYPTED", "the whole file is encrypted: decrypt it first", offset=size - len(_MAGIC)
        )
    if head != _MAGIC[:size]:
        raise UnreadableFile(
            path, "WRONG_FORMAT", f"not a Parquet file: it starts with {head!r}, not {_MAGIC!r}", offset=0
        )
    if size < 12 or tail != _MAGIC:
        message = f"the file is cut off: it has {size:,} bytes and ends with {tail!r}, not with the footer's {_MAGIC!r}"
        raise UnreadableFile(path, "TRUNCATED", message, offset=size)


def _check_groups(path: str, metadata: pq.FileMetaData, groups: list[RowGroup]) -> None:
    """Check that each row group has a chunk for each column, and that their rows add up to the file's."""
    for number, group in enumerate(groups):
        if len(group.chunks) != metadata.num_columns:
            message = (
                f"row group {number:,} has {len(group.chunks):,} column chunks, the schema {metadata.num_columns:,}"
            )
            raise UnreadableFile(path, "CORRUPT", message)
    if any(group.rows < 0 for group in groups) or sum(group.rows for group in groups) != metadata.num_rows:
        message = f"the footer says {metadata.num_rows:,} rows, its row groups {sum(group.rows for group in groups):,}"
        raise UnreadableFile(path, "CORRUPT", message)


def _as_the_schema_names(groups: list[RowGroup], stored: pq.ParquetSchema, schema: pa.Schema) -> list[RowGroup]:
    """Name the chunks by the schema's leaves, in order, as pyarrow does; it ignores the chunks' own paths."""
    columns = [column.name for column in schema for _ in range(leaves(column.type))]
    names = [(stored.column(leaf).path, column) for leaf, column in enumerate(columns[: len(stored)])]
    return [
        replace(
            group,
            chunks=tuple(
                chunk if chunk[:2] == name else chunk._replace(path=name[0], column=name[1])
                for chunk, name in zip(group.chunks, names, strict=True)
            ),
        )
        for group in groups
    ]


def _readable(plan: Plan, names: list[str], groups: list[RowGroup]) -> tuple[list[str], list[str]]:
    """Return the columns to read, and those that only whole rows have which can't be read, since they are encrypted."""
    every, checked = needed(plan, names), set(needed(replace(plan, whole_rows=False), names))
    encrypted = {chunk.column for group in groups for chunk in group.chunks if chunk.is_encrypted}
    unread = [name for name in every if name in encrypted and name not in checked]
    return [name for name in every if name not in unread], unread


def _refuse_encrypted(path: str, groups: list[RowGroup], names: list[str]) -> None:
    looked_at = set(names)
    for chunk in (chunk for group in groups for chunk in group.chunks if chunk.is_encrypted):
        if chunk.column in looked_at:
            message = f'the column "{chunk.path}" is encrypted: decrypt the file first'
            raise UnreadableFile(path, "ENCRYPTED", message)


def _refuse_bomb(path: str, groups: list[RowGroup]) -> None:
    for chunk in (chunk for group in groups for chunk in group.chunks):
        packed = max(chunk.packed, 1)
        if chunk.size > _BOMB_BYTES and chunk.size / packed > _BOMB_RATIO:
            message = f'{packed:,} bytes of "{chunk.path}" would become {chunk.size:,}: write smaller row groups'
            raise UnreadableFile(path, "DECOMPRESSION_BOMB", message, offset=chunk.offset)


def _dictionaries(columns: _Columns) -> list[str]:
    """List the text columns that are stored as dictionaries throughout.

    A plain text takes four bytes for its length and then its own bytes; a chunk with fewer than four bytes for each
    value holds indices.
    """
    kinds = {field.name: field.type for field in columns.schema}
    texts = {name for name in columns.names if family(kinds[name]) == "text"}
    for chunk in (chunk for group in columns.groups for chunk in group.chunks):
        is_plain = chunk.size >= 4 * max(chunk.values, 1)
        if is_plain or chunk.has_deltas or chunk.dictionary_page is None:
            texts.discard(chunk.path)
    return sorted(texts)


def _batch_rows(rows: int, groups: list[RowGroup]) -> int:
    """Return how many rows to read at a time: fewer where rows are wide."""
    total = sum(group.size for group in groups)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES * rows // max(total, 1)))


def _offset(groups: list[RowGroup], rows: int) -> int | None:
    """Return the offset of the row group with a row; None past the last."""
    for group in groups:
        if rows < group.rows:
            return min(chunk.offset for chunk in group.chunks)
        rows -= group.rows
    return None
