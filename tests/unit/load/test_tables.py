"""The gate for rows that a program has at hand: datasets, tables, frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from schemaregistry.data import Directory, Quarantine, load, rows_of
from schemaregistry.v1.contract_pb2 import Contract

Make = Callable[..., Path]


@pytest.fixture
def into(tmp_path: Path) -> Callable[[pa.Schema], Directory]:
    return lambda schema: Directory(tmp_path / "out", schema, "rows")


def test_a_dataset_of_several_files_is_one_load(
    make_ticks: Make, tmp_path: Path, ticks: Contract, into: Callable[[pa.Schema], Directory]
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        make_ticks(f"in/{name}.parquet", rows=1_000)
    loaded = load(rows_of(ds.dataset(tmp_path / "in")), ticks, into)
    assert (loaded.exit_code, loaded.rows) == (0, 2_000)
    assert pq.read_metadata(str(loaded.place)).num_rows == 2_000


def test_one_bad_file_of_a_dataset_halts_all_of_it(
    make_ticks: Make, tmp_path: Path, ticks: Contract, into: Callable[[pa.Schema], Directory]
) -> None:
    (tmp_path / "in").mkdir()
    make_ticks("in/a.parquet")
    make_ticks("in/b.parquet", fault="bad_enum", fault_rows=2)
    loaded = load(rows_of(ds.dataset(tmp_path / "in")), ticks, into)
    assert (loaded.exit_code, loaded.place, loaded.report.rows_failing) == (1, None, 2)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "kind", [lambda table: table, pl.from_arrow, pa.Table.to_pandas], ids=["arrow", "polars", "pandas"]
)
def test_rows_of_a_table_part_where_they_fail(
    make_ticks: Make, tmp_path: Path, ticks: Contract, into: Callable[[pa.Schema], Directory], kind: Any
) -> None:
    table = pq.read_table(make_ticks("t.parquet", fault="bad_enum", fault_rows=3))
    aside = tmp_path / "aside"
    loaded = load(rows_of(kind(table)), ticks, into, policy=lambda: Quarantine(aside, "rows"))
    assert (loaded.exit_code, loaded.rows, loaded.report.rows_failing) == (1, 1_997, 3)
    (set_aside,) = Path(str(loaded.quarantine)).glob("*.parquet")
    assert pq.read_metadata(set_aside).num_rows == 3
