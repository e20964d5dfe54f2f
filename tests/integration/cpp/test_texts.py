"""The shared corpus of texts in C++: what each type takes and refuses, as in Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_texts import contract_of, files, written


@pytest.mark.parametrize(("case", "kind"), files())
def test_a_type_takes_and_refuses_the_same_texts(
    case: dict[str, Any], kind: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(written(case, [*case["taken"], *case["refused"]], kind))
    ran = schema_load(path, "--contract", compiled(contract_of(case)), "--json", "--check-only")
    report: dict[str, Any] = json.loads(ran.stdout)
    assert report["rows_failing"] == len(case["refused"])
    shown = [example["value"] for found in report["violations"] for example in found["examples"]]
    assert shown == case["refused"][:10]
