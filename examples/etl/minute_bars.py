"""Ticks into bars of one minute, with a contract at both ends: where rows break theirs, nothing is written.

    python examples/etl/minute_bars.py ticks.parquet bars/

Uses the stubs that are generated from the proto, and the gate; copy it, and change `bars`. Exits with 0 once the bars
are written, 1 where ticks or bars don't conform, 2 where it was called otherwise, 3 where that can't be told (no
registry, a file cut off).
"""

import os
import sys
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
from pyarrow import compute

from schemaregistry import data
from schemaregistry.data import rows_of
from schemaregistry.errors import RegistryError
from schemaregistry.v1.contract_pb2 import Contract
from schemaregistry.v1.registry_pb2 import GetContractRequest
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

pc: Any = compute
SECONDS = 5.0


def connect() -> grpc.Channel:
    """A channel with mutual TLS: the registry shows its certificate, and so do we."""
    told = os.environ
    tls = Path(told.get("SCHEMAREGISTRY_DATA", ".data"), "tls")
    ca = Path(told.get("SCHEMAREGISTRY_CA", tls / "ca.pem")).read_bytes()
    key = Path(told.get("SCHEMAREGISTRY_KEY", tls / "reader-key.pem")).read_bytes()
    cert = Path(told.get("SCHEMAREGISTRY_CERT", tls / "reader.pem")).read_bytes()
    credentials = grpc.ssl_channel_credentials(ca, key, cert)
    return grpc.secure_channel(told.get("SCHEMAREGISTRY_TARGET", "localhost:50051"), credentials)


class RowsInMemory:
    """Where the gate hands rows to: memory. They are there once all of them have passed."""

    name = "rows"

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []
        self.table = schema.empty_table()

    def write(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)

    def publish(self) -> str:
        self.table = pa.Table.from_batches(self._batches, self._schema)
        return self.name

    def discard(self) -> None:
        self._batches.clear()


def extract(path: str, contract: Contract) -> pa.Table:
    """The rows of a file, in the contract's types. They are read once: what is judged is what comes back."""
    into: list[RowsInMemory] = []

    def destination(schema: pa.Schema) -> RowsInMemory:
        into.append(RowsInMemory(schema))
        return into[-1]

    data.load(data.find([path]), contract, destination).report.raise_for_violations()
    return into[0].table


def bars(ticks: pa.Table) -> pa.Table:
    """Open, high, low, close and volume of each symbol and minute, in the order of time."""
    ticks = ticks.sort_by("ts")
    ticks = ticks.append_column("start", pc.floor_temporal(ticks["ts"], unit="minute"))
    made = ticks.group_by(["start", "symbol"], use_threads=False).aggregate(
        [
            *(("price", "first"), ("price", "max"), ("price", "min"), ("price", "last")),
            *(("size", "sum"), ("size", "count")),
        ]
    )
    made = made.rename_columns(["start", "symbol", "open", "high", "low", "close", "volume", "trades"])
    made = made.set_column(0, "start", pc.assume_timezone(made["start"], "UTC"))
    return made.append_column("interval", pa.array(["1m"] * len(made), pa.string()))


def load(table: pa.Table, contract: Contract, folder: Path, stem: str) -> str:
    """Write rows that conform, in the contract's types, all at once; where they are."""
    loaded = data.load(rows_of(table), contract, lambda schema: data.Directory(folder, schema, stem))
    loaded.report.raise_for_violations()
    return str(loaded.place)


def main(source: str, target: str) -> int:
    try:
        with connect() as channel:
            registry = SchemaRegistryStub(channel)
            ticks_v1, bars_v1 = (
                registry.GetContract(GetContractRequest(id=name, version="latest"), timeout=SECONDS)
                for name in ("ticks_v1", "bars_v1")
            )
        made = bars(extract(source, ticks_v1))
        written = load(made, bars_v1, Path(target), Path(source).stem)
    except data.DoesNotConform as halted:
        print(f"HALTED {source}, nothing is written\n{halted}", file=sys.stderr)
        return halted.report.exit_code
    except grpc.RpcError as failure:
        print(f"{failure.code().name}: {failure.details()}", file=sys.stderr)
        return 3
    except (RegistryError, OSError) as failure:
        print(failure, file=sys.stderr)
        return 3
    print(f"wrote {written}: {len(made):,} bars by {bars_v1.id} {bars_v1.version}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("usage: minute_bars.py TICKS FOLDER", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
