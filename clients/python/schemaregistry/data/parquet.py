"""Reading Parquet, every page of the columns that the contract names. Judges no values.

Texts that the file keeps in dictionaries are read as dictionaries: a check of them is one of their few values.
"""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry.data.binding import needed
from schemaregistry.data.faults import READ_ERRORS, Unreadable
from schemaregistry.data.frame import Batch
from schemaregistry.data.judge import Judge
from schemaregistry.data.schemas import refuse_repeated
from schemaregistry.data.sources import Source
from schemaregistry.data.types import family

_MAGIC: Final = b"PAR1"
_BATCH_ROWS: Final = 1 << 16
_BATCH_BYTES: Final = 64 << 20
_BUFFER: Final = 1 << 20
"""Bytes of a column chunk that are read at a time, so that large row groups don't come into memory whole."""
_BOMB_BYTES: Final = 256 << 20
_BOMB_RATIO: Final = 500


class ParquetReader:
    """The batches of one Parquet file."""

    format = "parquet"

    def __init__(self, source: Source, judge: Judge) -> None:
        self._source = source
        self._judge = judge
        self._done = 0.0

    @property
    def position(self) -> int:
        """About how many bytes of the file are done."""
        return int(self._done * self._source.size)

    def __iter__(self) -> Iterator[Batch]:
        """The batches; raises Unreadable."""
        path = self._source.path
        with self._source.opened() as opened:
            _check_magic(path, opened)
            stream = _native(opened)
            try:
                file = pq.ParquetFile(stream, buffer_size=_BUFFER)
                schema = file.schema_arrow
            except READ_ERRORS as error:
                raise Unreadable(path, "CORRUPT", str(error), offset=self._source.size) from None
            refuse_repeated(path, schema)
            _refuse_bomb(path, file.metadata)
            names = needed(self._judge.plan, self._judge.bind(schema))
            yield from self._batches(stream, file, names)

    def _batches(self, stream: Any, file: pq.ParquetFile, names: list[str]) -> Iterator[Batch]:
        total, done = file.metadata.num_rows, 0
        if not names:
            yield from (Batch({}, min(_BATCH_ROWS, total - start)) for start in range(0, total, _BATCH_ROWS))
            return
        texts = _dictionaries(file, names)
        reader = pq.ParquetFile(
            stream, buffer_size=_BUFFER, pre_buffer=False, read_dictionary=texts, metadata=file.metadata
        )
        try:
            for batch in reader.iter_batches(_batch_rows(file.metadata), columns=names):
                yield Batch(dict(zip(batch.schema.names, batch.columns, strict=True)), batch.num_rows)
                done += batch.num_rows
                self._done = done / total
        except READ_ERRORS as error:
            raise Unreadable(self._source.path, "CORRUPT", str(error), offset=_offset(file.metadata, done)) from None
        if done != total:
            message = f"the footer says {total:,} rows, the pages have {done:,}"
            raise Unreadable(self._source.path, "CORRUPT", message, offset=_offset(file.metadata, done))


def _native(stream: BinaryIO) -> Any:
    """A file with a name as Arrow opens it itself, which spares it the way through Python for each page."""
    return pa.OSFile(stream.name, "r") if isinstance(stream.name, str) else stream


def _check_magic(path: str, stream: BinaryIO) -> None:
    """Tell another format from a file that was cut off; pyarrow's own words don't."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(len(_MAGIC))
    stream.seek(max(size - len(_MAGIC), 0))
    tail = stream.read(len(_MAGIC))
    stream.seek(0)
    if head != _MAGIC[:size]:
        raise Unreadable(path, "WRONG_FORMAT", f"not a Parquet file: it starts with {head!r}, not {_MAGIC!r}", offset=0)
    if size < 12 or tail != _MAGIC:
        message = f"the file is cut off: it has {size:,} bytes and ends with {tail!r}, not with the footer's {_MAGIC!r}"
        raise Unreadable(path, "TRUNCATED", message, offset=size)


def _refuse_bomb(path: str, metadata: pq.FileMetaData) -> None:
    for chunk, offset in _chunks(metadata):
        size, packed = chunk.total_uncompressed_size, max(chunk.total_compressed_size, 1)
        if size > _BOMB_BYTES and size / packed > _BOMB_RATIO:
            message = f'{packed:,} bytes of "{chunk.path_in_schema}" would become {size:,}: write smaller row groups'
            raise Unreadable(path, "DECOMPRESSION_BOMB", message, offset=offset)


def _chunks(metadata: pq.FileMetaData) -> Iterator[tuple[pq.ColumnChunkMetaData, int]]:
    """Every column chunk with the offset where it starts."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for column in range(metadata.num_columns):
            chunk = row_group.column(column)
            yield chunk, min(chunk.dictionary_page_offset or chunk.data_page_offset, chunk.data_page_offset)


def _dictionaries(file: pq.ParquetFile, names: list[str]) -> list[str]:
    """The columns of texts that are stored as dictionaries throughout.

    A plain text takes four bytes and its own; where a value takes less than four, it is an index.
    """
    texts = {name for name in names if family(file.schema_arrow.field(name).type) == "text"}
    for chunk, _ in _chunks(file.metadata):
        plain = chunk.total_uncompressed_size >= 4 * max(chunk.num_values, 1)
        if plain or not chunk.has_dictionary_page:
            texts.discard(chunk.path_in_schema)
    return sorted(texts)


def _batch_rows(metadata: pq.FileMetaData) -> int:
    """Fewer rows at a time where rows are wide."""
    total = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES * metadata.num_rows // max(total, 1)))


def _offset(metadata: pq.FileMetaData, rows: int) -> int | None:
    """Where the row group starts that holds a row."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        if rows < row_group.num_rows:
            starts = (row_group.column(column) for column in range(metadata.num_columns))
            return min(chunk.dictionary_page_offset or chunk.data_page_offset for chunk in starts)
        rows -= row_group.num_rows
    return None
