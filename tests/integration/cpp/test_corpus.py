"""The shared corpus in C++: every case gives the report that Python gives, from Arrow and from Parquet."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CASES = sorted(path.parent for path in (Path(__file__).parents[2] / "corpus" / "contract").glob("*/document.json"))
WRITES_ANOTHER_TYPE = {"date64-in-date32", "timestamp-s-in-ns-overflow", "large-utf8-and-string-view"}
"""Parquet has no such type: pyarrow writes another one."""


def rows_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The violations without the files' names."""
    return [
        violation | {"examples": [example | {"file": ""} for example in violation["examples"]]}
        for violation in report["violations"]
    ]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_of_the_corpus_gives_its_report(
    folder: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    contract = compiled((folder / "document.json").read_bytes())
    expected = json.loads((folder / "report.json").read_text())
    ran = schema_load("batch.arrow", "--contract", contract, "--json", "--check-only", cwd=folder)
    assert ran.report == expected, ran.stderr
    assert ran.code == {"conforms": 0, "violates": 1, "undecided": 3}[expected["verdict"]]


@pytest.mark.parametrize(
    "folder", [case for case in CASES if case.name not in WRITES_ANOTHER_TYPE], ids=lambda folder: folder.name
)
def test_a_case_gives_the_same_from_parquet(
    folder: Path, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    contract = compiled((folder / "document.json").read_bytes())
    expected = json.loads((folder / "report.json").read_text())
    with pa.ipc.open_file(folder / "batch.arrow") as reader:
        pq.write_table(reader.read_all(), tmp_path / "batch.parquet")
    report = schema_load(tmp_path / "batch.parquet", "--contract", contract, "--json", "--check-only").report
    assert report["verdict"] == expected["verdict"]
    assert report["rows_failing"] == expected["rows_failing"]
    assert rows_of(report) == rows_of(expected)


def test_the_corpus_has_cases() -> None:
    assert len(CASES) >= 30
