"""docs/gate.md: its commands exit as it says, and leave what it says."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make
from schemaregistry.data.report.formats import FORMS
from tests.support.webhook import Webhook, serving

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
COMMANDS = [
    (command.strip(), int(code))
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for command, code in re.findall(r"^(.+?) +# exit (\d)$", block, re.MULTILINE)
]

COMMAND = """
import json, os, sys
import duckdb, pyarrow.parquet, rich.console
import schemaregistry.alerts.slack, schemaregistry.data.load.file_clean
import schemaregistry.data.load.duckdb, schemaregistry.data.report.terminal_text
from schemaregistry.cli.app import main

for line in sys.stdin:
    arguments, streams = json.loads(line)
    process = os.fork()
    if not process:
        for number, (path, flags) in enumerate(streams):
            os.dup2(os.open(path, flags), number)
        sys.argv = arguments
        main()
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Runs each command in a process of its own, which has all modules at once; says its exit code."""


@pytest.fixture(scope="module")
def webhook() -> Iterator[Webhook]:
    with serving() as state:
        yield state


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, webhook: Webhook) -> tuple[Path, list[str]]:
    """The folder that the page's commands ran in, one after another, and what each printed."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "schemas").symlink_to(ROOT / "schemas")
    for kind in ("parquet", "csv"):
        make(folder / f"good.{kind}", Ticks(500, kind))
        make(folder / f"bad.{kind}", Ticks(500, kind, "bad_enum", fault_rows=2))
    make(folder / "cut.parquet", Ticks(500, "parquet", "truncated"))
    (folder / "spaced.csv").write_text("ts,symbol,price,size,side\n2026-01-05T09:30:00Z,A,1.5,1, B\n")
    environment = os.environ | {
        "SCHEMAREGISTRY_SLACK_WEBHOOK": webhook.url,
        "SCHEMAREGISTRY_CACHE": str(folder / "kept"),
    }
    outputs = []
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process as runner:
        for number, (command, code) in enumerate(COMMANDS):
            files = [folder / f"{number}.out", folder / f"{number}.err"]
            assert (command, run(runner, command, *files)) == (command, code)
            outputs.append("".join(file.read_text() for file in files if file.exists()))
        runner.communicate()
    return folder, outputs


def run(runner: "subprocess.Popen[bytes]", command: str, out: Path, err: Path) -> int:
    """The exit code of `[cat FILE |] schemaregistry … [> FILE]`."""
    words = shlex.split(command)
    stdin = words[1] if words[0] == "cat" else os.devnull
    words = words[words.index("schemaregistry") :]
    stdout = words[-1] if words[-2] == ">" else str(out)
    words = words[:-2] if words[-2] == ">" else words
    new = os.O_WRONLY | os.O_CREAT
    assert runner.stdin is not None
    assert runner.stdout is not None
    runner.stdin.write(json.dumps([words, [(stdin, os.O_RDONLY), (stdout, new), (str(err), new)]]).encode() + b"\n")
    runner.stdin.flush()
    return int(runner.stdout.readline())


def test_every_line_with_a_command_was_run(ran: tuple[Path, list[str]]) -> None:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(ran[1]) == len([line for line in lines if not line.startswith("export ")]) >= 12


def test_rows_are_where_the_page_says(ran: tuple[Path, list[str]]) -> None:
    folder, _ = ran
    rows = {name: sum(map(rows_of, (folder / name).glob("*.parquet"))) for name in ("lake", "parted", "warned")}
    assert rows == {"lake": 500, "parted": 498, "warned": 500}
    assert not (folder / "never").exists()
    with duckdb.connect(str(folder / "ticks.db")) as database:
        assert database.execute("SELECT count(*) FROM ticks").fetchall() == [(500,)]
        assert database.execute("SELECT rows FROM schemaregistry_loads").fetchall() == [(500,)]
    with pa.ipc.open_stream(folder / "good.arrows") as stream:
        assert stream.read_all().num_rows == int(stream.schema.metadata[b"schemaregistry.rows"]) == 500


def rows_of(file: Path) -> int:
    return pq.read_metadata(file).num_rows


def test_the_quarantine_holds_what_the_page_says(ran: tuple[Path, list[str]]) -> None:
    (folder,) = (ran[0] / "parted.quarantine").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["bad.parquet.parquet", "report.html", "report.json"]
    assert rows_of(folder / "bad.parquet.parquet") == 2


def test_repairs_are_printed_as_the_page_shows(ran: tuple[Path, list[str]]) -> None:
    shown, _ = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert any(shown in output for output in ran[1])


def test_the_script_prints_what_the_page_shows(ran: tuple[Path, list[str]]) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", script], cwd=ran[0], capture_output=True, text=True, check=False)
    assert done.stdout == re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]


def test_each_incident_was_told_once(ran: tuple[Path, list[str]], webhook: Webhook) -> None:
    """A halt, a quarantine, a warning and a file cut off; the load that halts a second time is no news."""
    assert len(webhook.requests) == 4
    assert not any("SECRET" in output for output in ran[1])


def test_every_form_of_a_report_is_named() -> None:
    (named,) = re.findall(r"`--report` takes (.*?), for `load` too", PAGE)
    assert set(re.findall(r"`(\w+)`", named)) == set(FORMS)
