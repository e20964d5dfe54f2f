"""Check tables and files from notebooks, scripts and tests, and get a contract's Arrow schema.

`schemaregistry.data` does the checking.
"""

from collections.abc import Mapping
from dataclasses import replace
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
"""`ID`, `ID@VERSION`, the path of a document or of a compiled contract (`….pb`), or either as a value."""


def check(
    table: Any,
    schema: SchemaLike,
    *,
    client: "Client | None" = None,
    csv: Mapping[str, Any] | None = None,
    strict: bool = False,
) -> data.Report:
    """Check a table, or files, by a contract; a notebook renders the report.

    `table` is a pyarrow Table, RecordBatch, RecordBatchReader or dataset, a pandas or polars DataFrame, anything else
    with Arrow's C stream interface, or the path of a file, a directory or a glob (or a list of paths). In pandas NaN is
    a missing value. An id is looked up in the registry that `client` is connected to, or else in the one that the
    environment names (SCHEMAREGISTRY_TARGET, _CA, _CERT, _KEY). With `strict`, a file in a directory whose name shows
    no format makes the answer undecided; otherwise a note names it.

    `csv` states how CSV files are written, as a document's `x-csv` does: `{"delimiter": ";"}`.

    >>> report = check("ticks.parquet", "schemas/ticks_v1.json")   # doctest: +SKIP
    >>> report.raise_for_violations()                              # doctest: +SKIP

    Faults of the data are in the report. Raises InvalidArgument for an invalid table or schema, and what the registry
    raises.
    """
    paths = _paths(table)
    sources = data.find(paths, csv=csv_dialect(dict(csv or {})), strict=strict) if paths else rows_of(table)
    pulled = _pull(schema, client)
    report = data.check(sources, pulled.contract, aliases=pulled.aliases, revision=pulled.revision)
    return replace(report, notes=(*pulled.notes, *report.notes))


def assert_conforms(
    table: Any, schema: SchemaLike, *, client: "Client | None" = None, strict: bool = False
) -> data.Report:
    """Check like `check`. Raises AssertionError, with the report as its message, unless every row conforms."""
    __tracebackhide__ = True
    report = check(table, schema, client=client, strict=strict)
    if report.verdict != "conforms":
        raise AssertionError(text.render(report))
    return report


def arrow_schema(schema: SchemaLike, *, client: "Client | None" = None) -> "pa.Schema":
    """Return the columns and types that a contract asks for; `schema` and `client` are as for `check`.

    >>> ticks = arrow_schema("ticks_v1")                        # doctest: +SKIP
    >>> pa.Table.from_pandas(frame, ticks)                      # doctest: +SKIP
    >>> polars.DataFrame(pa.Table.from_batches([], ticks))      # doctest: +SKIP
    """
    return data.arrow_schema(_pull(schema, client).contract)


def _paths(table: Any) -> list[str]:
    """Return the paths that were passed in place of a table; empty for a table."""
    items = table if isinstance(table, list | tuple) else [table]
    return [fspath(item) for item in items] if all(isinstance(item, str | PathLike) for item in items) else []


def _pull(schema: SchemaLike, client: "Client | None") -> Pulled:
    if isinstance(schema, contract_pb2.Contract):
        return Pulled(schema)
    if isinstance(schema, Document):
        return Pulled(compile_contract(schema), raw=schema.raw)
    if not isinstance(schema, str) or is_file(schema):
        return from_file(Path(schema))
    if client is not None:
        return from_registry(schema, client)
    # Imported only here, since a check by a document's file needs no gRPC.
    from schemaregistry.client import Client  # noqa: PLC0415

    with Client.from_environment() as connected:
        return from_registry(schema, connected)
