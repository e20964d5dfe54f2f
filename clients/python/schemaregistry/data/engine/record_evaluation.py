"""JSON records evaluated one by one by a JSON Schema validator, to the same findings as batches.

Slower than batches by far: for lines that Arrow's parser can't be trusted with, and for plans that it can't serve.
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
from schemaregistry.data.engine.stored_value import MISFIT, held
from schemaregistry.data.engine.validator import Refusal
from schemaregistry.document import Json

_KINDS: Final = {bool: "boolean", int: "integer", float: "number", Decimal: "number", str: "string", list: "array"}


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A value that a place's Arrow type can't hold: an item, or a member of the object at `within`."""

    place: int
    path: tuple[str | int, ...]
    value: Json


def evaluate_records(plan: Plan, records: Records) -> Evaluation:
    """What records break."""
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
    """A mask of `count` rows with some of them marked."""
    mask = np.zeros(count, bool)
    mask[list(indices)] = True
    return mask


class RecordEvaluator:
    """A plan as it is asked of one record after another."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._children: Mapping[int, Mapping[str | None, Place]] = {
            index: {place.name: place for place in places} for index, places in plan.children.items()
        }

    def broken(self, record: Json) -> dict[RuleKey, Json]:
        """What a record breaks, each with the value at fault."""
        return self.evaluated(record)[0]

    def evaluated(self, record: Json) -> tuple[dict[RuleKey, Json], bool]:
        """What a record breaks, and whether it has a value that the contract's types can't hold."""
        misfits: list[_Misfit] = []
        cleaned = self._object(self._plan.places[ROW], record, (), misfits) if isinstance(record, dict) else record
        found = {self._misfit_key(misfit): misfit.value for misfit in reversed(misfits)}
        at_fault = {misfit.path for misfit in misfits}
        for refusal in self._plan.validator.whole(cleaned):
            if not _explained(refusal, at_fault):
                for key, value in _breaches(refusal, cleaned):
                    found.setdefault(key, value)
        return found, bool(misfits) or not isinstance(record, dict)

    def stored(self, records: Records) -> list[dict[str, Json]]:
        """Records that conform, as the contract's types hold them: of type json as the text that the line has."""
        row = self._plan.places[ROW]
        found = [self._object(row, record, (), []) for record in records.values]
        if ROW in self._ways_to_json:
            renamed = records.renamed or ({},) * len(found)
            for record, line, names in zip(found, records.texts, renamed, strict=True):
                texts = json_text.members(line.decode())
                self._write_json(row, record, {name: texts.get(names.get(name, name), "") for name in record})
        return found

    def undeclared(self, records: Records) -> Iterable[str]:
        """Members that the contract has no place for, each once: `name`, `object.name`, `list[].name`."""
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
        """Put texts in the place of the values of an object that are of type json, or have such within."""
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
        """The places of type json, and those that they are in."""
        found: set[int] = set()
        for place in self._plan.places[1:]:
            if is_json(place.kind):
                step = place.index
                while step not in found:
                    found.add(step)
                    step = self._plan.places[step].parent
        return frozenset(found)

    def holds(self, record: Json) -> bool:
        """Whether the contract's types hold every value of a record."""
        misfits: list[_Misfit] = []
        if isinstance(record, dict):
            self._object(self._plan.places[ROW], record, (), misfits)
        return isinstance(record, dict) and not misfits

    def expected(self, key: RuleKey) -> str:
        """What a violation's rule expects, as its check says."""
        return self._plan.expected(*key) or self._plan.validator.stated(key.pointer)

    def _misfit_key(self, misfit: _Misfit) -> RuleKey:
        place, check = self._plan.places[misfit.place], self._plan.fit_check(misfit.place)
        kind = _KINDS.get(type(misfit.value), "object")
        if kind == json_kind(place.kind) or {kind, json_kind(place.kind)} <= {"integer", "number"}:
            return RuleKey(place.column, check.pointer, check.rule)
        refusing = self._plan.refusing(misfit.place, kind)
        if refusing:
            return RuleKey(place.column, refusing.pointer, refusing.rule)
        return RuleKey(place.column, check.argument, "arrow")

    def _object(
        self, place: Place, value: Mapping[str, Json], path: tuple[str | int, ...], misfits: list[_Misfit]
    ) -> dict[str, Json]:
        """The object without absent members and misfits."""
        cleaned: dict[str, Json] = {}
        children = self._children[place.index]
        for name, inner in value.items():
            child = children.get(name)
            if child is None or (inner is None and (child.null_is_value or is_json(child.kind))):
                cleaned[name] = inner
            elif inner is not None:
                found = self._value(child, inner, (*path, name), misfits)
                if found is not MISFIT:
                    cleaned[name] = found
        return cleaned

    def _value(self, place: Place, value: Json, path: tuple[str | int, ...], misfits: list[_Misfit]) -> Json:
        """The value as the place's Arrow type holds it, or MISFIT."""
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
        found = held(value, place.kind)
        if found is MISFIT:
            misfits.append(_Misfit(place.index, path, value))
        return found


def _explained(refusal: Refusal, misfits: Set[tuple[str | int, ...]]) -> bool:
    """A member that doesn't fit isn't missing; an item that doesn't fit is judged no further."""
    if refusal.rule == "required" and any((*refusal.place, name) in misfits for name in refusal.names):
        return True
    within = (refusal.place[:depth] for depth in range(1, len(refusal.place) + 1))
    return any(isinstance(path[-1], int) and path in misfits for path in within)


def _breaches(refusal: Refusal, record: Json) -> list[tuple[RuleKey, Json]]:
    keys = [RuleKey(column, refusal.pointer, refusal.rule) for column in refusal.columns]
    if refusal.place or not refusal.names:
        return [(key, None if refusal.rule == "required" else refusal.value) for key in keys]
    return [(key, record.get(key.column)) for key in keys]
