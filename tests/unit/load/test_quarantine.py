"""Rows that fail are set aside as their file has them, with the reasons; the others go on, or nothing happens."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.data.load.destinations import Directory
from schemaregistry.document import parse

Make = Callable[..., Path]


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
@pytest.mark.parametrize("fault", ["bad_enum", "int32_overflow", "null_in_required"])
def test_rows_part_where_they_fail(gate: Any, make_ticks: Make, kind: str, fault: str) -> None:
    file = make_ticks(f"t.{kind}", fault=fault, fault_rows=3)
    loaded = gate.load("quarantine", file)
    expected = [example.row for example in loaded.report.violations[0].examples]
    aside = gate.set_aside(loaded, f"t.{kind}")
    assert loaded.exit_code == 1
    assert [row["_row"] for row in aside] == expected
    assert len(gate.handed_on(loaded)) == loaded.rows == 1_997
    assert check(find([str(loaded.place)]), gate.contract).verdict == "conforms"


def test_the_reasons_stand_beside_the_row(gate: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "ts,symbol,price,size,side,venue\n2026-01-05T09:30:00Z,A,1.5,1,B,XNAS\n2026-01-05T09:30:00Z,A,0001.50,abc,Q,\n"
    )
    loaded = gate.load("quarantine", tmp_path / "t.csv")
    assert gate.set_aside(loaded, "t.csv") == [
        {
            "ts": "2026-01-05T09:30:00Z",
            "symbol": "A",
            "price": "0001.50",
            "size": "abc",
            "side": "Q",
            "venue": None,
            "_text": None,
            "_file": str(tmp_path / "t.csv"),
            "_row": 1,
            "_line": 3,
            "_column": ["size", "side"],
            "_rule": ["type", "enum"],
            "_pointer": ["/properties/size/type", "/properties/side/enum"],
        }
    ]


def test_a_line_of_json_is_kept_to_the_letter(gate: Any, tmp_path: Path) -> None:
    bad = '{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.50, "size": "x", "more": [1]}'
    good = '{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": 1}'
    (tmp_path / "t.ndjson").write_text(f"{good}\n{bad}\n5\n")
    loaded = gate.load("quarantine", tmp_path / "t.ndjson")
    first, second = gate.set_aside(loaded, "t.ndjson")
    assert (first["_text"], first["size"], first["price"], first["_line"]) == (bad, "x", "1.50", 2)
    assert (second["_text"], second["symbol"], second["_rule"]) == ("5", None, ["type"])
    assert loaded.rows == 1


def test_columns_that_the_contract_lacks_are_kept(gate: Any, tmp_path: Path) -> None:
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}'
    table = pa.table({"_row": ["x", "y"], "b": pa.array(["p", "q"]).dictionary_encode(), "a": [1.0, 2.5]})
    pq.write_table(table, tmp_path / "t.parquet")
    loaded = gate.load("quarantine", tmp_path / "t.parquet", contract=compile_contract(parse(document)))
    (row,) = gate.set_aside(loaded, "t.parquet")
    assert (row["_row"], row["b"], row["a"], row["__row"]) == ("y", "q", 2.5, 1)
    assert gate.handed_on(loaded) == [{"a": 1}]


def test_a_column_of_another_type_sends_on_the_rows_that_have_none(gate: Any, tmp_path: Path) -> None:
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}'
    pq.write_table(pa.table({"a": ["x", None]}), tmp_path / "t.parquet")
    loaded = gate.load("quarantine", tmp_path / "t.parquet", contract=compile_contract(parse(document)))
    assert [row["a"] for row in gate.set_aside(loaded, "t.parquet")] == ["x"]
    assert gate.handed_on(loaded) == [{"a": None}]


def test_the_report_lies_beside_the_rows(gate: Any, make_ticks: Make) -> None:
    loaded = gate.load("quarantine", make_ticks("t.csv", fault="bad_enum", fault_rows=2))
    folder = Path(str(loaded.quarantine))
    report = json.loads((folder / "report.json").read_text())
    assert (report["verdict"], report["rows_failing"]) == ("violates", 2)
    assert report["notes"] == ["1,998 rows handed on, 2 rows set aside"]
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_each_file_has_rows_of_its_own(gate: Any, make_ticks: Make, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        make_ticks(f"{folder}/t.csv", fault="bad_enum", fault_rows=1)
    loaded = gate.load("quarantine", tmp_path / "a", tmp_path / "b")
    (first,), (second,) = gate.set_aside(loaded, "t.csv"), gate.set_aside(loaded, "t.csv-2")
    assert [Path(row["_file"]).parent.name for row in (first, second)] == ["a", "b"]


def test_where_every_row_fails_nothing_is_handed_on(gate: Any, make_ticks: Make) -> None:
    loaded = gate.load("quarantine", make_ticks("t.parquet", fault="renamed_column"))
    assert (loaded.place, loaded.rows, loaded.exit_code) == (None, 0, 1)
    assert len(gate.set_aside(loaded, "t.parquet")) == 2_000
    assert not gate.out.exists()


def test_rows_that_all_conform_leave_no_quarantine(gate: Any, make_ticks: Make) -> None:
    loaded = gate.load("quarantine", make_ticks("t.parquet"))
    assert (loaded.exit_code, loaded.quarantine, gate.aside.exists()) == (0, None, False)


def test_a_file_that_is_cut_off_halts_whatever_the_policy(gate: Any, make_ticks: Make, tmp_path: Path) -> None:
    bad, cut = make_ticks("a.csv", fault="bad_enum"), make_ticks("b.csv", fault="truncated")
    for policy in ("quarantine", "warn", "halt"):
        loaded = gate.load(policy, bad, cut)
        assert (loaded.exit_code, loaded.place, loaded.quarantine) == (3, None, None)
    assert not gate.out.exists()
    assert not gate.aside.exists()


def test_the_same_load_again_changes_nothing(gate: Any, make_ticks: Make) -> None:
    file = make_ticks("t.csv", fault="bad_enum")
    first, again = gate.load("quarantine", file), gate.load("quarantine", file)
    assert (first.place, first.quarantine) == (again.place, again.quarantine)
    assert len(list(gate.aside.iterdir())) == len(list(gate.out.iterdir())) == 1


def test_a_destination_that_fails_takes_the_quarantine_back(
    gate: Any, make_ticks: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Directory) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Directory, "publish", fail)
    loaded = gate.load("quarantine", make_ticks("t.csv", fault="bad_enum"))
    assert loaded.report.error is not None
    assert (loaded.exit_code, loaded.report.error.message) == (3, "No space left on device")
    assert not gate.aside.exists()
    assert not gate.out.exists()


def test_warned_rows_go_on_that_the_types_can_hold(gate: Any, make_ticks: Make) -> None:
    loaded = gate.load("warn", make_ticks("t.csv", fault="bad_enum", fault_rows=2))
    assert (loaded.report.verdict, loaded.exit_code, loaded.rows) == ("violates", 0, 2_000)
    assert len(gate.handed_on(loaded)) == 2_000


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
@pytest.mark.parametrize("fault", ["int32_overflow", "null_in_required"])
def test_warned_rows_stay_behind_that_no_type_holds(gate: Any, make_ticks: Make, kind: str, fault: str) -> None:
    loaded = gate.load("warn", make_ticks(f"t.{kind}", fault=fault, fault_rows=2))
    assert (loaded.exit_code, loaded.rows) == (1, 1_998)
    assert "2 rows of values that the contract's types can't hold: not handed on" in loaded.report.notes
