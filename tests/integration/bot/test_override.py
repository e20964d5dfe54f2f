"""What lets a blocked change pass: a code owner's label on its head, approval by a consumer's owner, nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.errors import InvalidArgument, NotFound
from tests.integration.bot.conftest import PULL, Branch
from tests.support.github_server import ALL, Account, GitHubServer

PATH = "schemas/trades.json"
GITHUB = ("--github", "me/schemas", "--pull", str(PULL))
PUSHED, LABELED, LATER = "2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z", "2026-11-01T12:00:00Z"
LOADER = """
name: loader
team: quants
contact: "@carol"
language: cpp
reads:
  - schema: trades
    how: typed_header
"""


def trades(version: str, size: str) -> dict[str, Any]:
    return {
        "$id": "trades",
        "version": version,
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "required": ["size"],
        "arrow": {"fields": [{"name": "size", "type": {"name": size}, "nullable": False}]},
    }


BEFORE = {PATH: trades("1.0.0", "int32"), ".github/CODEOWNERS": "/schemas/ @Alice @me/data-owners dora@example.com\n"}
AFTER = {**BEFORE, PATH: trades("1.1.0", "int64")}
MAJOR = {**BEFORE, PATH: trades("2.0.0", "int64")}


class Reviewed(Branch):
    """A pull request whose head was pushed at PUSHED."""

    def opened(self, before: dict[str, Any], after: dict[str, Any], repository: str = "me/schemas") -> "Reviewed":
        head = self.open(before, after, head_repository=repository)
        self.github.pushed(head, PUSHED, repository)
        return self

    def judged(self, *words: str) -> dict[str, Any]:
        code = self.review(*(words or GITHUB))
        found: dict[str, Any] = json.loads(self.file.read_text("utf-8"))
        assert code == found["blocked"]
        return found


@pytest.fixture
def branch(tmp_path: Path, github: GitHubServer) -> Reviewed:
    return Reviewed(tmp_path / "git", github)


def notes(found: dict[str, Any]) -> str:
    return "\n".join(each["text"] for each in found["notes"])


def test_a_code_owners_label_lets_a_change_pass_and_the_comment_says_so(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    found = branch.judged()
    assert (found["blocked"], found["overridden_by"]) == (False, "alice")
    assert [(each["reason"], each["lifted_by"]) for each in found["blocked_because"]] == [("HIGH_RISK", "alice")]
    branch.comment()
    (body,) = github.marked
    assert body.splitlines()[1].startswith("**Overridden: incompatible**")
    assert "Overridden by the code owner `alice`, by the label `schema-override`." in body
    assert github.checks[0]["conclusion"] == "neutral"


def test_a_label_by_somebody_else_is_refused_and_said(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.teams["data-owners"] = {}
    github.label(PULL, "mallory", LABELED)
    found = branch.judged()
    assert (found["blocked"], found["overridden_by"]) == (True, None)
    assert "mallory set the label schema-override, and isn't a code owner of schemas/trades.json" in notes(found)
    branch.comment()
    assert "`mallory` set" not in github.marked[0]
    assert "isn't a code owner" in github.marked[0]


@pytest.mark.parametrize(("state", "blocked"), [("active", False), ("pending", True)])
def test_a_member_of_an_owning_team_is_an_owner(
    branch: Reviewed, github: GitHubServer, state: str, blocked: bool
) -> None:
    branch.opened(BEFORE, AFTER)
    github.teams["data-owners"] = {"bob": state}
    github.label(PULL, "bob", LABELED)
    assert branch.judged()["blocked"] is blocked


def test_an_owner_may_be_named_by_the_address_of_their_profile(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.teams["data-owners"] = {}
    github.emails = {"dora-d": "Dora@example.com", "eve": "eve@example.com"}
    github.label(PULL, "dora-d", LABELED)
    assert branch.judged()["overridden_by"] == "dora-d"
    github.label(PULL, "eve", LATER)
    assert branch.judged()["blocked"]


def test_a_team_that_the_token_may_not_see_is_said(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.teams["data-owners"] = {"bob": "active"}
    github.tokens["app"] = Account("github-actions[bot]", "github-actions", ALL - {"members: read"})
    github.label(PULL, "bob", LABELED)
    found = branch.judged()
    assert found["blocked"]
    assert "can't be told" in notes(found)


def test_a_label_that_was_set_before_the_last_push_does_not_count(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    head = branch.push({**AFTER, PATH: trades("1.2.0", "int64")})
    # The commit's own dates say nothing: whoever commits may choose them.
    github.pushed(head, LATER)
    found = branch.judged()
    assert found["blocked"]
    assert "commits were pushed after it was set" in notes(found)


def test_a_commit_that_another_branch_had_before_counts_from_when_this_one_got_it(
    branch: Reviewed, github: GitHubServer
) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    head = branch.push({**AFTER, PATH: trades("1.2.0", "int64")})
    github.pushed(head, PUSHED, ref="refs/heads/other")
    assert branch.judged()["blocked"]


def test_a_push_that_github_does_not_tell_yet_voids_the_label(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    branch.push({**AFTER, PATH: trades("1.2.0", "int64")})
    found = branch.judged()
    assert found["blocked"]
    assert "when its head was pushed can't be told" in notes(found)


def test_a_review_of_another_commit_than_the_head_is_not_overridden(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    asked = ["--head", branch.github.pulls[PULL].head]
    branch.github.pulls[PULL].head = branch.git.commit({**AFTER, PATH: trades("1.2.0", "int64")})
    github.pushed(branch.github.pulls[PULL].head, PUSHED)
    found = branch.judged(*GITHUB, *asked)
    assert found["blocked"]
    assert "isn't the commit that is reviewed" in notes(found)


def test_a_label_that_was_taken_away_and_one_that_was_renamed_to_it_do_not_count(
    branch: Reviewed, github: GitHubServer
) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    github.label(PULL, "alice", LATER, "unlabeled")
    assert branch.judged()["blocked"]
    github.pulls[PULL].labels = ["schema-override"]  # another label got this name; no event says who set it
    assert branch.judged()["blocked"]


def test_the_last_who_set_the_label_counts(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.teams["data-owners"] = {}
    github.label(PULL, "alice", LABELED)
    github.label(PULL, "mallory", LATER)
    assert branch.judged()["blocked"]


@pytest.mark.parametrize("event", ["base_ref_changed", "automatic_base_change_succeeded", "base_ref_force_pushed"])
def test_a_change_of_the_base_voids_the_label(branch: Reviewed, github: GitHubServer, event: str) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    github.event(PULL, "alice", LATER, event)
    found = branch.judged()
    assert found["blocked"]
    assert "the base was changed" in notes(found)


def test_events_are_read_to_the_last_page(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    for _ in range(150):
        github.event(PULL, "bob", PUSHED, "closed")
    github.label(PULL, "alice", LABELED)
    assert not branch.judged()["blocked"]


def test_codeowners_counts_as_it_is_at_the_base(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, {**AFTER, ".github/CODEOWNERS": "* @mallory\n"})
    github.teams["data-owners"] = {}
    github.label(PULL, "mallory", LABELED)
    assert branch.judged()["blocked"]


def test_a_moved_document_needs_the_owner_of_both_its_places(branch: Reviewed, github: GitHubServer) -> None:
    owners = "/schemas/ @alice\n/schemas/mine/ @mallory\n"
    before = {PATH: trades("1.0.0", "int32"), "CODEOWNERS": owners}
    branch.opened(before, {"schemas/mine/trades.json": trades("1.1.0", "int64"), "CODEOWNERS": owners})
    github.label(PULL, "mallory", LABELED)
    found = branch.judged()
    assert found["blocked"]
    assert "isn't a code owner of schemas/trades.json" in notes(found)


def test_the_label_lifts_what_its_setter_owns_alone(branch: Reviewed, github: GitHubServer) -> None:
    owners = "/schemas/trades.json @alice\n/schemas/quotes.json @bob\n"
    quotes = "schemas/quotes.json"
    before = {PATH: trades("1.0.0", "int32"), quotes: trades("1.0.0", "int32") | {"$id": "quotes"}}
    after = {PATH: trades("1.1.0", "int64"), quotes: trades("1.1.0", "int64") | {"$id": "quotes"}}
    branch.opened({**before, "docs/CODEOWNERS": owners}, {**after, "docs/CODEOWNERS": owners})
    github.label(PULL, "alice", LABELED)
    found = branch.judged()
    assert found["blocked"]
    assert {each["id"]: each.get("lifted_by") for each in found["blocked_because"]} == {
        "trades": "alice",
        "quotes": None,
    }


def test_a_broken_document_is_never_let_through(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, {**BEFORE, PATH: "{"})
    github.label(PULL, "alice", LABELED)
    found = branch.judged()
    assert (found["blocked"], found["overridden_by"]) == (True, None)


def test_nobody_owns_where_there_is_no_codeowners(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened({PATH: BEFORE[PATH]}, {PATH: AFTER[PATH]})
    github.label(PULL, "alice", LABELED)
    found = branch.judged()
    assert found["blocked"]
    assert "names no owner of schemas/trades.json" in notes(found)


def test_a_fork_is_overridden_by_when_its_own_branch_was_pushed(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER, "mallory/schemas")
    github.label(PULL, "alice", LABELED)
    assert not branch.judged()["blocked"]
    github.private.add("mallory/schemas")
    found = branch.judged()
    assert found["blocked"]
    assert "can't be told" in notes(found)
    github.pulls[PULL].head_repository = ""
    assert branch.judged()["blocked"]
    github.faults.clear()  # the repository of a deleted fork is null, which the description doesn't have


def test_without_github_nothing_is_overridden(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(BEFORE, AFTER)
    github.label(PULL, "alice", LABELED)
    assert branch.judged("--format", "json")["blocked"]
    assert github.requests == []


def with_loader(files: dict[str, Any], text: str = LOADER) -> dict[str, Any]:
    return {**files, "schemas/consumers/loader.yaml": text}


@pytest.mark.parametrize("approver", ["Carol", "quentin"])
def test_a_consumers_contact_or_team_lets_it_break(branch: Reviewed, github: GitHubServer, approver: str) -> None:
    branch.opened(with_loader(BEFORE), with_loader(MAJOR))
    github.teams["quants"] = {"quentin": "active"}
    found = branch.judged()
    assert [each["reason"] for each in found["blocked_because"]] == ["CONSUMER_BREAKS"]
    github.approve(PULL, approver)
    found = branch.judged()
    assert not found["blocked"]
    assert (found["blocked_because"][0]["lifted_by"], found["overridden_by"]) == (approver, None)
    branch.comment()
    assert f"Let through by `{approver}`." in github.marked[0]


def test_a_team_may_be_declared_by_its_name_as_github_shows_it(branch: Reviewed, github: GitHubServer) -> None:
    named = LOADER.replace("team: quants", "team: Quant Research (EU)")
    branch.opened(with_loader(BEFORE, named), with_loader(MAJOR, named))
    github.teams["quant-research-eu"] = {"quentin": "active"}
    github.approve(PULL, "quentin")
    assert not branch.judged()["blocked"]


def test_approval_counts_for_that_consumer_alone(branch: Reviewed, github: GitHubServer) -> None:
    other = {
        "schemas/consumers/other.yaml": LOADER.replace("loader", "other")
        .replace("@carol", "@dan")
        .replace("quants", "dans")
    }
    branch.opened(with_loader(BEFORE) | other, with_loader(MAJOR) | other)
    github.approve(PULL, "carol")
    found = branch.judged()
    assert [each.get("lifted_by") for each in found["blocked_because"]] == ["carol", None]


def test_a_consumers_approval_lifts_nothing_else(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(with_loader(BEFORE), with_loader(AFTER))
    github.approve(PULL, "carol")
    found = branch.judged()
    assert [(each["reason"], each.get("lifted_by")) for each in found["blocked_because"]] == [
        ("HIGH_RISK", None),
        ("CONSUMER_BREAKS", "carol"),
    ]


@pytest.mark.parametrize("state", ["COMMENTED", "CHANGES_REQUESTED", "DISMISSED", "PENDING"])
def test_only_an_approval_is_one(branch: Reviewed, github: GitHubServer, state: str) -> None:
    branch.opened(with_loader(BEFORE), with_loader(MAJOR))
    github.approve(PULL, "carol", state)
    assert branch.judged()["blocked"]


def test_the_last_word_counts_and_only_on_the_head(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(with_loader(BEFORE), with_loader(MAJOR))
    github.approve(PULL, "carol", commit="0" * 40)
    assert branch.judged()["blocked"]
    github.approve(PULL, "carol")
    github.approve(PULL, "carol", "COMMENTED")
    assert not branch.judged()["blocked"]
    github.approve(PULL, "carol", "CHANGES_REQUESTED")
    assert branch.judged()["blocked"]


def test_a_change_of_the_base_voids_approvals(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(with_loader(BEFORE), with_loader(MAJOR))
    github.approve(PULL, "carol", at=LABELED)
    assert not branch.judged()["blocked"]
    github.event(PULL, "mallory", LATER, "base_ref_changed")
    assert branch.judged()["blocked"]
    github.approve(PULL, "carol", at="2026-11-01T12:00:01Z")
    assert not branch.judged()["blocked"]


def test_a_consumers_owner_counts_as_declared_at_the_base(branch: Reviewed, github: GitHubServer) -> None:
    branch.opened(with_loader(BEFORE), with_loader(MAJOR, LOADER.replace("@carol", "@mallory")))
    github.approve(PULL, "mallory")
    assert branch.judged()["blocked"]


def test_half_of_the_options_and_a_pull_request_that_is_not_there_are_said(
    branch: Reviewed, github: GitHubServer
) -> None:
    branch.opened(BEFORE, AFTER)
    with pytest.raises(InvalidArgument, match="Give both"):
        branch.review("--pull", "7")
    with pytest.raises(NotFound, match="pull-requests: read"):
        branch.review("--github", "me/schemas", "--pull", "8")
