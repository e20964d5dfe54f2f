"""Columns from paths in C++, to the verdicts of Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from tests.unit.data.test_partitions import CONTRACT, DOCUMENT, FORMATS, Lay, lay

__all__ = ["lay"]

FOLDERS = [
    "date=2026-01-05/symbol=A%20B/lot=7",
    "date=2026-01-06/symbol=C/lot=__HIVE_DEFAULT_PARTITION__",
    "run=3/date=2026-01-05/symbol=A",
    "date=2026-01-05/symbol=a",
    "date=2026-01-05/symbol=A/lot=11",
    "date=2026-01-05/symbol=A/lot=x",
    "date=2026-01-05",
    "date=__HIVE_DEFAULT_PARTITION__/symbol=A",
    "date=/symbol=A",
    "date=2026-01-05/symbol=",
    "date=2026-01-05/symbol=%FF",
    "date=2026-01-05/symbol=A/symbol=B",
    "date=2026-02-30/symbol=A",
    "date=x/symbol=A",
    "date=%FF/symbol=a",
]
TYPED: dict[str, Any] = {
    "int": {"type": "integer"},
    "small": {"type": "integer", "x-arrow": "uint8"},
    "real": {"type": "number"},
    "cents": {"type": "number", "x-arrow": "decimal128(6, 2)"},
    "flag": {"type": "boolean"},
    "day": {"type": "string", "format": "date"},
    "at": {"type": "string", "format": "date-time"},
    "clock": {"type": "string", "format": "time"},
    "side": {"type": "string", "enum": ["buy", "sell"]},
    "lot": {"enum": [1, 10]},
    "any": {},
    "list": {"type": "array", "items": {"type": "integer"}},
    "nullable": {"type": ["integer", "null"], "maximum": 5},
}
TEXTS = [
    "x",
    "1",
    "300",
    "0.5",
    "1.005",
    "true",
    "2026-01-05",
    "2026-01-05T09:30:00Z",
    "09:30:00Z",
    "buy",
    "[1]",
    "%FF",
]


def found(report: dict[str, Any]) -> list[Any]:
    return [(each["column"], each["rule"], each["count"], each["examples"]) for each in report["violations"]]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_path_is_read_as_by_python(
    folder: str,
    kind: str,
    lay: Lay,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    path = lay(folder, kind)
    ran = schema_load(path, "--contract", compiled(json.dumps(DOCUMENT).encode()), "--json", "--check-only")
    expected = json.loads(json.dumps(data.check(data.find([str(path)]), CONTRACT).to_json()))
    assert (ran.report["verdict"], ran.report["rows"]) == (expected["verdict"], expected["rows"]), ran.stderr
    assert ran.report["rows_failing"] == expected["rows_failing"]
    assert found(ran.report) == found(expected)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv"])
@pytest.mark.parametrize("name", TYPED)
def test_a_text_in_a_path_is_read_as_the_type_by_both(
    name: str, kind: str, lay: Lay, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    document = json.dumps(DOCUMENT | {"properties": {name: TYPED[name], "price": {"type": "number"}}, "required": []})
    contract, plan = compile_contract(parse(document.encode())), compiled(document.encode())
    for text in TEXTS:
        path = lay(f"{name}={text}", kind)
        ran = schema_load(path, "--contract", plan, "--json", "--check-only")
        expected = json.loads(json.dumps(data.check(data.find([str(path)]), contract).to_json()))
        assert (text, ran.report["verdict"], found(ran.report)) == (text, expected["verdict"], found(expected))
