"""What comes from data, documents and names is shown: no terminal and no CI runner acts on it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from schemaregistry.terminal import inert, json_text, printable

BIDI = "\u202egnp.exe"
ACTIVE = ["\x1b[2J", "\r", "\u202e", "\x9b1m", "\u2028", "\udc80", "\u200b", "\x07", "\x00"]


def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "schemaregistry", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def commands(text: str) -> list[str]:
    """The lines that GitHub's runner would take for commands, and those of Azure Pipelines and TeamCity."""
    return [line for line in text.splitlines() if line.strip().startswith("::") or "##[" in line or "##vso[" in line]


@pytest.mark.parametrize("letter", ACTIVE, ids=ascii)
def test_what_a_terminal_would_act_on_is_written_out(letter: str) -> None:
    shown = printable(f"a{letter}b")
    assert shown.isprintable()
    assert shown != "ab"


@pytest.mark.parametrize("text", ["::error title=x::y", "  ::set-output", "x\n::stop-commands::t", "a ##[error]b"])
def test_no_line_is_a_command(text: str) -> None:
    assert commands(text)
    assert not commands(inert(text))


@pytest.mark.parametrize("text", ["std::string", "a :: b", "see #[1]", "## heading", "http://[::1]:8000"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert inert(printable(text)) == text


@pytest.mark.parametrize("text", ["\u202e", "a\x9bb", "\udc80", "##[error]x", "é ∑ 😀", 'quote " \\ \n'])
def test_json_is_printable_and_means_the_same(text: str) -> None:
    written = json_text({"a": text})
    assert written.isprintable()
    assert not commands(written)
    assert json.loads(written) == {"a": text}


@pytest.mark.parametrize("width", [160, 200, 1000])
def test_neither_a_files_name_nor_a_long_columns_becomes_a_command(tmp_path: Path, width: int) -> None:
    """A column's name is folded in the table: a line may begin anywhere within it."""
    column = "c" * width + "::error title=x::" * 40
    schema = tmp_path / "wide_v1.json"
    document = {
        "$id": "wide_v1",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {column: {"type": "integer"}},
        "version": "1.0.0",
    }
    schema.write_text(json.dumps(document))
    file = tmp_path / "::error title=x::y.csv"
    file.write_text(f"{column}\nno\n")
    done = run("check", file, "--schema", schema)
    assert done.returncode == 1, done.stderr
    assert not commands(done.stdout + done.stderr)
    done = subprocess.run(
        [sys.executable, "-m", "schemaregistry", "check", file.name, "--schema", schema],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert not commands(done.stdout + done.stderr)


@pytest.mark.parametrize("command", [["validate-schema"], ["validate-schema", "--json"]])
def test_a_documents_words_are_shown_by_validate_schema(tmp_path: Path, command: list[str]) -> None:
    schema = tmp_path / "bidi_v1.json"
    schema.write_text(json.dumps({"$id": "bidi_v1", "type": BIDI, "version": "1.0.0", BIDI: 1}, ensure_ascii=False))
    named = tmp_path / f"{BIDI}.json"
    schema.rename(named)
    done = run(*command, named)
    assert "\u202e" not in done.stdout + done.stderr
    assert "\\u202e" in done.stdout
