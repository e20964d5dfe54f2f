"""A review on its pull request: the one comment, and the check run, on an API that is held to GitHub's description."""

import json
import re
from typing import Any

import pytest

from schemaregistry.bot.review_markdown import MARK, length
from schemaregistry.errors import InvalidArgument, NotFound, PermissionDenied, Unauthenticated, Unavailable
from tests.integration.bot.conftest import PULL, Branch
from tests.support.github_server import ALL, Account, GitHubServer, Pull

PATH = "schemas/trades.json"


def trades(version: str = "1.0.0", size: str = "int32", **members: Any) -> dict[str, Any]:
    """A document with a column `size`."""
    return {
        "$id": "trades",
        "version": version,
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "required": ["size"],
        "arrow": {"fields": [{"name": "size", "type": {"name": size}, "nullable": False}]},
        **members,
    }


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """The head of the same blocked change, and its review."""
    branch = Branch(tmp_path_factory.mktemp("reviewed") / "git", GitHubServer())
    head = branch.open({PATH: trades()}, {PATH: trades("1.1.0", "int64")})
    branch.review()
    return head, branch.file.read_bytes()


@pytest.fixture
def opened(branch: Branch, github: GitHubServer, reviewed: tuple[str, bytes]) -> Branch:
    """A pull request with a blocked change that is reviewed, and not commented on yet."""
    head, review = reviewed
    github.pulls[PULL] = Pull(head)
    branch.file.write_bytes(review)
    return branch


def text(github: GitHubServer) -> str:
    (body,) = github.marked
    return body


def test_a_blocked_change_gets_a_comment_and_an_annotation_at_its_line(branch: Branch, github: GitHubServer) -> None:
    head = branch.open({PATH: trades()}, {PATH: trades("1.1.0", "int64")})
    assert branch.review() == 1
    assert branch.comment() == (
        0,
        "Blocked: put the comment and the check run 'schema review' on pull request 7.\n",
    )
    first, second = text(github).splitlines()[:2]
    assert (first, second) == (MARK, "**Blocked: incompatible**, risk **high**, takes a **major** version")
    assert "`int32` → `int64`" in text(github)
    assert head[:12] in text(github)
    (check,) = github.checks
    assert (check["head_sha"], check["conclusion"]) == (head, "failure")
    lines = json.dumps(trades("1.1.0", "int64"), indent=2).splitlines()
    found = {each["title"]: each for each in check["annotations"]}
    assert lines[found["HIGH_RISK"]["start_line"] - 1] == '  "version": "1.1.0",'
    widened = found["incompatible: /arrow/fields/0/type"]
    line = lines[widened["start_line"] - 1]
    assert line[widened["start_column"] - 1 : widened["end_column"]] == '"type": {'
    assert (widened["path"], widened["annotation_level"]) == (PATH, "failure")


def test_a_path_that_is_not_utf8_is_escaped_and_posted(branch: Branch, github: GitHubServer) -> None:
    name = b"schemas/caf\xe9.json".decode(errors="surrogateescape")
    branch.open({PATH: trades()}, {PATH: trades(), name: "{"})
    assert branch.review() == 1
    assert branch.comment()[0] == 0
    assert r"`schemas/caf\xe9.json` BROKEN_DOCUMENT" in text(github)
    assert [each["path"] for each in github.checks[0]["annotations"]] == [r"schemas/caf\xe9.json"]


def test_a_fix_updates_the_same_comment_and_turns_the_check_green(branch: Branch, github: GitHubServer) -> None:
    branch.open({PATH: trades()}, {PATH: trades("1.1.0", "int64")})
    branch.review()
    branch.comment()
    (before,) = github.pulls[PULL].comments
    head = branch.push({PATH: trades("1.0.1", title="Trades")})
    assert branch.review() == 0
    branch.comment()
    (after,) = github.pulls[PULL].comments
    assert after["id"] == before["id"]
    assert after["body"].splitlines()[1] == "**Passes: compatible**, risk **none**, takes a **patch** version"
    assert [(each["head_sha"], each["conclusion"]) for each in github.checks][1:] == [(head, "success")]


def test_the_same_review_again_changes_nothing(opened: Branch, github: GitHubServer) -> None:
    opened.comment()
    github.requests.clear()
    opened.comment()
    assert [line for line in github.requests if not line.startswith("GET")] == ["POST /repos/me/schemas/check-runs"]


