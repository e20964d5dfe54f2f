"""Open a file with its own types, or with those that pyarrow infers for CSV, to propose a document for it."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pcsv

from schemaregistry.data.readers.csv_quoting import sound_part
from schemaregistry.data.readers.csv_text import CsvText
from schemaregistry.data.readers.ipc import open_ipc_file, refuse_cut_file, validate_batch
from schemaregistry.data.readers.lines import Proven, blocks, without_mark
from schemaregistry.data.readers.parquet import open_parquet, refuse_chunks, validated_layout
from schemaregistry.data.readers.schema_checks import refuse_repeated
from schemaregistry.data.readers.sources import Input, Source, open_native
from schemaregistry.data.readers.tables import BatchStream
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile
from schemaregistry.errors import InvalidArgument

_BATCH_ROWS: Final = 1 << 16


def open_file(source: Source) -> BatchStream:
    """Open a Parquet or Arrow file with its schema, or a CSV file with inferred types, for which it is read whole.

    Raises InvalidArgument, here or while batches are read: UNREADABLE, DUPLICATE_COLUMN, the reasons of the CSV reader,
    and NO_SCHEMA for formats without types.
    """
    opened = _OPEN.get(source.format)
    if opened is None:
        message = f"{source.path} is {source.format}, which has no types: give a Parquet, Arrow or CSV file of the rows"
        raise InvalidArgument(message, reason="NO_SCHEMA", metadata={"file": source.path})
    with _reading(source):
        stream = opened(source)
        refuse_repeated(source.path, stream.schema)

    def batches(names: list[str]) -> Iterator[pa.RecordBatch]:
        with _reading(source):
            yield from stream.batches(names)

    return BatchStream(stream.schema, batches)


@contextmanager
def _reading(source: Source) -> Iterator[None]:
    try:
        yield
    except UnreadableFile as unreadable:
        fault = unreadable.fault
        raise InvalidArgument(f"{fault.file}: {fault.message}", reason=fault.reason) from None
    except READ_ERRORS as error:
        message = f"{source.path} can't be read as {source.format}: {error}"
        raise InvalidArgument(message, reason="UNREADABLE", metadata={"file": source.path}) from None


def _parquet(source: Source) -> BatchStream:
    with source.opened() as opened:
        _, file, groups = open_parquet(source, opened)
        refuse_chunks(source.path, opened, groups, file.schema_arrow.names)
    return BatchStream(
        file.schema_arrow, lambda names: map(validated_layout, file.iter_batches(_BATCH_ROWS, columns=names))
    )


def _arrow(source: Source) -> BatchStream:
    data = open_native(source.path)
    try:
        reader = open_ipc_file(source.path, data)
    except pa.ArrowInvalid:
        refuse_cut_file(source.path, data)
        # Not a file: an Arrow stream has another beginning.
        data.seek(0)
        stream = pa.ipc.open_stream(data)
        return BatchStream(stream.schema, lambda _: map(_validated, stream))
    return BatchStream(
        reader.schema, lambda _: (_validated(reader.get_batch(at)) for at in range(reader.num_record_batches))
    )


def _validated(batch: pa.RecordBatch) -> pa.RecordBatch:
    validate_batch(batch)
    return batch


def _csv(source: Source) -> BatchStream:
    """Read CSV; as in a check only an empty field without quotes is null, and the texts that the options name."""
    nulls = ["", *(source.csv.null or ())]
    convert = pcsv.ConvertOptions(null_values=nulls, strings_can_be_null=True, quoted_strings_can_be_null=False)
    parse = pcsv.ParseOptions(delimiter=source.csv.delimiter or ",", newlines_in_values=True)
    text: Any = pa.BufferReader(b"".join(_sound_csv(source)))
    # Not open_csv, which infers types from the first block alone.
    table = pcsv.read_csv(text, parse_options=parse, convert_options=convert)
    return BatchStream(table.schema, lambda _: table.to_batches(max_chunksize=_BATCH_ROWS))


def _sound_csv(source: Source) -> Iterator[bytes]:
    """Yield the text without a byte order mark. Raises UnreadableFile where it isn't CSV."""
    with closing(CsvText(source.path, Input(source), source.csv)) as text:
        for block in blocks(source, text, quoted=True):
            assert not isinstance(block, Proven)
            sound, fault = sound_part(source.path, without_mark(block), source.csv.delimiter or ",")
            if fault:
                raise fault
            yield sound.data


_OPEN: Final[dict[str, Callable[[Source], BatchStream]]] = {"parquet": _parquet, "arrow": _arrow, "csv": _csv}
