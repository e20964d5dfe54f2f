"""Evaluate JSON records one by one with a JSON Schema validator, to the same findings as a batch.

It is much slower than batches: for lines that Arrow's parser might read otherwise than JSON says, and for plans that a
batch can't serve.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.types import family, is_json, json_kind
from schemaregistry.data.engine.evaluation import Evaluation, Finding, RuleKey
from schemaregistry.data.engine.plan import ROW, Place, Plan
from schemaregistry.data.engine.records import Records
from schemaregistry.data.engine.stored_value import MISFIT, NotUtf8, as_stored
from schemaregistry.data.engine.validator import VALUE, Refusal
from schemaregistry.document import Json

_KINDS: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "string",
    NotUtf8: "string",
    list: "array",
}


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A value that its place's Arrow type can't hold; `path` is the way to it in the record."""

    place: int
    path: tuple[str | int, ...]
    value: Json


@dataclass(frozen=True, slots=True)
class RecordFault:
    """One fault of a record: `path` is the way to the value at fault, `rule` as in `Violation`.

    `message` is a sentence with `validator.VALUE` where the value belongs.
    """

    path: tuple[str | int, ...]
    rule: str
    message: str


def evaluate_records(plan: Plan, records: Records) -> Evaluation:
    """Evaluate all checks of a plan on records."""
    evaluator, count = RecordEvaluator(plan), len(records.values)
    found: dict[RuleKey, dict[int, Json]] = {}
    misfits = np.zeros(count, bool)
    for index, record in enumerate(records.values):
        broken, misfits[index] = evaluator.evaluated(record)
        for key, value in broken.items():
            found.setdefault(key, {})[index] = value
    findings = {
        key: Finding(evaluator.expected(key), marked(found[key], count), found[key].__getitem__)
        for key in sorted(found, key=lambda key: plan.rank(*key))
    }
    return Evaluation(count, findings, misfits)


def marked(indices: Iterable[int], count: int) -> Mask:
    """Return a mask of `count` rows, true at the indices."""
    mask = np.zeros(count, bool)
    mask[list(indices)] = True
    return mask


