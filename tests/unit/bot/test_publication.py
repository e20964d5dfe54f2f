"""What of git's history is published: the versions in their order, and where each comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.bot.publication import origin_path, versions_of
from schemaregistry.bot.revisions import read_revision
from schemaregistry.git import Repository
from tests.support.git_scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


def document(version: str) -> dict[str, Any]:
    return {"$id": "trades", "version": version, "type": "object", "title": version}


def published(scratch: Scratch, commit: str) -> list[str]:
    git = Repository(scratch.directory)
    (file,) = read_revision(git, commit, "schemas").files
    return [json.loads(each.raw)["title"] for each in versions_of(git, file, commit)]


def test_a_branch_whose_clock_is_slow_keeps_its_versions(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit's date says nothing of the order: the branch's commits are dated before the one they start at."""
    path = "schemas/trades.json"
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T00:00:00Z")
    scratch.commit({path: document("1.0.0")})
    scratch.git("switch", "-qc", "work")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
    scratch.commit({path: document("1.1.0")})
    scratch.commit({path: document("1.2.0")})
    scratch.git("switch", "-q", "main")
    scratch.git("merge", "-q", "--no-ff", "-m", "a merge", "work")
    assert published(scratch, "HEAD") == ["1.0.0", "1.1.0", "1.2.0"]


LONG = {"description": "words that the file had not before: " * 50}


def test_a_document_that_was_moved_and_rewritten_keeps_its_versions(scratch: Scratch) -> None:
    """git takes such a file for a new one."""
    scratch.commit({"schemas/trades.json": document("1.0.0")})
    scratch.commit({"schemas/trades.json": document("1.1.0")})
    scratch.commit({"schemas/market/fills.json": document("1.2.0") | LONG, "schemas/b.json": {"$id": "b"}})
    scratch.commit({"schemas/market/fills.json": document("1.3.0") | LONG})
    assert published(scratch, "HEAD") == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]


def test_a_document_that_a_merge_brought_from_another_file_keeps_its_versions(scratch: Scratch) -> None:
    scratch.commit({"schemas/trades.json": document("1.0.0")})
    scratch.git("switch", "-qc", "work")
    scratch.commit({"schemas/fills.json": document("1.1.0") | LONG})
    scratch.git("checkout", "-qf", "main")
    scratch.git("merge", "-q", "--no-ff", "-m", "a merge", "work")
    assert published(scratch, "HEAD") == ["1.0.0", "1.1.0"]


def test_two_documents_that_change_places_keep_their_versions(scratch: Scratch) -> None:
    other = {**document("5.0.0"), "$id": "quotes"}
    scratch.commit({"schemas/a.json": document("1.0.0"), "schemas/b.json": other})
    head = scratch.commit({"schemas/a.json": other, "schemas/b.json": document("1.1.0")})
    git = Repository(scratch.directory)
    found = {file.id: versions_of(git, file, head) for file in read_revision(git, head, "schemas").files}
    assert [each.version for each in found["trades"]] == ["1.0.0", "1.1.0"]
    assert [each.path for each in found["trades"]] == ["schemas/a.json", "schemas/b.json"]


@pytest.mark.parametrize(
    ("path", "stated"),
    [
        ("schemas/é.json", "schemas/é.json"),
        ("schemas/a\nb\t\x1b.json", r"schemas/a\nb\t\x1b.json"),
        (b"schemas/\xe9.json".decode(errors="surrogateescape"), r"schemas/\xe9.json"),
        ("s" * 600 + "/a.json", "s" * 255 + "…" + "s" * 249 + "/a.json"),
        ("s" * 512, "s" * 512),
    ],
)
def test_an_origin_states_a_path_that_the_registry_takes(path: str, stated: str) -> None:
    assert origin_path(path) == stated
    assert len(stated) <= 512
