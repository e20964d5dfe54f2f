"""CSV columns without a name in C++: the reports are Python's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "unnamed.json").read_text())


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
def test_a_closed_contract_forbids_values_without_a_name(
    case: dict[str, Any], tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    document = json.dumps(CORPUS["document"]).encode()
    path = tmp_path / "t.csv"
    path.write_text(case["text"])
    ran = schema_load(path, "--contract", compiled(document), "--json", "--check-only")
    found = [
        [each["column"], example["row"], example["value"]]
        for each in ran.report["violations"]
        for example in each["examples"]
    ]
    assert (ran.report["rows"], sorted(found)) == (case["rows"], case["broken"])
    python = json.loads(json.dumps(data.check(data.find([str(path)]), compile_contract(parse(document))).to_json()))
    assert ran.report["violations"] == python["violations"]
