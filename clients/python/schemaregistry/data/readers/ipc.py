"""Read Arrow IPC files and streams."""

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import DataType
from schemaregistry.data.engine.binding import needed
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.concatenated_files import ipc_room, refuse_second_file
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import BATCH_ROWS, ColumnRows
from schemaregistry.data.readers.schema_checks import refuse_repeated
from schemaregistry.data.readers.sources import Source, other_format
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

_MAGIC: Final = b"ARROW1"
_HEAD: Final = 64
"""Bytes looked at to recognize another format."""
_ROWS: Final = b"schemaregistry.rows"
"""Metadata key by which `load` states the number of rows of a stream that it writes."""


class IpcReader:
    """Reads the rows of one Arrow IPC file or stream."""

    format = "arrow"

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:  # noqa: ARG002
        self._source = source
        self._plan = plan
        self.position = 0

    def __iter__(self) -> Iterator[FileSchema | ColumnRows]:
        """Yield the schema and the rows. Raises UnreadableFile: CORRUPT, TRUNCATED, DUPLICATE_COLUMN.

        Each batch is validated in full: Arrow trusts the offsets and lengths of its own format, and a file may have
        any.
        """
        path, rows = self._source.path, 0
        with self._source.opened() as stream:
            start = stream.peek(_HEAD)[:_HEAD]
            head = start[: len(_MAGIC)]
            if head != _MAGIC and (other := other_format(start)):
                raise UnreadableFile(path, "WRONG_FORMAT", f"not arrow: it is {other}", offset=0)
            try:
                reader = open_ipc_file(path, stream) if head == _MAGIC else pa.ipc.open_stream(stream)
                refuse_repeated(path, reader.schema)
                yield FileSchema(reader.schema)
                names = needed(self._plan, reader.schema.names)
                for batch in self._batches(reader):
                    validate_batch(batch)
                    self.position = stream.tell()
                    rows += batch.num_rows
                    # Run-end encoding and nulls take no bytes for each row, so a small batch may have billions.
                    for start in range(0, batch.num_rows, BATCH_ROWS):
                        part = batch.slice(start, BATCH_ROWS)
                        yield ColumnRows(Batch({name: part.column(name) for name in names}, part.num_rows))
                if head != _MAGIC:
                    # A file has a footer, so Arrow notices itself if it is cut.
                    self._refuse_cut_or_followed(stream, reader.schema, rows)
            except READ_ERRORS as error:
                offset = stream.tell()
                refuse_cut_file(path, stream)
                raise UnreadableFile(path, "CORRUPT", str(error), offset=offset) from None

    def _batches(self, reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
        if isinstance(reader, pa.RecordBatchFileReader):
            return (reader.get_batch(index) for index in range(reader.num_record_batches))
        return iter(reader)

    def _refuse_cut_or_followed(self, stream: Any, schema: pa.Schema, rows: int) -> None:
        """Check the end of a stream, which may lack an end mark.

        A stream cut between two batches is recognized by the row count in its schema's metadata.
        """
        total = (schema.metadata or {}).get(_ROWS)
        if total is not None and total.isdigit() and int(total) > rows:
            message = (
                f"the stream is cut off: it has {rows:,} rows, and its schema says {int(total):,} "
                "(schemaregistry.rows; who leaves rows out takes that from the schema's metadata)"
            )
            raise UnreadableFile(self._source.path, "TRUNCATED", message, offset=stream.tell())
        if stream.peek(1):
            message = "more follows the end of the stream: give each stream a file of its own"
            raise UnreadableFile(self._source.path, "CORRUPT", message, offset=stream.tell())


def open_ipc_file(path: str, stream: Any) -> pa.RecordBatchFileReader:
    """Open an Arrow IPC file, not a stream. Raises UnreadableFile (CORRUPT) for two files one after another."""
    reader = pa.ipc.open_file(stream)
    refuse_second_ipc(path, stream)
    return reader


def refuse_second_ipc(path: str, stream: Any) -> None:
    """Raise UnreadableFile (CORRUPT) for two Arrow IPC files one after another."""
    size = stream.seek(0, os.SEEK_END)
    refuse_second_file(path, stream, _MAGIC, ipc_room(stream, size, _MAGIC), pa.ipc.open_file)


def refuse_cut_file(path: str, stream: Any) -> None:
    """Raise UnreadableFile (TRUNCATED) for what starts as an Arrow file and doesn't end as one."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - len(_MAGIC), 0))
    tail = stream.read(len(_MAGIC))
    stream.seek(0)
    if stream.read(len(_MAGIC)) == _MAGIC != tail:
        message = f"the file is cut off: it has {size:,} bytes and doesn't end with the footer's ARROW1"
        raise UnreadableFile(path, "TRUNCATED", message, offset=size)


def validate_batch(batch: pa.RecordBatch) -> None:
    """Raise ArrowInvalid for a damaged batch.

    Arrow also refuses times of a day or more; here they pass, and are reported as values that don't fit.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        kinds = [(array, _with_integers(array.type)) for array in batch.columns]
        if all(kind == array.type for array, kind in kinds):
            raise
        for array, kind in kinds:
            (array if kind == array.type else array.view(kind)).validate(full=True)


def _with_integers(kind: DataType) -> DataType:
    """Replace times and date64 in a type by the integers that store them, which Arrow validates without bounds."""
    if pt.is_time32(kind):
        return pa.int32()
    if pt.is_time64(kind) or pt.is_date64(kind):
        return pa.int64()
    if pt.is_struct(kind):
        return pa.struct([member.with_type(_with_integers(member.type)) for member in kind])
    for is_of, make in _LISTS:
        if is_of(kind):
            return make(kind.value_field.with_type(_with_integers(kind.value_type)))
    if pt.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(_with_integers(kind.value_type)), kind.list_size)
    return kind


_LISTS: Final[tuple[tuple[Callable[[DataType], bool], Callable[[Any], DataType]], ...]] = (
    (pt.is_list, pa.list_),
    (pt.is_large_list, pa.large_list),
)
