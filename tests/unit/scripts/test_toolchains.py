"""What the clients' tests need: found by version, chosen of Debian's packages, told where it can't be had."""

import os
import stat
from pathlib import Path

import pytest

from scripts import toolchains
from scripts.toolchains import Need, NotInstalled


def program(folder: Path, name: str, says: str) -> None:
    """A program that says that, whatever it is asked."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(stat.S_IRWXU)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, but for the shell."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin")
    return tmp_path / "bin"


NEW = Need("Rust", ("rustcx", "cargox"), (1, 88), (("rustc",), ("rustc-web",)))


@pytest.mark.parametrize(
    ("says", "met"), [("rustc 1.88.0 (6b00bc388)", True), ("rustc 2.0.1", True), ("rustc 1.63.0", False), ("", False)]
)
def test_a_program_has_to_be_new_enough(path: Path, says: str, met: bool) -> None:
    program(path, "rustcx", says)
    program(path, "cargox", "")
    assert NEW.is_met() is met


def test_each_of_the_programs_has_to_be_there(path: Path) -> None:
    program(path, "rustcx", "rustc 1.90.0")
    assert not NEW.is_met()


@pytest.mark.parametrize(
    ("candidate", "wanted"), [("1.63.0+dfsg1-2", "rustc-web"), ("1.97.1+dfsg1-1", "rustc"), ("2:1.88-74", "rustc")]
)
def test_the_packages_of_a_debian_that_has_them_new_enough_are_taken(path: Path, candidate: str, wanted: str) -> None:
    program(path, "apt-cache", f"  Candidate: {candidate}")
    assert toolchains._newest(NEW) == (wanted,)


def test_who_is_not_root_is_told_what_to_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(path, "apt-get", "")
    program(path, "apt-cache", "  Candidate: 1.96.0")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NotInstalled, match=r"^Run: sudo apt-get install rustc$"):
        toolchains.install([NEW])


def test_what_is_missing_is_named_with_its_version() -> None:
    assert str(NEW) == "Rust 1.88 or newer"
    assert str(Need("curl", ("curl",))) == "curl"
