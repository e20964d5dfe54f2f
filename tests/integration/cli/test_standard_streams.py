"""Commands whose stdin, stdout or stderr is closed, or takes no more, end as they should and say so."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

DOCUMENT = str(Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json")
ROW = '{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1, "size": 1}\n'
PAIR = '{"id": 1, "old": true, "new": true}'
CLOSED = "schemaregistry: what is printed can't be written: stdout is closed.\n"
FULL = "schemaregistry: what is printed can't be written: no space left on device.\n"


@pytest.fixture
def run(tmp_path: Path):
    """`run("check ROWS >&-")`: a line of the shell, with the command before it."""
    (tmp_path / "ROWS").write_text(ROW)
    (tmp_path / "PAIRS").write_text(PAIR)

    def run(line: str) -> "subprocess.CompletedProcess[str]":
        command = f"{shlex.quote(sys.executable)} -m schemaregistry {line.replace('DOCUMENT', DOCUMENT)}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert "Traceback" not in done.stderr
        assert "unexpected" not in done.stderr
        return done

    return run


CHECK = "check ROWS --format ndjson --schema DOCUMENT"
LOAD = "load ROWS --format ndjson --schema DOCUMENT --to OUT"
CLEAN = "clean ROWS --format ndjson --schema DOCUMENT --to OUT"


@pytest.mark.parametrize("command", [CHECK, LOAD, CLEAN, "diff DOCUMENT DOCUMENT", "validate-schema DOCUMENT"])
def test_without_stdin_and_stderr_the_answer_is_printed(run, command: str) -> None:
    done = run(f"{command} <&- 2>&-")
    assert done.returncode == 0
    assert done.stdout


@pytest.mark.parametrize(
    "command",
    [CHECK, LOAD, "diff DOCUMENT DOCUMENT", "validate-schema DOCUMENT", "compat < PAIRS", "cpp DOCUMENT", "--help"],
)
def test_output_into_a_closed_stdout_is_lost_and_that_is_said(run, command: str) -> None:
    done = run(f"{command} >&-")
    assert done.returncode == 3
    assert done.stderr.endswith(CLOSED)


@pytest.mark.parametrize("command", [f"{CHECK} --json", "diff DOCUMENT DOCUMENT", "cpp DOCUMENT", "check --help"])
def test_a_full_disk_is_no_fault_of_the_program(run, command: str) -> None:
    done = run(f"{command} > /dev/full")
    assert (done.returncode, done.stderr) == (3, FULL)


def test_help_that_nobody_reads_is_no_verdict(run) -> None:
    assert run("--help | true; exit ${PIPESTATUS[0]}").returncode in (0, 3)


def test_a_stream_of_rows_into_a_closed_stdout_is_undecided(run) -> None:
    done = run(f"{LOAD.replace('OUT', '-')} >&-")
    assert done.returncode == 3
    assert "stdout is closed (DESTINATION_FAILED)" in done.stderr


@pytest.mark.parametrize("command", ["check - --format ndjson --schema DOCUMENT", "compat"])
def test_a_closed_stdin_has_nothing_to_read(run, command: str) -> None:
    done = run(f"{command} <&-")
    assert (done.returncode, done.stderr) == (2, "schemaregistry: Standard input is closed: pipe something into it.\n")


@pytest.mark.parametrize("command", ["check NONE --schema DOCUMENT 2> /dev/full", "check NONE --schema DOCUMENT 2>&-"])
def test_a_refusal_that_can_not_be_printed_keeps_its_exit_code(run, command: str) -> None:
    assert run(command).returncode == 2


def test_a_file_is_written_where_all_streams_are_closed(run, tmp_path: Path) -> None:
    assert run("contract DOCUMENT -o FILE.pb <&- >&- 2>&-").returncode == 0
    assert (tmp_path / "FILE.pb").stat().st_size > 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "> /dev/full"])
def test_a_server_ends_well_that_was_started_without(tmp_path: Path, closed: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        rest = f"127.0.0.1:{free.getsockname()[1]}"
    words = f"serve --dev --data data --grpc localhost:0 --health 127.0.0.1:0 --rest {rest} {closed}"
    command = ["bash", "-c", f"exec {shlex.quote(sys.executable)} -m schemaregistry {words}"]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://{rest}/whoami", server)
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert server.poll() is None, "it ended"
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it never answered")
