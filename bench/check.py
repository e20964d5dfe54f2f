"""Compare the speed of a check with pyarrow's own decoding of the same file: `python -m bench.check`.

Both run in turn on one core, and each figure is a median. The decoding is pyarrow's fastest: batches of Parquet without
threads, the CSV and NDJSON readers with their own type inference.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.json as pj
import pyarrow.parquet as pq

from devtools.make_ticks import Ticks, make
from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse
from schemaregistry.v1 import contract_pb2

_SCHEMA: Final = Path(__file__).parent.parent / "schemas" / "ticks_v1.json"
_BLOCK: Final = 4 << 20


def decode_parquet(path: Path) -> None:
    """Decode every column of every row."""
    for _ in pq.ParquetFile(path).iter_batches(1 << 16, use_threads=False):
        pass


def decode_csv(path: Path) -> None:
    """The whole file as a table."""
    pcsv.read_csv(path, pcsv.ReadOptions(use_threads=False, block_size=_BLOCK))


def decode_ndjson(path: Path) -> None:
    """The whole file as a table."""
    pj.read_json(path, pj.ReadOptions(use_threads=False, block_size=_BLOCK))


DECODES: Final = {"parquet": decode_parquet, "csv": decode_csv, "ndjson": decode_ndjson}


def compare(path: Path, kind: str, contract: contract_pb2.Contract, repeats: int) -> tuple[float, float]:
    """Median CPU seconds of decoding and of the check, run in turn after one uncounted run of each."""

    def judged() -> None:
        report = check(find([str(path)], kind), contract)
        assert report.verdict == "conforms", report

    decodes, checks = [], []
    for turn in range(repeats + 1):
        decoded, checked = _seconds(lambda: DECODES[kind](path)), _seconds(judged)
        if turn:
            decodes.append(decoded)
            checks.append(checked)
    return statistics.median(decodes), statistics.median(checks)


def _seconds(work: Callable[[], None]) -> float:
    """Seconds of CPU time of all threads, so that other work on the machine doesn't count."""
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    """Make the files, measure, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the Parquet file (10,000,000)")
    parser.add_argument("--text-rows", type=int, default=1_000_000, help="of CSV and NDJSON (1,000,000)")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    pa.set_cpu_count(1)
    contract = compile_contract(parse(_SCHEMA.read_bytes()))
    print(f"{'format':8}  {'rows':>12}  {'decode rows/s':>14}  {'check rows/s':>14}  {'check / decode':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for kind, rows in (("parquet", asked.rows), ("csv", asked.text_rows), ("ndjson", asked.text_rows)):
            path = Path(folder) / f"ticks.{kind}"
            make(path, Ticks(rows, kind))
            decoded, checked = compare(path, kind, contract, asked.repeats)
            speeds = f"{rows / decoded:14,.0f}  {rows / checked:14,.0f}"
            print(f"{kind:8}  {rows:12,}  {speeds}  {decoded / checked:13.2f}×")


if __name__ == "__main__":
    main()
