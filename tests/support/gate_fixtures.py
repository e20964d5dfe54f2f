"""The ticks contract, files of ticks, and the gate with a folder for each thing that it may write."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Loaded, Quarantine, find, load
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[2]
FORMATS = ("parquet", "csv", "ndjson")


@pytest.fixture(scope="session")
def ticks() -> Contract:
    return compile_contract(parse((ROOT / "schemas" / "ticks_v1.json").read_bytes()))


@pytest.fixture
def make_ticks(tmp_path: Path) -> Callable[..., Path]:
    """`make_ticks("t.csv", fault="bad_enum")`: a file of ticks in the format of its name."""

    def written(name: str, rows: int = 2_000, **changes: Any) -> Path:
        make(tmp_path / name, Ticks(rows, name.rpartition(".")[2], **changes))
        return tmp_path / name

    return written


@dataclass
class Gate:
    """Loads into `out` by a policy; rows are set aside in `aside`."""

    folder: Path
    contract: Contract

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def aside(self) -> Path:
        return self.folder / "aside"

    def load(self, policy: str, *files: Path, contract: Contract | None = None) -> Loaded:
        sources = find([str(file) for file in files])
        chosen: Any = policy if policy != "quarantine" else lambda: Quarantine(self.aside, "rows")
        into: Callable[[pa.Schema], Directory] = lambda schema: Directory(self.out, schema, "rows")  # noqa: E731
        return load(sources, contract or self.contract, into, policy=chosen)

    def handed_on(self, loaded: Loaded) -> list[dict[str, Any]]:
        assert loaded.place is not None
        return pq.read_table(loaded.place).to_pylist()

    def set_aside(self, loaded: Loaded, name: str) -> list[dict[str, Any]]:
        assert loaded.quarantine is not None
        return pq.read_table(Path(loaded.quarantine) / f"{name}.parquet").to_pylist()


@pytest.fixture
def gate(tmp_path: Path, ticks: Contract) -> Gate:
    return Gate(tmp_path, ticks)
