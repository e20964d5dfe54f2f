"""Columns from paths: read as the contract's types in every format, judged and loaded as columns of the file are."""

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.load.file_clean import clean
from schemaregistry.data.readers.partitions import keys_of
from schemaregistry.document import parse

DOCUMENT: dict[str, Any] = {
    "$id": "made_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {
        "date": {"type": "string", "format": "date"},
        "symbol": {"type": "string", "pattern": "^[A-Z]"},
        "lot": {"type": "integer", "maximum": 10},
        "price": {"type": "number"},
    },
    "required": ["date", "symbol", "price"],
    "additionalProperties": False,
}
CONTRACT = compile_contract(parse(json.dumps(DOCUMENT).encode()))
PRICES = pa.table({"price": [1.5, 2.5]})
FORMATS = ["parquet", "arrow", "csv", "ndjson", "json"]
Lay = Callable[..., Path]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """`lay("date=2026-01-05/symbol=A", "csv")`: a file of two prices in such a directory."""

    def lay(folder: str, kind: str, table: pa.Table = PRICES) -> Path:
        path = tmp_path / "lake" / folder / f"part.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = table.to_pylist()
        if kind == "parquet":
            with path.open("wb") as file:
                pq.write_table(table, file)
        elif kind == "arrow":
            with path.open("wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
        elif kind == "csv":
            lines = [",".join(table.column_names), *(",".join(map(str, row.values())) for row in rows)]
            path.write_text("".join(f"{line}\n" for line in lines))
        else:
            text = json.dumps(rows) if kind == "json" else "".join(json.dumps(row) + "\n" for row in rows)
            path.write_text(text)
        return path

    return lay


def judged(tmp_path: Path) -> Report:
    return check(find([str(tmp_path / "lake")]), CONTRACT)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_column_in_the_path_is_a_column(kind: str, lay: Lay, tmp_path: Path) -> None:
    lay("date=2026-01-05/symbol=A%20B/lot=7", kind)
    lay("date=2026-01-06/symbol=C/lot=__HIVE_DEFAULT_PARTITION__", kind)
    assert (judged(tmp_path).verdict, judged(tmp_path).violations) == ("conforms", ())
    loaded = data.load(
        find([str(tmp_path / "lake")]), CONTRACT, lambda schema: data.Directory(tmp_path / "to", schema, "t")
    )
    day = datetime.date
    assert sorted(pq.read_table(str(loaded.place)).to_pylist(), key=str) == [
        {"date": day(2026, 1, 5), "symbol": "A B", "lot": 7, "price": 1.5},
        {"date": day(2026, 1, 5), "symbol": "A B", "lot": 7, "price": 2.5},
        {"date": day(2026, 1, 6), "symbol": "C", "lot": None, "price": 1.5},
        {"date": day(2026, 1, 6), "symbol": "C", "lot": None, "price": 2.5},
    ]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("date=2026-02-30/symbol=A", {("date", "format"): "2026-02-30"}),
        ("date=2026-01-05/symbol=a", {("symbol", "pattern"): "a"}),
        ("date=2026-01-05/symbol=A/lot=11", {("lot", "maximum"): 11}),
        ("date=2026-01-05/symbol=A/lot=x", {("lot", "type"): "x"}),
        ("date=2026-01-05", {("symbol", "required"): None}),
        ("date=__HIVE_DEFAULT_PARTITION__/symbol=A", {("date", "required"): None}),
        ("date=/symbol=A", {("date", "required"): None}),
        ("date=2026-01-05/symbol=", {("symbol", "required"): None}),
    ],
)
def test_what_a_path_says_is_judged(kind: str, folder: str, found: dict[Any, Any], lay: Lay, tmp_path: Path) -> None:
    lay(folder, kind)
    report = judged(tmp_path)
    assert {(each.column, each.rule): each.examples[0].value for each in report.violations} == found
    assert report.rows_failing == 2


