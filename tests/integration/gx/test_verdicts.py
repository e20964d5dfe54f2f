"""Files good and bad: Great Expectations gives the gate's verdict, or the table says why it doesn't."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, chunks
from tests.support.gx_files import SCHEMAS, suite_of, verdicts, write_records

DIFFERENCES: dict[str, dict[str, str]] = tomllib.loads(
    (Path(__file__).parent / "differences.toml").read_text(encoding="utf-8")
)
EXAMPLES = sorted(SCHEMAS.glob("examples/*/*valid/*.json"))


def put(name: str, change: Callable[[Any], Any]) -> Callable[[pa.Table], pa.Table]:
    """A table with one column changed."""

    def changed(table: pa.Table) -> pa.Table:
        return table.set_column(table.schema.get_field_index(name), name, change(table.column(name)))

    return changed


def at_row(value: Any, kind: pa.DataType | None = None) -> Callable[[Any], Any]:
    """A column with another value in row 17."""

    def changed(column: Any) -> Any:
        values = column.to_pylist()
        values[17] = value
        return pa.array(values, kind or column.type)

    return changed


def cast(kind: pa.DataType) -> Callable[[Any], Any]:
    return lambda column: column.cast(kind)


def as_nanoseconds(offset: int) -> Callable[[Any], Any]:
    def changed(column: Any) -> Any:
        instants = column.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy().copy()
        instants[17] += offset
        return pa.array(instants).cast(pa.timestamp("ns"))

    return changed


def in_whole_seconds(column: Any) -> Any:
    return pa.array(np.arange(len(column)) * 1000).cast(pa.timestamp("ms"))


TICKS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "clean": lambda table: table,
    "no rows": lambda table: table.slice(0, 0),
    "one row": lambda table: table.slice(0, 1),
    "columns in another order": lambda table: table.select(["venue", "size", "side", "ts", "price", "symbol"]),
    "an optional column of nulls": put("side", lambda column: pa.nulls(len(column), pa.string())),
    "every optional column of nulls": lambda table: put("venue", lambda column: pa.nulls(len(column), pa.string()))(
        put("side", lambda column: pa.nulls(len(column), pa.string()))(table)
    ),
    "sizes in 64 bits, in range": put("size", cast(pa.int64())),
    "sizes in 16 bits": put("size", lambda column: pa.array(np.full(len(column), 7, np.int16))),
    "sizes that are whole floats": put("size", cast(pa.float64())),
    "the greatest size": put("size", at_row(2**31 - 1)),
    "the least size": put("size", at_row(-(2**31))),
    "prices in 32 bits": put("price", lambda column: pa.array(np.full(len(column), 1.5, np.float32))),
    "prices that are small integers": put("price", lambda column: pa.array(np.full(len(column), 7, np.int16))),
    "a negative price": put("price", at_row(-37.63)),
    "the greatest price": put("price", at_row(1.7976931348623157e308)),
    "large texts": put("symbol", cast(pa.large_string())),
    "an empty symbol": put("symbol", at_row("")),
    "a symbol that is no ASCII": put("symbol", at_row("Ünïcode 株")),
    "optional column missing": lambda table: table.drop_columns(["side"]),
    "an optional column of Arrow's null type": put("side", lambda column: pa.nulls(len(column))),
    "symbols in a dictionary": put("symbol", lambda column: column.combine_chunks().dictionary_encode()),
    "whole microseconds in nanoseconds": put("ts", as_nanoseconds(0)),
    "milliseconds": put("ts", in_whole_seconds),
    "prices that are 64-bit integers": put("price", lambda column: pa.array(np.full(len(column), 7, np.int64))),
    "a renamed column": lambda table: table.rename_columns(
        ["px" if name == "price" else name for name in table.schema.names]
    ),
    "a column too many": lambda table: table.append_column("flags", pa.array(np.zeros(len(table)))),
    "a required column missing": lambda table: table.drop_columns(["size"]),
    "a null time": put("ts", at_row(None)),
    "a null symbol": put("symbol", at_row(None)),
    "a null price": put("price", at_row(None)),
    "a null size": put("size", at_row(None)),
    "prices that are all null": put("price", lambda column: pa.nulls(len(column), pa.float64())),
    "a price that is no number": put("price", at_row(float("nan"))),
    "an infinite price": put("price", at_row(float("inf"))),
    "a price of minus infinity": put("price", at_row(float("-inf"))),
    "a size above 32 bits": put("size", at_row(2**31, pa.int64())),
    "a size below 32 bits": put("size", at_row(-(2**31) - 1, pa.int64())),
    "a size with a fraction": put("size", at_row(100.5, pa.float64())),
    "a size of 1e300": put("size", at_row(1e300, pa.float64())),
    "sizes that are texts": put("size", cast(pa.string())),
    "prices that are texts": put("price", cast(pa.string())),
    "symbols that are numbers": put("symbol", lambda column: pa.array(np.arange(len(column)))),
    "sides that are true and false": put("side", lambda column: pa.array([True] * len(column))),
    "times that are texts": put("ts", cast(pa.string())),
    "times that are numbers": put("ts", cast(pa.int64())),
    "times with a zone": put("ts", lambda column: column.cast(pa.timestamp("us", "UTC"))),
    "times that are days": put("ts", cast(pa.date32())),
    "a nanosecond that microseconds don't hold": put("ts", as_nanoseconds(1)),
    "an unknown side": put("side", at_row("X")),
    "a side in small letters": put("side", at_row("b")),
    "a side with a blank": put("side", at_row("B ")),
    "an empty side": put("side", at_row("")),
    "a venue in small letters": put("venue", at_row("xnas")),
    "a venue of five letters": put("venue", at_row("XNASQ")),
    "a venue that ends with a line": put("venue", at_row("XNAS\n")),
    "an empty venue": put("venue", at_row("")),
}


@pytest.fixture(scope="module")
def ticks() -> pa.Table:
    return next(iter(chunks(Ticks(200))))


def check_alike(name: str, schema_id: str, path: Path) -> None:
    gate, library = verdicts(schema_id, path)
    stated = DIFFERENCES.get(name)
    if stated is None:
        assert library == gate
        return
    assert gate == stated["gate"]
    assert library != gate
    meta = suite_of(schema_id)["meta"]["schemaregistry"]
    assert stated["why"] in [*meta["differences"], *(rule["pointer"] for rule in meta["unsaid"])]


@pytest.mark.parametrize("name", TICKS)
def test_ticks(name: str, ticks: pa.Table, tmp_path: Path) -> None:
    pq.write_table(TICKS[name](ticks), tmp_path / "ticks.parquet")
    check_alike(f"ticks/{name}", "ticks_v1", tmp_path / "ticks.parquet")


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.parent.parent.name + "/" + path.stem) for path in EXAMPLES]
)
def test_an_example_of_a_contract(path: Path, tmp_path: Path) -> None:
    schema_id = path.parent.parent.name
    file = write_records(schema_id, [json.loads(path.read_text(encoding="utf-8"))], tmp_path / "example.parquet")
    check_alike(f"{schema_id}/{path.parent.name}/{path.stem}", schema_id, file)


def test_the_table_of_differences_names_files_that_there_are() -> None:
    files = {f"ticks/{name}" for name in TICKS}
    files |= {f"{path.parent.parent.name}/{path.parent.name}/{path.stem}" for path in EXAMPLES}
    assert DIFFERENCES.keys() <= files
