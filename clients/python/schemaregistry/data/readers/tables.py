"""Read rows in memory: Arrow tables and streams, pandas and polars frames, pyarrow datasets.

Nothing but pyarrow is imported: a caller who passes a frame has its library loaded already.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import tee
from typing import Any, Final, NamedTuple

import pyarrow as pa

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import is_json
from schemaregistry.data.engine.binding import needed
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.int96 import Unheld, alongside, columns_of_int96, refuse_wrapped
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import ColumnRows
from schemaregistry.data.readers.schemas import refuse_repeated
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile
from schemaregistry.errors import InvalidArgument

_BATCH_ROWS: Final = 1 << 16
"""Rows evaluated at a time."""
_NOT_ARROW: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What pyarrow raises for a pandas frame that has no Arrow types."""


class BatchStream(NamedTuple):
    """The schema of a table, and a function that yields its batches with the named columns."""

    schema: pa.Schema
    batches: Callable[[list[str]], Iterable[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class TableSource(Source):
    """A table as a source; `path` is a name for it, such as `<pyarrow.Table>`.

    `open` takes the names of the columns that may hold any JSON value.
    """

    open: Callable[[Collection[str]], BatchStream] = field(kw_only=True)
    bytes: int = 0

    @property
    def size(self) -> int:
        """Size in memory in bytes; 0 where it isn't known before the rows are read."""
        return self.bytes


class TableReader:
    """Reads the rows of one table."""

    def __init__(self, source: Source, plan: Plan, *, proving: bool = False) -> None:  # noqa: ARG002
        assert isinstance(source, TableSource)
        self._source = source
        self._plan = plan
        self.position = 0

    def __iter__(self) -> Iterator[FileSchema | ColumnRows]:
        """Yield the schema and the rows, in slices of `_BATCH_ROWS`. Raises UnreadableFile: CORRUPT, NOT_ARROW.

        Only the layout of buffers is validated, not their contents, since they come from this process.
        """
        path = self._source.path
        try:
            stream = self._source.open([str(place.name) for place in self._plan.columns if is_json(place.kind)])
            refuse_repeated(path, stream.schema)
            yield FileSchema(stream.schema)
            names = needed(self._plan, stream.schema.names)
            for whole in stream.batches(names):
                for start in range(0, whole.num_rows, _BATCH_ROWS):
                    batch = whole.slice(start, _BATCH_ROWS)
                    batch.validate()
                    yield ColumnRows(Batch({name: batch.column(name) for name in names}, batch.num_rows))
        except READ_ERRORS as error:
            raise UnreadableFile(path, "CORRUPT", str(error)) from None
        self.position = self._source.size


def rows_of(table: Any) -> Sequence[TableSource]:
    """Return the sources of a table: itself, or one for each file of a dataset.

    Takes what has Arrow's C stream or array interface (pyarrow's tables, batches and readers, polars' frames, DuckDB's
    relations, Ibis tables), polars' lazy frames, pandas' frames and pyarrow's datasets. In a pandas frame NaN is a
    missing value, as it is in pandas, and a named index is a column. A reader is read to its end, a query is run.

    Raises InvalidArgument (UNKNOWN_TABLE) for anything else.
    """
    name = _name(table)
    if _is_a(table, "pandas", "DataFrame"):
        return [TableSource(name, "table", open=lambda as_json: _of_pandas(name, table, as_json))]
    if _is_a(table, "polars", "LazyFrame"):
        return [TableSource(name, "table", open=lambda _: _of_query(name, table))]
    if _is_a(table, "narwhals", "LazyFrame"):
        return rows_of(table.to_native())
    if _is_a(table, "pyarrow.dataset", "Dataset"):
        return [_of_fragment(name, table.schema, fragment) for fragment in table.get_fragments()]
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


def _is_a(table: Any, module: str, name: str) -> bool:
    """Whether an object is of a class from a module that may not be imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(table, kind)


def _of_stream(name: str, table: Any) -> BatchStream:
    with _asking(name):
        reader = pa.RecordBatchReader.from_stream(table)
    return BatchStream(reader.schema, lambda _: _batches(name, reader))


def _batches(name: str, reader: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield a reader's batches; errors of the library behind it become UnreadableFile."""
    while True:
        with _asking(name):
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _of_array(name: str, table: Any) -> BatchStream:
    with _asking(name):
        batch = pa.record_batch(table)
    return BatchStream(batch.schema, lambda _: [batch])


def _of_query(name: str, query: Any) -> BatchStream:
    """A polars lazy frame: the schema without running the query, then the named columns chunk by chunk."""
    with _asking(name):
        schema = pa.table(query.collect_schema().to_frame()).schema

    def chunks(names: list[str]) -> Iterator[pa.RecordBatch]:
        with _asking(name):
            # At least one column: without any, chunks would have no rows.
            chunks = iter(query.select(names or schema.names[:1]).collect_batches())
        for chunk in _batches(name, chunks):
            yield from pa.table(chunk).to_batches()

    return BatchStream(schema, chunks)


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """Raise UnreadableFile (NOT_ARROW) for any error that a table's library raises while it yields rows."""
    try:
        yield
    except READ_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 - each library has errors of its own
        message = f"it can't give its rows: {str(error).partition(chr(10))[0] or type(error).__name__}"
        raise UnreadableFile(name, "NOT_ARROW", message) from None


def _of_pandas(name: str, frame: Any, as_json: Collection[str]) -> BatchStream:
    """A pandas frame. An index without a name only numbers the rows and is left out.

    Objects in the columns `as_json` are converted to JSON text.
    """
    nameless = {f"__index_level_{level}__" for level, named in enumerate(frame.index.names) if named is None}
    try:
        objects = [column for column in as_json if column in frame.columns and frame.dtypes[column] == "object"]
        frame = frame.assign(**{column: [_json_text(value) for value in frame[column]] for column in objects})
        table = pa.Table.from_pandas(frame)
    except _NOT_ARROW as error:
        what = "; ".join(map(str, error.args))
        raise UnreadableFile(name, "NOT_ARROW", f"{what}: give each column one name and one type") from None
    table = table.select([column for column in table.schema.names if column not in nameless])
    return BatchStream(table.schema.remove_metadata(), lambda _: table.to_batches(max_chunksize=_BATCH_ROWS))


def _json_text(value: Any) -> str | None:
    """Convert an object in a json column: a string is JSON text already, NaN and None are missing.

    Raises TypeError for a value that JSON doesn't have.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | Decimal | list | dict):
        # Only NaN differs from itself, as a float and as a Decimal.
        return None if value != value else json_text.written(value)  # noqa: PLR0124
    if hasattr(value, "tolist"):
        return _json_text(value.tolist())
    # By name, since pandas may not be imported.
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def _of_fragment(name: str, whole: pa.Schema, fragment: Any) -> TableSource:
    """One file of a dataset in its own types, with partition keys as columns.

    Its own types matter: reading by the dataset's schema would cast the values before they are checked.
    """
    keys = sys.modules["pyarrow.dataset"].get_partition_keys(fragment.partition_expression)

    def scan(_: Collection[str]) -> BatchStream:
        own = fragment.physical_schema
        added = [whole.field(key) for key in keys if key not in own.names]
        schema = pa.schema([*own, *added])

        def batches(names: list[str]) -> Iterable[pa.RecordBatch]:
            found = fragment.to_batches(schema=schema, columns=names, batch_size=_BATCH_ROWS)
            # A dataset reads int96 itself, as nanoseconds that wrap, so they are compared with a second reading.
            wide = _columns_of_int96(fragment).intersection(names)
            return _not_wrapped(fragment, found, sorted(wide)) if wide else found

        return BatchStream(schema, batches)

    return TableSource(getattr(fragment, "path", "") or name, "table", open=scan)


def _columns_of_int96(fragment: Any) -> frozenset[str]:
    if not _is_a(fragment, "pyarrow.dataset", "ParquetFileFragment"):
        return frozenset()
    return columns_of_int96(fragment.metadata.schema, fragment.physical_schema)


def _not_wrapped(fragment: Any, batches: Iterable[pa.RecordBatch], names: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the batches after checking that no int96 has wrapped. Raises UnreadableFile (UNHELD)."""
    dataset: Any = sys.modules["pyarrow.dataset"]
    options = dataset.ParquetReadOptions(coerce_int96_timestamp_unit="s")
    groups = [group.id for group in fragment.row_groups]
    coarse = dataset.ParquetFileFormat(read_options=options).make_fragment(
        fragment.path, fragment.filesystem, row_groups=groups
    )
    ahead, behind = tee(batches)
    seconds = alongside(coarse.to_batches(columns=names), (batch.num_rows for batch in behind))
    for batch in ahead:
        try:
            refuse_wrapped(batch, next(seconds))
        except Unheld as error:
            message = f"{error}, as which the dataset reads int96: check the files themselves"
            raise UnreadableFile(fragment.path, "UNHELD", message) from None
        yield batch
