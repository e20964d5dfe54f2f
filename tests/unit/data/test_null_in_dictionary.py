"""A dictionary that lists null among its values: its rows are loaded as nulls."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, load, rows_of
from schemaregistry.data.load.duckdb import DuckdbTable
from schemaregistry.document import parse

SYMBOLS = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2], pa.int8()), pa.array(["a", None, "a"]))
KIND = {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "utf8"}}
TEXT = {"type": ["string", "null"]}
FORMS: dict[str, tuple[pa.Array, dict[str, Any], dict[str, Any], list[Any]]] = {
    "in a column": (SYMBOLS, KIND, TEXT, ["a", None, None, "a"]),
    "in a struct": (
        pa.StructArray.from_arrays([SYMBOLS], ["m"]),
        {"name": "struct", "fields": [{"name": "m", "type": KIND}]},
        {"type": "object", "properties": {"m": TEXT}},
        [{"m": "a"}, {"m": None}, {"m": None}, {"m": "a"}],
    ),
}
FORM = pytest.mark.parametrize(("array", "kind", "rule", "expected"), FORMS.values(), ids=FORMS.keys())


def contract(kind: dict[str, Any], rule: dict[str, Any]) -> Any:
    document = {"$id": "n_v1", "version": "1.0.0", "type": "object", "properties": {"c": rule}}
    return compile_contract(
        parse(json.dumps({**document, "arrow": {"fields": [{"name": "c", "type": kind}]}}).encode())
    )


@FORM
@pytest.mark.parametrize("aside", [False, True])
def test_its_rows_are_loaded_into_parquet(
    array: pa.Array, kind: dict[str, Any], rule: dict[str, Any], expected: list[Any], aside: bool, tmp_path: Path
) -> None:
    policy = (lambda: Quarantine(tmp_path / "q", "q")) if aside else "halt"
    sources = rows_of(pa.table({"c": array}))
    loaded = load(sources, contract(kind, rule), lambda it: Directory(tmp_path / "o", it, "o"), policy=policy)  # type: ignore[arg-type]
    assert loaded.report.verdict == "conforms"
    assert pq.read_table(tmp_path / "o")["c"].to_pylist() == expected


@FORM
def test_its_rows_are_loaded_into_duckdb(
    array: pa.Array, kind: dict[str, Any], rule: dict[str, Any], expected: list[Any], tmp_path: Path
) -> None:
    database = tmp_path / "o.db"
    load(rows_of(pa.table({"c": array})), contract(kind, rule), lambda it: DuckdbTable(database, "t", it))
    assert duckdb.connect(str(database)).execute("SELECT c FROM t").fetchall() == [(value,) for value in expected]
