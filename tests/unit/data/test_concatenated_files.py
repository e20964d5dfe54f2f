"""Files that were written one after another into one: the last footer alone would be read, and rows would vanish."""

import io
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse

DOCUMENT = (
    b'{"$id": "s_v1", "version": "1.0.0", "type": "object", '
    b'"properties": {"a": {"type": "integer"}, "s": {"type": "string"}}}'
)
_ROWS = pa.table({"a": pa.array([1, 2, 3], pa.int64()), "s": ["x", "y", "PAR1PAR1ARROW1ARROW1"]})


def parquet(table: pa.Table = _ROWS, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def ipc(table: pa.Table = _ROWS, compression: str | None = None) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return out.getvalue()


def encoded(table: pa.Table) -> pa.Table:
    return table.set_column(1, "s", table["s"].dictionary_encode())


_LONGER = pa.table({"a": range(5000), "s": [f"{n:x}" for n in range(5000)]})
_PLAIN = {"use_dictionary": False, "compression": "none"}
PAIRS: dict[str, tuple[str, bytes, bytes]] = {
    "Parquet, of the same size": ("parquet", parquet(), parquet()),
    "Parquet, the first one longer": ("parquet", parquet(_LONGER), parquet()),
    "Parquet, the last one longer": ("parquet", parquet(), parquet(_LONGER)),
    "Parquet, an empty one first": ("parquet", parquet(_ROWS.slice(0, 0)), parquet()),
    "Parquet, an empty one last": ("parquet", parquet(), parquet(_ROWS.slice(0, 0))),
    "Parquet with page indexes": ("parquet", parquet(write_page_index=True), parquet(write_page_index=True)),
    "Parquet, three": ("parquet", parquet() * 2, parquet()),
    "IPC, of the same size": ("arrow", ipc(), ipc()),
    "IPC, the first one longer": ("arrow", ipc(_LONGER), ipc()),
    "IPC, the last one longer": ("arrow", ipc(), ipc(_LONGER)),
    "IPC, an empty one first": ("arrow", ipc(_ROWS.slice(0, 0)), ipc()),
    "IPC, an empty one last": ("arrow", ipc(), ipc(_ROWS.slice(0, 0))),
    "IPC with dictionaries": ("arrow", ipc(encoded(_ROWS)), ipc(encoded(_ROWS))),
    "IPC, compressed": ("arrow", ipc(compression="zstd"), ipc(compression="lz4")),
}


def by_duckdb(path: Path) -> None:
    duckdb.connect().execute(f"COPY (SELECT i AS a, 'x' || i % 9 AS s FROM range(9000) t(i)) TO '{path}'")


def by_polars(path: Path) -> None:
    frame = polars.from_arrow(_LONGER)
    assert isinstance(frame, polars.DataFrame)
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_ipc(path, compression="zstd")


def of_bytes(data: bytes) -> Any:
    return lambda path: path.write_bytes(data)


BLOOM = {"a": {"ndv": 5000, "fpp": 0.01}, "s": {"ndv": 5000, "fpp": 0.01}}
WHOLE: dict[str, tuple[str, Any]] = {
    "Parquet by DuckDB": ("parquet", by_duckdb),
    "Parquet by polars": ("parquet", by_polars),
    "Parquet with page indexes": ("parquet", of_bytes(parquet(_LONGER, write_page_index=True, data_page_size=99))),
    "Parquet with bloom filters": ("parquet", of_bytes(parquet(_LONGER, bloom_filter_options=BLOOM))),
    "Parquet without rows": ("parquet", of_bytes(parquet(_ROWS.slice(0, 0)))),
    "Parquet with magics in its values": ("parquet", of_bytes(parquet(**_PLAIN, write_page_index=True))),
    "Parquet of many row groups": ("parquet", of_bytes(parquet(_LONGER, row_group_size=7))),
    "IPC by polars": ("arrow", by_polars),
    "IPC, compressed": ("arrow", lambda path: feather.write_feather(_LONGER, path, compression="zstd")),
    "IPC without rows": ("arrow", of_bytes(ipc(_ROWS.slice(0, 0)))),
    "IPC with magics in its values": ("arrow", of_bytes(ipc())),
    "IPC with dictionaries": ("arrow", of_bytes(ipc(encoded(_LONGER)))),
}


@pytest.mark.parametrize(("kind", "first", "second"), PAIRS.values(), ids=PAIRS.keys())
def test_two_files_one_after_another_are_refused(kind: str, first: bytes, second: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"c.{kind}"
    path.write_bytes(first + second)
    report = check(find([str(path)], kind), compile_contract(parse(DOCUMENT)))
    assert report.verdict == "undecided"
    assert report.error is not None
    assert report.error.reason == "CORRUPT"
    assert report.error.message == "two files one after another: give each a file of its own"


@pytest.mark.parametrize(("kind", "write"), WHOLE.values(), ids=WHOLE.keys())
def test_no_whole_file_is_taken_for_two(kind: str, write: Any, tmp_path: Path) -> None:
    path = tmp_path / f"w.{kind}"
    write(path)
    report = check(find([str(path)], kind), compile_contract(parse(DOCUMENT)))
    assert report.error is None
    assert report.verdict == "conforms"
