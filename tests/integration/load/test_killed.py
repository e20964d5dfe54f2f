"""A load that is killed, whenever that is, leaves all of the rows or none; the same load again completes it."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make
from devtools.servers import until

ROOT = Path(__file__).resolve().parents[3]
ROWS = 100_000
BAD = 50
TICKS = str(ROOT / "schemas" / "ticks_v1.json")
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Arrow columnar format, IPC streaming format."""

LOADS = """
import json, os, sys, time
import duckdb, pyarrow.parquet
from schemaregistry.cli.load_options import destination, quarantine_of
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, find, load
from schemaregistry.data.load import duckdb as duckdb_table
from schemaregistry.document import parse

contract = compile_contract(parse(open("schemas/ticks_v1.json", "rb").read()))

def run(file, to, policy, dies_in_between):
    if to.startswith("stdout:"):
        os.dup2(os.open(to[7:], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        to = "-"
    if dies_in_between:
        Directory.publish = lambda _: os.kill(os.getpid(), 9)
    sources = find([file])
    setting_aside = lambda: Quarantine(quarantine_of(to, None), "rows")
    load(sources, contract, destination(to, sources), policy=setting_aside if policy == "quarantine" else "halt")

def ended(process, seconds):
    until = time.monotonic() + seconds
    while os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > until:
            os.kill(process, 9)
        time.sleep(0.001)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

for line in sys.stdin:
    arguments, seconds = json.loads(line)
    process = os.fork()
    if not process:
        run(*arguments)
        os._exit(0)
    print(ended(process, seconds), flush=True)
"""
"""Starts a process for each load, which has all modules at once; kills it after some seconds; says its exit code."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed") / "good.parquet"
    make(path, Ticks(ROWS))
    return path


@pytest.fixture(scope="module")
def bad(good: Path) -> Path:
    make(good.with_name("bad.parquet"), Ticks(ROWS, fault="bad_enum", fault_rows=BAD))
    return good.with_name("bad.parquet")


class Starter:
    """Starts loads in processes of their own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked, self._said = process.stdin, process.stdout

    def run(self, file: Path, to: str, policy: str, *, kill_after: float = 60, dies_in_between: bool = False) -> int:
        """One load, killed after some seconds if it isn't done by then; its exit code."""
        print(json.dumps([[str(file), to, policy, dies_in_between], kill_after]), file=self._asked, flush=True)
        return int(self._said.readline())

    def killed(self, file: Path, first: str, to: str, policy: str) -> Iterator[None]:
        """Loads to `to` that are killed, most of them near their end; how long one takes a load to `first` shows.

        A load that is done before its moment shows that loads take less by now: the next one's comes sooner.
        """
        started = time.monotonic()
        assert self.run(file, first, policy) == 0
        whole = time.monotonic() - started
        killed = 0
        moments = random.Random(8)
        for span in [(0, 0.5)] + [(0.5, 1)] * 6:
            moment = whole * moments.uniform(*span)
            code = self.run(file, to, policy, kill_after=moment)
            assert code in (0, -signal.SIGKILL)
            killed += code != 0
            whole = whole if code else moment
            yield
        assert killed, "no load was killed"


@pytest.fixture(scope="module")
def loads() -> Iterator[Starter]:
    command = [sys.executable, "-c", LOADS]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Starter(process)


def visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.exists() else []


