"""Find an array that satisfies conditions on all, or on at least one, of the elements in ranges of indexes.

`solving.py` decides recursive schemas by induction over the size of instances. That is sound here because an element is
strictly smaller than its array.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from schemaregistry.compat.constant import freeze
from schemaregistry.compat.formula import Formula
from schemaregistry.compat.search_result import Found, No, SearchResult, Solving, first, of_size
from schemaregistry.document.model import Json

MAX_ITEMS: Final = 20_000
"""Elements of the longest array that is tried; longer ones are UNKNOWN."""
MAX_DISTINCT: Final = 256
"""Elements of the longest array whose elements are made distinct: each may need as many candidate values."""
MAX_COMPARED: Final = 64
"""`some_item` conditions that are compared pairwise for a lower bound of the length."""

Ranged = tuple[int, int | None, Formula]
"""The elements at indexes from start to stop (excluded; None: no end), and what all or one of them must satisfy."""
Slots = tuple[Formula, ...]
"""For each index of the array, what its element must satisfy."""


def solve_array(solving: Solving, literals: Iterable[Formula]) -> SearchResult:
    """Find an array that satisfies every literal."""
    return _Array(solving, literals).solve()


class _Array:
    """One conjunction of literals over arrays."""

    def __init__(self, solving: Solving, literals: Iterable[Formula]) -> None:
        self.solving = solving
        self.space = solving.space
        self.all: list[Ranged] = []
        self.some: list[Ranged] = []
        self.least = 0
        self.unique = False
        self.repeated = False
        for literal in literals:
            self._add(literal)

    def _add(self, literal: Formula) -> None:
        match literal.op:
            case "all_items":
                self.all.append(literal.args)
            case "some_item":
                start, _, item = literal.args
                self.least = max(self.least, start + 1)
                # An element that may be anything only asks for a length, which `least` already has.
                if item is not self.space.true:
                    self.some.append(literal.args)
            case "unique":
                self.unique = True
            case "repeated":
                self.repeated = True

    def solve(self) -> SearchResult:
        if self.unique and self.repeated:
            return No.EMPTY
        least = max(self.least, self._mutually_exclusive())
        most = min((start for start, stop, item in self.all if stop is None and item is self.space.false), default=None)
        if most is not None and most < least:
            return No.EMPTY
        return self._by_length(least, most)

    def _mutually_exclusive(self) -> int:
        """Count `some_item` conditions that pairwise exclude each other: a lower bound of the length.

        Each of them needs an element of its own. They are chosen greedily, so there may be more of them: a bound is
        enough, and the exact number would be a maximum clique.
        """
        # EMPTY is proof that no single element satisfies both conditions.
        exclusive: list[Formula] = []
        for _, _, item in self.some[:MAX_COMPARED]:
            if all(self.solving.solve(self.space.all_of(item, other)) is No.EMPTY for other in exclusive):
                exclusive.append(item)
        return len(exclusive)

    def _by_length(self, least: int, most: int | None) -> SearchResult:
        """Try each length from `least` up to one that suffices if any length does.

        An array needs the prefix in which conditions differ by index, one element for each `some_item`, and two for a
        repetition. All other elements could be removed, so longer arrays need not be tried.
        """
        prefix = max((bound for bound in map(self._last_bound, (*self.all, *self.some))), default=0)
        # Elements from index `prefix` on are interchangeable; a `contains` of its own element may need one of them.
        enough = max(least, prefix) + len(self.some) + (2 if self.repeated else 0)
        if max(least, prefix) > MAX_ITEMS:
            return No.UNKNOWN
        enough = enough if most is None else min(enough, most)
        return first(self._at_lengths(least, min(enough, MAX_ITEMS), prefix))

    def _last_bound(self, ranged: Ranged) -> int:
        """Return the index from which on the condition treats all elements alike."""
        start, stop, item = ranged
        if stop is not None:
            return stop
        return 0 if item is self.space.false else start

    def _at_lengths(self, least: int, enough: int, prefix: int) -> Iterator[SearchResult]:
        elements = [self._item(index) for index in range(prefix + 1)]
        # An index that no value can satisfy ends the array before it.
        longest = next((at for at, item in enumerate(elements) if self.solving.solve(item) is No.EMPTY), enough)
        for length in range(least, min(enough, longest) + 1):
            slots = (*elements[: min(length, prefix)], *elements[prefix:] * (length - prefix))
            yield self._assign(self.some, slots, prefix)

    def _item(self, index: int) -> Formula:
        return self.space.all_of(
            *(item for start, stop, item in self.all if start <= index and (stop is None or index < stop))
        )

    def _assign(self, rest: list[Ranged], slots: Slots, prefix: int) -> SearchResult:
        """Try every way to give each `some_item` condition in `rest` an index; EMPTY is therefore a proof."""
        self.solving.tick()
        if not rest:
            return self._repeat(slots) if self.repeated else self._build(slots)
        return first(self._ways(rest, slots, prefix))

    def _ways(self, rest: list[Ranged], slots: Slots, prefix: int) -> Iterator[SearchResult]:
        """Put the first condition of `rest` at each index in turn, and search on with the others.

        Of several indexes with the same formula one is enough, unless a later condition tells them apart. From index
        `prefix` on none does, and after the last condition there is none.
        """
        (start, stop, item), *others = rest
        tried: set[Formula] = set()
        for index in range(start, len(slots) if stop is None else min(stop, len(slots))):
            if slots[index] in tried and (index >= prefix or not others):
                continue
            if index >= prefix or not others:
                tried.add(slots[index])
            both = self.space.all_of(slots[index], item)
            if self.solving.solve(both) is No.EMPTY:
                yield No.EMPTY
            else:
                yield self._assign(others, (*slots[:index], both, *slots[index + 1 :]), prefix)

    def _repeat(self, slots: Slots) -> SearchResult:
        """Make two elements equal, with one value that satisfies the formulas of both indexes."""
        return first(self._with_equal(one, two, slots) for one, two in _pairs(len(slots)))

    def _with_equal(self, one: int, two: int, slots: Slots) -> SearchResult:
        shared = self.solving.solve(self.space.all_of(slots[one], slots[two]))
        if isinstance(shared, No):
            return shared
        built = self._build(slots)
        if isinstance(built, No):
            return built
        return Found([shared.value if at in (one, two) else item for at, item in enumerate(built.value)])

    def _build(self, slots: Slots) -> SearchResult:
        if self.unique:
            return self._distinct(slots)
        found = {slot: self.solving.solve(slot) for slot in dict.fromkeys(slots)}
        if No.EMPTY in found.values():
            return No.EMPTY
        if No.UNKNOWN in found.values():
            return No.UNKNOWN
        values = {slot: item.value for slot, item in found.items() if isinstance(item, Found)}
        return of_size([values[slot] for slot in slots])

    def _distinct(self, slots: Slots) -> SearchResult:
        """Give each index a value, all distinct, as a matching in a bipartite graph of indexes and values.

        An index with at least as many values as there are indexes can always be matched. For one with fewer, `_take`
        has listed all its values, so that the lack of a matching is a proof (Hall's theorem, 1935).
        """
        if len(slots) > MAX_DISTINCT:
            return No.UNKNOWN
        values: list[list[Json]] = []
        sure = True
        listed: dict[Formula, tuple[list[Json], bool]] = {}
        for slot in slots:
            if slot not in listed:
                listed[slot] = self._take(slot, len(slots))
            values.append(listed[slot][0])
            sure = sure and listed[slot][1]
        matched = _matching(values)
        if matched is None:
            return No.EMPTY if sure else No.UNKNOWN
        return Found(matched)

    def _take(self, slot: Formula, enough: int) -> tuple[list[Json], bool]:
        """Return `enough` different values that satisfy `slot`, or fewer and whether they are all there are."""
        values: list[Json] = []
        while len(values) < enough:
            answer = self.solving.solve(self.space.all_of(slot, self.space.is_in(map(freeze, values)).negation))
            if isinstance(answer, No):
                return values, answer is No.EMPTY
            values.append(answer.value)
        return values, True


def _pairs(length: int) -> Iterator[tuple[int, int]]:
    return ((one, two) for one, two in combinations(range(length), 2) if one != two)


def _matching(values: list[list[Json]]) -> list[Json] | None:
    """Assign each index one of its values, all different, by augmenting paths; None where that is impossible."""
    holder: dict[object, int] = {}
    assigned: list[Json] = [None] * len(values)

    def place(at: int, tried: set[object]) -> bool:
        for value in values[at]:
            key = freeze(value)
            if key in tried:
                continue
            tried.add(key)
            if key not in holder or place(holder[key], tried):
                holder[key], assigned[at] = at, value
                return True
        return False

    return assigned if all(place(at, set()) for at in range(len(values))) else None
