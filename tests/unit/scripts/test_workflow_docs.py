"""The pages on workflows say what the workflows and actions are, and their commands make sound ones."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemaregistry.bot.revisions import SIDE_FOLDERS
from tests.support.workflow_files import ROOT, read

BOT = (ROOT / "docs/bot.md").read_text("utf-8")
README = (ROOT / ".github/actions/schema-diff/README.md").read_text("utf-8")
ACTION = read(ROOT / ".github/actions/schema-diff/action.yml")


def block(page: str, language: str) -> str:
    """The first block of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.M | re.S)[0]


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The workflows of another repository, by the page's own commands."""
    script = block(section(BOT, "Set it up in another repository in five minutes"), "sh")
    script = script.replace("CLONE=../schemaregistry\n", f"CLONE={ROOT}\n")
    subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, check=True, env=dict(os.environ))
    return tmp_path / ".github/workflows"


def test_the_copied_workflows_take_the_actions_at_a_commit(copied: Path) -> None:
    assert sorted(each.stem for each in copied.iterdir()) == ["drift", "publish", "schema-comment", "schema-diff"]
    for file in copied.iterdir():
        uses = re.findall(r"uses: ([^\s#]+)", file.read_text("utf-8"))
        assert any(each.startswith("your-org/schemaregistry/.github/actions/") for each in uses)
        assert [each for each in uses if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", each)] == []


def test_nothing_else_is_changed_in_the_copied_workflows(copied: Path) -> None:
    for file in copied.iterdir():
        ours = (ROOT / ".github/workflows" / file.name).read_text("utf-8")
        assert re.sub(r"your-org/schemaregistry/(\S+)@[0-9a-f]{40}", r"./\1", file.read_text("utf-8")) == ours


def test_zizmor_finds_nothing_in_the_copied_workflows(copied: Path) -> None:
    command = [ROOT / ".venv/bin/zizmor", "--offline", "--no-progress", "--persona=auditor", copied]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_page_names_each_variable_and_secret_of_the_workflows() -> None:
    page = section(BOT, "Set it up in another repository in five minutes")
    for name in ("publish", "drift"):
        text = (ROOT / f".github/workflows/{name}.yml").read_text("utf-8")
        assert [each for each in re.findall(r"(?:vars|secrets)\.(\w+)", text) if f"`{each}`" not in page] == []


def first_cells(page: str, head: str) -> list[str]:
    """The names in the first column of the table with this header."""
    rows = page.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([\w-]+)`", row.split("|")[1])]


def test_the_action_s_page_lists_its_inputs_and_outputs() -> None:
    assert first_cells(README, "input") == list(ACTION["inputs"])
    assert first_cells(README, "output") == list(ACTION["outputs"])


def test_the_action_s_page_states_the_defaults() -> None:
    for name in ("schemas", "artifact", "python-version"):
        assert re.search(rf"`{name}` \|.*\| `{re.escape(ACTION['inputs'][name]['default'])}` \|", README), name


def test_the_workflow_on_the_action_s_page_is_ours() -> None:
    shown: dict[Any, Any] = yaml.safe_load(block(README, "yaml"))
    ours = read(ROOT / ".github/workflows/schema-diff.yml")
    assert shown[True] == ours["on"]
    assert shown["jobs"]["review"]["permissions"] == ours["jobs"]["review"]["permissions"]
    here, there = ours["jobs"]["review"]["steps"], shown["jobs"]["review"]["steps"]
    assert there[0] == here[0]
    assert there[1]["uses"].startswith(f"your-org/schemaregistry{here[1]['uses'].removeprefix('.')}@")


def test_the_page_s_hooks_are_those_of_the_manifest() -> None:
    shown = yaml.safe_load(block(section(BOT, "Before the commit"), "yaml"))
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in shown["repos"][0]["hooks"]] == [hook["id"] for hook in manifest]


@pytest.mark.parametrize(
    ("path", "checked"),
    [
        ("schemas/a.json", True),
        ("schemas/market/a.json", True),
        ("schemas/a/meta/b.json", True),
        *((f"schemas/{name}/a.json", False) for name in SIDE_FOLDERS),
        ("schemas/a.yaml", False),
        ("other/schemas/a.json", False),
    ],
)
def test_the_hook_checks_the_documents_that_the_bot_reads(path: str, checked: bool) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [files] = [hook["files"] for hook in hooks if hook["id"] == "validate-schema"]
    assert bool(re.search(files, path)) is checked
