"""Find an object that satisfies conditions on all, or on at least one, of the members whose keys are of some kind.

`solving.py` decides recursive schemas by induction over the size of instances. That is sound here because a member's
value is strictly smaller than its object.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from schemaregistry.compat.formula import Formula
from schemaregistry.compat.search_result import Found, No, SearchResult, Solving, first, of_size
from schemaregistry.document.model import Json

MAX_KEYS: Final = 20_000
"""Members of the largest object that is tried; larger ones are UNKNOWN."""
FEW: Final = 16
"""Up to this many missing members get the shortest names, by a search; for more, k0, k1, … are tried first."""
PLAIN_NAMES: Final = 64
"""How many of k0, k1, … may be unusable before a search finds the remaining names."""

Chosen = dict[str, Formula]
"""The members of the object being built, by name: what the value of each must satisfy."""
MemberFormula = tuple[str, Formula]
"""A key, and what its value must satisfy by the conditions on all keys of its kind."""
Kinds = list[tuple[Formula, Formula]]
"""Conditions on members: which keys each is about, and what their values must satisfy."""


def needs_too_many(literals: Iterable[Formula], cases: Iterable[Formula]) -> bool:
    """Tell whether an object would need more members than its `max_keys` allows.

    Literals and cases that each require one of several names need a member each, where their names don't overlap. How
    many such there are, chosen greedily, is a lower bound. (The exact number is the hitting set problem.)
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
    """Return names of which an object that satisfies the formula has at least one; empty where none are known."""
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
                chosen[name] = self.space.all_of(chosen.get(name) or self.value_of(name), value)
            else:
                rest.append((keys, value))
        # Each required member, and each "some key" by itself, must have an instance, whatever the others are.
        for value in chosen.values():
            if self.solving.solve(value) is No.EMPTY:
                return No.EMPTY
        return self._assign(rest, chosen)

    def value_of(self, name: str) -> Formula:
        """Return what the value under `name` must satisfy by the conditions on all keys."""
        value_formula = (value for keys, value in self.all if self.solving.holds(keys, name))
        return self.space.all_of(*self.named.get(name, ()), *value_formula)

    def _assign(self, rest: Kinds, chosen: Chosen) -> SearchResult:
        """Try every way to give each `some_key` condition in `rest` a new or an already chosen key.

        All ways are tried, so EMPTY is a proof.
        """
        self.solving.tick()
        if self.most is not None and len(chosen) > self.most:
            return No.EMPTY
        if not rest:
            return self._fill(dict(chosen))
        (keys, value), *others = rest
        return first(self._ways(keys, value, others, chosen))

    def _ways(self, keys: Formula, value: Formula, others: Kinds, chosen: Chosen) -> Iterator[SearchResult]:
        # A later `some_key` may be satisfied by this very member, so a new key inside its keys and one outside differ.
        wanted = [(other_keys, self.space.true) for other_keys, _ in others]
        for place in self._new_keys(keys, chosen, [*self.all, *wanted]):
            if isinstance(place, No):
                yield place
            else:
                yield self._with(place, value, others, chosen)
        for name, value_formula in chosen.items():
            if self.solving.holds(keys, name):
                yield self._with((name, value_formula), value, others, chosen)

    def _with(self, place: MemberFormula, value: Formula, others: Kinds, chosen: Chosen) -> SearchResult:
        name, value_formula = place
        both = self.space.all_of(value_formula, value)
        if self.solving.solve(both) is No.EMPTY:
            return No.EMPTY
        return self._assign(others, chosen | {name: both})

    def _new_keys(self, keys: Formula, chosen: Chosen, kinds: Kinds) -> Iterator[MemberFormula | No]:
        """Yield new keys that satisfy `keys`: the names that conditions mention, then one key of each class.

        Keys inside and outside the same `kinds` are interchangeable, so one represents the class. Yields UNKNOWN where
        it isn't known whether a class has any key.
        """
        names = dict.fromkeys(self.named)
        if keys.op == "in":
            names |= dict.fromkeys(sorted(name for _, name in keys.args[0]))
        for name in names:
            if name not in chosen and self.solving.holds(keys, name):
                yield name, self.value_of(name)
        taken = self.space.is_in(("string", name) for name in (*names, *chosen)).negation
        yield from self._classes(self.space.all_of(keys, taken), self.space.true, kinds)

    def _classes(self, region: Formula, value_formula: Formula, kinds: Kinds) -> Iterator[MemberFormula | No]:
        """Split the keys in `region` by each kind, outside and inside of it, and yield one key of each part.

        The conditions of the kinds met inside are collected for the value. With the kinds `^a` and `z$`, say, these are
        a key in neither, one in `z$` only, one in `^a` only, and one in both, whose value must satisfy both conditions.
        """
        found = self.solving.solve_text(region)
        if found is No.EMPTY or value_formula is self.space.false:
            return
        if isinstance(found, No):
            yield found
            return
        if not kinds:
            yield found.value, value_formula
            return
        (keys, value), *rest = kinds
        yield from self._classes(self.space.all_of(region, keys.negation), value_formula, rest)
        yield from self._classes(self.space.all_of(region, keys), self.space.all_of(value_formula, value), rest)

    def _fill(self, chosen: Chosen) -> SearchResult:
        """Add members until the object has as many as `min_keys` asks for.

        Any new key whose value has an instance serves. If there are too few such keys, no object has enough members.
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
        """Add members named k0, k1, …, which takes no search for names, until too many of them are unusable."""
        failed = 0
        for number in count():
            if len(chosen) >= self.least or failed > PLAIN_NAMES:
                return
            name = f"k{number}"
            if name in chosen:
                continue
            value_formula = self.value_of(name)
            if isinstance(self.solving.solve(value_formula), Found):
                chosen[name] = value_formula
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
