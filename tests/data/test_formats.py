"""One table in every format: the same report."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.make_ticks import FAULTS, Ticks, make
from schemaregistry.data import check, find
from schemaregistry.v1.contract_pb2 import Contract

SAME = [None, *(fault for fault in FAULTS if fault not in ("truncated", "bad_timestamp", "nan"))]
"""A time that isn't one, NaN and a file cut off are other faults in a binary format than in text."""


def as_arrow(parquet: Path, path: Path) -> None:
    table = pq.read_table(parquet)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def found(path: Path, contract: Contract) -> dict[str, Any]:
    report = check(find([str(path)]), contract)
    assert report.error is None
    return {
        "verdict": report.verdict,
        "rows": report.rows,
        "rows_failing": report.rows_failing,
        "violations": [
            (it.column, it.pointer, it.rule, it.expected, it.count, [example.row for example in it.examples])
            for it in report.violations
        ],
    }


@pytest.mark.parametrize("fault", SAME)
def test_the_four_formats_of_one_table_give_the_same_report(fault: str | None, tmp_path: Path, ticks: Contract) -> None:
    for kind in ("parquet", "csv", "ndjson"):
        make(tmp_path / f"ticks.{kind}", Ticks(3000, kind, fault))
    as_arrow(tmp_path / "ticks.parquet", tmp_path / "ticks.arrow")
    reports = [found(tmp_path / f"ticks.{kind}", ticks) for kind in ("parquet", "arrow", "csv", "ndjson")]
    assert reports[0]["verdict"] == ("violates" if fault else "conforms")
    assert reports[1:] == reports[:1] * 3