def test_a_directory(loads: Starter, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in loads.killed(good, str(tmp_path / "first"), str(out), "halt"):
        for path in visible(out):
            assert pq.read_metadata(path).num_rows == ROWS
            path.unlink()
    assert loads.run(good, str(out), "halt") == 0
    assert len(visible(out)) == 1


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_load_that_is_told_to_end_leaves_nothing(tmp_path: Path, signum: signal.Signals, code: int) -> None:
    large = tmp_path / "large.csv"
    make(large, Ticks(2_000_000, "csv"))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "schemaregistry", "load", str(large), "--schema", TICKS, "--to", f"{out}/"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        until(lambda: any(file.stat().st_size for file in out.glob(".*")))
        process.send_signal(signum)
    assert process.returncode == code
    assert not out.exists() or list(out.iterdir()) == []


def test_a_table_of_a_database(loads: Starter, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "ticks.db"
    for _ in loads.killed(good, f"duckdb:{tmp_path / 'first.db'}#t", f"duckdb:{file}#t", "halt"):
        assert rows_in(file) in (0, ROWS)
    assert loads.run(good, f"duckdb:{file}#t", "halt") == 0
    assert rows_in(file) == ROWS


def test_a_stream(loads: Starter, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.arrows"
    for _ in loads.killed(good, f"stdout:{out}", f"stdout:{out}", "halt"):
        assert is_whole_or_known_not_to_be(out.read_bytes() if out.exists() else b"")
    assert loads.run(good, f"stdout:{out}", "halt") == 0
    assert rows_promised_and_there(out.read_bytes()) == (ROWS, ROWS)


@pytest.mark.parametrize("read", [1, 1 << 16, 1 << 20])
def test_a_stream_that_is_cut_off_can_not_be_taken_for_a_whole_one(good: Path, read: int) -> None:
    command = [sys.executable, "-m", "schemaregistry", "load", str(good), "--schema", TICKS, "--to", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        start = process.stdout.read(read)
        process.kill()
        data = start + process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    assert len(data) >= read
    assert not data.endswith(END_OF_STREAM)
    assert is_whole_or_known_not_to_be(data)


def is_whole_or_known_not_to_be(data: bytes) -> bool:
    """Whether a stream has all of its rows, or no schema, or fewer rows than it says and no mark at its end."""
    promised, there = rows_promised_and_there(data)
    if promised is None:
        return there == 0
    return promised == ROWS and (there == ROWS or not data.endswith(END_OF_STREAM))


def rows_promised_and_there(data: bytes) -> tuple[int | None, int]:
    """The rows that a stream says it has, None where nothing says so, and those that a reader finds in it."""
    try:
        stream = pa.ipc.open_stream(data)
    except pa.ArrowInvalid:
        return None, 0
    rows = 0
    with contextlib.suppress(pa.ArrowInvalid, OSError):
        for batch in stream:
            rows += batch.num_rows
    return int(stream.schema.metadata[b"schemaregistry.rows"]), rows


def rows_in(file: Path) -> int:
    """The rows of the table; looking leaves the file, and a log that a killed process left, as they are."""
    if not file.exists():
        return 0
    with duckdb.connect(str(file), read_only=True) as database:
        try:
            return int(database.execute("SELECT count(*) FROM t").fetchall()[0][0])
        except duckdb.CatalogException:
            return 0


def test_a_quarantine_and_its_destination(loads: Starter, bad: Path, tmp_path: Path) -> None:
    out, aside = tmp_path / "out", tmp_path / "out.quarantine"
    for _ in loads.killed(bad, str(tmp_path / "first"), str(out), "quarantine"):
        check_sides(out, aside)
    assert loads.run(bad, str(out), "quarantine") == 0
    check_sides(out, aside)
    assert len(visible(out)) == len(visible(aside)) == 1


def check_sides(out: Path, aside: Path) -> None:
    """Each side is whole, and no rows are handed on whose like aren't set aside."""
    assert len(visible(out)) <= len(visible(aside)) <= 1
    for folder in visible(aside):
        assert sorted(path.name for path in folder.iterdir()) == ["bad.parquet.parquet", "report.html", "report.json"]
        assert pq.read_metadata(folder / "bad.parquet.parquet").num_rows == BAD
    for path in visible(out):
        assert pq.read_metadata(path).num_rows == ROWS - BAD


def test_a_crash_between_the_two_leaves_the_quarantine_and_the_next_load_completes_it(
    loads: Starter, bad: Path, tmp_path: Path
) -> None:
    out, aside = tmp_path / "out", tmp_path / "out.quarantine"
    assert loads.run(bad, str(out), "quarantine", dies_in_between=True) == -signal.SIGKILL
    assert (len(visible(out)), len(visible(aside))) == (0, 1)
    assert loads.run(bad, str(out), "quarantine") == 0
    assert (len(visible(out)), len(visible(aside))) == (1, 1)
