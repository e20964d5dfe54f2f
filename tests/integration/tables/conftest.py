"""Ticks as tables: three rows that conform to ticks_v1, and the same with a row that doesn't."""

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

ROOT = Path(__file__).resolve().parents[3]
_OPEN = datetime.fromisoformat("2026-01-05T09:30:00")


@pytest.fixture
def schema() -> Path:
    return ROOT / "schemas/ticks_v1.json"


@pytest.fixture
def ticks() -> pa.Table:
    return pa.table(
        {
            "ts": pa.array([_OPEN + timedelta(seconds=second) for second in range(3)], pa.timestamp("us")),
            "symbol": ["AAPL", "MSFT", "AAPL"],
            "price": [187.5, 411.25, 187.75],
            "size": pa.array([100, 200, 300], pa.int32()),
            "side": ["B", None, "S"],
        }
    )


@pytest.fixture
def bad_ticks(ticks: pa.Table) -> pa.Table:
    """Row 1 has a side that is none."""
    return ticks.set_column(4, "side", pa.array(["B", "X", "S"]))
