"""The shared texts of CSV: each gives its rows, or is refused at its line, however it comes and wherever it goes."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Loaded, Quarantine, Report, check, find, load
from schemaregistry.data.load.duckdb import DuckdbTable
from schemaregistry.data.load.file_clean import clean
from schemaregistry.data.readers import stdin
from schemaregistry.document import parse

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "csv.json").read_text())
CONTRACT = compile_contract(parse(json.dumps(CORPUS["document"]).encode()))
EACH = pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
REFUSED = [case for case in CORPUS["cases"] if "reason" in case]
EACH_REFUSED = pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])

SET_ASIDE = "line_where_rows_are_set_aside"
"""There a row of too few fields ends nothing."""

Case = dict[str, Any]
Written = Callable[[Case], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(case: Case) -> str:
        (tmp_path / "t.csv").write_bytes(case["text"].encode())
        return str(tmp_path / "t.csv")

    return write


def is_as_said(report: Report, case: Case, line: str = "line") -> bool:
    if "rows" in case:
        return (report.verdict, report.rows) == ("conforms", len(case["rows"]))
    assert report.error is not None, report.verdict
    return (report.error.reason, report.error.line) == (case["reason"], case.get(line, case["line"]))


@EACH
def test_a_file(case: Case, written: Written) -> None:
    assert is_as_said(check(find([written(case)]), CONTRACT), case)


@EACH
@pytest.mark.parametrize("compressed", [gzip.compress, lambda text: pa.compress(text, "zstd", asbytes=True)])
def test_a_compressed_file(case: Case, compressed: Callable[[bytes], bytes], tmp_path: Path) -> None:
    data = compressed(case["text"].encode())
    name = "t.csv.gz" if data.startswith(b"\x1f\x8b") else "t.csv.zst"
    (tmp_path / name).write_bytes(data)
    assert is_as_said(check(find([str(tmp_path / name)]), CONTRACT), case)


@EACH
def test_standard_input(case: Case) -> None:
    piped = stdin.piped("csv", io.BytesIO(case["text"].encode()))
    assert is_as_said(check([piped], CONTRACT), case)


@pytest.mark.parametrize("case", [case for case in CORPUS["cases"] if "rows" in case], ids=lambda case: case["name"])
def test_rows_are_handed_on(case: Case, written: Written, tmp_path: Path) -> None:
    into: Callable[[pa.Schema], Directory] = lambda schema: Directory(tmp_path / "out", schema, "t")  # noqa: E731
    place = load(find([written(case)]), CONTRACT, into).place
    assert place is not None
    assert [list(row.values()) for row in pq.read_table(place).to_pylist()] == case["rows"]


@EACH_REFUSED
@pytest.mark.parametrize("policy", ["halt", "warn", "quarantine"])
def test_nothing_is_handed_on_of_a_file_that_is_refused(
    case: Case, policy: Any, written: Written, tmp_path: Path
) -> None:
    chosen = (lambda: Quarantine(tmp_path / "aside", "t")) if policy == "quarantine" else policy
    loaded = load(
        find([written(case)]), CONTRACT, lambda schema: Directory(tmp_path / "out", schema, "t"), policy=chosen
    )
    assert is_as_said(loaded.report, case, SET_ASIDE if policy == "quarantine" else "line")
    assert nothing_is_seen(loaded, tmp_path)


@EACH_REFUSED
def test_no_database_is_made_of_a_file_that_is_refused(case: Case, written: Written, tmp_path: Path) -> None:
    into: Callable[[pa.Schema], DuckdbTable] = lambda schema: DuckdbTable(tmp_path / "t.duckdb", "t", schema)  # noqa: E731
    loaded = load(find([written(case)]), CONTRACT, into)
    assert is_as_said(loaded.report, case)
    assert nothing_is_seen(loaded, tmp_path)


@EACH_REFUSED
def test_a_file_that_is_refused_is_not_cleaned(case: Case, written: Written, tmp_path: Path) -> None:
    cleaned = clean(
        find([written(case)]),
        CONTRACT,
        lambda schema: Directory(tmp_path / "out", schema, "t"),
        lambda: Quarantine(tmp_path / "aside", "t"),
    )
    assert is_as_said(cleaned.loaded.report, case, SET_ASIDE)
    assert nothing_is_seen(cleaned.loaded, tmp_path)


def nothing_is_seen(loaded: Loaded, folder: Path) -> bool:
    return loaded.place is None and [path.name for path in folder.iterdir()] == ["t.csv"]


def test_a_fault_far_within_a_large_file_is_found_at_its_line(tmp_path: Path) -> None:
    lines = 600_000
    (tmp_path / "t.csv").write_bytes(b"sym,n\n" + b'"A",12345\n' * lines + b'"A"B,1\n')
    report = check(find([str(tmp_path / "t.csv")]), CONTRACT)
    assert report.error is not None
    assert (report.error.reason, report.error.line) == ("NOT_CSV", lines + 2)


def test_a_header_with_a_very_long_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'sym,n,"' + b"x" * 200_000 + b'"\nA,1,y\n')
    assert check(find([str(tmp_path / "t.csv")]), CONTRACT).verdict == "conforms"
