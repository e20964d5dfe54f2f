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


@pytest.mark.parametrize("folder", ["nothere", "README", "schemas/a.json"])
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


@pytest.mark.parametrize(
    "link", ["more", "consumers", "consumers/c.yaml", "states/s.yaml", "a/README", "sub@", "states@", "examples.json@"]
)
def test_links_and_submodules_below_the_folder_are_refused(scratch: Scratch, link: str) -> None:
    files = {"schemas/a.json": DOCUMENT}
    base = scratch.commit(files)
    link_to(scratch, f"schemas/{link}")
    linked = scratch.git("rev-parse", "HEAD")
    with pytest.raises(InvalidArgument, match=f"^schemas/{link.rstrip('@')} is a link or a submodule") as refused:
        review(scratch, base, linked)
    assert refused.value.reason == "LINK_NOT_FOLLOWED"
    if not link.endswith(".json@"):  # what takes it away can be reviewed
        assert review(scratch, linked, scratch.commit(files))[0] == 0


@pytest.mark.parametrize("link", ["schemas/examples", "schemas/examples/a.json", "schemas/examples/sub@", "other"])
def test_examples_may_be_links(scratch: Scratch, link: str) -> None:
    base = scratch.commit({"schemas/a.json": DOCUMENT})
    link_to(scratch, link)
    assert review(scratch, base, "HEAD")[0] == 0


def link_to(scratch: Scratch, path: str) -> None:
    """Commit a symbolic link, or a submodule where the path ends in `@`."""
    target = scratch.git("rev-parse", "HEAD" if path.endswith("@") else "HEAD:schemas/a.json")
    mode = "160000" if path.endswith("@") else "120000"
    scratch.git("update-index", "--add", "--cacheinfo", f"{mode},{target},{path.rstrip('@')}")
    scratch.git("commit", "-qm", "a link")


@pytest.mark.parametrize("folder", ["", ".", "./", "/", "a/.."])
def test_the_top_of_the_repository_is_no_folder_of_schemas(scratch: Scratch, folder: str) -> None:
    scratch.commit({"a.json": DOCUMENT})
    with pytest.raises(InvalidArgument, match="keep them in a folder"):
        review(scratch, "HEAD", "HEAD", "--schemas", folder)


@pytest.mark.parametrize("folder", ["../etc", "..", "schemas/../..", "a/../../b"])
def test_a_folder_outside_the_repository_is_none(scratch: Scratch, folder: str) -> None:
    scratch.commit({"schemas/a.json": DOCUMENT})
    with pytest.raises(InvalidArgument, match="There is no folder") as missing:
        review(scratch, "HEAD", "HEAD", "--schemas", folder)
    assert missing.value.reason == "NO_SUCH_FOLDER"


@pytest.mark.parametrize("folder", ["./schemas", "schemas//", "/schemas/", "x/../schemas/."])
def test_a_folder_can_be_named_in_several_ways(scratch: Scratch, folder: str) -> None:
    scratch.commit({"schemas/a.json": DOCUMENT})
    assert len(review(scratch, "HEAD", "HEAD", "--schemas", folder)[1]["schemas"]) == 1


def test_going_back_to_an_earlier_version_is_blocked(scratch: Scratch) -> None:
    scratch.commit({"schemas/a.json": DOCUMENT})
    base = scratch.commit({"schemas/a.json": DOCUMENT | {"version": "1.1.0", "title": "A"}})
    head = scratch.commit({"schemas/a.json": DOCUMENT})
    code, found = review(scratch, base, head)
    assert (code, [each["reason"] for each in found["blocked_because"]]) == (1, ["VERSION_LOWERED"])


@pytest.mark.parametrize("path", ["schemas/a.json", "schemas/moved/b.json"])
@pytest.mark.parametrize(
    ("document", "reasons"),
    [
        (DOCUMENT | {"properties": {"x": {"type": "string"}}}, ["PUBLISHED_VERSION_EDITED"]),
        (DOCUMENT | {"version": "1.1.0", "properties": {"x": {"type": "string"}}}, ["HIGH_RISK"]),
        (DOCUMENT | {"version": "1.1.0", "title": "A"}, []),
    ],
)
def test_a_document_that_was_deleted_and_comes_back_is_judged_by_what_it_was(
    scratch: Scratch, path: str, document: dict[str, Any], reasons: list[str]
) -> None:
    other = {"schemas/z.json": DOCUMENT | {"$id": "z"}}
    scratch.commit(other | {"schemas/a.json": DOCUMENT})
    base = scratch.commit(other)
    _, found = review(scratch, base, scratch.commit(other | {path: document}))
    assert [each["reason"] for each in found["blocked_because"]] == reasons
    assert found["schemas"][0 if path < "schemas/z" else 1]["from"] == "1.0.0"


def parted(scratch: Scratch, fork: dict[str, Any], base: dict[str, Any], head: dict[str, Any]) -> tuple[int, Any]:
    """The review of `head`, where the target branch went from `fork` to `base` meanwhile."""
    scratch.commit(fork)
    scratch.git("checkout", "-qb", "work")
    scratch.commit(head)
    scratch.git("checkout", "-qf", "main")
    scratch.commit(base)
    return review(scratch, "main", "work")


