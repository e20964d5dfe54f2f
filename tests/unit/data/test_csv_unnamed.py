"""CSV columns without a name, as spreadsheets, pandas and R write them: a row has a value there or no such member."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Loaded, Quarantine, Report, check, find, load
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "unnamed.json").read_text())
DOCUMENT: dict[str, Any] = CORPUS["document"]
CLOSED = compile_contract(parse(json.dumps(DOCUMENT).encode()))
OPEN = compile_contract(parse(json.dumps(DOCUMENT | {"additionalProperties": True}).encode()))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "t.csv").write_text(text)
        return str(tmp_path / "t.csv")

    return write


def broken(report: Report) -> list[list[Any]]:
    assert report.error is None, report.error
    return sorted([each.column, example.row, example.value] for each in report.violations for example in each.examples)


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
def test_a_closed_contract_forbids_values_without_a_name(case: dict[str, Any], written: Callable[[str], str]) -> None:
    report = check(find([written(case["text"])]), CLOSED)
    assert (report.rows, broken(report)) == (case["rows"], case["broken"])


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
def test_an_open_contract_takes_them(case: dict[str, Any], written: Callable[[str], str]) -> None:
    assert check(find([written(case["text"])]), OPEN).verdict == "conforms"


def loaded(path: str, policy: Any, folder: Path) -> Loaded:
    chosen = (lambda: Quarantine(folder / "aside", "t")) if policy == "quarantine" else policy
    return load(find([path]), CLOSED, lambda schema: Directory(folder / "out", schema, "t"), policy=chosen)


@pytest.mark.parametrize("policy", ["halt", "warn", "quarantine"])
def test_trailing_commas_are_loaded(policy: str, written: Callable[[str], str], tmp_path: Path) -> None:
    path = loaded(written("sym,n,,\nA,1,,\nB,2,,\n"), policy, tmp_path).place
    assert path
    assert pq.read_table(path).to_pydict() == {"sym": ["A", "B"], "n": [1, 2]}


def test_the_rows_with_values_go_to_the_quarantine_with_them(written: Callable[[str], str], tmp_path: Path) -> None:
    found = loaded(written("sym,n,,\nA,1,,\nB,2,,x\n"), "quarantine", tmp_path)
    assert (found.rows, found.place is not None) == (1, True)
    aside = [pq.read_table(path).to_pylist() for path in (tmp_path / "aside").rglob("*.parquet")]
    assert [(row["sym"], row["(column 3)"], row["(column 4)"]) for row in aside[0]] == [("B", None, "x")]


def test_cleaning_takes_trailing_commas(written: Callable[[str], str], tmp_path: Path) -> None:
    cleaned = clean(
        find([written("n,sym,,\n1,A,,\n2,B,,x\n")]),
        CLOSED,
        lambda schema: Directory(tmp_path / "out", schema, "t"),
        lambda: Quarantine(tmp_path / "aside", "t"),
    )
    assert (cleaned.loaded.rows, cleaned.loaded.report.rows_failing) == (1, 1)


def test_a_load_says_once_how_many_columns_have_no_name(written: Callable[[str], str], tmp_path: Path) -> None:
    report = loaded(written("sym,n" + "," * 3000 + "\nA,1" + "," * 3000 + "\n"), "halt", tmp_path).report
    assert report.notes == ("3,000 columns without a name: not in the contract, not handed on",)


def test_a_blank_name_of_the_contract_is_a_name(written: Callable[[str], str]) -> None:
    document = DOCUMENT | {"properties": {"": {"type": "integer"}, "sym": {"type": "string"}}, "required": [""]}
    contract = compile_contract(parse(json.dumps(document).encode()))
    assert check(find([written("sym,\nA,1\n")]), contract).verdict == "conforms"
    error = check(find([written("sym,,\nA,1,2\n")]), contract).error
    assert error
    assert error.reason == "DUPLICATE_COLUMN"
