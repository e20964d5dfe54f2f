"""The workflows and actions under .github: what they say, the shell scripts in them, and the commands in those."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from schemaregistry.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
SCRIPTS = sorted((ROOT / ".github/actions").rglob("*.sh"))


def read(path: Path) -> dict[str, Any]:
    """A workflow or action; its triggers are at "on", which YAML 1.1 takes for true."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def steps(path: Path) -> Iterator[dict[str, Any]]:
    found = read(path)
    yield from found["runs"]["steps"] if "runs" in found else ()
    for job in found.get("jobs", {}).values():
        yield from job["steps"]


def step(path: Path, name: str) -> dict[str, Any]:
    """The step of a workflow or action with a name."""
    [found] = [each for each in steps(path) if each.get("name") == name]
    return found


def shell(path: Path) -> Iterator[str]:
    """The shell scripts in a workflow or action."""
    yield from (each["run"] for each in steps(path) if "run" in each)


def commands(script: str) -> Iterator[list[str]]:
    """The words of each `schemaregistry` command in a shell script, without what the shell takes for itself."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        for at, word in enumerate(words):
            if word in ("schemaregistry", ".venv/bin/schemaregistry"):
                rest = words[at + 1 :]
                ends = [number for number, each in enumerate(rest) if re.fullmatch(r"[();<>|&]+", each)]
                yield rest[: ends[0]] if ends else rest


def refused(words: list[str]) -> str:
    """What the command line has against a command with these words; "" where command and options exist."""
    ended = CliRunner().invoke(app, [*words, "--help"])
    return "" if ended.exit_code == 0 and "Usage:" in ended.output else ended.output
