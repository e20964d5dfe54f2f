"""Finds an object whose members satisfy what is said of all keys of a kind and of some key of a kind.

A member is a strictly smaller instance than its object, which is what the solver's induction stands on.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from schemaregistry.compat.formula import Formula
from schemaregistry.compat.search_result import Found, No, SearchResult, Solving, first, of_size
from schemaregistry.document.model import Json

MAX_KEYS: Final = 20_000
FEW: Final = 16
"""Members to add up to which the shortest names are looked for."""
PLAIN_NAMES: Final = 64
"""Plain names in a row that may not do before kinds of names are looked for."""

Chosen = dict[str, Formula]
"""The members of the object being made: what the value of each must satisfy."""
MemberFormula = tuple[str, Formula]
"""A key, and what all keys of its kind say of its value."""
Kinds = list[tuple[Formula, Formula]]
"""Kinds of keys, each with what it says of the values."""


def needs_too_many(literals: Iterable[Formula], cases: Iterable[Formula]) -> bool:
    """Tell whether an object would need more members than it may have.

    Each literal and case that asks for one of some names asks for a member of its own, where the names differ: so
    many of them, chosen greedily, are a lower bound. (The exact one is the hitting set problem.)
    """
    literals = list(literals)
    most: int | None = min((literal.args[0] for literal in literals if literal.op == "max_keys"), default=None)
    if most is None:
        return False
    wanted = sorted(filter(None, map(_one_of, (*literals, *cases))), key=len)
    taken: set[str] = set()
    needed = 0
    for names in wanted:
        if taken.isdisjoint(names):
            taken |= names
            needed += 1
    return needed > most


def _one_of(formula: Formula) -> frozenset[str]:
    """Give names of which an object that satisfies the formula has one; empty where that isn't known."""
    match formula.op:
        case "some_key":
            keys: Formula = formula.args[0]
            return frozenset(name for _, name in keys.args[0]) if keys.op == "in" else frozenset()
        case "or":
            sets = [_one_of(part) for part in formula.args]
            return frozenset().union(*sets) if all(sets) else frozenset()
        case "and":
            return min(filter(None, map(_one_of, formula.args)), key=len, default=frozenset())
        case _:
            return frozenset()


def solve_object(solving: Solving, literals: Iterable[Formula]) -> SearchResult:
    """Find an object that satisfies every literal."""
    return _Object(solving, literals).solve()


