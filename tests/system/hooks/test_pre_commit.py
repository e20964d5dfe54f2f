"""The hooks that other repositories take from this one, as pre-commit installs and runs them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.git_scratch import Scratch
from tests.support.workflow_files import ROOT, refused

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
TICKS: dict[str, Any] = {
    "$id": "ticks_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"size": {"type": "integer", "minimum": 0}},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps what it installs."""
    return tmp_path_factory.mktemp("pre-commit")


def pre_commit(home: Path, directory: Path, *words: str) -> tuple[int, str]:
    """Run pre-commit in a directory; the exit code and the output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ended = subprocess.run(
        [ROOT / ".venv/bin/pre-commit", *words],
        cwd=directory,
        env=environment | {"PRE_COMMIT_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_the_manifest_is_one_of_pre_commit(home: Path) -> None:
    assert pre_commit(home, ROOT, "validate-manifest", str(MANIFEST)) == (0, "")


@pytest.mark.parametrize("hook", ["validate-schema", "schema-diff"])
def test_a_hook_runs_a_command_that_exists(hook: str) -> None:
    [found] = [each for each in yaml.safe_load(MANIFEST.read_text("utf-8")) if each["id"] == hook]
    program, *words = found["entry"].split()
    assert program == "schemaregistry"
    assert refused([*words, *found.get("args", [])]) == ""


@pytest.fixture
def git(tmp_path: Path) -> Scratch:
    """Another repository, which takes both hooks from the last commit of this one."""
    here = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    hooks = [{"id": each["id"]} for each in yaml.safe_load(MANIFEST.read_text("utf-8"))]
    config = {"repos": [{"repo": str(ROOT), "rev": here.stdout.strip(), "hooks": hooks}]}
    scratch = Scratch(tmp_path)
    scratch.commit({"schemas/ticks_v1.json": TICKS, ".pre-commit-config.yaml": config})
    return scratch


def test_a_commit_is_stopped_by_a_change_that_would_be_blocked(home: Path, git: Scratch) -> None:
    def staged(**members: Any) -> tuple[int, str]:
        (git.directory / "schemas/ticks_v1.json").write_text(json.dumps(TICKS | members), "utf-8")
        git.git("add", ".")
        return pre_commit(home, git.directory, "run")

    code, output = staged(version="1.0.1", properties={"size": {"type": "string"}})
    assert code == 1, output
    assert "HIGH_RISK" in output
    code, output = staged(version="one")
    assert code == 1, output
    assert "error schemas/ticks_v1.json" in output
    code, output = staged(version="1.1.0", title="Ticks")
    assert code == 0, output
