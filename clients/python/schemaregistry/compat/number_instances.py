"""Find a number within bounds that is a multiple of some divisors and not of others, by exact arithmetic.

The multiples of a divisor are called its lattice.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Final

from schemaregistry.compat.constant import Constant, is_double, number
from schemaregistry.compat.formula import Formula
from schemaregistry.compat.search_result import Found, No, SearchResult

SCAN: Final = 4096
"""Multiples that are tried one by one before giving up."""
ENOUGH: Final = 8
"""Candidates from which the plainest is chosen."""


@dataclass(slots=True)
class _NumberLiterals:
    """What the literals ask for, together: bounds, a common lattice, divisors and values to avoid.

    A bound is (value, open); an open bound excludes its value.
    """

    low: tuple[Fraction, bool] | None = None
    high: tuple[Fraction, bool] | None = None
    lattice: Fraction | None = None
    avoided: tuple[Fraction, ...] = ()
    excluded: frozenset[Constant] = frozenset()

    def admits(self, value: Fraction) -> bool:
        return (
            (self.low is None or value > self.low[0] or (value == self.low[0] and not self.low[1]))
            and (self.high is None or value < self.high[0] or (value == self.high[0] and not self.high[1]))
            and (self.lattice is None or (value / self.lattice).denominator == 1)
            and all((value / divisor).denominator != 1 for divisor in self.avoided)
            and ("number", value) not in self.excluded
        )


def solve_number(literals: Iterable[Formula]) -> SearchResult:
    """Find a number that satisfies every literal."""
    constraints = _gather(literals)
    if constraints.lattice is not None:
        return _on_lattice(constraints, constraints.lattice)
    return _on_line(constraints)


def _gather(literals: Iterable[Formula]) -> _NumberLiterals:
    constraints = _NumberLiterals()
    for literal in literals:
        value = literal.args[0]
        match literal.op:
            case "at_least" | "above":
                bound = (value, literal.op == "above")
                constraints.low = bound if constraints.low is None else max(constraints.low, bound)
            # Of two equal bounds the open one is tighter: as a lower bound it sorts last, as an upper bound first.
            case "at_most" | "below":
                bound = (value, literal.op == "below")
                constraints.high = (
                    bound
                    if constraints.high is None
                    else min(constraints.high, bound, key=lambda at: (at[0], not at[1]))
                )
            case "multiple_of":
                constraints.lattice = value if constraints.lattice is None else lcm(constraints.lattice, value)
            case "not_multiple_of":
                constraints.avoided += (value,)
            case "not_in":
                constraints.excluded |= value
    return constraints


def lcm(one: Fraction, two: Fraction) -> Fraction:
    """Return the least common multiple of two positive rationals."""
    return Fraction(math.lcm(one.numerator, two.numerator), math.gcd(one.denominator, two.denominator))


def _on_lattice(constraints: _NumberLiterals, step: Fraction) -> SearchResult:
    """Choose among k·step for whole k in a range.

    EMPTY where there is no such k, or where a lattice to avoid contains all multiples of `step`. Otherwise an unbounded
    range has a k outside the lattices to avoid (any k ≡ 1 modulo all of them) and outside every finite set, and the
    scan looks for a small one.
    """
    if any((step / divisor).denominator == 1 for divisor in constraints.avoided):
        return No.EMPTY
    least = None if constraints.low is None else math.ceil(constraints.low[0] / step)
    most = None if constraints.high is None else math.floor(constraints.high[0] / step)
    if least is not None and most is not None and most - least < SCAN + len(constraints.excluded):
        return _pick(_some(constraints, (k * step for k in range(least, most + 1))), complete=True)
    return _pick(
        _some(constraints, (k * step for k in _near_zero(least, most, SCAN + len(constraints.excluded)))),
        complete=False,
    )


def _some(constraints: _NumberLiterals, values: Iterable[Fraction]) -> list[Fraction]:
    return list(islice(filter(constraints.admits, values), ENOUGH))


def _near_zero(least: int | None, most: int | None, count: int) -> Iterator[int]:
    """Yield about `count` whole numbers of the range, those nearest to 0 first."""
    start = max(least or 0, 0) if most is None or most >= 0 else most
    if least is not None and least > 0:
        start = least
    for distance in range(count):
        for k in {start + distance, start - distance}:
            if (least is None or k >= least) and (most is None or k <= most):
                yield k


def _on_line(constraints: _NumberLiterals) -> SearchResult:
    """Choose among all numbers of an interval.

    EMPTY where the interval is empty, or where it is one number that the other literals exclude. Otherwise a number
    exists: the interval has rationals with every large denominator, and finitely many lattices and values are excluded.
    The scan looks for one that a double holds exactly.
    """
    low, high = constraints.low, constraints.high
    if low is not None and high is not None:
        if low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1])):
            return No.EMPTY
        if low[0] == high[0]:
            return _pick([low[0]] if constraints.admits(low[0]) else [], complete=True)
    return _pick(_some(constraints, _reals(constraints)), complete=False)


def _reals(constraints: _NumberLiterals) -> Iterator[Fraction]:
    """Yield numbers to try, the plain ones first: small ones, the bounds, their neighbours, short decimals between."""
    low = None if constraints.low is None else constraints.low[0]
    high = None if constraints.high is None else constraints.high[0]
    anchor = next((value for value in (low, high) if value is not None), Fraction(0))
    yield from (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-1, 2))
    yield from (edge for edge in (low, high) if edge is not None)
    whole = math.floor(anchor)
    for distance in range(12):
        for near in (whole + distance, whole - distance):
            yield from (Fraction(near), near + Fraction(1, 2), near + Fraction(1, 4), near + Fraction(1, 8))
    if abs(anchor) > 2**50:  # where doubles lie too far apart for the neighbours above
        yield from (anchor * 2, anchor / 2, anchor * Fraction(9, 8), anchor * Fraction(7, 8))
    if low is not None and high is not None:
        for digits in range(12):
            for part in (Fraction(1, 2), Fraction(1, 4), Fraction(3, 4)):
                yield Fraction(round((low + (high - low) * part) * 10**digits), 10**digits)
        yield (low + high) / 2
    yield from _more_than_barred(low, high, len(constraints.excluded))


def _more_than_barred(low: Fraction | None, high: Fraction | None, excluded: int) -> Iterator[Fraction]:
    """Yield more numbers between two bounds than there are excluded values, so that one of them remains."""
    if low is not None and high is not None:
        parts = 2 ** (excluded + 1).bit_length()
        yield from (low + (high - low) * Fraction(part, parts) for part in range(1, parts))
    elif low is None and high is not None:
        yield from (math.floor(high) - Fraction(step) for step in range(excluded + 2))
    else:
        yield from (math.ceil(low or 0) + Fraction(step) for step in range(excluded + 2))


def _pick(values: list[Fraction], *, complete: bool) -> SearchResult:
    """Return the plainest of `values` that a double holds exactly.

    Without any values the result is EMPTY where `complete` says that they are all candidates there are, else UNKNOWN.
    """
    if not values:
        return No.EMPTY if complete else No.UNKNOWN
    exact = [value for value in values if is_double(value)]
    if not exact:
        return No.UNKNOWN
    return Found(number(min(exact, key=lambda value: (value.denominator, abs(value), value < 0))))
