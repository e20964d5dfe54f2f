"""The official suite of draft-07 through the gate: each instance a line of JSON, then the text of a column."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import TYPE_NAME_JSON, Contract
from tests.support.json_schema_suite import TOLD_OTHERWISE, files, groups, read

Judge = Callable[[Path, Contract], Report]


def by_line(folder: Path, contract: Contract, lines: tuple[bytes, ...]) -> Report:
    """The report on records as NDJSON."""
    (folder / "v.ndjson").write_bytes(b"\n".join(lines))
    return check(find([str(folder / "v.ndjson")]), contract)


def by_column(folder: Path, contract: Contract, lines: tuple[bytes, ...]) -> Report:
    """The report on records as a column of JSON texts."""
    texts = pa.array([json.dumps(json.loads(line)["v"]) for line in lines], pa.string())
    pq.write_table(pa.table({"v": pa.ExtensionArray.from_storage(pa.json_(), texts)}), folder / "v.parquet")
    return check(find([str(folder / "v.parquet")]), contract)


@pytest.mark.parametrize("file", files())
def test_the_gate_tells_what_the_suite_does(file: str, tmp_path: Path) -> None:
    for group in groups(file):
        contract = compile_contract(parse(group.document))
        is_json = contract.columns[0].field.type.name == TYPE_NAME_JSON
        for judge in (by_line, by_column) if is_json else (by_line,):
            for lines, all_fail in ((group.conform, False), (group.violate, True)):
                report = judge(tmp_path, contract, lines)
                failing = (report.error, report.rows_failing)
                assert failing == (None, len(lines) * all_fail), (group.description, judge.__name__, lines)


def test_the_whole_suite_is_there_but_for_the_listed_exceptions() -> None:
    every = [group for file in files() for group in groups(file)]
    assert sum(len(group.conform) + len(group.violate) for group in every) == 1638
    cases = {
        (file, group["description"], case["description"])
        for file in files()
        for group in read(file)
        for case in group["tests"]
    }
    assert TOLD_OTHERWISE.keys() <= cases
