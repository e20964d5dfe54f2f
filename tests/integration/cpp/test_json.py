"""JSON arrays and compressed texts in C++, to the reports of Python."""

import bz2
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry import data
from tests.unit.data.test_json import CONTRACT, DOCUMENT, RECORDS

TEXTS: dict[str, str] = {
    "an array": json.dumps(RECORDS),
    "an array over lines": json.dumps(RECORDS, indent=2),
    "a mark and lines between": "\ufeff \n" + json.dumps(RECORDS).replace("}, {", "},\r\n{"),
    "lines": "".join(json.dumps(record) + "\n" for record in RECORDS),
    "one after another": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    "an empty array": " [ ] \n",
    "nothing": "",
    "scalars": '[1, "x", null, [], true, {"a": 1}]',
    "cut off after a record": '[{"a": 1},\n{"a": 2}',
    "cut off in a record": '[{"a": 1},\n{"a": ',
    "cut off after a comma": '[{"a": 1},\n',
    "only a bracket": "[",
    "no comma": '[{"a": 1}\n{"a": 2}]',
    "a second bracket": '[{"a": 1}]\n]',
    "more after it": '[{"a": 1}]\n{"a": 2}',
    "no number": '[\n{"a": 01}]',
    "a key twice": '[\n{"a": 1, "a": 2}]',
    "no value": "nonsense",
}


def facts(report: dict[str, Any]) -> dict[str, Any]:
    if report["error"]:
        return {"reason": report["error"]["reason"], "line": report["error"]["line"]}
    violations = [{**found, "actual": ""} for found in report["violations"]]
    return {"verdict": report["verdict"], "rows": report["rows"], "violations": violations}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", TEXTS)
def test_a_json_file_is_judged_as_by_python(
    name: str, packed: bool, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    path = tmp_path / ("t.json.bz2" if packed else "t.json")
    path.write_bytes(bz2.compress(TEXTS[name].encode()) if packed else TEXTS[name].encode())
    ran = schema_load(path, "--contract", compiled(json.dumps(DOCUMENT).encode()), "--json", "--check-only")
    expected = data.check(data.find([str(path)]), CONTRACT).to_json()
    assert facts(ran.report) == facts(json.loads(json.dumps(expected))), ran.stdout


@pytest.mark.parametrize("text", ['[{"a": 1}]\n', '[\n{"a": 1}\n]', '[1]\n{"a": 1}\n'])
def test_an_array_under_the_name_of_lines_is_told_as_by_python(
    text: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    (tmp_path / "t.ndjson").write_text(text)
    contract = compiled(json.dumps(DOCUMENT).encode())
    ran = schema_load(tmp_path / "t.ndjson", "--contract", contract, "--json", "--check-only")
    expected = data.check(data.find([str(tmp_path / "t.ndjson")]), CONTRACT).to_json()
    assert facts(ran.report) == facts(json.loads(json.dumps(expected)))


@pytest.mark.parametrize("name", ["t.parquet.gz", "t.arrow.xz"])
def test_what_is_not_unpacked_here_says_so(
    name: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    (tmp_path / name).write_bytes(b"x")
    contract = compiled(json.dumps(DOCUMENT).encode())
    ran = schema_load(tmp_path / name, "--contract", contract, "--json", "--check-only")
    assert (ran.code, ran.report["error"]["reason"]) == (3, "PACKED")
