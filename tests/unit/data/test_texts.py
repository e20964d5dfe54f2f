"""The shared corpus of texts: what each type takes, in CSV and as JSON strings, and what it refuses."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data.arrow.values import to_json
from schemaregistry.document import parse

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "corpus" / "text" / "values.json").read_text("utf-8")
)
FORMATS = ("csv", "ndjson")


def written(case: dict[str, Any], texts: list[str], kind: str) -> bytes:
    """A file with a text a line; numbers and truths are no strings in JSON."""
    if kind == "csv":
        return "".join(f"{line}\n" for line in ("a,b", *(f"{text},x" for text in texts))).encode()
    return "".join(json.dumps({"a": text, "b": "x"}) + "\n" for text in texts).encode()


def contract_of(case: dict[str, Any]) -> bytes:
    document = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": case["property"], "b": {"type": "string"}},
        "arrow": {"fields": [{"name": "a", "type": case["arrow"]}, {"name": "b", "type": {"name": "utf8"}}]},
    }
    return json.dumps(document).encode()


def files() -> list[Any]:
    return [
        pytest.param(case, kind, id=f"{case['name']}-{kind}")
        for case in CASES
        for kind in FORMATS
        if kind == "csv" or case["property"]["type"] == "string"
    ]


@pytest.mark.parametrize(("case", "kind"), files())
def test_what_a_type_takes_is_loaded_as_its_value(case: dict[str, Any], kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(written(case, list(case["taken"]), kind))
    contract = compile_contract(parse(contract_of(case)))
    loaded = data.load(data.find([str(path)]), contract, lambda schema: data.Directory(tmp_path / "to", schema, "a"))
    assert loaded.report.verdict == "conforms", loaded.report.violations
    table = pq.read_table(str(loaded.place))
    values = [str(value) if isinstance(value, Decimal) else value for value in to_json(column(table, "a"))]
    assert values == list(case["taken"].values())


def column(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()


@pytest.mark.parametrize(("case", "kind"), files())
def test_what_a_type_does_not_take_is_refused_at_its_line(case: dict[str, Any], kind: str, tmp_path: Path) -> None:
    contract = compile_contract(parse(contract_of(case)))
    for text in case["refused"]:
        path = tmp_path / f"a.{kind}"
        path.write_bytes(written(case, [next(iter(case["taken"])), text], kind))
        report = data.check(data.find([str(path)]), contract)
        assert [(found.column, found.count) for found in report.violations] == [("a", 1)], text
        assert report.violations[0].examples[0].line == (3 if kind == "csv" else 2)
        assert report.violations[0].examples[0].value == text
