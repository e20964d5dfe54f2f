"""`schemaregistry sample` as a command that ends: what it says, and its exit codes."""

import json
import sys
from pathlib import Path

import pytest

from schemaregistry.cli.app import main

TICKS = str(Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["schemaregistry", "sample", *map(str, arguments)])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_it_says_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.csv"
    assert run(monkeypatch, TICKS, "--rows", "1000", "-o", out, "--fault", "enum", "--fault-rows", "2") == 0
    said = capfd.readouterr().out
    assert said == (
        f"{out}: 1,000 rows of ticks_v1 1.1.0, {out.stat().st_size:,} bytes, with the fault enum side in 2 rows\n"
    )


def test_it_lists_the_faults_that_a_contract_can_have(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, TICKS, "--fault", "list") == 0
    listed = {line.split()[0]: line for line in capfd.readouterr().out.splitlines()}
    assert listed["enum"].endswith(": side")
    assert "range" not in listed


@pytest.mark.parametrize("arguments", [("--rows", "1"), ("-o", "t.xyz"), ("-o", "t.csv", "--fault", "x")])
def test_wrong_use_is_exit_2(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, TICKS, *arguments) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_contract_that_no_row_meets_is_exit_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    never = {"type": "integer", "minimum": 2, "maximum": 1}
    document = {"$id": "n_v1", "version": "1.0.0", "type": "object", "properties": {"a": never}, "required": ["a"]}
    (tmp_path / "n.json").write_text(json.dumps(document))
    assert run(monkeypatch, tmp_path / "n.json", "-o", tmp_path / "n.csv") == 3
    assert "/properties/a/minimum" in capfd.readouterr().err
    assert not (tmp_path / "n.csv").exists()
