"""`schemaregistry diff` and its script: two versions of a file, from git or from paths."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT: dict[str, Any] = {
    "$id": "trades",
    "type": "object",
    "properties": {"price": {"type": "number"}, "side": {"enum": ["B", "S"]}},
    "required": ["price"],
    "arrow": {"fields": [{"name": "price", "type": {"name": "float64"}}, {"name": "side", "type": {"name": "utf8"}}]},
    "version": "1.0.0",
}


def git(where: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(where), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], check=True
    )


def run(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "schemaregistry", "diff", *arguments]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """trades.json at 1.0.0, then 1.0.1 (a title), then 2.0.0 (side narrowed)."""
    git(tmp_path, "init", "-q")
    narrowed = DOCUMENT["properties"] | {"side": {"enum": ["B"]}}
    for change in ({}, {"version": "1.0.1", "title": "Trades"}, {"version": "2.0.0", "properties": narrowed}):
        (tmp_path / "trades.json").write_text(json.dumps(DOCUMENT | change))
        git(tmp_path, "add", "trades.json")
        git(tmp_path, "commit", "-q", "-m", "Change")
    return tmp_path


def test_versions_are_found_in_history_without_tags(repository: Path) -> None:
    done = run(repository, "v1.0.0", "1.0.1", "trades.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "compatible: 1.0.0 → 1.0.1 (backward)"
    assert "risk: none" in done.stdout
    assert "required bump: patch" in done.stdout


def test_references_mean_versions_that_git_has(repository: Path) -> None:
    assert run(repository, "^1", "latest", "trades.json").stdout.startswith("incompatible: 1.0.1 → 2.0.0")
    missing = run(repository, "1.0.0", "^3", "trades.json")
    assert missing.returncode != 0
    assert "its versions: 2.0.0, 1.0.1, 1.0.0" in missing.stderr


def test_a_break_exits_1_and_shows_the_record(repository: Path) -> None:
    done = run(repository, "1.0.1", "2.0.0", "trades.json")
    assert done.returncode == 1
    assert 'witness (valid under old): {"price": 0, "side": "S"}' in done.stdout
    assert "incompatible\tenum_narrowed\t/properties/side/enum\t" in done.stdout


def test_the_direction_is_the_callers(repository: Path) -> None:
    assert run(repository, "1.0.1", "2.0.0", "trades.json", "--direction", "forward").returncode == 0
    refused = run(repository, "1.0.1", "2.0.0", "trades.json", "--direction", "sideways")
    assert refused.returncode == 2
    assert "backward" in refused.stderr


def test_json_is_one_object(repository: Path) -> None:
    shown = json.loads(run(repository, "1.0.0", "2.0.0", "trades.json", "--json").stdout)
    assert (shown["verdict"], shown["risk"], shown["required_bump"]) == ("incompatible", "high", "major")
    assert shown["witness"] == {"price": 0, "side": "S"}


def test_two_paths_will_do(tmp_path: Path) -> None:
    for name, version in (("old.json", "1.0.0"), ("new.json", "1.1.0")):
        (tmp_path / name).write_text(json.dumps(DOCUMENT | {"version": version}))
    assert run(tmp_path, "old.json", "new.json").returncode == 0


def test_no_time_is_exit_3(tmp_path: Path) -> None:
    for name, values in (("old.json", list(range(300))), ("new.json", list(range(301)))):
        changed = DOCUMENT["properties"] | {"side": {"type": "string"}, "price": {"enum": values}}
        (tmp_path / name).write_text(json.dumps(DOCUMENT | {"properties": changed}))
    assert run(tmp_path, "old.json", "new.json", "--seconds", "0.001").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("1.0.0", "9.9.9", "trades.json"), "9.9.9"),
        (("1.0.0", "1.0.1", "missing.json"), "missing.json"),
        (("nowhere.json", "trades.json"), "name the FILE too"),
    ],
)
def test_what_isnt_there_is_one_sentence(repository: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(repository, *arguments)
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_markup_in_a_document_cant_steer_the_terminal(tmp_path: Path) -> None:
    without_block = {name: value for name, value in DOCUMENT.items() if name != "arrow"}
    for name, member in (("old.json", "a"), ("new.json", "\u001b[2J\u202e")):
        properties = DOCUMENT["properties"] | {member: {"type": "string"}}
        (tmp_path / name).write_text(json.dumps(without_block | {"properties": properties}))
    done = run(tmp_path, "old.json", "new.json")
    assert done.stdout
    assert "\u001b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_the_documented_script_answers_the_same(repository: Path) -> None:
    script = ROOT / "scripts" / "diff_schemas.py"
    command = [sys.executable, str(script), "v1.0.0", "v1.0.1", "trades.json"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == run(repository, "v1.0.0", "v1.0.1", "trades.json").stdout
