"""The shell scripts of the actions, run as the runner of GitHub runs them, with its files and variables."""

import json
import os
import subprocess
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.git_scratch import Scratch
from tests.support.github_server import GitHubServer, Pull, Run
from tests.support.workflow_files import ROOT, step

ACTION = ROOT / ".github/actions/schema-diff"
TICKS: dict[str, Any] = {
    "$id": "ticks_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"size": {"type": "integer", "minimum": 0, "maximum": 100}},
    "required": ["size"],
}


@dataclass(frozen=True)
class Job:
    """A job of GitHub Actions in a directory: its temporary folder, and the files that steps write to."""

    directory: Path

    def run(self, script: str, action: Path = ACTION, **env: str) -> tuple[int, str]:
        """Run a step's script; the exit code and the log."""
        own = {
            "RUNNER_TEMP": str(self.directory),
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_OUTPUT": str(self.directory / "output"),
            "GITHUB_STEP_SUMMARY": str(self.directory / "summary"),
            "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": "python3",
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        ended = subprocess.run(
            command,
            cwd=self.directory,
            env=own | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout

    def outputs(self) -> dict[str, str]:
        text = (self.directory / "output").read_text("utf-8")
        return dict(line.split("=", 1) for line in text.splitlines())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    directory = tmp_path / "job"
    directory.mkdir()
    return Job(directory)


def review(job: Job, before: dict[str, Any], after: dict[str, Any], **env: str) -> tuple[int, str]:
    directory = job.directory / "git"
    directory.mkdir()
    git = Scratch(directory)
    base, head = git.commit(before), git.commit(after)
    inputs = {"BASE": base, "HEAD": head, "REPO": str(directory), "SCHEMAS": "schemas", "REGISTRY": "", "PULL": ""}
    return job.run(step(ACTION / "action.yml", "Review")["run"], **inputs | env)


def end(job: Job) -> int:
    last = step(ACTION / "action.yml", "Fail where the review blocks, or could not be made")
    return job.run(last["run"], EXIT_CODE=job.outputs()["exit-code"])[0]


def changed(**members: Any) -> dict[str, Any]:
    return {"schemas/ticks_v1.json": TICKS | members}


def test_a_sound_change_passes(job: Job) -> None:
    after = changed(version="1.1.0", properties={"size": {"type": "integer", "minimum": 0}})
    code, log = review(job, changed(), after)
    assert (code, end(job)) == (0, 0), log
    assert job.outputs()["verdict"] == "compatible"
    assert job.outputs()["blocked"] == "false"
    assert json.loads(Path(job.outputs()["review"]).read_text("utf-8"))["blocked"] is False


def test_a_blocked_change_leaves_its_review_and_fails_after_it(job: Job) -> None:
    after = changed(version="1.0.1", properties={"size": {"type": "string"}})
    code, log = review(job, changed(), after)
    assert (code, end(job)) == (0, 1), log
    assert job.outputs()["blocked"] == "true"
    assert json.loads(Path(job.outputs()["review"]).read_text("utf-8"))["blocked_because"]
    assert "Blocked" in log
    assert "Blocked" in (job.directory / "summary").read_text("utf-8")


def test_a_revision_that_was_not_fetched_leaves_no_review_and_says_why(job: Job) -> None:
    code, log = review(job, changed(), changed(), BASE="0" * 40)
    assert (code, end(job)) == (0, 3), log
    assert set(job.outputs()) == {"exit-code"}
    assert "Fetch it first" in log


def test_an_event_without_a_base_is_told_which_input_to_give(job: Job) -> None:
    code, log = review(job, changed(), changed(), BASE="")
    assert code == 2
    assert "inputs base and head" in log


def test_an_older_review_is_not_taken_for_this_one(job: Job) -> None:
    (job.directory / "schema-review").mkdir()
    (job.directory / "schema-review/review.json").write_text("{}")
    review(job, changed(), changed(), BASE="0" * 40)
    assert not (job.directory / "schema-review/review.json").exists()


def test_labels_and_approvals_of_the_pull_request_are_asked_for(job: Job, github: GitHubServer) -> None:
    after = changed(version="1.0.1", properties={"size": {"type": "string"}})
    github.pulls[7] = Pull("f" * 40)
    asked = {"GITHUB_REPOSITORY": "me/schemas", "PULL": "7", "GITHUB_TOKEN": "app", "GITHUB_API_URL": github.url}
    code, log = review(job, changed(), after, **asked)
    assert (code, end(job)) == (0, 1), log
    assert "GET /repos/me/schemas/pulls/7" in github.requests


def comment_of(job: Job, github: GitHubServer) -> tuple[int, str]:
    """The two steps of schema-comment.yml after the set-up."""
    workflow = ROOT / ".github/workflows/schema-comment.yml"
    env = {
        "GITHUB_REPOSITORY": "me/schemas",
        "GITHUB_TOKEN": "app",
        "GITHUB_API_URL": github.url,
        "RUN": "3",
        "RUN_URL": "https://example.com/runs/3",
    }
    code, log = job.run(step(workflow, "Fetch the review")["run"], **env)
    if code or not job.outputs().get("pull"):
        return code, log
    return job.run(step(workflow, "Comment")["run"], PULL=job.outputs()["pull"], **env)


def left(job: Job, github: GitHubServer, raw: bytes, head: str) -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        opened.writestr("review.json", raw)
    github.runs[3] = Run(head, artifacts=[("schema-review", written.getvalue())])
    (job.directory / "output").write_text("", "utf-8")


def test_the_comment_s_workflow_posts_what_the_review_s_left(job: Job, github: GitHubServer) -> None:
    review(job, changed(), changed(version="1.1.0", title="Ticks"))
    raw = Path(job.outputs()["review"]).read_bytes()
    head = json.loads(raw)["head"]
    github.pulls[7] = Pull(head)
    left(job, github, raw, head)
    code, log = comment_of(job, github)
    assert code == 0, log
    assert len(github.marked) == 1
    assert len(github.checks) == 1


def test_the_comment_s_workflow_posts_no_review_of_another_commit(job: Job, github: GitHubServer) -> None:
    review(job, changed(), changed(version="1.1.0", title="Ticks"))
    raw = Path(job.outputs()["review"]).read_bytes()
    github.pulls[7] = Pull("e" * 40)
    left(job, github, raw, "e" * 40)
    code, log = comment_of(job, github)
    assert code == 2
    assert "it isn't used" in log
    assert github.marked == []


def test_a_document_gives_the_runner_no_commands(job: Job) -> None:
    after = changed(version="1.0.1", title="x\n::error::taken\n::set-output name=a::b", properties={"\n::error::x": {}})
    _, log = review(job, changed(), after)
    lines = [line for line in log.splitlines() if line.startswith("::")]
    word = lines[0].removeprefix("::stop-commands::")
    assert len(word) == 32
    assert lines[-1] == f"::{word}::"


def test_a_branch_s_name_is_no_option_and_no_command(job: Job, tmp_path: Path) -> None:
    code, log = review(job, changed(), changed(), HEAD=f"--help; touch {tmp_path}/made")
    assert code == 0
    assert job.outputs()["exit-code"] == "3", log
    assert not (tmp_path / "made").exists()


def test_credentials_become_files_that_their_owner_alone_reads(job: Job) -> None:
    action = ROOT / ".github/actions/setup-schemaregistry"
    script = step(action / "action.yml", "Write the credentials into files")["run"]
    code, log = job.run(script, action, ca="the\nCA", cert="", key="a $(secret)")
    assert code == 0, log
    assert set(job.outputs()) == {"ca", "key"}
    key = Path(job.outputs()["key"])
    assert key.read_text("utf-8") == "a $(secret)\n"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "secret" not in log


def test_what_the_action_installs_reviews(job: Job) -> None:
    """The action's own lock is enough for the commands of the bot: nothing else is installed."""
    path = job.directory / "path"
    code, log = job.run(f"bash {ROOT}/.github/actions/install.sh", GITHUB_PATH=str(path), INSTALL="")
    assert code == 0, log
    own = path.read_text("utf-8").strip()
    assert os.listdir(own) == ["schemaregistry"]  # noqa: PTH208
    after = changed(version="2.0.0", properties={"size": {"type": "string"}})
    code, log = review(job, changed(), after, PATH=f"{own}{os.pathsep}{os.environ['PATH']}")
    assert job.outputs()["verdict"] == "incompatible", log
