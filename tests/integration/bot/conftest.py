"""A repository of git, GitHub's API on loopback, and the bot's commands between them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.bot import app
from tests.support.git_scratch import Scratch
from tests.support.github_server import GitHubServer, Pull, serving_github

PULL = 7


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    with serving_github() as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_TOKEN", "app")
        yield server


class Branch:
    """A pull request from a branch: pushes to it, and what the bot does then."""

    def __init__(self, directory: Path, github: GitHubServer) -> None:
        directory.mkdir()
        self.git = Scratch(directory)
        self.github = github
        self.file = directory.parent / "review.json"
        self.base = ""

    def open(self, before: dict[str, Any], after: dict[str, Any], **about: Any) -> str:
        self.base = self.git.commit(before)
        head = self.git.commit(after)
        self.github.pulls[PULL] = Pull(head, **about)
        return head

    def push(self, files: dict[str, Any]) -> str:
        head = self.github.pulls[PULL].head = self.git.commit(files)
        return head

    def review(self, *words: str) -> int:
        """Review the head into `file`."""
        asked = ["review", "--base", self.base, "--head", self.github.pulls[PULL].head]
        return run(*asked, "--repo", str(self.git.directory), "--format", "json", "-o", str(self.file), *words)[0]

    def comment(self, *words: str) -> tuple[int, str]:
        return run("comment", "--review", str(self.file), "--github", "me/schemas", "--pull", str(PULL), *words)


def run(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, list(words))
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.output


@pytest.fixture
def branch(tmp_path: Path, github: GitHubServer) -> Branch:
    return Branch(tmp_path / "git", github)
