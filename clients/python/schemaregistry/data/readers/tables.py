"""Read rows in memory: Arrow tables and streams, pandas and polars frames, pyarrow datasets.

Nothing but pyarrow is imported: a caller who passes a frame has its library loaded already.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.layout import refuse_invalid
from schemaregistry.data.arrow.types import Array
from schemaregistry.data.engine.binding import needed
from schemaregistry.data.engine.plan import ROW, Plan
from schemaregistry.data.readers.arrow_datasets import (
    filtered_batches,
    fragment_batches,
    fragments_of,
    schema_of_fragment,
)
from schemaregistry.data.readers.foreign_types import changed_columns, is_a, refuse_column, refuse_unknown
from schemaregistry.data.readers.pandas_frame import table_of
from schemaregistry.data.readers.pandas_objects import Objects
from schemaregistry.data.readers.pandas_types import RepeatedName
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import BATCH_ROWS, ColumnRows
from schemaregistry.data.readers.schema_checks import refuse_repeated
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile
from schemaregistry.errors import InvalidArgument

_NOT_ARROW: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What pyarrow raises for a pandas frame that has no Arrow types."""


def _nothing() -> None:
    """Close a stream that holds nothing beyond its batches."""


class BatchStream(NamedTuple):
    """The schema of a table, and a function that yields its batches with the named columns.

    `objects` are columns of which some values don't fit the column's type. `changed` are columns whose values their
    library changes when it exports them to Arrow, with a text on what each is and what to do. `close` frees what the
    library holds for the batches. `notes` are remarks for the report.
    """

    schema: pa.Schema
    batches: Callable[[list[str]], Iterable[pa.RecordBatch]]
    objects: Mapping[str, Objects] = {}
    changed: Mapping[str, str] = {}
    close: Callable[[], None] = _nothing
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TableSource(Source):
    """A table as a source; `path` is a name for it, such as `<pyarrow.Table>`.

    `open` takes the plan by which the rows are judged.
    """

    open: Callable[[Plan], BatchStream] = field(kw_only=True)
    bytes: int = 0

    @property
    def size(self) -> int:
        """Size in memory in bytes; 0 where it isn't known before the rows are read."""
        return self.bytes

    @property
    def state(self) -> None:
        """None: a table isn't read by its path."""
        return


class TableReader:
    """Reads the rows of one table."""

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:  # noqa: ARG002
        assert isinstance(source, TableSource)
        self._source = source
        self._plan = plan
        self.position = 0

    def __iter__(self) -> Iterator[FileSchema | ColumnRows]:
        """Yield the schema and the rows, in slices of `BATCH_ROWS`. Raises UnreadableFile: CORRUPT, NOT_ARROW.

        The layout of buffers and what leads into them (offsets, indices) is validated, not the values.
        """
        path = self._source.path
        stream: BatchStream | None = None
        try:
            stream = self._source.open(self._plan)
            refuse_repeated(path, stream.schema)
            yield FileSchema(stream.schema, [(ROW, note) for note in stream.notes])
            names = needed(self._plan, stream.schema.names)
            for name in filter(stream.changed.__contains__, names):
                raise UnreadableFile(path, "NOT_ARROW", f'column "{name}" is {stream.changed[name]}')
            row = 0
            for whole in stream.batches(names):
                for start in range(0, whole.num_rows, BATCH_ROWS):
                    batch = whole.slice(start, BATCH_ROWS)
                    found = Batch({name: _validated(name, batch.column(name)) for name in names}, batch.num_rows)
                    yield ColumnRows(self._with_objects(found, stream.objects, row))
                    row += batch.num_rows
        except READ_ERRORS as error:
            # pyarrow appends the traceback of a Python reader, with its paths.
            raise UnreadableFile(path, "CORRUPT", str(error).partition(". Detail: Python exception")[0]) from None
        finally:
            # At once, not with the last reference: DuckDB's connection takes no other query while a result is open.
            if stream is not None:
                stream.close()
        self.position = self._source.size

    def _with_objects(self, batch: Batch, objects: Mapping[str, Objects], start: int) -> Batch:
        """Add the misfits and texts of columns of objects to a batch whose first row is row `start` of the table."""
        misfits: dict[int, Mask] = {}
        texts: dict[int, Array] = {}
        for name, column in objects.items():
            place = self._plan.column(name)
            if place is not None and name in batch.columns:
                unread = column.misfits[start : start + batch.rows]
                if unread.any():
                    misfits[place.index] = unread
                texts[place.index] = column.texts.slice(start, batch.rows)
        return replace(batch, misfits=misfits, texts=texts) if objects else batch


