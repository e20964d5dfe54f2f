"""Tick files of any size for `ticks_v1`, clean or with one kind of fault: what checks and benchmarks run on.

    python -m bench.make_ticks ticks.parquet --rows 1000000
    python -m bench.make_ticks ticks.csv --rows 1000000 --fault bad_enum --fault-rows 3

The same arguments give the same rows. Memory is bounded: rows are made and written a million at a time.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from pyarrow import compute

pc: Any = compute

FORMATS: Final = ("parquet", "csv", "ndjson")
FAULTS: Final = (
    *("renamed_column", "new_column", "int32_overflow", "null_in_required", "bad_enum", "bad_timestamp"),
    *("nan", "truncated"),
)
_CHUNK: Final = 1_000_000
_OPEN: Final = 1_767_605_400_000_000
"""2026-01-05T09:30:00Z in microseconds."""
_SYMBOLS: Final = [f"{a}{b}{c}{d}" for a in "ABGMNST" for b in "AEIO" for c in "LMRX" for d in ("", "K")]
_VENUES: Final = ["XNAS", "XNYS", "ARCX", "BATS", "EDGX", "IEXG"]


@dataclass(frozen=True, slots=True)
class Ticks:
    """What is to be made. `fault_rows` is how many rows have the fault; a column's fault is in all of them."""

    rows: int
    kind: str = "parquet"
    fault: str | None = None
    fault_rows: int = 12
    seed: int = 7
    version: str = "1.1.0"


def make(out: Path, ticks: Ticks) -> list[int]:
    """Write a file and return the rows that its fault is in: all of them for a column, none for a file cut off."""
    count = min(ticks.fault_rows, ticks.rows)
    bad = np.sort(np.random.default_rng(ticks.seed + 1).choice(ticks.rows, count, replace=False))
    write = _WRITERS[ticks.kind](out)
    start = 0
    for table in chunks(ticks):
        here = bad[(bad >= start) & (bad < start + table.num_rows)] - start
        write(_FAULTS[ticks.fault](table, here, ticks.kind) if ticks.fault in _FAULTS else table)
        start += table.num_rows
    write(None)
    if ticks.fault == "truncated":
        _cut(out)
    if ticks.fault in (None, "truncated"):
        return []
    return list(range(ticks.rows)) if ticks.fault in ("renamed_column", "new_column") else bad.tolist()


def chunks(ticks: Ticks) -> Iterator[pa.Table]:
    """Clean ticks: times that only grow, a random walk of cents for each symbol, a few sides unknown."""
    random = np.random.default_rng(ticks.seed)
    walk = random.integers(1_000, 60_000, len(_SYMBOLS))
    time = _OPEN
    for start in range(0, ticks.rows, _CHUNK):
        count = min(_CHUNK, ticks.rows - start)
        steps = random.integers(1, 1_500, count)
        symbols = random.integers(0, len(_SYMBOLS), count)
        cents = walk[symbols] + np.cumsum(random.integers(-3, 4, count)) % 500
        columns = {
            "ts": pa.array(time + np.cumsum(steps)).cast(pa.timestamp("us")),
            "symbol": _pick(_SYMBOLS, symbols),
            "price": pa.array(cents / 100),
            "size": pa.array((random.lognormal(4.5, 1.2, count) + 1).astype(np.int32)),
            "side": _pick(["B", "S", None], random.choice(3, count, p=[0.49, 0.49, 0.02])),
        }
        if ticks.version != "1.0.0":
            columns["venue"] = _pick(_VENUES, random.integers(0, len(_VENUES), count))
        time += int(steps.sum())
        yield pa.table(columns)


def _pick(values: list[Any], indices: np.ndarray[Any, Any]) -> Any:
    return pa.array(values).take(pa.array(indices))


def _put(table: pa.Table, name: str, column: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _changed(column: Any, rows: np.ndarray[Any, Any], value: Any) -> Any:
    mask = np.zeros(len(column), bool)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pa.scalar(value, column.type), column)


def _renamed(table: pa.Table, _rows: np.ndarray[Any, Any], _kind: str) -> pa.Table:
    return table.rename_columns(["px" if name == "price" else name for name in table.schema.names])


def _new(table: pa.Table, _rows: np.ndarray[Any, Any], _kind: str) -> pa.Table:
    return table.append_column("flags", pa.array(np.zeros(table.num_rows, np.int64)))


def _overflow(table: pa.Table, rows: np.ndarray[Any, Any], _kind: str) -> pa.Table:
    return _put(table, "size", _changed(table.column("size").cast(pa.int64()), rows, 2**31))


