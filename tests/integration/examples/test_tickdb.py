"""The tickdb example: what its README shows is what it does, and no bad row gets into the database."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/tickdb"
SCHEMA = ROOT / "schemas/ticks_v1.json"


def etl(folder: Path, schema: str = str(SCHEMA), **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLE / "tickdb.py"), "incoming", "--db", "ticks.duckdb", "--schema", schema]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=120
    )


def query(folder: Path, sql: str) -> list[Any]:
    with duckdb.connect(str(folder / "ticks.duckdb"), read_only=True) as database:
        return database.execute(sql).fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "incoming").mkdir()
    return tmp_path


def test_the_readmes_commands_print_what_it_shows(tmp_path: Path) -> None:
    commands, shown = re.findall(
        r"```(?:sh)?\n(.*?)```", (EXAMPLE / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    for name in ("schemas", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = None
    for line in commands.replace("\\\n", "").splitlines():
        if line != ". .venv/bin/activate":
            program, *arguments = shlex.split(line)
            programs = {"python": [sys.executable], "schemaregistry": [sys.executable, "-m", "schemaregistry"]}
            command = [*programs.get(program, [program]), *arguments]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done is not None
    assert done.stdout == shown
    assert done.returncode == 1
    page = (tmp_path / "build/tickdb/reports/wednesday.parquet.html").read_text(encoding="utf-8")
    assert "2147483648" in page


def test_a_file_that_conforms_is_loaded_in_the_contracts_types(folder: Path) -> None:
    make(folder / "incoming/a.parquet", Ticks(5000))
    assert etl(folder).returncode == 0
    assert query(folder, "SELECT count(*), count(DISTINCT symbol) > 1, bool_and(load = 1) FROM ticks") == [
        (5000, True, True)
    ]
    types = dict(row[:2] for row in query(folder, "DESCRIBE ticks"))
    assert types == {
        "ts": "TIMESTAMP",
        "symbol": "VARCHAR",
        "price": "DOUBLE",
        "size": "INTEGER",
        "side": "VARCHAR",
        "venue": "VARCHAR",
        "load": "BIGINT",
    }
    assert query(folder, "SELECT load, file, contract, rows FROM loads") == [
        (1, "incoming/a.parquet", "ticks_v1 1.1.0", 5000)
    ]


@pytest.mark.parametrize(
    "fault", ["renamed_column", "int32_overflow", "null_in_required", "bad_enum", "nan", "truncated"]
)
def test_nothing_of_a_bad_file_is_seen(fault: str, folder: Path) -> None:
    make(folder / "incoming/a.parquet", Ticks(200_000, fault=fault))
    done = etl(folder)
    assert done.returncode == (3 if fault == "truncated" else 1)
    assert (folder / "reports/a.parquet.html").exists()
    assert query(folder, "SELECT count(*) FROM loads") == [(0,)]
    assert query(folder, "SELECT table_name FROM information_schema.tables") == [("loads",)]


def test_a_bad_file_among_good_ones_keeps_none_of_them_out(folder: Path) -> None:
    make(folder / "incoming/a.parquet", Ticks(1000, seed=1))
    make(folder / "incoming/b.csv", Ticks(1000, "csv", fault="bad_timestamp", seed=2))
    make(folder / "incoming/c.ndjson", Ticks(1000, "ndjson", seed=3))
    assert etl(folder).returncode == 1
    assert query(folder, "SELECT file, rows FROM loads ORDER BY load") == [
        ("incoming/a.parquet", 1000),
        ("incoming/c.ndjson", 1000),
    ]
    assert query(folder, "SELECT count(*) FROM ticks") == [(2000,)]


def test_a_file_is_loaded_once_and_a_mended_one_later(folder: Path) -> None:
    make(folder / "incoming/a.parquet", Ticks(1000, seed=1))
    make(folder / "incoming/b.parquet", Ticks(1000, fault="nan", seed=2))
    assert etl(folder).returncode == 1
    make(folder / "incoming/b.parquet", Ticks(1000, seed=2))
    again = etl(folder)
    assert again.returncode == 0
    assert "skipped incoming/a.parquet" in again.stdout
    assert query(folder, "SELECT count(*) FROM ticks") == [(2000,)]


def test_bars_are_those_of_the_ticks(folder: Path) -> None:
    rows = [("09:30:01", 10.0, 5), ("09:30:59", 12.0, 1), ("09:30:30", 9.0, 2), ("09:31:00", 11.0, 4)]
    lines = [
        json.dumps({"ts": f"2026-01-05T{time}Z", "symbol": "A", "price": price, "size": size})
        for time, price, size in rows
    ]
    (folder / "incoming/a.ndjson").write_text("\n".join(lines), encoding="utf-8")
    assert etl(folder).returncode == 0
    bars = query(folder, "SELECT open, high, low, close, volume, trades FROM bars ORDER BY start")
    assert bars == [(10.0, 12.0, 9.0, 12.0, 8, 3), (11.0, 11.0, 11.0, 11.0, 4, 1)]


def test_a_column_that_a_later_version_adds_is_added(folder: Path) -> None:
    old = json.loads(SCHEMA.read_bytes())
    del old["properties"]["venue"]
    old["arrow"]["fields"] = [field for field in old["arrow"]["fields"] if field["name"] != "venue"]
    (folder / "old.json").write_text(json.dumps(old | {"version": "1.0.0"}), encoding="utf-8")
    make(folder / "incoming/a.parquet", Ticks(100, seed=1, version="1.0.0"))
    assert etl(folder, "old.json").returncode == 0
    make(folder / "incoming/b.parquet", Ticks(100, seed=2))
    with_venue = 100 - pq.read_table(folder / "incoming/b.parquet").column("venue").null_count
    assert with_venue
    assert etl(folder).returncode == 0
    assert query(folder, "SELECT load, count(*), count(venue) FROM ticks GROUP BY load ORDER BY load") == [
        (1, 100, 0),
        (2, 100, with_venue),
    ]
    assert query(folder, "SELECT contract FROM loads ORDER BY load") == [("ticks_v1 1.0.0",), ("ticks_v1 1.1.0",)]


def test_a_load_that_is_killed_leaves_nothing(folder: Path) -> None:
    make(folder / "incoming/a.parquet", Ticks(1000))
    code = f"""
import os, sys
sys.path.insert(0, {str(EXAMPLE)!r})
import tickdb
tickdb.TicksTable.publish = lambda self: os.kill(os.getpid(), 9)
sys.argv = ["tickdb", "incoming", "--schema", {str(SCHEMA)!r}]
tickdb.main()
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, timeout=120).returncode == -9
    assert etl(folder).returncode == 0
    assert query(folder, "SELECT count(*), max(load) FROM ticks") == [(1000, 1)]


def test_the_contract_comes_from_a_registry_by_its_id(running: Any, folder: Path) -> None:
    make(folder / "incoming/a.parquet", Ticks(100))
    place = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    assert etl(folder, "ticks_v1", **place).returncode == 0
    missing = etl(folder, "tick_v1", **place)
    assert missing.returncode == 3
    assert "ticks_v1" in missing.stderr
