"""Finds an array whose elements satisfy what is said of all indexes of a range and of some index of a range.

An element is a strictly smaller instance than its array, which is what the solver's induction stands on.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from schemaregistry.compat.constant import freeze
from schemaregistry.compat.formula import Formula
from schemaregistry.compat.search_result import Found, No, SearchResult, Solving, first, of_size
from schemaregistry.document.model import Json

MAX_ITEMS: Final = 20_000
MAX_DISTINCT: Final = 256
MAX_COMPARED: Final = 64
"""Wishes for an element that are compared with one another."""

Ranged = tuple[int, int | None, Formula]
Slots = tuple[Formula, ...]
"""What the element at each index must satisfy."""


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
                if item is not self.space.true:  # any element at all is a length and nothing more
                    self.some.append(literal.args)
            case "unique":
                self.unique = True
            case "repeated":
                self.repeated = True

    def solve(self) -> SearchResult:
        if self.unique and self.repeated:
            return No.EMPTY
        least = max(self.least, self._apart())
        most = min((start for start, stop, item in self.all if stop is None and item is self.space.false), default=None)
        if most is not None and most < least:
            return No.EMPTY
        return self._by_length(least, most)

    def _apart(self) -> int:
        """Count wishes of which no two can be granted by one element: each takes an element of its own.

        They are chosen greedily, so that it is a lower bound.
        """
        apart: list[Formula] = []
        for _, _, item in self.some[:MAX_COMPARED]:
            if all(self.solving.solve(self.space.both(item, other)) is No.EMPTY for other in apart):
                apart.append(item)
        return len(apart)

    def _by_length(self, least: int, most: int | None) -> SearchResult:
        """Try each length from `least` to one beyond which a longer array could always be cut down.

        The prefix, one index for every "some index", two equal elements: whatever else an array has can be left out.
        """
        prefix = max((bound for bound in map(self._last_bound, (*self.all, *self.some))), default=0)
        enough = max(least, prefix) + len(self.some) + (2 if self.repeated else 0)
        if max(least, prefix) > MAX_ITEMS:
            return No.UNKNOWN
        enough = enough if most is None else min(enough, most)
        return first(self._at_lengths(least, min(enough, MAX_ITEMS), prefix))

    def _last_bound(self, ranged: Ranged) -> int:
        """Give the index from which on every element is told the same by it."""
        start, stop, item = ranged
        if stop is not None:
            return stop
        return 0 if item is self.space.false else start

    def _at_lengths(self, least: int, enough: int, prefix: int) -> Iterator[SearchResult]:
        told = [self._item(index) for index in range(prefix + 1)]
        longest = next((at for at, item in enumerate(told) if self.solving.solve(item) is No.EMPTY), enough)
        for length in range(least, min(enough, longest) + 1):
            slots = (*told[: min(length, prefix)], *told[prefix:] * (length - prefix))
            yield self._assign(self.some, slots, prefix)

    def _item(self, index: int) -> Formula:
        return self.space.both(
            *(item for start, stop, item in self.all if start <= index and (stop is None or index < stop))
        )

    def _assign(self, rest: list[Ranged], slots: Slots, prefix: int) -> SearchResult:
        """Give every "some index" an index, all ways, so EMPTY is a proof."""
        self.solving.tick()
        if not rest:
            return self._repeat(slots) if self.repeated else self._build(slots)
        return first(self._ways(rest, slots, prefix))

    def _ways(self, rest: list[Ranged], slots: Slots, prefix: int) -> Iterator[SearchResult]:
        """Put the first wish at each index; of two that are told the same, now and by all later wishes, either will do.

        Later wishes tell no two indexes from `prefix` on apart, and for the last wish there are no later ones.
        """
        (start, stop, item), *others = rest
        tried: set[Formula] = set()
        for index in range(start, len(slots) if stop is None else min(stop, len(slots))):
            if slots[index] in tried and (index >= prefix or not others):
                continue
            if index >= prefix or not others:
                tried.add(slots[index])
            both = self.space.both(slots[index], item)
            if self.solving.solve(both) is No.EMPTY:
                yield No.EMPTY
            else:
                yield self._assign(others, (*slots[:index], both, *slots[index + 1 :]), prefix)

    def _repeat(self, slots: Slots) -> SearchResult:
        """Make two elements equal: one value that satisfies both places."""
        return first(self._with_equal(one, two, slots) for one, two in _pairs(len(slots)))

    def _with_equal(self, one: int, two: int, slots: Slots) -> SearchResult:
        shared = self.solving.solve(self.space.both(slots[one], slots[two]))
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
        """Match places with values. A place with as many values as there are places can always take one;
        one with fewer has all of its values listed, so that no matching is a proof (Hall 1935)."""
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
        """List `enough` different values, or all; False where there may be others."""
        values: list[Json] = []
        while len(values) < enough:
            answer = self.solving.solve(self.space.both(slot, self.space.is_in(map(freeze, values)).negation))
            if isinstance(answer, No):
                return values, answer is No.EMPTY
            values.append(answer.value)
        return values, True


def _pairs(length: int) -> Iterator[tuple[int, int]]:
    return ((one, two) for one, two in combinations(range(length), 2) if one != two)


def _matching(values: list[list[Json]]) -> list[Json] | None:
    """Give each place one of its values, all different (augmenting paths), or None where that can't be."""
    holder: dict[object, int] = {}
    held: list[Json] = [None] * len(values)

    def place(at: int, tried: set[object]) -> bool:
        for value in values[at]:
            key = freeze(value)
            if key in tried:
                continue
            tried.add(key)
            if key not in holder or place(holder[key], tried):
                holder[key], held[at] = at, value
                return True
        return False

    return held if all(place(at, set()) for at in range(len(values))) else None
