"""`make lock-check`, on a lock of one package that is never there, and what it knows of each Python."""

import sys
from pathlib import Path

from scripts import lock_check
from scripts.pythons import ROOT, SUPPORTED, found, supported


def test_each_supported_python_has_the_pip_that_it_began_with() -> None:
    assert list(lock_check.OLDEST) == SUPPORTED


def test_the_makefile_and_the_readme_say_the_same() -> None:
    first, last = SUPPORTED[0], SUPPORTED[-1]
    assert f"Python {first} to {last} is needed" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"Python {first}–{last}" in (ROOT / "README.md").read_text(encoding="utf-8")
    classified = [f'"Programming Language :: Python :: {version}"' for version in SUPPORTED]
    assert all(line in (ROOT / "pyproject.toml").read_text(encoding="utf-8") for line in classified)


def test_the_supported_versions_are_those_of_pyproject() -> None:
    assert supported('[project]\nrequires-python = ">=3.9,<3.12"\n') == ["3.9", "3.10", "3.11"]


def test_a_python_that_is_here_is_found() -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found(here)
    assert found("3.1") is None


def test_a_lock_that_pip_refuses_is_told_with_pips_own_words(tmp_path: Path) -> None:
    """No index is asked: the distribution is a file that isn't there."""
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"nothing @ {(tmp_path / 'nothing-1.0-py3-none-any.whl').as_uri()}\n")
    python = found(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert python
    assert "nothing-1.0" in lock_check.fault(python, lock_check.NEWEST, lock)
