"""Types of pandas, polars and DuckDB that pyarrow lacks, or whose values change on their way to Arrow."""

import sys
from typing import Any, Final

import pyarrow as pa

from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

_CHANGED_BY_DUCKDB: Final = frozenset(("time with time zone", "variant", "bit", "bignum", "uhugeint"))
"""Types of DuckDB that its Arrow export has no type for; a large UHUGEINT turns negative."""
CAST: Final = "which Arrow has no type for: cast it to the contract's"
"""What to do about a column that Arrow has no type for."""
_NESTED_IN_DUCKDB: Final = frozenset(("list", "array", "struct", "map", "union"))


def is_a(table: Any, module: str, name: str) -> bool:
    """Whether an object is of a class from a module that may not be imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(table, kind)


def changed_columns(table: Any) -> dict[str, str]:
    """Return the columns whose values a library changes on their way to Arrow, with what each is and what to do.

    polars gives the addresses of its objects for them. DuckDB 2.0 gives times without their offset, and the bytes of
    its own encoding for the other types.
    """
    if is_a(table, "polars", "DataFrame"):
        return {name: f"polars' {kind}, {CAST}" for name, kind in table.schema.items() if str(kind) == "Object"}
    if is_a(table, "duckdb", "DuckDBPyRelation"):
        kinds = zip(table.columns, table.types, strict=True)
        return {name: f"DuckDB's {kind}, {CAST}" for name, kind in kinds if _is_changed(kind)}
    return {}


def _is_changed(kind: Any) -> bool:
    """Whether a type of DuckDB, or one within it, is changed on the way to Arrow."""
    if kind.id not in _NESTED_IN_DUCKDB:
        return kind.id in _CHANGED_BY_DUCKDB
    # The size of an ARRAY is among its children.
    return any(_is_changed(child) for _, child in kind.children if hasattr(child, "id"))


def refuse_unknown(name: str, table: Any) -> None:
    """Raise UnreadableFile (NOT_ARROW) for a polars frame with a type of its own, which pyarrow can't import."""
    for column, kind in table.schema.items() if is_a(table, "polars", "DataFrame") else ():
        try:
            pa.RecordBatchReader.from_stream(table.select(column).clear())
        except READ_ERRORS:
            what = f'column "{column}" is polars\' {kind}'
            raise UnreadableFile(name, "NOT_ARROW", f"{what}, which pyarrow doesn't know: cast it") from None


def refuse_column(name: str, table: Any) -> None:
    """Raise UnreadableFile (NOT_ARROW) for a single column, which has no name that a contract could know."""
    is_array = isinstance(table, pa.ChunkedArray | pa.Array) and not pa.types.is_struct(table.type)
    if is_array or any(is_a(table, library, "Series") for library in ("pandas", "polars", "narwhals")):
        raise UnreadableFile(
            name, "NOT_ARROW", "it is one column and no table: give a table that has it under its name"
        )
