"""The shared corpus: every case gives its report, whatever format its rows come in."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse

CASES = sorted(path.parent for path in (Path(__file__).parents[2] / "corpus" / "contract").glob("*/document.json"))
OF_THE_RUN = ("seconds", "rows_per_second", "peak_memory_bytes")
WRITES_ANOTHER_TYPE = {"date64-in-date32", "timestamp-s-in-ns-overflow", "large-utf8-and-string-view"}
"""Parquet has no such type: pyarrow writes another one."""


def judged(name: str, folder: Path) -> Report:
    return check(find([name]), compile_contract(parse((folder / "document.json").read_bytes())))


def rows_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The violations without the files' names."""
    return [
        violation | {"examples": [example | {"file": "", "line": None} for example in violation["examples"]]}
        for violation in report["violations"]
    ]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_of_the_corpus_gives_its_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    report = json.loads(json.dumps(judged("batch.arrow", folder).to_json()))
    expected = json.loads((folder / "report.json").read_text())
    assert {name: value for name, value in report.items() if name not in OF_THE_RUN} == expected


def test_the_corpus_has_cases() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize(
    "folder", [case for case in CASES if case.name not in WRITES_ANOTHER_TYPE], ids=lambda folder: folder.name
)
def test_a_case_gives_the_same_from_parquet(folder: Path, tmp_path: Path) -> None:
    with pa.ipc.open_file(folder / "batch.arrow") as reader:
        pq.write_table(reader.read_all(), tmp_path / "batch.parquet")
    report = judged(os.fspath(tmp_path / "batch.parquet"), folder)
    expected = json.loads((folder / "report.json").read_text())
    assert report.verdict == expected["verdict"]
    assert report.rows_failing == expected["rows_failing"]
    assert rows_of(json.loads(json.dumps(report.to_json()))) == rows_of(expected)