@pytest.mark.parametrize("kind", FORMATS)
def test_a_column_of_the_file_is_the_files(kind: str, lay: Lay, tmp_path: Path) -> None:
    lay("date=nonsense/symbol=A", kind, pa.table({"date": ["2026-01-05", "2026-01-06"], "price": [1.5, 2.5]}))
    report = judged(tmp_path)
    if kind in ("parquet", "arrow"):
        assert [(each.column, each.count) for each in report.violations] == [("date", 2)]
        assert report.violations[0].actual == "utf8 column"
    else:
        assert report.violations == ()


def test_a_record_without_the_member_has_that_of_the_path(lay: Lay, tmp_path: Path) -> None:
    path = lay("date=2026-01-05/symbol=a", "ndjson")
    path.write_text('{"price": 1, "symbol": "B"}\n{"price": 2}\n')
    report = judged(tmp_path)
    assert [(each.column, each.rule, each.examples[0].row) for each in report.violations] == [("symbol", "pattern", 1)]


def test_rows_are_set_aside_and_cleaned_with_their_path(lay: Lay, tmp_path: Path) -> None:
    lay("date=2026-01-05/symbol=A", "csv").write_text("price\n1.5\nx\n")
    cleaned = clean(
        find([str(tmp_path / "lake")]),
        CONTRACT,
        lambda schema: data.Directory(tmp_path / "to", schema, "t"),
        lambda: data.Quarantine(tmp_path / "aside", "t"),
    )
    assert (cleaned.loaded.rows, cleaned.repairs) == (1, ())
    (row,) = pq.read_table(f"{cleaned.loaded.quarantine}/part.csv.parquet").to_pylist()
    assert (row["symbol"], row["date"], row["price"], row["_line"]) == ("A", "2026-01-05", "x", 3)


def test_what_the_contract_does_not_name_is_no_column(lay: Lay, tmp_path: Path) -> None:
    lay("run=3/date=2026-01-05/symbol=A", "parquet")
    assert judged(tmp_path).verdict == "conforms"


def test_what_pyarrow_writes_conforms(tmp_path: Path) -> None:
    table = pa.table({"date": [datetime.date(2026, 1, 5)] * 2, "symbol": ["A/B", "C=D"], "price": [1.5, 2.5]})
    ds.write_dataset(
        table, tmp_path / "lake", format="parquet", partitioning=["date", "symbol"], partitioning_flavor="hive"
    )
    report = judged(tmp_path)
    assert (report.verdict, report.rows) == ("conforms", 2)


def test_keys_are_those_of_directories() -> None:
    assert list(keys_of("a=1/b=x%2Fy/c/d==e/a=2/f=3.csv")) == [("a", "1"), ("b", "x/y"), ("d", "=e"), ("a", "2")]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("value", ["%FF", "A%C3", os.fsdecode(b"\xff")])
@pytest.mark.parametrize("name", ["symbol", "date", "lot"])
def test_a_value_that_isnt_utf8_is_no_value(kind: str, value: str, name: str, lay: Lay) -> None:
    others = {"symbol": "A", "date": "2026-01-05", "lot": "7"} | {name: value}
    report = check(find([str(lay("/".join(f"{key}={text}" for key, text in others.items()), kind))]), CONTRACT)
    assert (report.verdict, report.rows_failing) == ("violates", 2)
    (violation,) = report.violations
    assert (violation.column, violation.rule) == (name, "format" if name == "date" else "type")
    assert str(violation.examples[0].value).endswith((r"\xff", r"A\xc3"))
    json.dumps(report.to_json())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_path_with_two_values_of_a_column_cant_be_judged(kind: str, lay: Lay) -> None:
    report = check(find([str(lay("date=2026-01-05/symbol=A/symbol=B", kind))]), CONTRACT)
    assert report.error is not None
    assert (report.error.reason, report.verdict) == ("DUPLICATE_COLUMN", "undecided")
    assert '"symbol"' in report.error.message
    same = check(find([str(lay("run=1/run=2/date=2026-01-05/symbol=A/symbol=A", kind))]), CONTRACT)
    assert same.verdict == "conforms"
