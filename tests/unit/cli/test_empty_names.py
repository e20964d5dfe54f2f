"""An empty name, as an unset variable of the shell gives, is refused: it never stands for the current directory."""

import sys
from pathlib import Path

import pytest

from schemaregistry.cli.app import main

DOCUMENT = str(Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json")
LINES = [
    ("publish", ""),
    ("publish", DOCUMENT, ""),
    ("validate-schema", ""),
    ("diff", "1.0.0", "1.1.0", ""),
    ("diff", "", ""),
    ("arrow", ""),
    ("arrow", "rows.csv", "-o", ""),
    ("check", "", "--schema", DOCUMENT),
    ("check", "rows.csv", "--schema", ""),
    ("check", "rows.csv", "--schema", DOCUMENT, "--ca", ""),
    ("clean", "rows.csv", "--schema", DOCUMENT, "--to", ""),
    ("clean", "rows.csv", "--schema", DOCUMENT, "--to", "out", "--quarantine", ""),
    ("load", "rows.csv", "--schema", DOCUMENT, "--to", ""),
    ("load", "rows.csv", "--schema", DOCUMENT, "--to", "duckdb:"),
    ("load", "rows.csv", "--schema", DOCUMENT, "--to", "out", "--policy", "quarantine", "--quarantine", ""),
    ("load", "rows.csv", "--schema", DOCUMENT, "--to", "out", "--cache", ""),
    ("contract", DOCUMENT, "-o", ""),
    ("gx", DOCUMENT, "-o", ""),
    ("sample", DOCUMENT, "-o", "", "--format", "csv"),
    ("get", "ticks_v1", "-o", ""),
    ("get", ""),
    ("list", ""),
    ("watch", ""),
    ("cpp", ""),
    ("snapshot", ""),
    ("snapshot", "a.snap", "--data", ""),
    ("restore", "", "--data", "new"),
    ("audit", "verify", "--data", ""),
    ("audit", "verify", "--data", "new", "--snapshot", ""),
    ("serve", "--dev", "--data", ""),
    ("serve", "--dev", "--data", "new", "--publish", ""),
]


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_an_empty_name_is_usage(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("symbol\nA\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["schemaregistry", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert (ended.value.code, [each.name for each in tmp_path.iterdir()]) == (2, ["rows.csv"])
    assert "unexpected" not in out + err
    assert "is a variable unset" in err or "duckdb:" in words


def test_the_current_directory_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["schemaregistry", "publish", "."])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "has no *.json" in capfd.readouterr().err
