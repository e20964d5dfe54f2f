"""What `make fresh-check` takes along into a new Debian, and what it says where it can't make one."""

import os
from pathlib import Path

import pytest

from scripts import fresh_check, fresh_root
from scripts.pythons import SUPPORTED


def test_settings_of_package_clients_go_along_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"PIP_INDEX_URL", "npm_config_registry", "GOPROXY", "CARGO_HTTP_CAINFO", "https_proxy", "SSL_CERT_FILE"}
    others = {
        "HOME",
        "PYTHONPATH",
        "CARGO_HOME",
        "GOPATH",
        "VIRTUAL_ENV",
        "SCHEMAREGISTRY_TARGET",
        "AWS_SECRET_ACCESS_KEY",
    }
    for name in theirs | others:
        monkeypatch.setenv(name, "x")
    found = set(fresh_root.settings())
    assert theirs <= found
    assert not others & found


def test_a_bundle_is_taken_apart_into_its_certificates() -> None:
    one, two = (f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in ("AA==", "BB=="))
    assert fresh_root._certificates(one + two) == [one, two]


def test_a_file_takes_the_place_of_a_link(tmp_path: Path) -> None:
    """resolv.conf is a link on many machines."""
    (tmp_path / "here").write_text("of the host")
    (tmp_path / "there").symlink_to("nowhere")
    fresh_root._copy(tmp_path / "here", tmp_path / "there")
    assert not (tmp_path / "there").is_symlink()
    assert (tmp_path / "there").read_text() == "of the host"


def test_each_supported_python_has_a_debian_or_is_said_to_have_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(fresh_check.SUITES) <= set(SUPPORTED)
    for version in set(SUPPORTED) - set(fresh_check.SUITES):
        assert version in (fresh_check.ROOT / "docs/decisions/setup.md").read_text(encoding="utf-8")


def test_who_is_not_root_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "run it as root (sudo make fresh-check)" in fresh_check.unable()


@pytest.mark.parametrize(
    "line",
    [
        "100% tests passed, 0 tests failed out of 21",
        "95% tests passed, 1 tests failed out of 21",
        "= 3549 passed, 2 skipped in 1024.31s (0:17:04) =",
        "================= 2 failed, 1 passed in 0.12s =================",
    ],
)
def test_the_runners_closing_lines_are_shown(line: str) -> None:
    assert fresh_check.CLOSING.search(line)


def test_no_other_line_is() -> None:
    assert not fresh_check.CLOSING.search("tests/x.py ....... [ 12%]")
