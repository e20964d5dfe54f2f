"""The etl example: what its README shows is what it does, and rows that break a contract end it without a trace."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/etl"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(running: Any, tmp_path: Path) -> Run:
    """Run Python in the test's folder, with the registry in its environment."""
    there = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}

    def command(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=os.environ | there | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return command


@pytest.fixture
def etl(run: Run) -> Run:
    return lambda source, **environment: run(EXAMPLE / "minute_bars.py", source, "bars", **environment)


def tick(time: str, price: float, size: int, symbol: str = "A") -> str:
    return json.dumps({"ts": f"2026-01-05T{time}Z", "symbol": symbol, "price": price, "size": size})


def without_digests(text: str) -> str:
    return re.sub(r"-[0-9a-f]+\.parquet", "-DIGEST.parquet", text)


def test_the_readmes_commands_print_what_it_shows(run: Run, tmp_path: Path) -> None:
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    commands, out, err = re.findall(r"```(?:sh)?\n(.*?)```", page, re.DOTALL)
    for name in ("examples", "schemas"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build/etl").mkdir(parents=True)
    programs = {"python": (), "schemaregistry": ("-m", "schemaregistry")}
    words = [shlex.split(line) for line in commands.splitlines()]
    done = [run(*programs[program], *rest) for program, *rest in words if program in programs]
    assert [each.returncode for each in done] == [0, 0, 0, 1]
    assert without_digests(done[2].stdout) == without_digests(out)
    assert done[3].stderr.startswith(err)


def test_the_bars_are_those_of_the_ticks_in_the_types_of_their_contract(etl: Run, tmp_path: Path) -> None:
    rows = [("09:30:01", 10.0, 5), ("09:30:59", 12.0, 1), ("09:30:30", 9.0, 2), ("09:31:00", 11.0, 4)]
    (tmp_path / "a.ndjson").write_text("\n".join(tick(*row) for row in rows), encoding="utf-8")
    assert etl("a.ndjson").returncode == 0
    written = pq.read_table(tmp_path / "bars")
    assert written.schema.metadata[b"schemaregistry.id"] == b"bars_v1"
    shown = ["open", "high", "low", "close", "volume", "trades"]
    bars = [tuple(row.values()) for row in written.select(shown).to_pylist()]
    assert bars == [(10.0, 12.0, 9.0, 12.0, 8, 3), (11.0, 11.0, 11.0, 11.0, 4, 1)]


def test_the_same_file_again_changes_nothing(etl: Run, tmp_path: Path) -> None:
    make(tmp_path / "a.parquet", Ticks(1000))
    assert [etl("a.parquet").returncode for _ in range(2)] == [0, 0]
    assert len(list((tmp_path / "bars").iterdir())) == 1


@pytest.mark.parametrize(("fault", "code"), [("renamed_column", 1), ("null_in_required", 1), ("truncated", 3)])
def test_nothing_is_made_of_bad_ticks(etl: Run, tmp_path: Path, fault: str, code: int) -> None:
    make(tmp_path / "a.parquet", Ticks(20_000, fault=fault))
    done = etl("a.parquet")
    assert (done.returncode, done.stdout) == (code, "")
    assert "HALTED a.parquet" in done.stderr
    assert not (tmp_path / "bars").exists()


def test_bars_that_break_their_own_contract_are_not_written(etl: Run, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text(tick("09:30:01", 10.0, 5, symbol="no-ticker"), encoding="utf-8")
    done = etl("a.ndjson")
    assert done.returncode == 1
    assert "bars_v1" in done.stderr
    assert "pattern" in done.stderr
    assert not (tmp_path / "bars").exists()


def test_a_registry_that_is_away_is_said_so(etl: Run, tmp_path: Path) -> None:
    make(tmp_path / "a.parquet", Ticks(10))
    done = etl("a.parquet", SCHEMAREGISTRY_TARGET="localhost:1")
    assert (done.returncode, done.stderr.partition(":")[0]) == (3, "UNAVAILABLE")
    assert not (tmp_path / "bars").exists()
