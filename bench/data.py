"""Compare the cost of a check with pyarrow's own decoding and with other checkers, in one run: `make bench-data`.

Figures are CPU time of all threads per row, on one core, and medians of their repeats. In a file with a fault, 1 % of
the rows have it. Every check is of a whole file, from disk to verdict.
"""

# The other checkers are imported only where they are measured.
# ruff: noqa: PLC0415

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from bench.check import DECODES
from devtools.make_ticks import Ticks, chunks, make
from schemaregistry.contract import compile_contract
from schemaregistry.contract.expectations import suite
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse

_SCHEMA: Final = Path(__file__).parent.parent / "schemas" / "ticks_v1.json"
CONTRACT: Final = compile_contract(parse(_SCHEMA.read_bytes()))
_NULLABLE: Final = ("side", "venue")
_MIB: Final = 1 << 20


def cost(work: Callable[[], Any], rows: int, repeats: int) -> float:
    """Nanoseconds of CPU time per row, after one run that isn't counted."""
    work()
    spent = []
    for _ in range(repeats):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return statistics.median(spent) / rows * 1e9


def judged(path: Path, kind: str, verdict: str = "conforms") -> Report:
    """Check `path` and return the report, whose verdict must be `verdict`."""
    report = check(find([str(path)], kind), CONTRACT)
    assert report.verdict == verdict, report
    return report


@dataclass(frozen=True, slots=True)
class Peer:
    """Another checker: how it reads a file into a frame and judges it; ours should be at least `aim` times as fast."""

    name: str
    read: Callable[[], Any]
    judge: Callable[[Any], Any]
    aim: float


def great_expectations(path: Path) -> Peer:
    """Great Expectations with the suite that is made from the contract."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    pandas: Any = import_module("pandas")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    expected = gx.ExpectationSuite(**json.loads(json.dumps(suite(CONTRACT))))

    def validate(frame: Any) -> None:
        assert whole.get_batch({"dataframe": frame}).validate(expected).success

    return Peer("Great Expectations", lambda: pandas.read_parquet(path), validate, 30)


def pandera_pandas(path: Path) -> Peer:
    """pandera with the contract's rules by hand: types, nulls, texts, finite numbers, no further column.

    It reports every failure.
    """
    import pandera.pandas as pandera

    numpy: Any = import_module("numpy")
    pandas: Any = import_module("pandas")
    types = pandas.read_parquet(path).dtypes.astype(str)
    checks = {
        "price": pandera.Check(numpy.isfinite),
        "side": pandera.Check.isin(["B", "S"]),
        "venue": pandera.Check.str_matches("^[A-Z0-9]{4}$"),
    }
    columns = {name: pandera.Column(types[name], checks.get(name), nullable=name in _NULLABLE) for name in types.index}
    schema = pandera.DataFrameSchema(columns, strict=True)
    return Peer(
        "pandera on pandas", lambda: pandas.read_parquet(path), lambda frame: schema.validate(frame, lazy=True), 10
    )


def pandera_polars(path: Path) -> Peer:
    """pandera on polars with the same rules."""
    import pandera.polars as pandera
    import polars

    def is_finite(data: Any) -> Any:
        return data.lazyframe.select(polars.col(data.key).is_finite())

    checks = {
        "price": pandera.Check(is_finite),
        "side": pandera.Check.isin(["B", "S"]),
        "venue": pandera.Check.str_matches("^[A-Z0-9]{4}$"),
    }
    columns = {
        name: pandera.Column(kind, checks.get(name), nullable=name in _NULLABLE)
        for name, kind in polars.read_parquet_schema(path).items()
    }
    schema = pandera.DataFrameSchema(columns, strict=True)
    return Peer(
        "pandera on polars", lambda: polars.read_parquet(path), lambda frame: schema.validate(frame, lazy=True), 3
    )


def orjson_and_jsonschema_rs(path: Path, *, told: bool) -> Callable[[], None]:
    """Parse each line of a file and judge it by the contract's rules; `told`: report which rules it breaks."""
    import jsonschema_rs

    orjson: Any = import_module("orjson")

    schema = json.loads(_SCHEMA.read_bytes())
    schema["properties"]["side"] = {"enum": ["B", "S", None]}
    schema["properties"]["size"] |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    validator = jsonschema_rs.Draft7Validator({**schema, "arrow": {}}, validate_formats=True)

    def validate() -> None:
        with path.open("rb") as lines:
            if told:
                assert not any(any(True for _ in validator.iter_errors(orjson.loads(line))) for line in lines)
            else:
                assert all(validator.is_valid(orjson.loads(line)) for line in lines)

    return validate


def line(name: str, other: float, own: float, aim: float | None) -> None:
    """Format one ratio, beside its aim where it has one."""
    ratio = other / own
    met = "" if aim is None else f"{aim:6.2f}×  {'met' if ratio >= aim else 'not met'}"
    print(f"{name:46} {other:10,.0f} {own:8,.0f} {ratio:8.2f}× {met}", flush=True)


