"""Tests hold under load: none but `tests.support.patience` compares a clock's time with a figure."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import at_most_tenfold

TESTS = Path(__file__).resolve().parents[2]
NAMES = ("monotonic", "perf_counter", "process_time", "thread_time")
CLOCKS = {f"{name}{unit}" for name in NAMES for unit in ("", "_ns")}
ALONE = {Path(inspect.getfile(at_most_tenfold)).resolve()}


def reads_a_clock(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression calls a clock, or uses a name that holds what one said."""
    return any(
        (isinstance(part, ast.Attribute) and part.attr in CLOCKS)
        or (isinstance(part, ast.Name) and (part.id in CLOCKS or part.id in names))
        for part in ast.walk(node)
    )


def clocked(tree: ast.AST) -> Iterator[int]:
    """The lines of assertions on what a clock said."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
            targets = [one for node in assigned if reads_a_clock(node.value, set()) for one in node.targets]
            names = {part.id for one in targets for part in ast.walk(one) if isinstance(part, ast.Name)}
            for node in ast.walk(function):
                if isinstance(node, ast.Assert) and reads_a_clock(node.test, names):
                    yield node.lineno


def test_no_test_asserts_on_seconds() -> None:
    found = [
        f"{path.relative_to(TESTS.parent)}:{line}"
        for path in TESTS.rglob("*.py")
        if path not in ALONE
        for line in clocked(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "count steps, set a limit, or use tests.support.patience"


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - began < 1",
        "took = perf_counter() - began\n    assert took < 1",
        "until = time.monotonic() + 10\n    while True:\n        assert time.monotonic() < until",
    ],
)
def test_such_a_test_is_found(line: str) -> None:
    assert list(clocked(ast.parse(f"def test():\n    {line}\n")))


def test_ten_times_what_is_expected_fails() -> None:
    times = iter((0.0, 9.9, 0.0, 10.1))
    with at_most_tenfold(1, lambda: next(times)):
        pass
    with pytest.raises(AssertionError, match=r"took 10.10 s"), at_most_tenfold(1, lambda: next(times)):
        pass
