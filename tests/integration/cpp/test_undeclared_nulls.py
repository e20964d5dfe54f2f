"""A null of a column or member that no property declares is absent in C++, too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_undeclared_nulls import CLOSED, NAMES, NESTED, TEXTS, write

Run = Callable[..., Any]
Compile = Callable[[bytes], Path]


@pytest.mark.parametrize("name", NAMES)
def test_a_null_of_an_undeclared_column_is_absent(
    name: str, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    contract = compiled(json.dumps(TEXTS).encode())
    assert schema_load(write(tmp_path / name), "--contract", contract, "--check-only").code == 0


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_null_of_an_undeclared_member_is_absent(
    name: str, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    contract = compiled(json.dumps(NESTED).encode())
    assert schema_load(write(tmp_path / name, nested=True), "--contract", contract, "--check-only").code == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_forbidden_column_is_forbidden_with_nulls(
    name: str, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    contract = compiled(json.dumps(CLOSED).encode())
    ran = schema_load(write(tmp_path / name), "--contract", contract, "--check-only", "--json")
    assert ran.code == 1
    assert [found["rule"] for found in ran.report["violations"]] == ["additionalProperties"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("rules", "counts"),
    [({"minProperties": 1}, {("minProperties", None): 1}), ({"maxProperties": 0}, {("maxProperties", None): 1})],
)
def test_a_forbidden_null_counts_for_no_other_rule(
    name: str,
    rules: dict[str, int],
    counts: dict[Any, int],
    tmp_path: Path,
    schema_load: Run,
    compiled: Compile,
) -> None:
    contract = compiled(json.dumps(CLOSED | rules).encode())
    ran = schema_load(write(tmp_path / name), "--contract", contract, "--check-only", "--json")
    found = {(found["rule"], found["column"]): found["count"] for found in ran.report["violations"]}
    assert found.pop(("additionalProperties", "x")) == 2
    assert found == counts
