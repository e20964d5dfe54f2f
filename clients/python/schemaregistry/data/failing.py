"""Which rows of a batch break which rules, and which can't be held: for those that set rows aside. Counts nothing."""

from typing import TypeAlias

import numpy as np

from schemaregistry.data.arrays import Mask
from schemaregistry.data.frame import Batch, Frame
from schemaregistry.data.judge import Judge
from schemaregistry.data.records import RecordJudge, Records
from schemaregistry.data.tally import Key

Failing: TypeAlias = dict[Key, Mask]
"""The rules that are broken, in the report's order, each with the rows that break it."""


def failing(judge: Judge, rows: Batch | Records) -> Failing:
    """What the next rows of a judge's file break; the judge's tally is left as it is."""
    found = _of_batch(judge, rows) if isinstance(rows, Batch) else _of_records(judge, rows)
    return dict(sorted(found.items(), key=lambda item: judge.plan.rank(*item[0])))


def any_of(found: Failing, count: int) -> Mask:
    """The rows, of `count`, that break any rule."""
    rows = np.zeros(count, bool)
    for mask in found.values():
        rows |= mask
    return rows


def unheld(judge: Judge, rows: Batch | Records) -> Mask:
    """The rows with a value that the contract's types can't hold."""
    if isinstance(rows, Records):
        records = RecordJudge(judge.plan)
        return np.array([not records.holds(record) for record in rows.values], bool)
    frame = Frame(judge.plan, judge.binding, rows)
    found = np.zeros(rows.rows, bool)
    for place in judge.plan.places[1:]:
        misfits = frame.misfits(place.index)
        if misfits is not None:
            found |= frame.rows(place.index, misfits)
    return found


def _of_batch(judge: Judge, batch: Batch) -> Failing:
    frame = Frame(judge.plan, judge.binding, batch)
    return {
        key: np.logical_or.reduce([frame.rows(hit.place, hit.mask) for hit in hits])
        for key, hits in judge.hits(frame).items()
    }


def _of_records(judge: Judge, records: Records) -> Failing:
    record_judge = RecordJudge(judge.plan)
    found: Failing = {}
    for index, record in enumerate(records.values):
        for key in record_judge.broken(record):
            found.setdefault(key, np.zeros(len(records.values), bool))[index] = True
    return found
