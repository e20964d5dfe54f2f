"""`schemaregistry bot fetch-review`: the review that a run left, and the pull request that the run was for."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.bot import workflow_artifact
from schemaregistry.errors import RegistryError
from tests.integration.bot.conftest import PULL, Branch, run
from tests.support.github_server import GitHubServer, Pull, Run

RUN = 3
BEFORE = {"schemas/ticks_v1.json": {"$id": "ticks_v1", "version": "1.0.0", "type": "object"}}
AFTER = {"schemas/ticks_v1.json": {"$id": "ticks_v1", "version": "1.1.0", "type": "object", "title": "Ticks"}}
FORK = {"head_repository": "someone/fork", "head_ref": "change"}


def archive(**files: bytes) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, raw in files.items():
            opened.writestr(name, raw)
    return written.getvalue()


def packed(raw: bytes) -> bytes:
    return archive(**{"review.json": raw})


def reviewed(branch: Branch, **about: Any) -> Run:
    """Open a pull request, review it, and leave the review as the artifact of a run."""
    head = branch.open(BEFORE, AFTER, **about)
    assert branch.review() == 0
    made = Run(head, "change", about.get("head_repository", "me/schemas"))
    made.artifacts.append(("schema-review", packed(branch.file.read_bytes())))
    branch.github.runs[RUN] = made
    return made


def fetch(path: Path, *words: str) -> tuple[int, str]:
    return run("fetch-review", "--github", "me/schemas", "--run", str(RUN), "-o", str(path), *words)


def refusal(path: Path) -> str:
    with pytest.raises(RegistryError) as refused:
        fetch(path)
    assert not path.exists()
    return refused.value.reason


@pytest.mark.parametrize("about", [{}, FORK], ids=["branch", "fork"])
def test_the_review_is_fetched_and_its_pull_request_named(branch: Branch, tmp_path: Path, about: Any) -> None:
    reviewed(branch, **about)
    assert fetch(tmp_path / "fetched.json") == (0, f"{PULL}\n")
    assert (tmp_path / "fetched.json").read_bytes() == branch.file.read_bytes()


def test_a_run_that_was_started_again_has_the_newest_review(branch: Branch, tmp_path: Path) -> None:
    run = reviewed(branch)
    run.artifacts.insert(0, ("schema-review", packed(b"{}")))
    run.artifacts.append(("another", packed(b"{}")))
    assert fetch(tmp_path / "fetched.json") == (0, f"{PULL}\n")


def test_a_pull_request_that_moved_on_gets_nothing(branch: Branch, tmp_path: Path) -> None:
    reviewed(branch)
    branch.github.pulls[PULL].head = "f" * 40
    code, text = fetch(tmp_path / "fetched.json")
    assert code == 0
    assert "No open pull request has the head" in text


def test_a_pull_request_of_another_fork_of_the_same_owner_gets_nothing(branch: Branch, tmp_path: Path) -> None:
    run = reviewed(branch, **FORK)
    run.repository = "someone/other"
    assert "No open pull request" in fetch(tmp_path / "fetched.json")[1]


def test_of_two_pull_requests_with_one_head_the_reviewed_base_decides(branch: Branch, tmp_path: Path) -> None:
    run = reviewed(branch)
    branch.github.pulls[PULL + 1] = Pull(run.head, "release", base_sha=branch.base)
    assert fetch(tmp_path / "fetched.json") == (0, f"{PULL + 1}\n")
    branch.github.pulls[PULL].base_sha = branch.base
    (tmp_path / "fetched.json").unlink()
    assert refusal(tmp_path / "fetched.json") == "WRONG_REVIEW"


def test_a_review_of_another_commit_is_refused(branch: Branch, tmp_path: Path) -> None:
    """What a fork's run says of another pull request's head is never posted there."""
    run = reviewed(branch)
    branch.github.pulls[PULL + 1] = Pull("e" * 40)
    run.head = "e" * 40
    assert refusal(tmp_path / "fetched.json") == "WRONG_REVIEW"


def test_a_run_of_another_event_is_refused(branch: Branch, tmp_path: Path) -> None:
    reviewed(branch).event = "push"
    assert refusal(tmp_path / "fetched.json") == "WRONG_RUN"


def test_a_run_that_left_no_review_is_told(branch: Branch, tmp_path: Path) -> None:
    reviewed(branch).artifacts.clear()
    assert refusal(tmp_path / "fetched.json") == "NO_ARTIFACT"


def encrypted() -> bytes:
    raw = bytearray(packed(b"{}"))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(mark) + at] |= 1
    return bytes(raw)


def damaged() -> bytes:
    raw = bytearray(packed(b"[" + b"1, " * 9999 + b"1]"))
    raw[60:70] = b"\xff" * 10
    return bytes(raw)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: b"", "BAD_ARTIFACT"),
        (lambda: b"no archive", "BAD_ARTIFACT"),
        (damaged, "BAD_ARTIFACT"),
        (encrypted, "BAD_ARTIFACT"),
        (lambda: archive(**{"../../review.json": b"{}"}), "BAD_ARTIFACT"),
        (lambda: archive(**{"review.json": b"{}", "another": b""}), "BAD_ARTIFACT"),
        (lambda: archive(**{"/etc/review.json": b"{}"}), "BAD_ARTIFACT"),
        (lambda: packed(b"{}"), "BAD_REVIEW"),
        (lambda: packed(b"\xff{"), "NOT_UTF8"),
        (lambda: packed(b"{"), "NOT_JSON"),
    ],
    ids=["empty", "no-zip", "damaged", "encrypted", "path", "two-files", "root", "no-review", "no-text", "no-json"],
)
def test_a_hostile_artifact_is_refused(branch: Branch, tmp_path: Path, made: Callable[[], bytes], reason: str) -> None:
    reviewed(branch).artifacts[0] = ("schema-review", made())
    assert refusal(tmp_path / "fetched.json") == reason
    assert sorted(each.name for each in tmp_path.iterdir()) == ["git", "review.json"]


def test_an_artifact_that_grows_when_unpacked_is_cut_off(
    branch: Branch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_artifact, "MOST", 100_000)
    reviewed(branch).artifacts[0] = ("schema-review", packed(b" " * 50_000_000))
    assert refusal(tmp_path / "fetched.json") == "TOO_LARGE"


def test_an_artifact_that_is_large_is_not_read_to_its_end(
    branch: Branch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_artifact, "MOST", 1000)
    reviewed(branch).artifacts[0] = ("schema-review", b"PK" * 100_000)
    assert refusal(tmp_path / "fetched.json") == "TOO_LARGE"


def test_a_token_that_may_not_read_runs_is_told_which_right_it_lacks(
    branch: Branch, github: GitHubServer, tmp_path: Path
) -> None:
    reviewed(branch)
    github.tokens["app"].rights -= {"actions: read"}
    with pytest.raises(RegistryError, match="actions: read"):
        fetch(tmp_path / "fetched.json")


def test_what_was_fetched_is_posted(branch: Branch, tmp_path: Path) -> None:
    reviewed(branch, **FORK)
    fetch(branch.file)
    assert json.loads(branch.file.read_text("utf-8"))["verdict"] == "compatible"
    assert branch.comment()[0] == 0
    assert len(branch.github.marked) == 1