class RecordEvaluator:
    """Evaluates one record after another by a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._children: Mapping[int, Mapping[str | None, Place]] = {
            index: {place.name: place for place in places} for index, places in plan.children.items()
        }
        self._closed = frozenset(check.place for check in plan.every_check() if check.kind == "closed")
        self._always_closed = frozenset(check.place for check in plan.checks if check.kind == "closed")

    def broken(self, record: Json) -> dict[RuleKey, Json]:
        """Return the rules that a record breaks, each with the value at fault."""
        return self.evaluated(record)[0]

    def evaluated(self, record: Json) -> tuple[dict[RuleKey, Json], bool]:
        """Return what a record breaks, with the values at fault, and whether it has a misfit or is no object."""
        misfits, refusals, cleaned = self._judged(record)
        # Reversed, so that a rule's first misfit overwrites the later ones.
        found = {self._misfit_key(misfit): misfit.value for misfit in reversed(misfits)}
        for refusal in refusals:
            for key, value in _breaches(refusal, cleaned):
                found.setdefault(key, value)
        return found, bool(misfits) or not isinstance(record, dict)

    def faults(self, record: Json) -> Iterator[RecordFault]:
        """Yield every fault of a record, by the same rules as `evaluated`: values that don't fit their types first."""
        misfits, refusals, _ = self._judged(record)
        for misfit in misfits:
            key = self._misfit_key(misfit)
            yield RecordFault(misfit.path, key.rule, f"{VALUE} does not fit {self.expected(key)}")
        for refusal in refusals:
            yield RecordFault(refusal.place, refusal.rule, refusal.message)

    def _judged(self, record: Json) -> tuple[list[_Misfit], list[Refusal], Json]:
        """Return a record's misfits, its errors other than those caused by a misfit, and the record without misfits."""
        misfits: list[_Misfit] = []
        cleaned = self._object(self._plan.places[ROW], record, (), misfits) if isinstance(record, dict) else record
        at_fault = {misfit.path for misfit in misfits}
        # contract.proto: no other check fails for a misfit.
        refusals = [each for each in self._refusals(cleaned) if not _explained(each, at_fault)]
        return misfits, refusals, cleaned

    def _refusals(self, cleaned: Json) -> list[Refusal]:
        """Return a record's errors: of the members without a place that are null, only `closed` sees any."""
        found = list(self._plan.validator.whole(cleaned))
        if not self._always_closed or not found:
            return found
        bare = self._without_nulls(self._plan.places[ROW], cleaned)
        if bare == cleaned:
            return found
        closed = [each for each in found if each.rule == "additionalProperties"]
        others = [each for each in self._plan.validator.whole(bare) if each.rule != "additionalProperties"]
        return closed + others

    def _without_nulls(self, place: Place, value: Json) -> Json:
        """Copy a value without the nulls that have no place in an object that is closed under every condition."""
        children = self._children.get(place.index, {})
        if isinstance(value, dict):
            drops = place.index in self._always_closed
            return {
                name: self._without_nulls(children[name], inner) if name in children else inner
                for name, inner in value.items()
                if name in children or inner is not None or not drops
            }
        if isinstance(value, list) and None in children:
            return [self._without_nulls(children[None], inner) for inner in value]
        return value

    def stored(self, records: Records) -> list[dict[str, Json]]:
        """Return conforming records as they are stored; members of type json keep the text that the line has."""
        row = self._plan.places[ROW]
        found = [self._object(row, record, (), []) for record in records.values]
        if ROW in self._ways_to_json:
            renamed = records.renamed or ({},) * len(found)
            for record, line, names in zip(found, records.texts, renamed, strict=True):
                texts = json_text.members(line.decode())
                self._write_json(row, record, {name: texts.get(names.get(name, name), "") for name in record})
        return found

    def undeclared(self, records: Records) -> Iterable[str]:
        """Name the members without a place in the contract, each once: `name`, `object.name`, `list[].name`."""
        row = self._plan.places[ROW]
        return dict.fromkeys(name for record in records.values for name in self._undeclared(row, record, ""))

    def _undeclared(self, place: Place, value: Json, path: str) -> Iterator[str]:
        children = self._children[place.index]
        if is_json(place.kind):
            return
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in children:
                    yield from self._undeclared(children[name], inner, f"{path}{name}.")
                else:
                    yield f"{path}{name}"
        elif isinstance(value, list) and None in children:
            for inner in value:
                yield from self._undeclared(children[None], inner, f"{path.removesuffix('.')}[].")

    def _write_json(self, place: Place, value: dict[str, Json], texts: Mapping[str, str]) -> None:
        """Replace the values in an object that are of type json, at any depth, by their texts."""
        for name, child in self._children[place.index].items():
            if name in value and child.index in self._ways_to_json:
                value[name] = self._as_json(child, value[name], texts[name])

    def _as_json(self, place: Place, value: Json, text: str) -> Json:
        if is_json(place.kind):
            return text
        if isinstance(value, dict):
            self._write_json(place, value, json_text.members(text))
        elif isinstance(value, list):
            item = self._children[place.index][None]
            return [self._as_json(item, *pair) for pair in zip(value, json_text.items(text), strict=True)]
        return value

    @cached_property
    def _ways_to_json(self) -> frozenset[int]:
        """Places of type json and all places around them."""
        found: set[int] = set()
        for place in self._plan.places[1:]:
            if is_json(place.kind):
                step = place.index
                while step not in found:
                    found.add(step)
                    step = self._plan.places[step].parent
        return frozenset(found)

    def holds(self, record: Json) -> bool:
        """Whether the contract's types can hold every value of a record."""
        misfits: list[_Misfit] = []
        if isinstance(record, dict):
            self._object(self._plan.places[ROW], record, (), misfits)
        return isinstance(record, dict) and not misfits

    def expected(self, key: RuleKey) -> str:
        """Return what a broken rule expects, in the words of its check or else of the document."""
        return self._plan.expected(*key) or self._plan.validator.stated(key.pointer)

    def _misfit_key(self, misfit: _Misfit) -> RuleKey:
        place, check = self._plan.places[misfit.place], self._plan.fit_check(misfit.place)
        kind = _KINDS.get(type(misfit.value), "object")
        if kind == json_kind(place.kind) or {kind, json_kind(place.kind)} <= {"integer", "number"}:
            return RuleKey(place.column, check.pointer, check.rule)
        # As `binding.refusal` reports a whole column.
        refusing = self._plan.refusing(misfit.place, kind)
        if refusing:
            return RuleKey(place.column, refusing.pointer, refusing.rule)
        return RuleKey(place.column, check.argument, "arrow")

    def _object(
        self, place: Place, value: Mapping[str, Json], path: tuple[str | int, ...], misfits: list[_Misfit]
    ) -> dict[str, Json]:
        """Copy an object without absent members and misfits; append the misfits to the list."""
        cleaned: dict[str, Json] = {}
        children = self._children[place.index]
        for name, inner in value.items():
            child = children.get(name)
            if child is None:
                # A null is an absent member, but still one that `closed` forbids (contract.proto).
                if inner is not None or place.index in self._closed:
                    cleaned[name] = inner
            elif inner is None and (child.null_is_value or is_json(child.kind)):
                cleaned[name] = inner
            elif inner is not None:
                found = self._value(child, inner, (*path, name), misfits)
                if found is not MISFIT:
                    cleaned[name] = found
        return cleaned

    def _value(self, place: Place, value: Json, path: tuple[str | int, ...], misfits: list[_Misfit]) -> Json:
        """Return a value as the place's Arrow type stores it, or MISFIT."""
        if place.kind is None or is_json(place.kind):
            return value
        kind = family(place.kind)
        if kind == "struct" and isinstance(value, dict):
            return self._object(place, value, path, misfits)
        if kind == "list" and isinstance(value, list):
            item = self._children[place.index][None]
            found = [
                None if inner is None else self._value(item, inner, (*path, index), misfits)
                for index, inner in enumerate(value)
            ]
            return [None if inner is MISFIT else inner for inner in found]
        found = as_stored(value, place.kind)
        if found is MISFIT:
            misfits.append(_Misfit(place.index, path, value))
        return found


def _explained(refusal: Refusal, misfits: Set[tuple[str | int, ...]]) -> bool:
    """Whether an error only follows from a misfit.

    A member that is a misfit isn't missing, and an item that is one isn't checked further.
    """
    if refusal.rule == "required" and any((*refusal.place, name) in misfits for name in refusal.names):
        return True
    within = (refusal.place[:depth] for depth in range(1, len(refusal.place) + 1))
    return any(isinstance(path[-1], int) and path in misfits for path in within)


def _breaches(refusal: Refusal, record: Json) -> list[tuple[RuleKey, Json]]:
    """Return the broken rules of one error, a rule for each column that it is about, with the value to show."""
    keys = [RuleKey(column, refusal.pointer, refusal.rule) for column in refusal.columns]
    if refusal.place or not refusal.names:
        return [(key, None if refusal.rule == "required" else refusal.value) for key in keys]
    return [(key, record.get(key.column)) for key in keys]
