"""`schemaregistry bot review --staged`: what is staged for the next commit, against a commit."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.bot import app
from tests.support.git_scratch import Scratch

TICKS: dict[str, Any] = {
    "$id": "ticks_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"size": {"type": "integer", "minimum": 0}},
}
BROKEN = TICKS | {"version": "1.0.1", "properties": {"size": {"type": "string"}}}


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.delenv("GIT_INDEX_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    scratch = Scratch(tmp_path)
    scratch.commit({"schemas/ticks_v1.json": TICKS})
    return scratch


def write(git: Scratch, document: dict[str, Any]) -> None:
    (git.directory / "schemas/ticks_v1.json").write_text(json.dumps(document), "utf-8")


def review(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, ["review", "--staged", *words])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.output


def test_what_is_staged_is_reviewed_and_stays_as_it_is(git: Scratch) -> None:
    before = git.git("rev-parse", "HEAD")
    write(git, BROKEN)
    git.git("add", ".")
    code, text = review("--base", "HEAD")
    assert (code, "Blocked" in text or "blocked" in text) == (1, True), text
    assert git.git("status", "--porcelain") == "M  schemas/ticks_v1.json"
    assert git.git("rev-parse", "HEAD") == before
    assert git.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


@pytest.mark.parametrize(("document", "code"), [(TICKS, 0), (TICKS | {"version": "1"}, 1)])
def test_the_first_commit_of_a_repository_is_reviewed(tmp_path: Path, document: dict[str, Any], code: int) -> None:
    (tmp_path / "new/schemas").mkdir(parents=True)
    git = Scratch(tmp_path / "new")
    write(git, document)
    git.git("add", ".")
    assert review("--base", "HEAD", "--repo", str(git.directory))[0] == code
    assert git.git("status", "--porcelain") == "A  schemas/ticks_v1.json"


def test_what_is_not_staged_is_left_out(git: Scratch) -> None:
    write(git, BROKEN)
    assert review("--base", "HEAD")[0] == 0


def test_another_base_than_head_takes_all_commits_of_the_branch(git: Scratch) -> None:
    git.git("switch", "-q", "-c", "change")
    git.commit({"schemas/ticks_v1.json": TICKS | {"version": "1.1.0", "title": "a"}})
    write(git, TICKS | {"version": "1.1.0", "title": "b"})
    git.git("add", ".")
    assert review("--base", "HEAD")[0] == 1
    assert review("--base", "main")[0] == 0


def test_a_merge_that_is_under_way_brings_nothing_of_the_other_branch(git: Scratch) -> None:
    git.git("switch", "-q", "-c", "change")
    git.commit({"schemas/ticks_v1.json": TICKS, "README": "x"})
    git.git("switch", "-q", "main")
    git.commit({"schemas/ticks_v1.json": BROKEN | {"version": "2.0.0"}})
    git.git("switch", "-q", "change")
    git.git("merge", "-q", "--no-commit", "--no-ff", "main")
    code, text = review("--base", "main", "--format", "json")
    assert code == 0, text
    assert [each["status"] for each in json.loads(text)["schemas"]] == ["unchanged"]


def test_a_commit_of_named_files_is_reviewed_as_git_stages_it(git: Scratch, tmp_path: Path) -> None:
    """`git commit FILE` runs hooks with an index of its own."""
    hook = git.directory / ".git/hooks/pre-commit"
    hook.write_text(
        f'#!/bin/sh\nexec "{Path(__file__).parents[3]}/.venv/bin/schemaregistry" bot review --staged --base HEAD\n'
    )
    hook.chmod(0o755)
    write(git, TICKS | {"version": "1.1.0", "title": "a"})
    git.git("commit", "-q", "-m", "sound", "schemas/ticks_v1.json")
    write(git, BROKEN | {"version": "1.1.1"})
    with pytest.raises(Exception, match="non-zero"):
        git.git("commit", "-q", "-m", "broken", "schemas/ticks_v1.json")
    assert git.git("log", "-1", "--format=%s") == "sound"


def test_an_index_of_another_repository_is_left_alone(
    git: Scratch, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Scratch(tmp_path_factory.mktemp("other"))
    other.commit({"README": "x"})
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.directory / ".git/index"))
    assert review("--base", "HEAD")[0] == 0


def test_a_conflict_is_told(git: Scratch) -> None:
    git.git("switch", "-q", "-c", "change")
    git.commit({"schemas/ticks_v1.json": TICKS | {"title": "a"}})
    git.git("switch", "-q", "main")
    git.commit({"schemas/ticks_v1.json": TICKS | {"title": "b"}})
    with pytest.raises(Exception, match="non-zero"):
        git.git("merge", "-q", "change")
    with pytest.raises(Exception, match="git can't tell"):
        review("--base", "HEAD")


def test_head_and_staged_are_one_too_many(git: Scratch) -> None:
    code, text = review("--base", "HEAD", "--head", "main")
    assert code == 2
    assert "give one of both" in text
