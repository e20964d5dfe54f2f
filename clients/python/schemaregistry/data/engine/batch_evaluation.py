"""Evaluate a batch by a plan: find the values that fail each check, and from them the rows that break each rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from schemaregistry.data.arrow.arrays import Indices, Mask
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.json_column import read_as_json
from schemaregistry.data.arrow.types import is_json
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.batch_view import BatchView
from schemaregistry.data.engine.binding import Binding, refusal
from schemaregistry.data.engine.check_evaluation import CheckEvaluator
from schemaregistry.data.engine.evaluation import Evaluation, Finding, RuleKey
from schemaregistry.data.engine.plan import ROW, Check, Plan
from schemaregistry.document import Json

Show: TypeAlias = Callable[[int], Json]
"""Returns the value to show in a report, by its index among the values at the failing place."""


@dataclass(frozen=True, slots=True)
class Hit:
    """The values at one place that break one rule; `mask` marks them."""

    key: RuleKey
    expected: str
    place: int
    mask: Mask
    show: Show


def evaluate_batch(plan: Plan, binding: Binding, batch: Batch) -> Evaluation:
    """Evaluate all checks of a plan on a batch; `binding` is that of the batch's file."""
    view = BatchView(plan, binding, batch)
    checks = CheckEvaluator(view)
    hits: dict[RuleKey, list[Hit]] = {}
    unfit = set()
    for check in plan.checks:
        mask = checks.failing(check)
        if mask is not None:
            for hit in _hits(checks, check, mask):
                hits.setdefault(hit.key, []).append(hit)
            if check.kind == "fits" and check.place not in binding.refused:
                unfit.add(check.place)
    findings = {key: _finding(view, hits[key]) for key in sorted(hits, key=lambda key: plan.rank(*key))}
    # A misfit always breaks a rule, so without findings there are none to look for.
    misfits = _rows_with_misfits(view) if findings else np.zeros(batch.rows, bool)
    return Evaluation(batch.rows, findings, misfits, frozenset(unfit))


def _rows_with_misfits(view: BatchView) -> Mask:
    found = np.zeros(view.batch.rows, bool)
    for place in view.plan.places[1:]:
        misfits = view.misfits(place.index)
        if misfits is not None:
            found |= view.rows(place.index, misfits)
    return found


def _finding(view: BatchView, hits: Sequence[Hit]) -> Finding:
    """Combine the hits of one rule into the rows that break it."""
    masks = [view.rows(hit.place, hit.mask) for hit in hits]
    return Finding(hits[0].expected, np.logical_or.reduce(masks), partial(_value_of_row, view, hits, masks))


def _value_of_row(view: BatchView, hits: Sequence[Hit], masks: Sequence[Mask], row: int) -> Json:
    """Return the first value in a row that breaks the rule."""
    hit = next(hit for hit, mask in zip(hits, masks, strict=True) if mask[row])
    return hit.show(_first_within(view.row_of(hit.place), hit.mask, row))


def _first_within(row_of: Indices | None, mask: Mask, row: int) -> int:
    """Return the index of the first marked value in a row."""
    return row if row_of is None else int(np.flatnonzero(mask & (row_of == row))[0])


def _hits(checks: CheckEvaluator, check: Check, mask: Mask) -> Iterator[Hit]:
    """Split the values that fail a check by the rule under which each is reported."""
    view = checks.view
    place, binding = view.plan.places[check.place], view.binding
    key, show = RuleKey(place.column, check.pointer, check.rule), partial(_value, view, check.place)
    match check.kind:
        case "residual":
            yield from _residual_hits(checks, check, mask)
        case "closed" if check.place == ROW:
            # At the row a forbidden member is a column, and each is reported by its own name.
            for name, having in view.extras(check).items():
                if (mask & having).any():
                    cell = partial(_cell, view, name)
                    yield Hit(key._replace(column=name), check.expected, ROW, mask & having, cell)
        case "fits" if check.place in binding.refused:
            key = RuleKey(place.column, *refusal(view.plan, binding, check.place))
            yield Hit(key, check.expected, check.place, mask, show)
        case "present":
            yield Hit(key, check.expected, check.place, mask, lambda _: None)
        case _:
            yield Hit(key, check.expected, check.place, mask, show)


def _residual_hits(checks: CheckEvaluator, check: Check, mask: Mask) -> Iterator[Hit]:
    """Yield a hit for each rule in a residual; at the row, one for each column that an error is about."""
    view = checks.view
    found: dict[RuleKey, Mask] = {}
    for index, refused in checks.refusals[check.argument, check.place]:
        columns = refused.columns if check.place == ROW else (view.plan.places[check.place].column,)
        for column in columns if mask[index] else ():
            key = RuleKey(column, refused.pointer, refused.rule)
            found.setdefault(key, np.zeros(len(mask), bool))[index] = True
    for key, marked in found.items():
        expected = view.plan.validator.stated(key.pointer)
        yield Hit(key, expected, check.place, marked, partial(_value, view, check.place))


def _value(view: BatchView, place: int, index: int) -> Json:
    """Return the value to show; in a text format a misfit is shown by its text."""
    if place == ROW:
        return {name: _cell(view, name, index) for name in view.batch.columns}
    misfits = view.misfits(place)
    unread = misfits is not None and misfits[index]
    array = view.batch.texts[place] if unread and place in view.batch.texts else view.values(place).array
    if array is None:
        return None
    read = read_as_json if is_json(view.plan.places[place].kind) and not unread else to_json
    return read(array.slice(index, 1))[0]


def _cell(view: BatchView, name: str, row: int) -> Json:
    place = view.plan.column(name)
    if place is not None and is_json(place.kind):
        return _value(view, place.index, row)
    columns = view.batch.columns
    return to_json(columns[name].slice(row, 1))[0] if name in columns else None