class _Object:
    """One conjunction of literals over objects."""

    def __init__(self, solving: Solving, literals: Iterable[Formula]) -> None:
        self.solving = solving
        self.space = solving.space
        self.least = 0
        self.most: int | None = None
        self.named: dict[str, list[Formula]] = {}
        self.all: Kinds = []
        self.some: Kinds = []
        for literal in literals:
            self._add(literal)

    def _add(self, literal: Formula) -> None:
        match literal.op:
            case "min_keys":
                self.least = max(self.least, literal.args[0])
            case "max_keys":
                self.most = literal.args[0] if self.most is None else min(self.most, literal.args[0])
            case "all_keys":
                keys, value = literal.args
                if keys.op == "in":
                    for _, name in keys.args[0]:
                        self.named.setdefault(name, []).append(value)
                else:
                    self.all.append((keys, value))
            case "some_key":
                self.some.append(literal.args)

    def solve(self) -> SearchResult:
        if self.most is not None and self.most < self.least:
            return No.EMPTY
        chosen: Chosen = {}
        rest = []
        for keys, value in self.some:
            if keys.op == "in" and len(keys.args[0]) == 1:
                ((_, name),) = keys.args[0]
                chosen[name] = self.space.both(chosen.get(name) or self.value_of(name), value)
            else:
                rest.append((keys, value))
        # Each required member, and each "some key" by itself, must have an instance, whatever the others are.
        for value in chosen.values():
            if self.solving.solve(value) is No.EMPTY:
                return No.EMPTY
        return self._assign(rest, chosen)

    def value_of(self, name: str) -> Formula:
        """Give what all keys of a kind say of the value under `name`."""
        told = (value for keys, value in self.all if self.solving.holds(keys, name))
        return self.space.both(*self.named.get(name, ()), *told)

    def _assign(self, rest: Kinds, chosen: Chosen) -> SearchResult:
        """Give every remaining "some key" a new key, or one that is already chosen: all ways, so EMPTY is a proof."""
        self.solving.tick()
        if self.most is not None and len(chosen) > self.most:
            return No.EMPTY
        if not rest:
            return self._fill(dict(chosen))
        (keys, value), *others = rest
        return first(self._ways(keys, value, others, chosen))

    def _ways(self, keys: Formula, value: Formula, others: Kinds, chosen: Chosen) -> Iterator[SearchResult]:
        # A later "some key" may want this very member: its keys are a kind of their own.
        wanted = [(wish, self.space.true) for wish, _ in others]
        for place in self._new_keys(keys, chosen, [*self.all, *wanted]):
            if isinstance(place, No):
                yield place
            else:
                yield self._with(place, value, others, chosen)
        for name, told in chosen.items():
            if self.solving.holds(keys, name):
                yield self._with((name, told), value, others, chosen)

    def _with(self, place: MemberFormula, value: Formula, others: Kinds, chosen: Chosen) -> SearchResult:
        name, told = place
        both = self.space.both(told, value)
        if self.solving.solve(both) is No.EMPTY:
            return No.EMPTY
        return self._assign(others, chosen | {name: both})

    def _new_keys(self, keys: Formula, chosen: Chosen, kinds: Kinds) -> Iterator[MemberFormula | No]:
        """Give a key of each kind that `keys` holds of: first the names that something is said of, then by class.

        Keys inside and outside the same `kinds` are told the same, so one stands for all; UNKNOWN where it is not
        known whether there is any.
        """
        names = dict.fromkeys(self.named)
        if keys.op == "in":
            names |= dict.fromkeys(sorted(name for _, name in keys.args[0]))
        for name in names:
            if name not in chosen and self.solving.holds(keys, name):
                yield name, self.value_of(name)
        taken = self.space.is_in(("string", name) for name in (*names, *chosen)).negation
        yield from self._classes(self.space.both(keys, taken), self.space.true, kinds)

    def _classes(self, region: Formula, told: Formula, kinds: Kinds) -> Iterator[MemberFormula | No]:
        """Split a region of keys by each kind: outside it, then inside."""
        found = self.solving.solve_text(region)
        if found is No.EMPTY or told is self.space.false:
            return
        if isinstance(found, No):
            yield found
            return
        if not kinds:
            yield found.value, told
            return
        (keys, value), *rest = kinds
        yield from self._classes(self.space.both(region, keys.negation), told, rest)
        yield from self._classes(self.space.both(region, keys), self.space.both(told, value), rest)

    def _fill(self, chosen: Chosen) -> SearchResult:
        """Add members up to the least count.

        Any key whose value has an instance will do: were there too few of those, no object would have enough.
        """
        if self.least > MAX_KEYS:
            return No.UNKNOWN
        if self.least - len(chosen) > FEW:
            self._add_plain(chosen)
        while len(chosen) < self.least:
            self.solving.tick()
            answer = self._one_more(chosen)
            if isinstance(answer, No):
                return answer
        return self._build(chosen)

    def _add_plain(self, chosen: Chosen) -> None:
        """Add members with plain names, which are found without a search, while most of them do."""
        failed = 0
        for number in count():
            if len(chosen) >= self.least or failed > PLAIN_NAMES:
                return
            name = f"k{number}"
            if name in chosen:
                continue
            told = self.value_of(name)
            if isinstance(self.solving.solve(told), Found):
                chosen[name] = told
            else:
                failed += 1

    def _one_more(self, chosen: Chosen) -> SearchResult:
        last = No.EMPTY
        for place in self._new_keys(self.space.true, chosen, self.all):
            answer = place if isinstance(place, No) else self.solving.solve(place[1])
            if isinstance(answer, Found) and not isinstance(place, No):
                chosen[place[0]] = place[1]
                return answer
            last = No.UNKNOWN if answer is No.UNKNOWN else last
        return last

    def _build(self, chosen: Chosen) -> SearchResult:
        made: dict[str, Json] = {}
        last: No | None = None
        for name, value in chosen.items():
            answer = self.solving.solve(value)
            if answer is No.EMPTY:
                return No.EMPTY
            if isinstance(answer, Found):
                made[name] = answer.value
            else:
                last = No.UNKNOWN
        return last or of_size(made)
