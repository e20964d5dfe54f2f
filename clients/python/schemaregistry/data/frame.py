"""One batch seen through a plan: the values at each place, and which of them fail a check.

Holds null, misfit, nesting, guards and conditions, as contract.proto says; what a kind of check means for one array
is kernels'. Each thing is found once for a batch, and only when a check asks for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

import numpy as np

from schemaregistry.data import kernels
from schemaregistry.data.arrays import Indices, Mask, decoded, either, items_of, parents, plain, some, valid, without
from schemaregistry.data.batch import Batch
from schemaregistry.data.binding import Binding
from schemaregistry.data.jsoncolumn import JsonTexts, not_json
from schemaregistry.data.plan import ROW, Check, Place, Plan
from schemaregistry.data.repeated import repeating
from schemaregistry.data.types import Array, family, is_json, pc
from schemaregistry.data.validator import Refusal
from schemaregistry.data.values import to_json
from schemaregistry.document import Json


@dataclass(frozen=True, slots=True)
class Values:
    """The values at a place. `array` is None where all of them are absent.

    `parents` says in which of the parent's values each one is; None where there is one for each. `there` marks those
    whose parent is an object that could have them; None where all are.
    """

    count: int
    array: Array | None
    parents: Indices | None = None
    there: Mask | None = None


class Frame:
    """The batch `batch` of a file bound by `binding`, seen through `plan`."""

    def __init__(self, plan: Plan, binding: Binding, batch: Batch) -> None:
        self.plan = plan
        self.binding = binding
        self.batch = batch
        self._values: dict[int, Values] = {ROW: Values(batch.rows, None)}
        self._misfits: dict[int, Mask | None] = {}
        self._holds: dict[int, Mask] = {}
        self._json: dict[int, list[Json]] = {}
        self._texts: dict[int, JsonTexts] = {}
        self.refusals: dict[tuple[int, int], list[tuple[int, Refusal]]] = {}
        """What a residual refused at a place: the index of a value, and what it breaks."""

    def failing(self, check: Check) -> Mask | None:
        """Which of the values at the check's place fail it, its guards considered; None where none does."""
        return self._guarded(check, self._failing(check))

    def rows(self, place: int, mask: Mask) -> Mask:
        """Which rows hold a value that is marked at a place."""
        return self._lower(mask, place, ROW)

    def row_of(self, place: int) -> Indices | None:
        """The row that each value at a place is in; None where it is one for each row."""
        values = self.values(place)
        above = None if place == ROW else self.row_of(self.plan.places[place].parent)
        if values.parents is None or above is None:
            return values.parents if above is None else above
        return above[values.parents]

    def values(self, place: int) -> Values:
        """The values at a place."""
        if place not in self._values:
            self._values[place] = self._find(self.plan.places[place])
        return self._values[place]

    def misfits(self, place: int) -> Mask | None:
        """Which values at a place the contract's Arrow type can't hold."""
        if place not in self._misfits:
            self._misfits[place] = self._find_misfits(place)
        return self._misfits[place]

    def _find(self, place: Place) -> Values:
        parent = self.values(place.parent)
        if place.parent == ROW:
            column = self.batch.columns.get(place.name or "")
            return Values(self.batch.rows, None if column is None else plain(column))
        known = place.index in self.binding.types and place.parent not in self.binding.refused
        array = parent.array if known and parent.array is not None and family(parent.array.type) != "null" else None
        if place.is_item:
            return self._items(array)
        there = self._valid(parent, place.parent)
        if array is None:
            return Values(parent.count, None, there=there)
        index = array.type.get_field_index(place.name)
        return Values(parent.count, plain(array.flatten()[index]), there=there)

    def _items(self, array: Array | None) -> Values:
        if array is None:
            return Values(0, None, parents=np.empty(0, np.int64))
        items = plain(items_of(array))
        return Values(len(items), items, parents=parents(array))

    def _valid(self, values: Values, place: int) -> Mask | None:
        """Which values are there and not null; None where all are."""
        if place == ROW:
            return None
        if values.array is None or place in self.binding.refused:
            return np.zeros(values.count, bool)
        own = valid(values.array)
        return own if values.there is None else values.there if own is None else own & values.there

    def _find_misfits(self, place: int) -> Mask | None:
        array = self.values(place).array
        read = self.batch.misfits.get(place)
        if array is None or place not in self.binding.types:
            return read
        if place in self.binding.refused:
            there = valid(array)
            return some(np.ones(len(array), bool) if there is None else there)
        if self._holds_texts(place):
            return either(read, self._json_texts(place).misfits)
        if is_json(self.plan.places[place].kind) and family(array.type) in ("list", "struct"):
            return either(read, not_json(array))
        find = self.binding.fits[place].misfits
        if self.batch.is_utf8 and family(array.type) == "text":
            return read
        return either(read, find(array) if find and family(array.type) != "null" else None)

    def _holds_texts(self, place: int) -> bool:
        """Whether the values at a place are JSON texts."""
        array = self.values(place).array
        return array is not None and is_json(self.plan.places[place].kind) and family(array.type) == "text"

    def _json_texts(self, place: int) -> JsonTexts:
        if place not in self._texts:
            self._texts[place] = JsonTexts.of(self.values(place).array)
        return self._texts[place]

    def _present(self, place: int) -> Mask | None:
        """Which values are to be judged: there, neither absent nor misfits; None where all are."""
        values = self.values(place)
        if place == ROW:
            return None
        if values.array is None:
            return np.zeros(values.count, bool)
        judged = values.there if self.plan.places[place].null_is_value else self._valid(values, place)
        misfits = self.misfits(place)
        return judged if misfits is None else ~misfits if judged is None else judged & ~misfits

    def _failing(self, check: Check, *, in_condition: bool = False) -> Mask | None:
        if check.kind == "present":
            return self._missing(check.place, in_condition=in_condition)
        return self._KINDS.get(check.kind, Frame._leaf)(self, check)

    def _closed(self, check: Check) -> Mask | None:
        found = None
        for mask in self.extras(check).values():
            found = either(found, mask)
        return found

    def extras(self, check: Check) -> dict[str, Mask]:
        """For each member that a `closed` check doesn't list, which objects at its place have it.

        A member that the plan has no place for is there in each of them, null or not.
        """
        values, there = self.values(check.place), self._valid(self.values(check.place), check.place)
        objects = np.ones(values.count, bool) if there is None else there
        found: dict[str, Mask] = {}
        for child in self.plan.children[check.place]:
            if child.name not in check.argument and child.index in self.binding.types:
                present, misfits = self._present(child.index), self.misfits(child.index)
                has = objects if present is None else objects & either(present, misfits)  # type: ignore[operator]
                found[str(child.name)] = has
        for name in self.binding.extras.get(check.place, ()):
            found[name] = objects
        return {name: mask for name, mask in found.items() if mask.any()}

    def _leaf(self, check: Check) -> Mask | None:
        """A kind that looks at one value alone: by its kernel, and for null where null is a value."""
        place, values = self.plan.places[check.place], self.values(check.place)
        if check.place == ROW or values.array is None or place.index in self.binding.refused:
            return None
        mask = None
        if family(values.array.type) != "null":
            mask = kernels.run(check.kind, check.argument, values.array, place.kind or values.array.type)
        if place.null_is_value and check.refuses_null:
            nulls = valid(values.array)
            mask = either(mask, None if nulls is None else ~nulls)
        return without(self._and(mask, values.there), self.misfits(check.place))

    @staticmethod
    def _and(mask: Mask | None, there: Mask | None) -> Mask | None:
        return mask if mask is None or there is None else some(mask & there)

    def _missing(self, place: int, *, in_condition: bool) -> Mask | None:
        values, misfits = self.values(place), self.misfits(place)
        if values.array is None:
            missing: Mask | None = np.ones(values.count, bool)
        elif self.plan.places[place].null_is_value:
            missing = None
        else:
            there = valid(values.array)
            missing = None if there is None else ~there
        missing = either(missing, misfits) if in_condition else without(missing, misfits)
        return some(self._and(missing, values.there))

    def _among(self, place: int, mask: Mask | None) -> Mask | None:
        """Of the values to be judged at a place, those that are marked; all of them where no mask is given."""
        present = self._present(place)
        if present is None:
            return some(np.ones(self.values(place).count, bool) if mask is None else mask)
        return some(present if mask is None else present & mask)

    def _unchosen(self, check: Check) -> Mask | None:
        """`any_of`, `one_of` and `not`, by how many of the conditions hold."""
        count = np.sum([self.holds(condition) for condition in check.argument], axis=0)
        wrong = {"any_of": count == 0, "one_of": count != 1, "not": count > 0}[check.kind]
        return self._among(check.place, np.asarray(wrong))

    def _repeating(self, check: Check) -> Mask | None:
        """Lists that aren't there have no items."""
        item = self.plan.children[check.place][0].index
        items, count = self.values(item), self.values(check.place).count
        if items.array is None or items.parents is None:
            return None
        return repeating(items.array, items.parents, count, self.misfits(item))

    def holds(self, index: int) -> Mask:
        """For which values at its place a condition holds."""
        if index not in self._holds:
            condition = self.plan.conditions[index]
            holds = np.ones(self.values(condition.place).count, bool)
            for check in condition.checks:
                failing = self._guarded(check, self._failing(check, in_condition=True))
                if failing is not None:
                    holds &= ~self._lower(failing, check.place, condition.place)
            self._holds[index] = holds
        return self._holds[index]

    def _guarded(self, check: Check, mask: Mask | None) -> Mask | None:
        for guard in check.guards:
            if mask is None:
                return None
            holds = self._lift(self.holds(guard.condition), self.plan.conditions[guard.condition].place, check.place)
            mask = some(mask & (holds if guard.holds else ~holds))
        return mask

    def _lower(self, mask: Mask, place: int, to: int) -> Mask:
        """From a mask of values to one of the values that they are in."""
        while place != to:
            values, parent = self.values(place), self.plan.places[place].parent
            if values.parents is not None:
                outer = np.zeros(self.values(parent).count, bool)
                outer[values.parents[mask]] = True
                mask = outer
            place = parent
        return mask

    def _lift(self, mask: Mask, place: int, to: int) -> Mask:
        """From a mask of values to one of the values that are in them."""
        if place == to:
            return mask
        parents = self.values(to).parents
        outer = self._lift(mask, place, self.plan.places[to].parent)
        return outer if parents is None else outer[parents]

    def _residue(self, check: Check) -> Mask | None:
        values, present = self.values(check.place), self._present(check.place)
        if present is not None and not present.any():
            return None
        array = values.array
        if self._holds_texts(check.place):
            texts = self._json_texts(check.place)
            found = self._refused(check.argument, [*texts.values, None], texts.codes, present)
        elif array is not None and family(array.type) in _SCALARS:
            found = self._refused_distinct(check.argument, array, present)
        else:
            indices = range(values.count) if present is None else np.flatnonzero(present).tolist()
            judge, view = partial(self.plan.validator.residual, check.argument), self.json(check.place)
            found = [(index, refusal) for index in indices for refusal in judge(view[index])]
        self.refusals[check.argument, check.place] = found
        mask = np.zeros(values.count, bool)
        mask[[index for index, _ in found]] = True
        return some(mask)

    def _refused_distinct(self, residual: int, array: Array, present: Mask | None) -> list[tuple[int, Refusal]]:
        """Judge each distinct value once, null among them."""
        encoded = pc.dictionary_encode(decoded(array), null_encoding="encode")
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        return self._refused(residual, to_json(encoded.dictionary), codes, present)

    def _refused(
        self, residual: int, distinct: Sequence[Json], codes: Indices, present: Mask | None
    ) -> list[tuple[int, Refusal]]:
        """Judge distinct values; `codes` say which of them each value is."""
        judged = [self.plan.validator.residual(residual, value) for value in distinct]
        mask = np.array([bool(refusals) for refusals in judged], bool)
        if not mask.any():
            return []
        failing = np.flatnonzero(mask[codes] if present is None else mask[codes] & present).tolist()
        return [(index, refusal) for index in failing for refusal in judged[codes[index]]]

    def json(self, place: int) -> list[Json]:
        """The values at a place as the plan sees them: without absent members and misfits; a misfit item is null."""
        if place not in self._json:
            self._json[place] = self._find_json(place)
        return self._json[place]

    def _find_json(self, place: int) -> list[Json]:
        values = self.values(place)
        children = [child for child in self.plan.children[place] if child.index in self.binding.types]
        if place == ROW:
            return self._objects(place, children, dict(self.batch.columns))
        if values.array is None or place in self.binding.refused:
            return [None] * values.count
        if is_json(self.plan.places[place].kind):
            return self._json_texts(place).all() if self._holds_texts(place) else to_json(values.array)
        kind = family(values.array.type)
        if kind == "struct":
            names = [inner.name for inner in values.array.type]
            return self._objects(place, children, dict(zip(names, values.array.flatten(), strict=True)))
        if kind == "list" and children:
            return self._lists(values.array, children[0])
        return to_json(values.array)

    def _objects(self, place: int, children: list[Place], arrays: Mapping[str, Array]) -> list[Json]:
        count = self.values(place).count
        objects: list[Json] = [{} for _ in range(count)]
        for child in children:
            present = self._present(child.index)
            for index, value in enumerate(self.json(child.index)):
                if present is None or present[index]:
                    objects[index][child.name] = value
        for name in self.binding.extras.get(place, ()):
            for index, value in enumerate(to_json(arrays[name])):
                objects[index][name] = value
        there = self._valid(self.values(place), place)
        return objects if there is None else [value if there[index] else None for index, value in enumerate(objects)]

    def _lists(self, array: Array, item: Place) -> list[Json]:
        misfits = self.misfits(item.index)
        flat = self.json(item.index)
        items = iter(flat if misfits is None else [None if misfits[at] else value for at, value in enumerate(flat)])
        return [
            None if length is None else [next(items) for _ in range(length)]
            for length in pc.list_value_length(array).to_pylist()
        ]

    _KINDS: ClassVar[Mapping[str, Callable[["Frame", Check], Mask | None]]] = {
        "fits": lambda self, check: self.misfits(check.place),
        "never": lambda self, check: self._among(check.place, None),
        "closed": _closed,
        "residue": _residue,
        "unique_items": _repeating,
        **dict.fromkeys(("any_of", "one_of", "not"), _unchosen),
    }
    """The kinds that no kernel tells."""


_SCALARS: Final = frozenset(("text", "int", "float", "bool", "decimal", "date", "time"))