def _null(table: pa.Table, rows: np.ndarray[Any, Any], _kind: str) -> pa.Table:
    return _put(table, "price", _changed(table.column("price"), rows, None))


def _enum(table: pa.Table, rows: np.ndarray[Any, Any], _kind: str) -> pa.Table:
    return _put(table, "side", _changed(table.column("side"), rows, "X"))


def _nan(table: pa.Table, rows: np.ndarray[Any, Any], _kind: str) -> pa.Table:
    return _put(table, "price", _changed(table.column("price"), rows, float("nan")))


def _timestamp(table: pa.Table, rows: np.ndarray[Any, Any], kind: str) -> pa.Table:
    """In Parquet a nanosecond that the contract's unit doesn't hold; in text a day that isn't one."""
    if kind != "parquet":
        return _put(table, "ts", _changed(_stamps(table.column("ts")), rows, "2026-02-30T09:30:00Z"))
    instants = table.column("ts").cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy().copy()
    instants[rows] += 1
    return _put(table, "ts", pa.array(instants).cast(pa.timestamp("ns")))


_FAULTS: Final[dict[str | None, Callable[[pa.Table, np.ndarray[Any, Any], str], pa.Table]]] = {
    "renamed_column": _renamed,
    "new_column": _new,
    "int32_overflow": _overflow,
    "null_in_required": _null,
    "bad_enum": _enum,
    "bad_timestamp": _timestamp,
    "nan": _nan,
}


def _stamps(column: Any) -> Any:
    """RFC 3339 text, in UTC."""
    if pa.types.is_string(column.type):
        return column
    text = pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)
    return pc.binary_join_element_wise(text, "Z", "")


def _parquet(out: Path) -> Callable[[pa.Table | None], None]:
    writers: list[pq.ParquetWriter] = []

    def write(table: pa.Table | None) -> None:
        if table is None:
            for writer in writers:
                writer.close()
            return
        if not writers:
            writers.append(pq.ParquetWriter(out, table.schema))
        writers[0].write_table(table)

    return write


def _csv(out: Path) -> Callable[[pa.Table | None], None]:
    file = out.open("wb")

    def write(table: pa.Table | None) -> None:
        if table is None:
            file.close()
            return
        options = pcsv.WriteOptions(include_header=file.tell() == 0, quoting_style="none")
        pcsv.write_csv(_put(table, "ts", _stamps(table.column("ts"))), file, options)

    return write


def _ndjson(out: Path) -> Callable[[pa.Table | None], None]:
    file = out.open("wb")

    def write(table: pa.Table | None) -> None:
        if table is None:
            file.close()
            return
        members: list[Any] = []
        for name in table.schema.names:
            members += [("," if members else "{") + f'"{name}":', _json(table.column(name), name)]
        lines = pc.binary_join_element_wise(*members, "}\n", "")
        file.write(b"".join(lines.cast(pa.binary()).to_pylist()))

    return write


def _json(column: Any, name: str) -> Any:
    """The JSON texts of a column, as Python's own writer has them: NaN is NaN."""
    if name == "ts":
        column = _stamps(column)
    if pa.types.is_string(column.type):
        texts = pc.binary_join_element_wise('"', column, '"', "")
    else:
        texts = column.cast(pa.string())
    return pc.replace_substring(pc.fill_null(texts, "null"), "nan", "NaN")


_WRITERS: Final = {"parquet": _parquet, "csv": _csv, "ndjson": _ndjson}


def _cut(out: Path) -> None:
    """Keep six tenths; of a text file, up to the middle of a record's first field."""
    size = out.stat().st_size * 6 // 10
    with out.open("r+b") as file:
        file.seek(size)
        rest = file.read(4096)
        file.truncate(size + rest.find(b"\n") + 8 if out.suffix != ".parquet" else size)


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=FORMATS, help="that of the file's name, else parquet")
    parser.add_argument("--fault", choices=FAULTS)
    parser.add_argument("--fault-rows", type=int, default=12, metavar="N", help="rows with the fault (12)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--schema-version", choices=("1.0.0", "1.1.0"), default="1.1.0")
    asked = parser.parse_args()
    suffix = asked.out.suffix.removeprefix(".")
    form = asked.format or (suffix if suffix in FORMATS else "parquet")
    ticks = Ticks(asked.rows, form, asked.fault, asked.fault_rows, asked.seed, asked.schema_version)
    bad = make(asked.out, ticks)
    fault = f", {asked.fault} in {len(bad):,} rows" if asked.fault else ""
    print(f"{asked.out}: {asked.rows:,} ticks, {asked.out.stat().st_size:,} bytes{fault}")


if __name__ == "__main__":
    main()
