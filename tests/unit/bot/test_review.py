"""Reviews of changes in real repositories of git: tests/corpus/review has each with the whole review that is right."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.bot.review import Reviewer
from schemaregistry.bot.revisions import read_change
from schemaregistry.cli.bot import app
from schemaregistry.compat import Verdict, check_history
from schemaregistry.document import Document, Level, parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.git import NoHistory, Repository
from tests.support.git_scratch import Scratch

CORPUS = Path(__file__).parents[2] / "corpus/review"
DOCUMENT = {"$id": "a", "version": "1.0.0", "type": "object", "properties": {"x": {"type": "integer"}}}
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.glob("*.json"))}


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


def test_a_revision_that_is_not_here_is_said(scratch: Scratch) -> None:
    scratch.commit({"schemas/a.json": "{}"})
    with pytest.raises(NoHistory, match="no tag, branch or commit in this repository") as missing:
        review(scratch, "origin/main", "HEAD")
    assert missing.value.reason == "UNKNOWN_REVISION"


def test_a_shallow_clone_is_told_what_to_fetch(scratch: Scratch, tmp_path: Path) -> None:
    scratch.commit({"schemas/a.json": "{}"})
    scratch.git("checkout", "-q", "-b", "change")
    scratch.commit({"schemas/b.json": "{}"})
    scratch.git("checkout", "-qf", "main")
    scratch.commit({"schemas/c.json": "{}"})
    clone = tmp_path / "a clone"
    scratch.git("clone", "-q", "--depth", "1", "--no-single-branch", scratch.directory.as_uri(), str(clone))
    asked = ["review", "--base", "origin/main", "--head", "origin/change", "--repo", str(clone)]
    ended = CliRunner().invoke(app, asked)
    assert isinstance(ended.exception, NoHistory)
    assert "git fetch --unshallow" in ended.exception.message
    assert ended.exception.reason == "HISTORY_CUT"


@pytest.mark.parametrize("folder", ["nothere", "README", "", "schemas/a.json"])
def test_a_folder_that_neither_revision_has_is_no_pass(scratch: Scratch, folder: str) -> None:
    scratch.commit({"README": "x", "schemas/a.json": "{}"})
    with pytest.raises(InvalidArgument, match="There is no folder") as missing:
        review(scratch, "main", "HEAD", "--schemas", folder)
    assert missing.value.reason == "NO_SUCH_FOLDER"


@pytest.mark.parametrize("link", ["schemas/z.json", "schemas"])
def test_what_a_link_leads_to_is_not_passed_unseen(scratch: Scratch, link: str) -> None:
    scratch.commit({"real/z.json": DOCUMENT})
    path = scratch.directory / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("../real/z.json" if link.endswith(".json") else "real")
    scratch.git("add", link)
    scratch.git("commit", "-qm", "a link")
    with pytest.raises(InvalidArgument, match="is a link or a submodule") as refused:
        review(scratch, "HEAD~", "HEAD")
    assert refused.value.reason == "LINK_NOT_FOLLOWED"


def test_going_back_to_an_earlier_version_is_blocked(scratch: Scratch) -> None:
    scratch.commit({"schemas/a.json": DOCUMENT})
    base = scratch.commit({"schemas/a.json": DOCUMENT | {"version": "1.1.0", "title": "A"}})
    head = scratch.commit({"schemas/a.json": DOCUMENT})
    code, found = review(scratch, base, head)
    assert (code, [each["reason"] for each in found["blocked_because"]]) == (1, ["VERSION_LOWERED"])


class InProcess:
    """A judge without a child process."""

    def parse(self, raw: bytes) -> Document:
        return parse(raw)

    def check(self, versions: Sequence[Document], new: Document, direction: Level | None, seconds: float) -> Verdict:
        return check_history(versions, new, direction=direction, seconds=seconds)


def test_a_fix_to_an_old_line_passes_where_a_later_line_is_published(scratch: Scratch) -> None:
    old, fix = DOCUMENT | {"version": "1.1.0"}, DOCUMENT | {"version": "1.1.1", "title": "A"}
    breaking = DOCUMENT | {"version": "2.0.0", "properties": {"x": {"type": "string"}}}
    base, head = scratch.commit({"schemas/a.json": old}), scratch.commit({"schemas/a.json": fix})
    change = read_change(Repository(scratch.directory), base, head, "schemas")
    published = {str(each["version"]): json.dumps(each).encode() for each in (old, breaking)}
    review = Reviewer(InProcess(), earlier=lambda _: {}, published=lambda _: published).review(change)
    (found,) = review.schemas
    assert not review.blocked
    assert found.verdict
    assert (found.verdict.old_version, found.stated_bump, str(found.least)) == ("1.1.0", "patch", "1.1.1")


def test_no_time_is_without_end(scratch: Scratch) -> None:
    asked = ["review", "--base", "main", "--seconds", "inf", "--repo", str(scratch.directory)]
    assert CliRunner().invoke(app, asked).exit_code == 2


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("name", CASES)
def test_every_review_is_written_in_every_form(scratch: Scratch, name: str, form: str) -> None:
    case = CASES[name]
    fork, head = scratch.commit(case["before"]), scratch.commit(case["after"])
    asked = ["review", "--base", fork, "--head", head, "--repo", str(scratch.directory), "--format", form]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code in (0, 1), ended.exception
    assert len(ended.stdout) < 65_536
    assert "<script>" not in re.sub(r"(`+).*?\1", "", ended.stdout, flags=re.DOTALL)
    for blocker in case["review"]["blocked_because"] if "base" not in case else ():
        assert blocker["reason"] in ended.stdout
