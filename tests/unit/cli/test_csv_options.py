"""The options that say how CSV is written, as a user types them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.cli.app import main

DOCUMENT: dict[str, Any] = {
    "$id": "made_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"a": {"type": "number"}, "b": {"type": "string"}},
    "required": ["b"],
}
TEXT = "made by hand\n# a comment\na|b\nNA|x\n1|'\"\n2|y\n"
SAID = ("--delimiter", "|", "--skip-lines", "1", "--comment", "#", "--null", "NA", "--encoding", "UTF-16LE")


@pytest.mark.parametrize("command", ["check", "load", "clean"])
@pytest.mark.parametrize(
    ("said", "code"),
    [(SAID, 0), (("--delimiter", "tab"), 3), (("--delimiter", "ab"), 2), (("--encoding", "utf-7"), 2)],
)
def test_what_is_said_is_how_files_are_read(
    command: str, said: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "t.csv").write_bytes(TEXT.replace("'\"", "z").encode("utf-16le"))
    if said == ("--delimiter", "tab"):
        (tmp_path / "t.csv").write_text("a;b\n1;x\n")
    to = ["--to", str(tmp_path / "to")] if command != "check" else []
    words = [command, str(tmp_path / "t.csv"), "--schema", str(tmp_path / "s.json"), *to, *said]
    monkeypatch.setattr(sys, "argv", ["schemaregistry", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert int(ended.value.code or 0) == code


def test_a_spreadsheet_is_cleaned_as_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "t.csv").write_text("\ufeffA;b\r\n1.234,5;x\r\n", encoding="utf-8", newline="")
    said = ["--delimiter", ";", "--decimal", ",", "--thousands", "."]
    files = [str(tmp_path / "t.csv"), "--schema", str(tmp_path / "s.json"), "--to", str(tmp_path / "to")]
    monkeypatch.setattr(sys, "argv", ["schemaregistry", "clean", *files, *said])
    with pytest.raises(SystemExit) as ended:
        main()
    assert int(ended.value.code or 0) == 0
    out = capsys.readouterr().out
    assert '"1.234,5" → 1234.5' in out
    assert 'the column "A" renamed to "a"' in out