def files(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    """Compare checks of each file with pyarrow's decoding of it; return the cost of each check."""
    own: dict[str, float] = {}
    made: list[tuple[str, str, str | None, int, float | None]] = [
        ("parquet", "snappy", None, asked.rows, 0.95),
        ("parquet", "zstd", None, asked.rows, 0.95),
        *(("parquet", "snappy", fault, asked.rows, 0.8) for fault in ("bad_enum", "nan", "null_in_required")),
        ("csv", "", None, asked.text_rows, 0.8),
        ("csv", "", "bad_enum", asked.text_rows, None),
        ("ndjson", "", "bad_enum", asked.text_rows, None),
        ("ndjson", "", None, asked.text_rows, None),
    ]
    for kind, codec, fault, rows, aim in made:
        path = folder / f"ticks.{kind}"
        make(path, Ticks(rows, kind, fault, fault_rows=rows // 100))
        if codec == "zstd":
            recompress(path)
        decode = cost(lambda: DECODES[kind](path), rows, asked.repeats)  # noqa: B023
        verdict = "violates" if fault else "conforms"
        own[name := " ".join(filter(None, (kind, codec, fault)))] = cost(
            lambda: judged(path, kind, verdict),  # noqa: B023
            rows,
            asked.repeats,
        )
        line(f"{name} against decode", decode, own[name], aim)
        if kind == "parquet":
            path.unlink()
    return own


def recompress(path: Path) -> None:
    """Write a Parquet file again with the same row groups, compressed with zstd."""
    file = pq.ParquetFile(path)
    with pq.ParquetWriter(path.with_suffix(".zstd"), file.schema_arrow, compression="zstd") as writer:
        for group in range(file.num_row_groups):
            writer.write_table(file.read_row_group(group))
    path.with_suffix(".zstd").replace(path)


def peers(folder: Path, asked: argparse.Namespace) -> None:
    """Compare other checkers with ours on the same rows of one file."""
    path, rows = folder / "ticks.parquet", asked.peer_rows
    make(path, Ticks(rows))
    own = cost(lambda: judged(path, "parquet"), rows, asked.repeats)
    for peer in (great_expectations(path), pandera_pandas(path), pandera_polars(path)):
        whole = cost(lambda: peer.judge(peer.read()), rows, asked.repeats)  # noqa: B023
        line(peer.name, whole, own, peer.aim)
        line(f"{peer.name}, its reading alone", cost(peer.read, rows, asked.repeats), own, None)


def lines(path: Path, own: float, asked: argparse.Namespace) -> None:
    """Compare a parser and validator run line by line with ours, on one NDJSON file."""
    for told in (True, False):
        name = "orjson + jsonschema-rs, " + ("told what breaks" if told else "yes or no")
        line(name, cost(orjson_and_jsonschema_rs(path, told=told), asked.text_rows, asked.repeats), own, 5)


def memory(folder: Path, rows: int) -> None:
    """Measure the peak memory of a separate process that checks a large file, made by repeating row groups."""
    path, part = folder / "many.parquet", 1_000_000
    tables = list(chunks(Ticks(min(part, rows))))
    with pq.ParquetWriter(path, tables[0].schema) as writer:
        for _ in range(max(rows // part, 1)):
            writer.write_table(tables[0])
    command = [sys.executable, "-m", "bench.data", "--peak-of", str(path)]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    path.unlink()
    met = "met" if peak <= 512 * _MIB else "not met"
    print(f"peak memory of a check of {rows:,} rows of Parquet: {peak / _MIB:,.0f} MiB, aim 512 MiB: {met}")


def main() -> None:
    """Make the files, measure, print a line for each ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of Parquet")
    parser.add_argument("--text-rows", type=int, default=1_000_000, help="of CSV and NDJSON")
    parser.add_argument("--peer-rows", type=int, default=10_000_000, help="of Parquet that other checkers judge, too")
    parser.add_argument("--memory-rows", type=int, default=50_000_000, help="of the file by which memory is measured")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    os.environ["POLARS_MAX_THREADS"] = "1"
    if asked.peak_of:
        print(judged(asked.peak_of, "parquet").peak_memory_bytes)
        return
    print(f"{'':46} {'its ns/row':>10} {'ours':>8} {'ratio':>9} {'aim':>7}")
    with tempfile.TemporaryDirectory() as name:
        own = files(Path(name), asked)
        lines(Path(name) / "ticks.ndjson", own["ndjson"], asked)
        print(f"The following are on the same {asked.peer_rows:,} rows of Parquet.")
        peers(Path(name), asked)
        memory(Path(name), asked.memory_rows)


if __name__ == "__main__":
    main()
