"""One batch seen through a plan: the values at each place, which of them are there, and the rows that they are in.

Null, misfit and nesting are told here as contract.proto says. Each thing is found once for a batch, and only when a
check asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from schemaregistry.data.arrow.arrays import Indices, Mask, either, items_of, parents, plain, some, valid
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.json_column import JsonTexts, not_json
from schemaregistry.data.arrow.types import Array, family, is_json, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.binding import Binding
from schemaregistry.data.engine.plan import ROW, Check, Place, Plan
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
        self._json: dict[int, list[Json]] = {}
        self._texts: dict[int, JsonTexts] = {}

    def rows(self, place: int, mask: Mask) -> Mask:
        """Which rows hold a value that is marked at a place."""
        return self.lower(mask, place, ROW)

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
        there = self.valid(parent, place.parent)
        if array is None:
            return Values(parent.count, None, there=there)
        index = array.type.get_field_index(place.name)
        return Values(parent.count, plain(array.flatten()[index]), there=there)

    def _items(self, array: Array | None) -> Values:
        if array is None:
            return Values(0, None, parents=np.empty(0, np.int64))
        items = plain(items_of(array))
        return Values(len(items), items, parents=parents(array))

    def valid(self, values: Values, place: int) -> Mask | None:
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
        if self.holds_texts(place):
            return either(read, self.json_texts(place).misfits)
        if is_json(self.plan.places[place].kind) and family(array.type) in ("list", "struct"):
            return either(read, not_json(array))
        find = self.binding.fits[place].misfits
        if self.batch.is_utf8 and family(array.type) == "text":
            return read
        return either(read, find(array) if find and family(array.type) != "null" else None)

    def holds_texts(self, place: int) -> bool:
        """Whether the values at a place are JSON texts."""
        array = self.values(place).array
        return array is not None and is_json(self.plan.places[place].kind) and family(array.type) == "text"

    def json_texts(self, place: int) -> JsonTexts:
        if place not in self._texts:
            self._texts[place] = JsonTexts.of(self.values(place).array)
        return self._texts[place]

    def present(self, place: int) -> Mask | None:
        """Which values are to be judged: there, neither absent nor misfits; None where all are."""
        values = self.values(place)
        if place == ROW:
            return None
        if values.array is None:
            return np.zeros(values.count, bool)
        judged = values.there if self.plan.places[place].null_is_value else self.valid(values, place)
        misfits = self.misfits(place)
        return judged if misfits is None else ~misfits if judged is None else judged & ~misfits

    def extras(self, check: Check) -> dict[str, Mask]:
        """For each member that a `closed` check doesn't list, which objects at its place have it.

        A member that the plan has no place for is there in each of them, null or not.
        """
        values, there = self.values(check.place), self.valid(self.values(check.place), check.place)
        objects = np.ones(values.count, bool) if there is None else there
        found: dict[str, Mask] = {}
        for child in self.plan.children[check.place]:
            if child.name not in check.argument and child.index in self.binding.types:
                present, misfits = self.present(child.index), self.misfits(child.index)
                has = objects if present is None else objects & either(present, misfits)  # type: ignore[operator]
                found[str(child.name)] = has
        for name in self.binding.extras.get(check.place, ()):
            found[name] = objects
        return {name: mask for name, mask in found.items() if mask.any()}

    def lower(self, mask: Mask, place: int, to: int) -> Mask:
        """From a mask of values to one of the values that they are in."""
        while place != to:
            values, parent = self.values(place), self.plan.places[place].parent
            if values.parents is not None:
                outer = np.zeros(self.values(parent).count, bool)
                outer[values.parents[mask]] = True
                mask = outer
            place = parent
        return mask

    def lift(self, mask: Mask, place: int, to: int) -> Mask:
        """From a mask of values to one of the values that are in them."""
        if place == to:
            return mask
        parents = self.values(to).parents
        outer = self.lift(mask, place, self.plan.places[to].parent)
        return outer if parents is None else outer[parents]

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
            return self.json_texts(place).all() if self.holds_texts(place) else to_json(values.array)
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
            present = self.present(child.index)
            for index, value in enumerate(self.json(child.index)):
                if present is None or present[index]:
                    objects[index][child.name] = value
        for name in self.binding.extras.get(place, ()):
            for index, value in enumerate(to_json(arrays[name])):
                objects[index][name] = value
        there = self.valid(self.values(place), place)
        return objects if there is None else [value if there[index] else None for index, value in enumerate(objects)]

    def _lists(self, array: Array, item: Place) -> list[Json]:
        misfits = self.misfits(item.index)
        flat = self.json(item.index)
        items = iter(flat if misfits is None else [None if misfits[at] else value for at, value in enumerate(flat)])
        return [
            None if length is None else [next(items) for _ in range(length)]
            for length in pc.list_value_length(array).to_pylist()
        ]
