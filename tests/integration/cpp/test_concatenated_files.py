"""Files that were written one after another into one are refused in C++ as in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_concatenated_files import DOCUMENT, PAIRS, WHOLE


@pytest.mark.parametrize(("kind", "first", "second"), PAIRS.values(), ids=PAIRS.keys())
def test_two_files_one_after_another_are_refused(
    kind: str,
    first: bytes,
    second: bytes,
    tmp_path: Path,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    path = tmp_path / f"c.{kind}"
    path.write_bytes(first + second)
    ran = schema_load(path, "--contract", compiled(DOCUMENT), "--json", "--check-only")
    assert ran.code == 3, ran.stderr
    assert ran.report["error"]["reason"] == "CORRUPT"
    assert ran.report["error"]["message"] == "two files one after another: give each a file of its own"


@pytest.mark.parametrize(("kind", "write"), WHOLE.values(), ids=WHOLE.keys())
def test_no_whole_file_is_taken_for_two(
    kind: str, write: Any, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    path = tmp_path / f"w.{kind}"
    write(path)
    ran = schema_load(path, "--contract", compiled(DOCUMENT), "--json", "--check-only")
    assert ran.code == 0, ran.stdout + ran.stderr
