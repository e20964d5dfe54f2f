"""`schema-load` with streams that are closed or take no more, and with names that are empty."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

TICKS = (Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json").read_bytes()
CLOSED = "schema-load: what is printed can't be written: stdout is closed.\n"
FULL = "schema-load: what is printed can't be written: No space left on device.\n"

Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path, built: Callable[[str], Path]) -> Run:
    """`run("ROWS.ndjson --check-only >&-")`: a line of the shell after the program's name."""
    (tmp_path / "TICKS.pb").write_bytes(compile_contract(parse(TICKS)).SerializeToString())
    (tmp_path / "ROWS.ndjson").write_text('{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1, "size": 1}\n')
    program = shlex.quote(str(built("schema-load")))

    def run(line: str) -> "subprocess.CompletedProcess[str]":
        command = ["bash", "-c", f"{program} {line}"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    return run


CHECK = "ROWS.ndjson --contract TICKS.pb --check-only"
PRINTING = [CHECK, f"{CHECK} --json", "ROWS.ndjson --contract TICKS.pb", "--help", "--version"]


@pytest.mark.parametrize("command", PRINTING)
def test_output_into_a_closed_stdout_is_lost_and_that_is_said(run: Run, command: str) -> None:
    done = run(f"{command} >&-")
    assert (done.returncode, done.stderr) == (3, CLOSED)


@pytest.mark.parametrize("command", PRINTING)
def test_output_on_a_full_disk_is_lost_and_that_is_said(run: Run, command: str) -> None:
    done = run(f"{command} > /dev/full")
    assert (done.returncode, done.stderr) == (3, FULL)


def test_without_stdin_and_stderr_the_answer_is_printed(run: Run) -> None:
    done = run(f"{CHECK} <&- 2>&-")
    assert (done.returncode, done.stdout.startswith("conforms")) == (0, True)


def test_a_refusal_that_can_not_be_printed_keeps_its_exit_code(run: Run) -> None:
    assert run("NONE --contract TICKS.pb 2>&-").returncode == 2


@pytest.mark.parametrize(
    "command",
    [
        "'' --contract TICKS.pb",
        "ROWS.ndjson --contract ''",
        "ROWS.ndjson --schema=",
        "ROWS.ndjson --schema ticks_v1 --ca '' --cert '' --key ''",
        "ROWS.ndjson --schema ticks_v1 --registry ''",
        "ROWS.ndjson --contract TICKS.pb --format ''",
    ],
)
def test_an_empty_name_is_usage(run: Run, command: str) -> None:
    done = run(command)
    assert done.returncode == 2
    assert "is a variable" in done.stderr


@pytest.mark.parametrize("name", [".", "NONE", "/"])
def test_a_contract_that_can_not_be_read_is_usage(run: Run, name: str) -> None:
    done = run(f"ROWS.ndjson --contract {name}")
    assert (done.returncode, done.stderr) == (2, f"schema-load: can't read the contract {name}\n")


def test_after_two_dashes_a_word_is_a_file_however_it_begins(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ROWS.ndjson").rename(tmp_path / "-rows.ndjson")
    assert run("--contract TICKS.pb --check-only -- -rows.ndjson").returncode == 0
    assert run("--contract TICKS.pb --check-only -rows.ndjson").returncode == 2
    assert "name the files" in run("--contract TICKS.pb --").stderr
