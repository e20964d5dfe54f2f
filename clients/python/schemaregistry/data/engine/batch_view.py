"""A batch as a plan addresses it: the values at each place, which are present, and the rows that contain them.

Null, misfit and nesting have the meaning defined in contract.proto. Each result is computed once for a batch, when a
check first needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from schemaregistry.data.arrow.arrays import Indices, Mask, booleans, either, items_of, parents, plain, some, valid
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.json_column import JsonTexts, not_json
from schemaregistry.data.arrow.types import Array, family, is_json, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.binding import Binding
from schemaregistry.data.engine.plan import ROW, Check, Place, Plan
from schemaregistry.document import Json


@dataclass(frozen=True, slots=True)
class Values:
    """The values at a place.

    A column has one value for each row, a member of an object one for each of these objects. A list's items are all
    items of all lists in one array: for the lists [7, 8], null and [9] it is 7, 8, 9, and `parents` is 0, 0, 2, the
    index of each item's list; elsewhere `parents` is None. `array` is None where all values are absent. `there` marks
    the values whose parent is an object and not null; None: all.
    """

    count: int
    array: Array | None
    parents: Indices | None = None
    there: Mask | None = None


class BatchView:
    """The batch `batch` of a file with binding `binding`, addressed by the places of `plan`."""

    def __init__(self, plan: Plan, binding: Binding, batch: Batch) -> None:
        self.plan = plan
        self.binding = binding
        self.batch = batch
        self._values: dict[int, Values] = {ROW: Values(batch.rows, None)}
        self._misfits: dict[int, Mask | None] = {}
        self._json: dict[int, list[Json]] = {}
        self._texts: dict[int, JsonTexts] = {}

    def rows(self, place: int, mask: Mask) -> Mask:
        """Return which rows contain a value marked by `mask` at a place."""
        return self.lower(mask, place, ROW)

    def row_of(self, place: int) -> Indices | None:
        """Return the row index of each value at a place; None where there is one value for each row."""
        values = self.values(place)
        # Lists within lists: the indices of each level lead through those above it.
        above = None if place == ROW else self.row_of(self.plan.places[place].parent)
        if values.parents is None or above is None:
            return values.parents if above is None else above
        return above[values.parents]

    def values(self, place: int) -> Values:
        """Return the values at a place."""
        if place not in self._values:
            self._values[place] = self._find(self.plan.places[place])
        return self._values[place]

    def misfits(self, place: int) -> Mask | None:
        """Return which values at a place the contract's Arrow type can't hold; None: none."""
        if place not in self._misfits:
            self._misfits[place] = self._find_misfits(place)
        return self._misfits[place]

    def _find(self, place: Place) -> Values:
        parent = self.values(place.parent)
        if place.parent == ROW:
            column = self.batch.columns.get(place.name or "")
            return Values(self.batch.rows, None if column is None else plain(column))
        known = place.index in self.binding.types and place.parent not in self.binding.refused
        # Members of a refused or null column have no values, whatever the file says.
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
        """Return which values exist and aren't null; None: all."""
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
        # A text can be a misfit only by not being UTF-8, which the reader of the block has checked already.
        if self.batch.is_utf8 and family(array.type) == "text":
            return read
        return either(read, find(array) if find and family(array.type) != "null" else None)

    def holds_texts(self, place: int) -> bool:
        """Whether the values at a place are JSON texts: the contract's type is json and the column's is text."""
        array = self.values(place).array
        return array is not None and is_json(self.plan.places[place].kind) and family(array.type) == "text"

    def json_texts(self, place: int) -> JsonTexts:
        """Return the parsed JSON texts at a place, where `holds_texts`."""
        if place not in self._texts:
            self._texts[place] = JsonTexts.of(self.values(place).array)
        return self._texts[place]

    def present(self, place: int) -> Mask | None:
        """Return which values the checks apply to: those neither absent nor misfits; None: all."""
        values = self.values(place)
        if place == ROW:
            return None
        if values.array is None:
            return np.zeros(values.count, bool)
        judged = values.there if self.plan.places[place].null_is_value else self.valid(values, place)
        misfits = self.misfits(place)
        return judged if misfits is None else ~misfits if judged is None else judged & ~misfits

    def extras(self, check: Check) -> dict[str, Mask]:
        """Return, for each member that a `closed` check forbids, which objects at its place have it.

        Every object has each member of a struct that the plan has no place for, null or not; of a column without a name
        a row has only values.
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
            found[name] = (
                objects & booleans(self.batch.columns[name].is_valid())
                if self._is_unnamed(name, check.place)
                else objects
            )
        return {name: mask for name, mask in found.items() if mask.any()}

    def _is_unnamed(self, name: str, place: int) -> bool:
        """Whether an extra column has no name in the file."""
        return place == ROW and name in self.binding.unnamed

    def lower(self, mask: Mask, place: int, to: int) -> Mask:
        """Turn a mask of values at `place` into one of the values at `to`, an outer place, that contain them."""
        while place != to:
            values, parent = self.values(place), self.plan.places[place].parent
            # Without parents there is one value for each of the outer place, so the mask is already the same.
            if values.parents is not None:
                outer = np.zeros(self.values(parent).count, bool)
                outer[values.parents[mask]] = True
                mask = outer
            place = parent
        return mask

    def lift(self, mask: Mask, place: int, to: int) -> Mask:
        """Turn a mask of values at `place` into one of the values at `to`, an inner place, that they contain."""
        if place == to:
            return mask
        parents = self.values(to).parents
        outer = self.lift(mask, place, self.plan.places[to].parent)
        return outer if parents is None else outer[parents]

    def json(self, place: int) -> list[Json]:
        """Return the values at a place as JSON: absent members and misfits left out, a misfit among items as null."""
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
                if value is not None:
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
