"""Parquet files with int96 of any days and nanoseconds: what Arrow writes of nanoseconds, with other bytes put in."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_EPOCH = 2_440_588
"""The Julian day of 1970-01-01."""
Stamp = tuple[int, int]
"""Days since 1970-01-01, and nanoseconds of the day."""


def written(values: Sequence[Stamp | None], shape: Any = lambda stamps: {"t": stamps}, **options: Any) -> bytes:
    """A file of such values, in the columns that `shape` makes of them."""
    kept = [index for index, value in enumerate(values) if value is not None]
    marks = {index: (1 + number) * 86_400 * 10**9 + 77 for number, index in enumerate(kept)}
    stamps = pa.array([marks.get(index) for index in range(len(values))], pa.timestamp("ns"))
    sink = io.BytesIO()
    options = {"compression": "none", "use_dictionary": False, "write_statistics": False} | options
    pq.write_table(pa.table(shape(stamps)), sink, use_deprecated_int96_timestamps=True, **options)
    data = sink.getvalue()
    for index, mark in marks.items():
        day, nano = values[index] or (0, 0)
        before = struct.pack("<QI", mark % (86_400 * 10**9), _EPOCH + mark // (86_400 * 10**9))
        assert data.count(before) >= 1, "the bytes of a value stand in the file"
        data = data.replace(before, struct.pack("<QI", nano, _EPOCH + day))
    return data