def test_a_file_that_the_base_got_meanwhile_with_the_same_id_is_a_duplicate(scratch: Scratch) -> None:
    fork = {"schemas/z.json": DOCUMENT | {"$id": "z"}}
    both = fork | {"schemas/a.json": DOCUMENT}, fork | {"schemas/b.json": DOCUMENT}
    code, found = parted(scratch, fork, *both)
    assert (code, [each["reason"] for each in found["blocked_because"]]) == (1, ["DUPLICATE_ID"])
    assert "schemas/b.json and schemas/a.json both state the id a." in found["blocked_because"][0]["text"]
    assert "former_path" not in found["schemas"][0]


def test_a_moved_file_that_the_base_has_edited_meanwhile_is_reviewed_as_it_will_be(scratch: Scratch) -> None:
    fork, base = {"schemas/a.json": DOCUMENT}, {"schemas/a.json": DOCUMENT | {"version": "1.1.0", "title": "A"}}
    code, found = parted(scratch, fork, base, {"schemas/b.json": DOCUMENT})
    (moved,) = found["schemas"]
    assert (code, moved["status"], moved["from"], moved["to"]) == (0, "renamed", "1.1.0", "1.1.0")


def test_a_file_that_the_base_has_moved_meanwhile_is_no_duplicate(scratch: Scratch) -> None:
    edited = {"schemas/a.json": DOCUMENT | {"version": "1.1.0", "title": "A"}}
    assert parted(scratch, {"schemas/a.json": DOCUMENT}, {"schemas/b.json": DOCUMENT}, edited)[0] == 0


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


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"])
def test_the_repository_that_is_named_counts_and_not_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """git sets such variables in hooks and aliases."""
    for name in ("named", "other"):
        (tmp_path / name).mkdir()
    scratch, other = Scratch(tmp_path / "named"), Scratch(tmp_path / "other")
    other.commit({"schemas/b.json": DOCUMENT})
    base, head = scratch.commit({"schemas/a.json": DOCUMENT}), scratch.commit({"schemas/a.json": "{"})
    below = {"GIT_WORK_TREE": "", "GIT_OBJECT_DIRECTORY": ".git/objects"}.get(variable, ".git")
    monkeypatch.setenv(variable, str(tmp_path / "other" / below))
    monkeypatch.chdir(tmp_path / "other")
    code, found = review(scratch, base, head)
    assert (code, [each["path"] for each in found["schemas"]]) == (1, ["schemas/a.json"])


