"""A null of a column or member that no property declares is absent, in every format."""

import json
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse

TEXTS: Final[dict[str, Any]] = {
    "$id": "a_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"i": {"type": "integer"}},
    "additionalProperties": {"type": "string"},
}
CLOSED: Final = TEXTS | {"additionalProperties": False}
NESTED: Final = TEXTS | {
    "properties": {"i": {name: TEXTS[name] for name in ("type", "properties", "additionalProperties")}}
}
NAMES: Final = ("t.csv", "t.ndjson", "t.json", "t.parquet", "t.arrow")


def write(path: Path, *, nested: bool = False) -> Path:
    table = pa.table({"i": pa.array([None, 1], pa.int64()), "x": pa.array([None, "a"], pa.string())})
    rows = [{"i": None, "x": None}, {"i": 1, "x": "a"}]
    if nested:
        table, rows = pa.table({"i": table.to_struct_array()}), [{"i": row} for row in rows]
    match path.suffix:
        case ".csv":
            path.write_text("i,x\n,\n1,a\n")
        case ".ndjson":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case ".json":
            path.write_text(json.dumps(rows))
        case ".parquet":
            pq.write_table(table, path)
        case _:
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
    return path


def judged(path: Path, document: dict[str, Any]) -> Report:
    return check(find([str(path)]), compile_contract(parse(json.dumps(document).encode())))


@pytest.mark.parametrize("name", NAMES)
def test_a_null_of_an_undeclared_column_is_absent(name: str, tmp_path: Path) -> None:
    assert judged(write(tmp_path / name), TEXTS).verdict == "conforms"


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_null_of_an_undeclared_member_is_absent(name: str, tmp_path: Path) -> None:
    assert judged(write(tmp_path / name, nested=True), NESTED).verdict == "conforms"


@pytest.mark.parametrize("name", NAMES)
def test_a_value_of_an_undeclared_column_is_not(name: str, tmp_path: Path) -> None:
    report = judged(write(tmp_path / name), TEXTS | {"additionalProperties": {"type": "string", "minLength": 2}})
    assert [(found.rule, found.column, found.count) for found in report.violations] == [("minLength", "x", 1)]


@pytest.mark.parametrize("name", NAMES)
def test_a_forbidden_column_is_forbidden_with_nulls(name: str, tmp_path: Path) -> None:
    report = judged(write(tmp_path / name), CLOSED)
    assert {(found.rule, found.column) for found in report.violations} == {("additionalProperties", "x")}


@pytest.mark.parametrize("name", NAMES)
def test_a_forbidden_null_counts_for_no_other_rule(name: str, tmp_path: Path) -> None:
    report = judged(write(tmp_path / name), CLOSED | {"minProperties": 1})
    found = {(found.rule, found.column) for found in report.violations}
    assert found == {("additionalProperties", "x"), ("minProperties", None)}


def test_a_null_of_a_frame_is_absent() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"i": [1, 2], "x": ["a", None]})
    assert schemaregistry.check(frame, parse(json.dumps(TEXTS).encode())).verdict == "conforms"
