"""The example of a .gitlab-ci.yml: sound, with commands that exist, and a review that runs as GitLab runs it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.git_scratch import Scratch
from tests.support.workflow_files import ROOT, commands, refused

FILE = ROOT / "examples/gitlab/.gitlab-ci.yml"
WHOLE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
JOBS = {name: job for name, job in WHOLE.items() if name != "stages" and not name.startswith(".")}
TICKS: dict[str, Any] = {"$id": "ticks_v1", "version": "1.0.0", "type": "object", "properties": {"size": {}}}


def test_there_is_a_job_for_each_command_of_the_bot() -> None:
    words = {name: [each[:2] for line in job["script"] for each in commands(line)] for name, job in JOBS.items()}
    assert words == {
        "schema-diff": [["bot", "review"]],
        "publish": [["bot", "publish"]],
        "drift": [["bot", "drift"]],
    }


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_a_stage_a_rule_an_end_and_what_it_extends(name: str) -> None:
    job = JOBS[name]
    assert job["stage"] in WHOLE["stages"]
    assert job["rules"]
    assert job["timeout"]
    assert job["extends"] in WHOLE
    assert all(isinstance(line, str) for line in job["script"])


@pytest.mark.parametrize("name", JOBS)
def test_the_commands_and_options_of_a_job_exist(name: str) -> None:
    for line in JOBS[name]["script"]:
        for words in commands(line):
            assert refused(words) == "", words


def test_a_publication_is_never_interrupted_nor_beside_another() -> None:
    assert JOBS["publish"]["interruptible"] is False
    assert JOBS["publish"]["resource_group"]


def review(tmp_path: Path, document: dict[str, Any], commit: str = "") -> tuple[int, str, Path]:
    """Run the job of a merge request in a clone that has its commit alone, as GitLab's runner makes it."""
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    git = Scratch(upstream)
    git.commit({"schemas/ticks_v1.json": TICKS})
    git.git("switch", "-q", "-c", "change")
    head = git.commit({"schemas/ticks_v1.json": document})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--single-branch", "--branch", "change", upstream, clone], check=True)
    env = {
        "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_COMMIT_SHA": commit or head,
    }
    script = "\n".join(JOBS["schema-diff"]["script"])
    ended = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=clone,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, clone


def test_a_sound_change_passes(tmp_path: Path) -> None:
    code, log, clone = review(tmp_path, TICKS | {"version": "1.1.0", "title": "Ticks"})
    assert code == 0, log
    assert json.loads((clone / "review.json").read_text("utf-8"))["verdict"] == "compatible"


def test_a_blocked_change_fails_and_leaves_its_review(tmp_path: Path) -> None:
    code, log, clone = review(tmp_path, TICKS | {"version": "1.0.1", "properties": {"size": {"type": "string"}}})
    assert code == 1, log
    assert "Blocked" in log
    assert [clone / name for name in JOBS["schema-diff"]["artifacts"]["paths"] if not (clone / name).is_file()] == []


def test_a_review_that_could_not_be_made_fails_with_its_own_code(tmp_path: Path) -> None:
    code, log, clone = review(tmp_path, TICKS, commit="0" * 40)
    assert code == 3, log
    assert not (clone / "review.json").exists()