@pytest.mark.parametrize("variable", ["GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_NOGLOB_PATHSPECS"])
def test_how_the_environment_would_read_paths_does_not_matter(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    base, head = scratch.commit({"schemas/a.json": DOCUMENT}), scratch.commit({"schemas/a.json": "{"})
    monkeypatch.setenv(variable, "1")
    assert review(scratch, base, head)[0] == 1


def test_a_repository_of_another_user_is_refused_with_its_remedy(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = scratch.commit({"schemas/a.json": DOCUMENT})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own, for its tests
    remedy = f"git config --global --add safe.directory {scratch.directory}"
    with pytest.raises(NoHistory, match=re.escape(remedy)) as refused:
        review(scratch, base, "HEAD")
    assert refused.value.reason == "NOT_TRUSTED"


CONSUMER = """
name: etl
team: data
contact: "@org/data"
language: python
reads:
"""


@pytest.mark.parametrize(
    ("reads", "note"),
    [
        ("{schema: aa}", 'There is no schema aa. Is "a" meant?'),
        ("{schema: zzzz}", "There is no schema zzzz."),
        ("{schema: a, fields: [y]}", 'a has no field "y".'),
        ("{schema: a, fields: [x, xx]}", 'a has no field "xx". Is "x" meant?'),
        ("{schema: a, versions: ^11}", 'a has no version in the range "^11"; its latest: 1.0.0.'),
        ("{schema: a, versions: ^0}", 'a has no version in the range "^0"; its latest: 1.0.0.'),
        (
            "{schema: a, versions: '>=2.0.0 <1.0.0'}",
            'a has no version in the range ">=2.0.0 <1.0.0"; its latest: 1.0.0.',
        ),
        ("{schema: a, fields: [x.y]}", 'a has no field "x.y". Write x: its members count with it.'),
    ],
)
def test_a_slip_in_a_declaration_is_noted(scratch: Scratch, reads: str, note: str) -> None:
    files = {"schemas/a.json": DOCUMENT, "schemas/consumers/etl.yaml": f"{CONSUMER}  - {reads}\n"}
    base = scratch.commit(files)
    head = scratch.commit(files | {"schemas/b.json": DOCUMENT | {"$id": "b"}})
    code, found = review(scratch, base, head)
    assert (code, found["blocked_because"]) == (0, [])
    assert found["notes"] == [{"path": "schemas/consumers/etl.yaml", "text": note}]
    asked = ["review", "--base", base, "--head", head, "--repo", str(scratch.directory), "--format"]
    assert f"note: schemas/consumers/etl.yaml: {note}\n" in CliRunner().invoke(app, [*asked, "text"]).stdout
    assert "- note: `schemas/consumers/etl.yaml`: " in CliRunner().invoke(app, [*asked, "markdown"]).stdout


def test_a_slip_that_the_change_brings_into_a_declaration_is_noted(scratch: Scratch) -> None:
    files = {"schemas/a.json": DOCUMENT, "schemas/consumers/etl.yaml": f"{CONSUMER}  - {{schema: a}}\n"}
    base = scratch.commit(files)
    slip = scratch.commit(files | {"schemas/consumers/etl.yaml": f"{CONSUMER}  - {{schema: a, fields: [xx]}}\n"})
    assert [each["text"] for each in review(scratch, base, slip)[1]["notes"]] == ['a has no field "xx". Is "x" meant?']
    assert review(scratch, slip, base)[1]["notes"] == []


@pytest.mark.parametrize(
    "reads", ["{schema: a}", "{schema: a, fields: [x, n]}", "{schema: b}", "{schema: a, versions: ^0, fields: [z]}"]
)
def test_a_declaration_without_a_slip_gets_no_note(scratch: Scratch, reads: str) -> None:
    """What HEAD adds counts; fields of a version that neither side has aren't known."""
    scratch.commit({"schemas/a.json": DOCUMENT | {"version": "0.9.0"}})
    files: dict[str, Any] = {"schemas/a.json": DOCUMENT | {"properties": {"x": {}, "n": {}}}}
    base = scratch.commit(files)
    files |= {"schemas/b.json": DOCUMENT | {"$id": "b"}, "schemas/consumers/etl.yaml": f"{CONSUMER}  - {reads}\n"}
    assert review(scratch, base, scratch.commit(files))[1]["notes"] == []


def test_a_removed_schema_names_who_declares_that_they_read_it(scratch: Scratch) -> None:
    files = {"schemas/a.json": DOCUMENT, "schemas/consumers/etl.yaml": f"{CONSUMER}  - {{schema: a, fields: [x]}}\n"}
    base = scratch.commit(files)
    _, found = review(scratch, base, scratch.commit({**files, "schemas/a.json": DOCUMENT | {"$id": "b"}}))
    removed = next(each for each in found["schemas"] if each["status"] == "removed")
    assert [(each["name"], each["breaks"], each["reads"]) for each in removed["consumers"]] == [("etl", None, ["x"])]
    assert removed["consumers"][0]["why"] == "It reads a, which is removed: there will be no newer version."


@pytest.mark.parametrize(
    "path", ["schemas/b.JSON", "schemas/sub/b.jsonc", "schemas/b.yaml", "schemas/sub/consumers/b.yml"]
)
def test_a_file_that_looks_like_a_document_and_is_not_read_is_noted(scratch: Scratch, path: str) -> None:
    files = {"schemas/a.json": DOCUMENT, "schemas/README.md": "x", "schemas/meta/m.yaml": "x"}
    base = scratch.commit(files)
    code, found = review(scratch, base, scratch.commit({**files, path: "{"}))
    assert (code, [each["path"] for each in found["notes"]]) == (0, [path])
    assert found["notes"][0]["text"].startswith("It isn't read: documents end in .json")


def test_a_retracted_version_that_git_went_back_from_is_called_that(scratch: Scratch) -> None:
    state = "id: a\nversion: 99.0.0\nstate: retracted\nreason: a slip\n"
    scratch.commit({"schemas/a.json": DOCUMENT})
    base = scratch.commit({"schemas/a.json": DOCUMENT | {"version": "99.0.0"}, "schemas/states/a.yaml": state})
    head = scratch.commit({"schemas/a.json": DOCUMENT | {"version": "1.0.1"}, "schemas/states/a.yaml": state})
    (note,) = review(scratch, base, head)[1]["notes"]
    assert note["text"].startswith("Git went back from a 99.0.0. Where the registry doesn't have it")


def test_what_is_not_committed_is_not_reviewed_and_a_note_says_so(scratch: Scratch) -> None:
    scratch.commit(CASES["int32_to_int64_as_minor"]["before"])
    asked = ["review", "--base", "HEAD", "--repo", str(scratch.directory)]
    assert "committed" not in CliRunner().invoke(app, asked).stderr
    (scratch.directory / "schemas/trades.json").write_text("{", "utf-8")
    ended = CliRunner().invoke(app, asked)
    assert (ended.exit_code, "isn't committed in schemas" in ended.stderr) == (0, True)
    assert "committed" not in CliRunner().invoke(app, [*asked, "--head", "main"]).stderr


def test_the_text_shows_edits_that_would_be_compatible(scratch: Scratch) -> None:
    case = CASES["int32_to_int64_as_minor"]
    base = scratch.commit(case["before"])
    scratch.commit(case["after"])
    shown = CliRunner().invoke(app, ["review", "--base", base, "--repo", str(scratch.directory)]).stdout
    (first, *_) = case["review"]["schemas"][0]["suggestions"]
    assert first["text"] in shown
    assert all(f"    {line}".rstrip() in shown for line in first["diff"])
