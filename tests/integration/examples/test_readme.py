"""The README: its quick start and snippets, run against a real registry, do and print what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK_START = README.partition("## Quick start")[2].partition("\n## ")[0]
STEPS = re.findall(r"```sh\n(.*?)```", QUICK_START, re.DOTALL)
HALTS = r"^(.*?) +# exit 1$"


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def curl(toolchain: Any) -> str:
    return str(toolchain("curl"))


@pytest.fixture(scope="module")
def ran(running: Any, curl: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], list[str]]:
    """The folder in which the steps ran one after another, their environment, and what each printed."""
    folder = tmp_path_factory.mktemp("readme")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SCHEMAREGISTRY_TARGET": running.target,
        "SCHEMAREGISTRY_DATA": str(running.data),
        "SCHEMAREGISTRY_CACHE": str(folder / "cache"),
    }
    environment.pop("SCHEMAREGISTRY_SLACK_WEBHOOK", None)
    printed = []
    for step in STEPS:
        script = step.replace(". .venv/bin/activate\n", "").replace("http://localhost:8000", running.rest)
        script = script.replace("curl ", "curl -sS --fail-with-body ")
        script = re.sub(HALTS, r"if \1; then exit 99; else test $? = 1; fi", script, flags=re.M)
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
        printed.append(done.stdout)
    return folder, environment, printed


def test_the_first_curl_publishes_a_schema_of_the_readers_own(ran: tuple[Path, Any, list[str]]) -> None:
    folder, _, printed = ran
    assert not (ROOT / "schemas/fills_v1.json").exists()
    assert '"created":true' in printed[0]
    assert printed[0].endswith((folder / "fills_v1.json").read_text())


def test_the_change_is_refused_with_a_record_that_shows_it(ran: tuple[Path, Any, list[str]]) -> None:
    assert re.search(r'"verdict": ?"incompatible"', ran[2][1])
    assert re.search(r'"witness": ?\{[^}]*"price": ?0?\.?\d', ran[2][1])


def test_samples_are_loaded_and_nothing_of_the_broken_one(ran: tuple[Path, Any, list[str]]) -> None:
    folder, _, printed = ran
    assert printed[2].count("conforms") == 2
    assert [path.name.split("-")[0] for path in (folder / "loaded").iterdir()] == ["ticks"]


def test_the_halt_is_printed_as_shown(ran: tuple[Path, Any, list[str]]) -> None:
    head, rest = block("text").split("  … and 10 more\n")
    assert rest == ""
    printed = ran[2][3][ran[2][3].index("violates") :]
    assert without_times(printed).startswith(without_times(head))
    assert printed.count("  bad.parquet: row ") + int(re.findall(r"… and (\d+) more", printed)[0]) == 12


def without_times(text: str) -> str:
    return re.sub(r"\([\d.]+ s, [\d,]+ rows/s\)", "(TIME)", text)


def test_every_step_shows_something_new(ran: tuple[Path, Any, list[str]]) -> None:
    lines = [line for step in STEPS for line in step.splitlines()]
    assert len(set(lines)) == len(lines)
    assert "ticks_v1" in ran[2][4]


def test_curl_sends_files_as_they_are() -> None:
    assert "--data-binary @" in QUICK_START
    assert not re.search(r"(-d|--data) @", README)


def test_the_python_snippet_prints_what_is_said(ran: tuple[Path, dict[str, str], list[str]]) -> None:
    folder, environment, _ = ran
    done = subprocess.run(
        [sys.executable, "-c", block("python")], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert f"It prints `{done.stdout.strip()}`" in README


def test_the_cpp_snippet_stands_in_the_example_that_is_built_and_run() -> None:
    wanted = [line.strip() for line in block("cpp").splitlines()]
    lines = [line.strip() for line in (ROOT / "clients/cpp/examples/first.cpp").read_text().splitlines()]
    assert any(lines[start : start + len(wanted)] == wanted for start in range(len(lines)))


def test_the_folder_map_names_every_folder() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folders = {line.split("/")[0] for line in tracked.splitlines() if "/" in line and not line.startswith(".")}
    rows = re.findall(r"^\| (`[a-z0-9_]+/`.*?) \|", README, re.M)
    assert folders == {name for row in rows for name in re.findall(r"`([a-z0-9_]+)/`", row)}
