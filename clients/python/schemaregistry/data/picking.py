"""Rows of a batch or of records: how many, where they stand, some of them. Says nothing of which."""

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrays import Mask, flat
from schemaregistry.data.frame import Batch
from schemaregistry.data.records import Records


def count(rows: Batch | Records) -> int:
    """How many rows there are."""
    return rows.rows if isinstance(rows, Batch) else len(rows.values)


def line_of(rows: Batch | Records, row: int) -> int | None:
    """The line of a row, where its format has lines."""
    if isinstance(rows, Records):
        return rows.lines[row]
    return None if rows.line_of is None else rows.line_of(row)


def picked(rows: Batch | Records, mask: Mask) -> Batch | Records:
    """The rows that are marked."""
    return picked_batch(rows, mask) if isinstance(rows, Batch) else picked_records(rows, mask)


def picked_batch(batch: Batch, mask: Mask) -> Batch:
    """The rows of a batch that are marked."""
    chosen, kept = pa.array(mask), np.flatnonzero(mask)
    line = batch.line_of
    return Batch(
        columns={name: flat(column).filter(chosen) for name, column in batch.columns.items()},
        rows=len(kept),
        misfits={place: misfits[mask] for place, misfits in batch.misfits.items()},
        texts={place: texts.filter(chosen) for place, texts in batch.texts.items()},
        line_of=None if line is None else lambda row: line(int(kept[row])),
        is_utf8=batch.is_utf8,
    )


def part(batch: Batch, start: int, stop: int) -> Batch:
    """The rows of a batch from one to before another."""
    line, count = batch.line_of, stop - start
    return Batch(
        columns={name: column.slice(start, count) for name, column in batch.columns.items()},
        rows=count,
        misfits={place: mask[start:stop] for place, mask in batch.misfits.items() if mask[start:stop].any()},
        texts={place: texts.slice(start, count) for place, texts in batch.texts.items()},
        line_of=None if line is None else lambda row: line(start + row),
        is_utf8=batch.is_utf8,
    )


def picked_records(records: Records, mask: Mask) -> Records:
    """The records that are marked."""
    kept = np.flatnonzero(mask).tolist()
    return Records(
        [records.values[index] for index in kept],
        [records.lines[index] for index in kept],
        [records.texts[index] for index in kept] if records.texts else (),
        [records.renamed[index] for index in kept] if records.renamed else (),
    )
