"""For notebooks, scripts and tests: do these rows conform, and what types would. How rows are judged is data's."""

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data.readers.tables import rows_of
from schemaregistry.data.report.formats import text
from schemaregistry.document import Document
from schemaregistry.document.csv_dialect import csv_dialect
from schemaregistry.pull import Pulled, from_file, from_registry, is_file
from schemaregistry.v1 import contract_pb2

if TYPE_CHECKING:
    import pyarrow as pa

    from schemaregistry.client import Client

SchemaLike: TypeAlias = "str | PathLike[str] | Document | contract_pb2.Contract"
"""`ID`, `ID@VERSION`, a document's file, a compiled contract's file (`….pb`), or either as a value."""


def check(
    table: Any,
    schema: SchemaLike,
    *,
    client: "Client | None" = None,
    csv: Mapping[str, Any] | None = None,
    strict: bool = False,
) -> data.Report:
    """Judge a table, or files, by a contract. In a notebook the report shows itself.

    `table` is a pyarrow Table, RecordBatch, RecordBatchReader or dataset, a pandas or polars DataFrame, anything else
    with Arrow's C stream interface, or the path of a file, a directory or a glob (or a list of these). In pandas NaN is
    a missing value. An id is asked of the registry that `client` is connected to; without one, of that which the
    environment names (SCHEMAREGISTRY_TARGET, _CA, _CERT, _KEY). With `strict`, files in a directory whose names tell no
    format make the answer undecided; without it they are named in a note.

    `csv` says how CSV files are written, as `x-csv` of a document does: `{"delimiter": ";"}`.

    >>> report = check("ticks.parquet", "schemas/ticks_v1.json")   # doctest: +SKIP
    >>> report.raise_for_violations()                              # doctest: +SKIP

    What is wrong with the data is in the report. Raises InvalidArgument for a table or a schema that is none, and what
    the registry raises.
    """
    paths = _paths(table)
    sources = data.find(paths, csv=csv_dialect(dict(csv or {})), strict=strict) if paths else rows_of(table)
    pulled = _pull(schema, client)
    return data.check(sources, pulled.contract, revision=pulled.revision)


def assert_conforms(
    table: Any, schema: SchemaLike, *, client: "Client | None" = None, strict: bool = False
) -> data.Report:
    """As `check`; raises AssertionError with the report as its message unless every row conforms."""
    __tracebackhide__ = True
    report = check(table, schema, client=client, strict=strict)
    if report.verdict != "conforms":
        raise AssertionError(text.render(report))
    return report


def arrow_schema(schema: SchemaLike, *, client: "Client | None" = None) -> "pa.Schema":
    """The columns and types that a contract asks for; what `schema` and `client` are is said at `check`.

    >>> ticks = arrow_schema("ticks_v1")                        # doctest: +SKIP
    >>> pa.Table.from_pandas(frame, ticks)                      # doctest: +SKIP
    >>> polars.DataFrame(pa.Table.from_batches([], ticks))      # doctest: +SKIP
    """
    return data.arrow_schema(_pull(schema, client).contract)


def _paths(table: Any) -> list[str]:
    """The paths that were given in place of a table; none if it is one."""
    items = table if isinstance(table, list | tuple) else [table]
    return [fspath(item) for item in items] if all(isinstance(item, str | PathLike) for item in items) else []


def _pull(schema: SchemaLike, client: "Client | None") -> Pulled:
    if isinstance(schema, contract_pb2.Contract):
        return Pulled(schema)
    if isinstance(schema, Document):
        return Pulled(compile_contract(schema))
    if not isinstance(schema, str) or is_file(schema):
        return Pulled(from_file(Path(schema)))
    if client is not None:
        return from_registry(schema, client)
    # What a file is checked by needs no gRPC.
    from schemaregistry.client import Client  # noqa: PLC0415

    with Client.from_environment() as connected:
        return from_registry(schema, connected)