def rows_of(table: Any) -> Sequence[TableSource]:
    """Return the sources of a table: itself, or one for each file of a dataset.

    Takes what has Arrow's C stream or array interface (pyarrow's tables, batches and readers, polars' frames, DuckDB's
    relations, Ibis tables), polars' lazy frames, pandas' frames and pyarrow's datasets. In a pandas frame NaN is a
    missing value, as it is in pandas, and a named index is a column. A reader is read to its end, a query is run.

    Raises InvalidArgument (UNKNOWN_TABLE) for anything else.
    """
    name = _name(table)
    if is_a(table, "pandas", "DataFrame"):
        return [TableSource(name, "table", open=lambda plan: _of_pandas(name, table, plan))]
    if is_a(table, "polars", "LazyFrame"):
        return [TableSource(name, "table", open=lambda _: _of_query(name, table))]
    if is_a(table, "narwhals", "LazyFrame") or is_a(table, "narwhals", "DataFrame"):
        return rows_of(table.to_native())
    if is_a(table, "pyarrow.dataset", "Dataset"):
        return _of_dataset(name, table)
    if hasattr(table, "__arrow_c_stream__"):
        return [TableSource(name, "table", open=lambda _: _of_stream(name, table), bytes=getattr(table, "nbytes", 0))]
    if hasattr(table, "__arrow_c_array__"):
        return [TableSource(name, "table", open=lambda _: _of_array(name, table), bytes=getattr(table, "nbytes", 0))]
    raise InvalidArgument(
        f"{name} is no table: give a table or a frame (pyarrow, pandas, polars, DuckDB, Ibis, or with Arrow's C stream "
        "interface), a pyarrow dataset, or the path of a file",
        reason="UNKNOWN_TABLE",
    )


def _name(table: Any) -> str:
    kind = type(table)
    return f"<{kind.__module__.partition('.')[0]}.{kind.__name__}>"


def _of_stream(name: str, table: Any) -> BatchStream:
    refuse_unknown(name, table)
    refuse_column(name, table)
    with _asking(name):
        reader = pa.RecordBatchReader.from_stream(table)
    return BatchStream(
        reader.schema, lambda _: _batches(name, reader), changed=changed_columns(table), close=reader.close
    )


def _validated(name: str, array: Array) -> Array:
    """Return the array. Raises ArrowInvalid, with the column's name, where its buffers aren't what they should be."""
    try:
        refuse_invalid(array)
    except pa.ArrowInvalid as error:
        raise pa.ArrowInvalid(f'column "{name}": {error}') from None
    return array


def _batches(name: str, reader: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield a reader's batches; errors of the library behind it become UnreadableFile."""
    while True:
        with _asking(name):
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _of_array(name: str, table: Any) -> BatchStream:
    refuse_column(name, table)
    with _asking(name):
        batch = pa.record_batch(table)
    return BatchStream(batch.schema, lambda _: [batch])


def _of_query(name: str, query: Any) -> BatchStream:
    """A polars lazy frame: the schema without running the query, then the named columns chunk by chunk."""
    with _asking(name):
        empty = query.collect_schema().to_frame()
        refuse_unknown(name, empty)
        schema = pa.table(empty).schema

    def chunks(names: list[str]) -> Iterator[pa.RecordBatch]:
        with _asking(name):
            # At least one column: without any, chunks would have no rows.
            chunks = iter(query.select(names or schema.names[:1]).collect_batches())
        for chunk in _batches(name, chunks):
            yield from pa.table(chunk).to_batches()

    return BatchStream(schema, chunks, changed=changed_columns(empty))


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """Raise UnreadableFile (NOT_ARROW) for any error that a table's library raises while it yields rows."""
    try:
        yield
    except (*READ_ERRORS, UnreadableFile):
        raise
    except Exception as error:  # noqa: BLE001 - each library has errors of its own
        message = f"it can't give its rows: {str(error).partition(chr(10))[0] or type(error).__name__}"
        raise UnreadableFile(name, "NOT_ARROW", message) from None


def _of_pandas(name: str, frame: Any, plan: Plan) -> BatchStream:
    try:
        table, objects, changed = table_of(frame, plan)
    except RepeatedName as error:
        raise UnreadableFile(name, "DUPLICATE_COLUMN", str(error)) from None
    except _NOT_ARROW as error:
        raise UnreadableFile(name, "NOT_ARROW", str(error)) from None
    return BatchStream(table.schema, lambda _: table.to_batches(max_chunksize=BATCH_ROWS), objects, changed)


def _of_dataset(name: str, dataset: Any) -> list[TableSource]:
    fragments = fragments_of(dataset)
    # A filter can't be applied to one file alone.
    if fragments is None:
        return [_of_filtered(name, dataset)]
    return [_of_fragment(name, dataset.schema, fragment) for fragment in fragments]


def _of_fragment(name: str, whole: pa.Schema, fragment: Any) -> TableSource:
    """One file of a dataset: its columns that the dataset's schema has, in its own types, and partition keys.

    Its own types matter: reading by the dataset's schema would cast the values before they are checked.
    """

    def scan(_: Plan) -> BatchStream:
        schema, left_out = schema_of_fragment(whole, fragment)
        notes = [f"not in the dataset's schema, so not read: {', '.join(left_out)}"] if left_out else []
        return BatchStream(schema, lambda names: fragment_batches(fragment, schema, names), notes=notes)

    return TableSource(getattr(fragment, "path", "") or name, "table", open=scan)


def _of_filtered(name: str, dataset: Any) -> TableSource:
    """A filtered dataset as one table."""
    return TableSource(
        name, "table", open=lambda _: BatchStream(dataset.schema, lambda names: filtered_batches(name, dataset, names))
    )
