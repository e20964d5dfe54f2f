"""The shared texts of CSV in C++: the rows, or the reason and the line, that Python gives."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "csv.json").read_text())


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
def test_a_text_gives_its_rows_or_its_fault(
    case: dict[str, Any],
    name: str,
    tmp_path: Path,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    text = case["text"].encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    contract = compiled(json.dumps(CORPUS["document"]).encode())
    ran = schema_load(tmp_path / name, "--contract", contract, "--json", "--check-only")
    if "rows" in case:
        assert (ran.code, ran.report["rows"]) == (0, len(case["rows"])), ran.stderr
    else:
        assert ran.code == 3
        assert (ran.report["error"]["reason"], ran.report["error"]["line"]) == (case["reason"], case["line"])


NUMBERS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "numbers.json").read_text())


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
@pytest.mark.parametrize("column", NUMBERS["columns"])
def test_the_numbers_that_a_column_holds_are_those_that_python_says(
    column: str, kind: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    """All in one file, so that the rows that fail tell which are held, with the values that are shown."""
    is_integer = column in ("int64", "uint64")
    document = {
        "$id": "numbers_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"v": {"type": "integer" if is_integer else "number"}, "s": {"type": "string"}},
        "arrow": {
            "fields": [{"name": "v", "type": NUMBERS["columns"][column]}, {"name": "s", "type": {"name": "utf8"}}]
        },
    }
    cases = [case for case in NUMBERS["cases"] if kind == "ndjson" or not is_integer or case["written"].isdigit()]
    written = [case["written"] for case in cases]
    texts = [f"{number},a\n" if kind == "csv" else f'{{"v": {number}, "s": "a"}}\n' for number in written]
    path = tmp_path / f"numbers.{kind}"
    path.write_text(("v,s\n" if kind == "csv" else "") + "".join(texts))
    contract = compiled(json.dumps(document).encode())
    found = schema_load(path, "--contract", contract, "--json", "--check-only").report
    unheld = [row for row, case in enumerate(cases) if column not in case["held_by"]]
    assert found["rows_failing"] == len(unheld)
    shown = [(one["row"], one["value"]) for one in found["violations"][0]["examples"]]
    python = data.check(data.find([str(path)]), compile_contract(parse(json.dumps(document).encode())))
    assert [row for row, _ in shown] == unheld[:10]
    assert shown == [(one.row, one.value) for one in python.violations[0].examples]
