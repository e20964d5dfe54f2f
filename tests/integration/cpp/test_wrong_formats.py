"""Files under another format's name in C++: the error is Python's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_wrong_formats import CASES, DOCUMENT


@pytest.mark.parametrize("name", CASES)
def test_an_error_says_what_the_file_is(
    name: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    file, data, reason, message = CASES[name]
    (tmp_path / file).write_bytes(data)
    ran = schema_load(tmp_path / file, "--contract", compiled(DOCUMENT), "--json", "--check-only")
    assert ran.code == 3
    assert ran.report["error"]["reason"] == reason
    assert message in ran.report["error"]["message"]
