"""Make tick files for `ticks_v1`, which tests and benchmarks use, with faults under names that tests know.

The command for the same files:

schemaregistry sample schemas/ticks_v1.json --rows 1000000 -o ticks.parquet --fault overflow
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pyarrow as pa

from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.sampling import Wanted, sample, tables
from schemaregistry.v1.contract_pb2 import Contract

FORMATS: Final = ("parquet", "csv", "ndjson")
FAULTS: Final = {
    "renamed_column": "renamed:price",
    "new_column": "extra",
    "int32_overflow": "overflow:size",
    "null_in_required": "null:price",
    "bad_enum": "enum:side",
    "bad_timestamp": "time:ts",
    "nan": "nan:price",
    "truncated": "truncated",
}
"""The tests' name of a fault → the fault of `schemaregistry.sampling`, in the column that tests look at."""
_DOCUMENT: Final = Path(__file__).parents[1] / "schemas" / "ticks_v1.json"


@dataclass(frozen=True, slots=True)
class Ticks:
    """The file to make. `fault_rows` is the number of rows with the fault; a fault of a column is in every row."""

    rows: int
    kind: str = "parquet"
    fault: str | None = None
    fault_rows: int = 12
    seed: int = 7
    version: str = "1.1.0"


def make(out: Path, ticks: Ticks) -> list[int]:
    """Write a file and return the numbers of the rows with the fault: all for a column's, none for a cut-off file."""
    fault = FAULTS[ticks.fault] if ticks.fault else None
    wanted = Wanted(ticks.rows, fault, ticks.fault_rows, ticks.seed, ticks.kind)
    return list(sample(_contract(ticks.version), out, wanted, checked=False).faulty)


def chunks(ticks: Ticks) -> Iterator[pa.Table]:
    """Yield ticks without faults, as tables."""
    return tables(_contract(ticks.version), ticks.rows, ticks.seed)


@cache
def _contract(version: str) -> Contract:
    """The ticks contract; version 1.0.0 had no venue yet."""
    document = json.loads(_DOCUMENT.read_bytes()) | {"version": version}
    if version == "1.0.0":
        del document["properties"]["venue"]
        document["arrow"]["fields"] = document["arrow"]["fields"][:-1]
    return compile_contract(parse(json.dumps(document).encode()))
