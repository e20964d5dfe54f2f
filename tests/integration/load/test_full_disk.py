"""A disk that takes no more halts a load, with a report and no rows, and nothing is left there."""

import contextlib
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from schemaregistry.data import Directory, Loaded, Quarantine, Stream, find, load
from schemaregistry.data.load.duckdb import DuckdbTable
from schemaregistry.v1.contract_pb2 import Contract

Make = Callable[..., Path]
FULL = 60_000
"""Bytes that a file may have."""
INTO: dict[str, Callable[[Path, pa.Schema], Directory | DuckdbTable | Stream]] = {
    "directory": lambda folder, schema: Directory(folder / "out", schema, "rows"),
    "database": lambda folder, schema: DuckdbTable(folder / "out" / "t.db", "t", schema),
    "stream": lambda folder, schema: Stream((folder / "streamed").open("wb"), schema),
}


@contextlib.contextmanager
def full() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def check_halted(loaded: Loaded, folder: Path) -> None:
    assert loaded.report.error is not None
    assert (loaded.exit_code, loaded.place, loaded.quarantine) == (3, None, None)
    assert loaded.report.error.reason == "DESTINATION_FAILED"
    assert "File too large" in loaded.report.error.message
    assert not (folder / "out").exists()
    assert not (folder / "aside").exists()
    assert not (folder / "streamed").exists() or (folder / "streamed").read_bytes() == b""


@pytest.mark.parametrize("rows", [30_000, 300_000], ids=["found at the end", "found on the way"])
@pytest.mark.parametrize("to", INTO)
def test_no_destination_gets_a_row(to: str, rows: int, ticks: Contract, make_ticks: Make, tmp_path: Path) -> None:
    sources = find([str(make_ticks("t.parquet", rows=rows))])
    with full():
        loaded = load(sources, ticks, lambda schema: INTO[to](tmp_path, schema))
    check_halted(loaded, tmp_path)


@pytest.mark.parametrize("rows", [30_000, 300_000])
def test_no_quarantine_gets_a_row(rows: int, ticks: Contract, make_ticks: Make, tmp_path: Path) -> None:
    sources = find([str(make_ticks("t.parquet", rows=rows, fault="bad_enum", fault_rows=rows))])
    with full():
        loaded = load(
            sources,
            ticks,
            lambda schema: Directory(tmp_path / "out", schema, "rows"),
            policy=lambda: Quarantine(tmp_path / "aside", "rows"),
        )
    check_halted(loaded, tmp_path)
