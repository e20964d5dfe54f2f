"""The shared texts of CSV in C++: the rows, or the reason and the line, that Python gives."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CORPUS = json.loads((Path(__file__).parent.parent / "corpus" / "text" / "csv.json").read_text())


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
