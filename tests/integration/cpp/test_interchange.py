"""What other tools write conforms in C++, too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.interchange.test_matrix import CONFORMS, DOCUMENT, MIDNIGHTS, TABLE, TO_THE_LETTER


@pytest.mark.parametrize("table", [TABLE, MIDNIGHTS], ids=["table", "midnights"])
@pytest.mark.parametrize(("tool", "kind"), CONFORMS, ids="-".join)
def test_what_a_tool_writes_conforms(
    tool: str,
    kind: str,
    table: pa.Table,
    tmp_path: Path,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    CONFORMS[tool, kind](table, tmp_path / f"t.{kind}")
    contract = compiled(json.dumps(DOCUMENT).encode())
    ran = schema_load(tmp_path / f"t.{kind}", "--contract", contract, "--check-only", "--json")
    assert (ran.code, ran.report["rows"]) == (0, len(table)), ran.stdout


@pytest.mark.parametrize("name", TO_THE_LETTER)
def test_what_is_written_elsewhere_conforms(
    name: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    file, text, said = TO_THE_LETTER[name]
    (tmp_path / file).write_bytes(text)
    contract = compiled(json.dumps(DOCUMENT | {"x-csv": said}).encode())
    ran = schema_load(tmp_path / file, "--contract", contract, "--check-only", "--json")
    assert (ran.code, ran.report["rows"]) == (0, 2), ran.stdout
