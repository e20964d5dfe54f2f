"""Ticks with each kind of fault, a million rows of them in Parquet: what is reported, and of which rows."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import FAULTS, Ticks, make
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[3]
PLAIN = [fault for fault in FAULTS if fault != "truncated"]

RULES = {
    "renamed_column": {("price", "required"), ("price_", "additionalProperties")},
    "new_column": {("not_in_the_contract", "additionalProperties")},
    "int32_overflow": {("size", "type")},
    "null_in_required": {("price", "required")},
    "bad_enum": {("side", "enum")},
    "bad_timestamp": {("ts", "format")},
    "nan": {("price", "type")},
}


def judged(path: Path, contract: Contract) -> Report:
    return check(find([str(path)]), contract)


def assert_found(report: Report, fault: str, bad: list[int]) -> None:
    assert report.verdict == "violates"
    assert {(item.column, item.rule) for item in report.violations} == RULES[fault]
    assert report.rows_failing == len(bad)
    for violation in report.violations:
        assert violation.count == len(bad)
        assert [example.row for example in violation.examples] == bad[:10]


@pytest.mark.parametrize("fault", PLAIN)
def test_a_million_rows_of_parquet(tmp_path: Path, ticks: Contract, fault: str) -> None:
    bad = make(tmp_path / "t.parquet", Ticks(1_000_000, "parquet", fault))
    report = judged(tmp_path / "t.parquet", ticks)
    assert report.rows == 1_000_000
    assert_found(report, fault, bad)


@pytest.mark.parametrize("fault", PLAIN)
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_text_of_several_blocks(tmp_path: Path, ticks: Contract, kind: str, fault: str) -> None:
    rows = 90_000 if kind == "csv" else 45_000
    bad = make(tmp_path / f"t.{kind}", Ticks(rows, kind, fault, fault_rows=3))
    report = judged(tmp_path / f"t.{kind}", ticks)
    if (kind, fault) == ("ndjson", "nan"):
        assert report.error is not None
        assert (report.error.reason, report.error.line) == ("NOT_JSON", bad[0] + 1)
        return
    assert_found(report, fault, bad)
    first = 2 if kind == "csv" else 1
    assert all(example.line == example.row + first for item in report.violations for example in item.examples)


@pytest.mark.parametrize(("kind", "rows"), [("parquet", 1_000_000), ("csv", 90_000), ("ndjson", 45_000)])
def test_files_that_are_cut_off(tmp_path: Path, ticks: Contract, kind: str, rows: int) -> None:
    make(tmp_path / f"t.{kind}", Ticks(rows, kind, "truncated"))
    report = judged(tmp_path / f"t.{kind}", ticks)
    assert report.error is not None
    assert (report.verdict, report.exit_code) == ("undecided", 3)
    assert report.error.reason == {"parquet": "TRUNCATED", "csv": "NOT_CSV", "ndjson": "NOT_JSON"}[kind]
    assert report.error.offset is not None
    assert 0 < report.error.offset <= (tmp_path / f"t.{kind}").stat().st_size


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_clean_ticks_of_both_versions(tmp_path: Path, ticks: Contract, kind: str) -> None:
    make(tmp_path / f"t.{kind}", Ticks(20_000, kind))
    assert judged(tmp_path / f"t.{kind}", ticks).verdict == "conforms"
    make(tmp_path / f"old.{kind}", Ticks(20_000, kind, version="1.0.0"))
    assert judged(tmp_path / f"old.{kind}", ticks).verdict == "conforms"


def test_the_same_table_gives_the_same_report_from_each_format(tmp_path: Path, ticks: Contract) -> None:
    """But for what only text has (its lines) and what each names its file."""
    reports = []
    for kind in ("parquet", "csv", "ndjson"):
        make(tmp_path / f"t.{kind}", Ticks(20_000, kind, "null_in_required"))
        report = judged(tmp_path / f"t.{kind}", ticks).to_json()
        examples = [example for item in report["violations"] for example in item["examples"]]
        for example in examples:
            example |= {"file": "", "line": None}
        reports.append(json.dumps({name: report[name] for name in ("verdict", "rows", "rows_failing", "violations")}))
    assert len(set(reports)) == 1


def test_memory_is_bounded(tmp_path: Path) -> None:
    """In a process of its own: what it held at most is the system's own figure."""
    make(tmp_path / "t.parquet", Ticks(3_000_000))
    command = [sys.executable, "-m", "schemaregistry", "check", str(tmp_path / "t.parquet"), "--json"]
    done = subprocess.run([*command, "--schema", "schemas/ticks_v1.json"], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout)["peak_memory_bytes"] < 512 << 20


def test_values_are_judged_whatever_the_statistics_of_the_file_say(tmp_path: Path) -> None:
    """The statistics of a file are what its writer says of it."""
    document = (
        b'{"$id": "s_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer", "maximum": 9}}}'
    )
    pq.write_table(pa.table({"a": [2**40, 1]}), tmp_path / "t.parquet", use_dictionary=False, compression="none")
    data = (tmp_path / "t.parquet").read_bytes()
    true, one, seven = (number.to_bytes(8, "little") for number in (2**40, 1, 7))
    values = data.index(true + one)
    footer = data[values + 16 :].replace(true, seven)
    (tmp_path / "t.parquet").write_bytes(data[: values + 16] + footer)
    assert pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(0).column(0).statistics.max == 7
    report = judged(tmp_path / "t.parquet", compile_contract(parse(document)))
    assert [(item.rule, item.count) for item in report.violations] == [("maximum", 1)]
