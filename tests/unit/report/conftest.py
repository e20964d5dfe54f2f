"""Reports to render: of a real check, and of texts that were made to break out of a form."""

from pathlib import Path

import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

ROOT = Path(__file__).resolve().parents[3]

TICKS = """ts,symbol,price,size,side
2026-01-05T09:30:00Z,AAPL,187.5,100,B
2026-01-05T09:30:01Z,AAPL,187.5,100,<b>&amp;</b>
2026-01-05T09:30:02Z,AAPL,187.5,secret-7f3a,S
2026-01-05T09:30:03Z,AAPL,187.5,secret-7f3a,S
2026-02-30T09:30:04Z,AAPL,187.5,300,B
"""


@pytest.fixture
def ticks(tmp_path: Path) -> Path:
    """Five ticks: lines 3 to 6 break a rule each."""
    path = tmp_path / "ticks.csv"
    path.write_text(TICKS, encoding="utf-8")
    return path


@pytest.fixture
def report(ticks: Path) -> data.Report:
    contract = compile_contract(parse((ROOT / "schemas/ticks_v1.json").read_bytes()))
    return data.check(data.find([str(ticks)]), contract)
