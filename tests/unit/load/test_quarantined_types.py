"""Values of every type can be read from a quarantine, by whatever reads Parquet, and are what they were."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, find, load, rows_of
from schemaregistry.document import parse

CONTRACT = compile_contract(
    parse(b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"n": {"type": "integer"}}}')
)
NOT_UTF8 = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(np.array([0, 1, 3], "i4").tobytes()), pa.py_buffer(b"a\xe9b")]
)
SECONDS = pa.array([5, 2**60], pa.timestamp("s"))
DATE64 = pa.array([0, 1], pa.int64()).view(pa.date64())
EPOCH = dt.datetime(1970, 1, 1, 0, 0, 0, 5, dt.UTC)
MAP = pa.map_(pa.string(), pa.timestamp("s"))
ODD: dict[str, tuple[pa.Array, list[Any]]] = {
    "seconds": (SECONDS, ["1970-01-01T00:00:05", "1152921504606846976 s from 1970"]),
    "seconds with a zone": (
        pa.array([5, 6], pa.timestamp("s", "+05:00")),
        ["1970-01-01T00:00:05Z", "1970-01-01T00:00:06Z"],
    ),
    "seconds of a day": (
        pa.array([5, 2**31 - 1], pa.int32()).view(pa.time32("s")),
        ["00:00:05", "2147483647 s from midnight"],
    ),
    "date64 within a day": (DATE64, ["1970-01-01", "1970-01-01T00:00:00.001"]),
    "lists": (
        pa.ListArray.from_arrays([0, 1, 2], SECONDS),
        [["1970-01-01T00:00:05"], ["1152921504606846976 s from 1970"]],
    ),
    "structs": (pa.StructArray.from_arrays([DATE64], ["a"]), [{"a": "1970-01-01"}, {"a": "1970-01-01T00:00:00.001"}]),
    "maps": (pa.array([[("k", 5)], None], MAP), [[{"key": "k", "value": "1970-01-01T00:00:05"}], None]),
    "dictionaries": (
        pa.DictionaryArray.from_arrays([1, 0], SECONDS),
        ["1152921504606846976 s from 1970", "1970-01-01T00:00:05"],
    ),
    "lists of no items": (pa.array([[], []], pa.list_(pa.int8(), 0)), [[], []]),
    "unions": (
        pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["x", "y"])]),
        ["1", "y"],
    ),
    "runs": (pa.RunEndEncodedArray.from_arrays([1, 2], ["a", "b"]), ["a", "b"]),
    "views": (pa.array([[1], None], pa.list_view(pa.int8())), [[1], None]),
    "negative scale": (pa.array([Decimal("1e5"), None], pa.decimal128(5, -5)), ["100000", None]),
    "negative scale of a wide decimal": (pa.array([Decimal("1e5"), None], pa.decimal256(50, -5)), ["100000", None]),
    "wide decimals": (pa.array([Decimal("1.5"), None], pa.decimal256(39, 2)), ["1.50", None]),
    "wider decimals": (pa.array([Decimal(10) ** 60, None], pa.decimal256(76, 12)), [f"{10**60}.{'0' * 12}", None]),
    "wide decimals in lists": (pa.array([[Decimal(1)], None], pa.list_(pa.decimal256(39, 2))), [["1.00"], None]),
    "decimal256 of few digits": (pa.array([Decimal("1.5"), None], pa.decimal256(20, 2)), [Decimal("1.50"), None]),
    "decimal32": (pa.array([Decimal("1.5"), None], pa.decimal32(5, 2)), [Decimal("1.50"), None]),
    "decimal64": (pa.array([Decimal("1.5"), None], pa.decimal64(12, 2)), [Decimal("1.50"), None]),
    **{
        f"zone {zone}": (pa.array([5, None], pa.timestamp("us", zone)), [EPOCH, None])
        for zone in ("-07:30", "Mars/Olympus", "UTC+1", "utc", "UTC", "Europe/Berlin")
    },
    "zones in lists": (pa.array([[5], None], pa.list_(pa.timestamp("us", "UTC+1"))), [[EPOCH], None]),
    "empty structs": (pa.array([{}, None], pa.struct([])), ["{}", None]),
    "half floats": (pa.array(np.array([1.5, 65504], "f2")), [1.5, 65504.0]),
    "not UTF-8": (NOT_UTF8, ["a", r"\xe9b"]),
    "not UTF-8 in lists": (pa.ListArray.from_arrays([0, 1, 2], NOT_UTF8), [["a"], [r"\xe9b"]]),
    "not UTF-8 in structs": (pa.StructArray.from_arrays([NOT_UTF8], ["a"]), [{"a": "a"}, {"a": r"\xe9b"}]),
    "not UTF-8 in a dictionary": (pa.DictionaryArray.from_arrays([1, 0], NOT_UTF8), [r"\xe9b", "a"]),
}


def set_aside(sources: Any, tmp_path: Path, contract: Any = CONTRACT) -> Path:
    loaded = load(
        sources,
        contract,
        lambda schema: Directory(tmp_path / "out", schema, "rows"),
        policy=lambda: Quarantine(tmp_path / "aside", "rows"),
    )
    assert loaded.exit_code == 1, loaded.report.error
    (file,) = Path(str(loaded.quarantine)).glob("*.parquet")
    return file


@pytest.mark.parametrize("name", ODD)
def test_a_column_of_any_type_is_kept_in_one_that_parquet_has(name: str, tmp_path: Path) -> None:
    array, expected = ODD[name]
    table = pa.Table.from_arrays([pa.array([1.5, 2.5]), array], ["n", "v"])
    file = set_aside(rows_of(table), tmp_path)
    read = pq.read_table(file).column("v")
    read.validate(full=True)
    assert read.to_pylist() == expected
    assert pl.read_parquet(file)["v"].to_list() == expected
    assert duckdb.read_parquet(str(file)).project("v").fetchall() == [(each,) for each in expected]


def test_seconds_that_milliseconds_dont_reach_are_set_aside_from_a_file(tmp_path: Path) -> None:
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"t": {"type": "string"'
    document += (
        b', "format": "date-time"}}, "arrow": {"fields": [{"name": "t", "type": {"name": "timestamp", "unit": "s"}}]}}'
    )
    with (
        pa.OSFile(str(tmp_path / "t.arrow"), "wb") as file,
        pa.ipc.new_file(file, pa.schema([("t", SECONDS.type)])) as out,
    ):
        out.write(pa.record_batch([SECONDS], ["t"]))
    file = set_aside(find([str(tmp_path / "t.arrow")]), tmp_path, compile_contract(parse(document)))
    assert pq.read_table(file).column("t").to_pylist() == ["1152921504606846976 s from 1970"]
    (out,) = (tmp_path / "out").glob("*.parquet")
    assert pq.read_table(out).column("t").to_pylist() == [dt.datetime(1970, 1, 1, 0, 0, 5)]  # noqa: DTZ001


@pytest.mark.parametrize("name", ["t.csv", "t.ndjson"])
def test_a_field_that_isnt_utf8_can_be_read_from_the_quarantine(name: str, tmp_path: Path) -> None:
    lines = {"t.csv": b"n,s\n1,a\nx,\xe9t\xe9\n", "t.ndjson": b'{"n": 1}\n{"n": "x", "s": "\xe9t\xe9"}\n'}
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object"'
    document += b', "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}}'
    (tmp_path / name).write_bytes(lines[name])
    file = set_aside(find([str(tmp_path / name)]), tmp_path, compile_contract(parse(document)))
    rows = pl.read_parquet(file)
    assert rows["_line"].to_list() == [{"t.csv": 3, "t.ndjson": 2}[name]]
    assert r"\xe9t\xe9" in rows["s" if name == "t.csv" else "_text"][0]
