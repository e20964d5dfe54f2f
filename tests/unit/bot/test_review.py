"""Reviews of changes in real repositories of git: tests/corpus/review has each with the whole review that is right."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.bot import app

CORPUS = Path(__file__).parents[2] / "corpus/review"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.glob("*.json"))}


class Scratch:
    """A repository in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        config = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.directory), *config, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: Mapping[str, Any]) -> str:
        """Commit these files in the place of all others: texts as they are, documents as JSON."""
        if self.git("ls-files"):
            self.git("rm", "-rq", "--cached", ".")
        for path, content in files.items():
            file = self.directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
            self.git("add", path)
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


def review(scratch: Scratch, base: str, head: str, *words: str) -> tuple[int, Any]:
    asked = ["review", "--base", base, "--head", head, "--repo", str(scratch.directory), "--format", "json", *words]
    ended = CliRunner().invoke(app, asked)
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, json.loads(ended.stdout)


@pytest.mark.parametrize("name", CASES)
def test_the_review_of_a_change(scratch: Scratch, name: str) -> None:
    case = CASES[name]
    fork = scratch.commit(case["before"])
    head = scratch.commit(case["after"])
    base = fork
    if "base" in case:
        scratch.git("checkout", "-q", "-b", "moved", fork)
        base = scratch.commit(case["base"])
    code, found = review(scratch, base, head)
    assert (found.pop("base"), found.pop("head")) == (base, head)
    assert found == case["review"]
    assert code == (1 if found["blocked"] else 0)
