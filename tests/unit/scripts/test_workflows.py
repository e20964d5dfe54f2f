"""The workflows and actions under .github: pinned, with the least rights, and with commands that exist."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemaregistry.bot import workflow_artifact
from tests.support import workflow_files
from tests.support.workflow_files import ACTIONS, ROOT, SCRIPTS, WORKFLOWS, read, refused, shell, steps

BOTH = [*WORKFLOWS, *ACTIONS]
LOCAL = "./.github/actions/"


def named(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("path", paths, ids=[str(path.relative_to(ROOT / ".github")) for path in paths])


def test_all_workflows_are_found() -> None:
    names = {path.stem for path in WORKFLOWS}
    assert names >= {"schema-diff", "schema-comment", "publish", "drift", "test"}


@named(BOTH)
def test_an_action_of_others_is_pinned_by_its_commit(path: Path) -> None:
    lines = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    others = [line for line in lines if not line.startswith(LOCAL)]
    assert [line for line in others if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_an_action_has_one_version_everywhere() -> None:
    lines = {line for path in BOTH for line in re.findall(r"uses: (actions/.+)", path.read_text("utf-8"))}
    assert sorted(line.partition("@")[0] for line in lines) == sorted({line.partition("@")[0] for line in lines})


@named(BOTH)
def test_a_local_action_is_there(path: Path) -> None:
    for each in steps(path):
        uses = each.get("uses", "")
        assert not uses.startswith(".") or (ROOT / uses / "action.yml").is_file()


@named(BOTH)
def test_no_expression_is_pasted_into_a_shell(path: Path) -> None:
    assert [script for script in shell(path) if "${{" in script] == []


@named(WORKFLOWS)
def test_a_workflow_has_least_rights_a_group_and_an_end(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        assert job["permissions"]
        checkouts = [each for each in job["steps"] if each.get("uses", "").startswith("actions/checkout@")]
        assert checkouts
        assert all(each["with"]["persist-credentials"] is False for each in checkouts)


def test_reviewing_a_pull_request_takes_the_right_to_read_alone() -> None:
    path = ROOT / ".github/workflows/schema-diff.yml"
    assert list(read(path)["on"]) == ["pull_request", "pull_request_review"]
    assert {right for job in read(path)["jobs"].values() for right in job["permissions"].values()} == {"read"}
    assert "secrets." not in path.read_text("utf-8")


def test_the_comment_s_workflow_takes_nothing_of_a_pull_request_but_the_artifact() -> None:
    path = ROOT / ".github/workflows/schema-comment.yml"
    assert list(read(path)["on"]) == ["workflow_run"]
    [job] = read(path)["jobs"].values()
    assert {right for right, level in job["permissions"].items() if level == "write"} == {"checks", "pull-requests"}
    [checkout] = [each for each in job["steps"] if each.get("uses", "").startswith("actions/checkout@")]
    assert set(checkout["with"]) == {"persist-credentials"}  # no ref: the default branch
    assert not any("artifact@" in each.get("uses", "") for each in job["steps"])


def test_the_comment_follows_the_workflow_that_reviews() -> None:
    [followed] = read(ROOT / ".github/workflows/schema-comment.yml")["on"]["workflow_run"]["workflows"]
    assert followed == read(ROOT / ".github/workflows/schema-diff.yml")["name"]


def test_a_publication_is_never_cancelled() -> None:
    assert read(ROOT / ".github/workflows/publish.yml")["concurrency"]["cancel-in-progress"] is False


def test_only_the_publication_is_given_a_token_of_github_and_logs_in_where_there_is_an_exchanger() -> None:
    jobs = {path.stem: read(path)["jobs"].values() for path in WORKFLOWS}
    assert [name for name, all_of in jobs.items() if any("id-token" in job["permissions"] for job in all_of)] == [
        "publish"
    ]
    [job] = jobs["publish"]
    names = [each.get("name") for each in job["steps"]]
    assert names.index("Log in") < names.index("Publish")
    assert job["steps"][names.index("Log in")]["if"] == "vars.SCHEMAREGISTRY_EXCHANGER != ''"


def test_the_tests_run_with_each_python_that_is_supported() -> None:
    [job] = read(ROOT / ".github/workflows/test.yml")["jobs"].values()
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    assert job["strategy"]["matrix"]["python"] == re.findall(r"Python :: (3\.\d+)", pyproject)


@named([*BOTH, *SCRIPTS])
def test_a_command_and_its_options_exist(path: Path) -> None:
    scripts = [path.read_text("utf-8")] if path in SCRIPTS else list(shell(path))
    for script in scripts:
        for words in workflow_files.commands(script):
            assert refused(words) == "", words


def test_an_unknown_option_is_noticed() -> None:
    [words] = workflow_files.commands('if x; then schemaregistry bot drift --nope "$A" > file; fi')
    assert words == ["bot", "drift", "--nope", "$A"]
    assert "--nope" in refused(words)


def test_the_review_s_action_hands_each_input_on() -> None:
    action = read(ROOT / ".github/actions/schema-diff/action.yml")
    text = yaml.safe_dump(action["runs"])
    assert [name for name in action["inputs"] if f"inputs.{name} " not in text] == []


def test_what_the_actions_install_has_the_versions_of_the_lock() -> None:
    def pins(name: str) -> set[str]:
        found = re.findall(r"^([\w.-]+)(?:\[[^]]+\])?(==[^\s;]+)", (ROOT / name).read_text("utf-8"), re.M)
        return {name + version for name, version in found}

    assert len(pins(".github/actions/requirements.txt")) > 20
    assert pins(".github/actions/requirements.txt") <= pins("requirements.txt")


def test_what_the_actions_install_is_all_that_the_bot_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["bot"],
        *project["build-system"]["requires"],
    ]
    lock = (ROOT / ".github/actions/requirements.txt").read_text("utf-8")
    names = [re.split(r"[\[<>=; ]", each)[0] for each in needed]
    assert [name for name in names if not re.search(rf"^{re.escape(name)}(\[[^]]+\])?==", lock, re.M)] == []


def test_the_comment_takes_the_artifact_that_the_review_leaves() -> None:
    action = read(ROOT / ".github/actions/schema-diff/action.yml")
    assert action["inputs"]["artifact"]["default"] == workflow_artifact.ARTIFACT
    assert f"/{workflow_artifact.FILE}" in (ROOT / ".github/actions/schema-diff/review.sh").read_text("utf-8")