def test_our_comment_is_found_on_a_later_page_and_another_accounts_is_left_alone(
    opened: Branch, github: GitHubServer
) -> None:
    theirs = github.say(PULL, "mallory", f"{MARK}\nAll is well.")["body"]
    for number in range(230):
        github.say(PULL, "bob", f"comment {number}")
    github.say(PULL, "github-actions[bot]", f"{MARK}\nan older review")
    opened.comment()
    bodies = github.marked
    assert len(bodies) == 232
    assert bodies[0] == theirs
    assert bodies[-1].splitlines()[1].startswith("**Blocked")


def test_two_runs_at_once_leave_one_comment(opened: Branch, github: GitHubServer) -> None:
    other = f"{MARK}\nby the other run"

    def other_run(line: str) -> None:
        # The other run writes its comment after this one has looked, and before it writes.
        if line.startswith("POST /repos/me/schemas/issues/"):
            github.before = lambda line: None
            github.say(PULL, "github-actions[bot]", other)

    github.before = other_run
    opened.comment()
    assert text(github).splitlines()[1].startswith("**Blocked")


def test_a_comment_that_somebody_deletes_meanwhile_is_written_anew(opened: Branch, github: GitHubServer) -> None:
    github.say(PULL, "github-actions[bot]", f"{MARK}\nan older review")

    def deleted(line: str) -> None:
        if line.startswith("PATCH"):
            github.pulls[PULL].comments.clear()

    github.before = deleted
    opened.comment()
    assert text(github).splitlines()[1].startswith("**Blocked")


def test_a_review_of_an_older_commit_is_not_posted(opened: Branch, github: GitHubServer) -> None:
    github.pulls[PULL].head = "0" * 40
    code, said = opened.comment()
    assert (code, github.marked, github.checks) == (0, [], [])
    assert "has moved on" in said


def test_a_pull_request_of_a_fork_is_the_same(opened: Branch, github: GitHubServer) -> None:
    github.pulls[PULL].head_repository = "mallory/schemas"
    opened.comment()
    assert text(github).startswith(MARK)
    assert len(github.checks) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_are_tried_again(opened: Branch, github: GitHubServer, status: int) -> None:
    github.forced += [("POST .*/comments", status, {}, "<html>"), ("GET .*/pulls", status, {}, {"message": "x"})]
    assert opened.comment()[0] == 0
    assert text(github).startswith(MARK)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {}),
        (429, {"Retry-After": "0"}),
        (403, {"Retry-After": "1"}),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}),
    ],
)
def test_secondary_limits_are_waited_for(
    opened: Branch, github: GitHubServer, status: int, headers: dict[str, str]
) -> None:
    github.forced.append(
        ("POST .*/check-runs", status, headers, {"message": "You have exceeded a secondary rate limit"})
    )
    assert opened.comment()[0] == 0
    assert len(github.checks) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_other_refusals_are_not_tried_again(opened: Branch, github: GitHubServer, status: int) -> None:
    github.forced.append(("POST .*/comments", status, {}, {"message": "no"}))
    with pytest.raises((InvalidArgument, NotFound, PermissionDenied)):
        opened.comment()
    assert sum(line.startswith("POST") and line.endswith("/comments") for line in github.requests) == 1


def test_a_limit_that_lasts_is_said_with_its_end(opened: Branch, github: GitHubServer) -> None:
    ends = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}
    github.forced.append(("GET .*/pulls", 403, ends, {"message": "API rate limit exceeded"}))
    with pytest.raises(Unavailable, match="rate limit is reached") as refused:
        opened.comment()
    assert refused.value.reason == "RATE_LIMITED"


def test_an_api_that_fails_for_good_is_said(opened: Branch, github: GitHubServer) -> None:
    github.forced += [("GET .*/pulls", 500, {}, "")] * 9
    with pytest.raises(Unavailable, match="4 times"):
        opened.comment()


@pytest.mark.parametrize(
    ("lacking", "error", "said"),
    [
        ("pull-requests: write", PermissionDenied, "pull-requests: write"),
        ("pull-requests: read", NotFound, "pull-requests: read"),
        ("checks: write", PermissionDenied, "checks: write"),
    ],
)
def test_a_missing_right_is_named(
    opened: Branch, github: GitHubServer, lacking: str, error: type[Exception], said: str
) -> None:
    github.tokens["app"] = Account("github-actions[bot]", "github-actions", ALL - {lacking})
    with pytest.raises(error, match=said):
        opened.comment()


def test_a_person_comments_without_a_check_run(
    opened: Branch, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "mine")
    with pytest.raises(PermissionDenied, match="token of an app"):
        opened.comment()
    assert opened.comment("--no-check")[0] == 0
    assert [each["user"]["login"] for each in github.pulls[PULL].comments] == ["me"]


