"""The ticks contract, and a way to judge bytes as a file of a format."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[2]

Judged = Callable[..., Report]


@pytest.fixture(scope="session")
def ticks() -> Contract:
    return compile_contract(parse((ROOT / "schemas" / "ticks_v1.json").read_bytes()))


@pytest.fixture
def judge(tmp_path: Path, ticks: Contract) -> Judged:
    """`judge("ticks.csv", data)`: the report on a file of that name, by the ticks contract unless another is given."""

    def judge(name: str, data: bytes, contract: Contract = ticks) -> Report:
        (tmp_path / name).write_bytes(data)
        return check(find([str(tmp_path / name)]), contract)

    return judge
