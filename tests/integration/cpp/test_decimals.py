"""Decimals of Parquet in C++ with more digits than their column says: refused, as in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_decimals import DOCUMENT, of_five_digits


@pytest.mark.parametrize(("values", "code"), [((1, 99_999), 0), ((1, 10**10), 3)])
def test_a_decimal_of_more_digits_than_its_column_says_is_refused(
    values: tuple[int, ...],
    code: int,
    tmp_path: Path,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    (tmp_path / "v.parquet").write_bytes(of_five_digits(*values))
    ran = schema_load(tmp_path / "v.parquet", "--contract", compiled(DOCUMENT), "--json", "--check-only")
    assert ran.code == code
    assert code == 0 or ran.report["error"]["reason"] == "CORRUPT"