@pytest.mark.parametrize(
    ("token", "error"), [("wrong", Unauthenticated), ("", InvalidArgument), ("a\nb", InvalidArgument)]
)
def test_a_token_that_is_none_is_said(
    opened: Branch, monkeypatch: pytest.MonkeyPatch, token: str, error: type[Exception]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    with pytest.raises(error):
        opened.comment()


@pytest.mark.parametrize("api", ["http://evil.example", "ftp://x", "", "https://", "http://127.0.0.1.evil.example/"])
def test_a_token_goes_over_tls_or_within_the_machine(opened: Branch, api: str) -> None:
    with pytest.raises(InvalidArgument, match="no address"):
        opened.comment("--api", api)


def test_nobody_there_is_said(opened: Branch) -> None:
    with pytest.raises(Unavailable, match="No GitHub that can be reached"):
        opened.comment("--api", "http://127.0.0.1:9/")


def test_many_annotations_go_fifty_at_a_time(branch: Branch, github: GitHubServer) -> None:
    before = {"$id": "wide", "version": "1.0.0", "type": "object"}
    sides = [{f"f{number}": {"type": kind} for number in range(120)} for kind in ("integer", "string")]
    branch.open(*({"schemas/wide.json": {**before, "properties": each}} for each in sides))
    branch.review()
    branch.comment()
    (check,) = github.checks
    assert len(check["annotations"]) > 100
    assert len([line for line in github.requests if line.startswith("PATCH") and "check-runs" in line]) >= 2


HOSTILE = "@everyone </details> ::error:: [x](http://evil.example) #1 deadbeefcafe \u202e `"


def test_a_hostile_document_is_shown_and_does_nothing(branch: Branch, github: GitHubServer) -> None:
    before = {"$id": "a", "version": "1.0.0", "title": "A", "type": "object"}
    after = before | {
        "title": HOSTILE,
        "description": f"{HOSTILE} {'x' * 60_000}",
        "properties": {HOSTILE: {"enum": [HOSTILE, "\n::error::"]}},
        "required": [HOSTILE],
    }
    branch.open({"schemas/a.json": before}, {"schemas/a.json": after})
    branch.review()
    branch.comment()
    body = text(github)
    assert length(body) <= 65_536
    outside = re.sub(r"(`+).*?\1", "", body.removeprefix(MARK), flags=re.DOTALL)
    for acting in ("@everyone", "</details>", "::error", "evil.example", "#1", "deadbeef", "<"):
        assert acting not in outside
    assert "\u202e" not in body
    assert not [each for each in github.checks[0]["annotations"] if each["message"].lstrip().startswith("::")]


def test_a_comment_too_long_says_what_is_left_out_and_where(branch: Branch, github: GitHubServer) -> None:
    before = {f"schemas/s{number}.json": {**trades(), "$id": f"s{number}"} for number in range(120)}
    after = {path: {**each, "version": "1.1.0", "required": ["size", "x" * 150]} for path, each in before.items()}
    branch.open(before, after)
    branch.review()
    branch.comment("--rest", "https://example.com/runs/1")
    assert length(text(github)) <= 65_536
    assert re.search(r"\*\*\d+ more\*\* schemas in \[the whole review\]\(https://example.com/runs/1\)", text(github))


def test_only_a_review_is_posted(opened: Branch, github: GitHubServer) -> None:
    sound = json.loads(opened.file.read_text())
    forged: list[tuple[str, Any]] = [
        ("extra", 1),
        ("base", "main"),
        ("head", "<!-- -->"),
        ("risk", "@everyone"),
        ("verdict", ["x"]),
        ("blocked", False),
        ("schemas", [sound["schemas"][0] | {"status": "**x**"}]),
        ("schemas", [sound["schemas"][0] | {"stated_bump": "<img>"}]),
        ("schemas", [sound["schemas"][0] | {"places": {"": {"line": 0, "column": 1, "end_column": 1}}}]),
    ]
    for name, value in forged:
        opened.file.write_text(json.dumps(sound | {name: value}))
        with pytest.raises(InvalidArgument) as refused:
            opened.comment()
        assert refused.value.reason == "BAD_REVIEW"
    assert (github.marked, github.checks) == ([], [])


@pytest.mark.parametrize("rest", ["javascript:x", "https://a.example) @everyone (", "https://x`"])
def test_the_page_with_the_rest_is_an_address(opened: Branch, rest: str) -> None:
    with pytest.raises(InvalidArgument, match="no address of a page"):
        opened.comment("--rest", rest)


def test_a_pull_request_that_is_not_there_is_said(opened: Branch, github: GitHubServer) -> None:
    github.pulls = {8: Pull("0" * 40)}
    with pytest.raises(NotFound, match="Is the name right"):
        opened.comment()
