"""Finds a number within bounds, on some lattices and off others, by exact arithmetic. Knows no other type."""

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
"""Candidates of which the plainest is taken."""


@dataclass(slots=True)
class _NumberLiterals:
    """The literals, gathered. A bound is (value, open): open bounds leave their value out."""

    low: tuple[Fraction, bool] | None = None
    high: tuple[Fraction, bool] | None = None
    lattice: Fraction | None = None
    off: tuple[Fraction, ...] = ()
    barred: frozenset[Constant] = frozenset()

    def admits(self, value: Fraction) -> bool:
        return (
            (self.low is None or value > self.low[0] or (value == self.low[0] and not self.low[1]))
            and (self.high is None or value < self.high[0] or (value == self.high[0] and not self.high[1]))
            and (self.lattice is None or (value / self.lattice).denominator == 1)
            and all((value / divisor).denominator != 1 for divisor in self.off)
            and ("number", value) not in self.barred
        )


def solve_number(literals: Iterable[Formula]) -> SearchResult:
    """Find a number that satisfies every literal."""
    wanted = _gather(literals)
    if wanted.lattice is not None:
        return _on_lattice(wanted, wanted.lattice)
    return _on_line(wanted)


def _gather(literals: Iterable[Formula]) -> _NumberLiterals:
    wanted = _NumberLiterals()
    for literal in literals:
        value = literal.args[0]
        match literal.op:
            case "at_least" | "above":
                bound = (value, literal.op == "above")
                wanted.low = bound if wanted.low is None else max(wanted.low, bound)
            case "at_most" | "below":
                bound = (value, literal.op == "below")
                wanted.high = (
                    bound if wanted.high is None else min(wanted.high, bound, key=lambda at: (at[0], not at[1]))
                )
            case "multiple_of":
                wanted.lattice = value if wanted.lattice is None else lcm(wanted.lattice, value)
            case "not_multiple_of":
                wanted.off += (value,)
            case "not_in":
                wanted.barred |= value
    return wanted


def lcm(one: Fraction, two: Fraction) -> Fraction:
    """Give the least common multiple of two positive rationals."""
    return Fraction(math.lcm(one.numerator, two.numerator), math.gcd(one.denominator, two.denominator))


def _on_lattice(wanted: _NumberLiterals, step: Fraction) -> SearchResult:
    """Candidates are k·step for whole k in a range.

    No k: EMPTY. A lattice to stay off that contains all of this one: EMPTY. A range without end holds a k outside
    every proper sublattice (k ≡ 1 modulo all of them) and outside any finite set; a scan finds a small one.
    """
    if any((step / divisor).denominator == 1 for divisor in wanted.off):
        return No.EMPTY
    least = None if wanted.low is None else math.ceil(wanted.low[0] / step)
    most = None if wanted.high is None else math.floor(wanted.high[0] / step)
    if least is not None and most is not None and most - least < SCAN + len(wanted.barred):
        return _pick(_some(wanted, (k * step for k in range(least, most + 1))), complete=True)
    return _pick(_some(wanted, (k * step for k in _near_zero(least, most, SCAN + len(wanted.barred)))), complete=False)


def _some(wanted: _NumberLiterals, values: Iterable[Fraction]) -> list[Fraction]:
    return list(islice(filter(wanted.admits, values), ENOUGH))


def _near_zero(least: int | None, most: int | None, count: int) -> Iterator[int]:
    """Give some `count` whole numbers of the range, those nearest to 0 first."""
    start = max(least or 0, 0) if most is None or most >= 0 else most
    if least is not None and least > 0:
        start = least
    for distance in range(count):
        for k in {start + distance, start - distance}:
            if (least is None or k >= least) and (most is None or k <= most):
                yield k


def _on_line(wanted: _NumberLiterals) -> SearchResult:
    """Candidates are all reals of an interval.

    Empty interval: EMPTY. One point: it decides. Else it holds infinitely many rationals with any denominator, and
    only finitely many lattices and values are barred, so there is one; the scan looks for one that a double holds.
    """
    low, high = wanted.low, wanted.high
    if low is not None and high is not None:
        if low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1])):
            return No.EMPTY
        if low[0] == high[0]:
            return _pick([low[0]] if wanted.admits(low[0]) else [], complete=True)
    return _pick(_some(wanted, _reals(wanted)), complete=False)


def _reals(wanted: _NumberLiterals) -> Iterator[Fraction]:
    low = None if wanted.low is None else wanted.low[0]
    high = None if wanted.high is None else wanted.high[0]
    anchor = next((value for value in (low, high) if value is not None), Fraction(0))
    yield from (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-1, 2))
    yield from (edge for edge in (low, high) if edge is not None)
    whole = math.floor(anchor)
    for distance in range(12):
        for near in (whole + distance, whole - distance):
            yield from (Fraction(near), near + Fraction(1, 2), near + Fraction(1, 4), near + Fraction(1, 8))
    if abs(anchor) > 2**50:
        yield from (anchor * 2, anchor / 2, anchor * Fraction(9, 8), anchor * Fraction(7, 8))
    if low is not None and high is not None:
        for digits in range(12):
            for part in (Fraction(1, 2), Fraction(1, 4), Fraction(3, 4)):
                yield Fraction(round((low + (high - low) * part) * 10**digits), 10**digits)
        yield (low + high) / 2
    yield from _more_than_barred(low, high, len(wanted.barred))


def _more_than_barred(low: Fraction | None, high: Fraction | None, barred: int) -> Iterator[Fraction]:
    """Give more numbers between two bounds than there are values left out."""
    if low is not None and high is not None:
        parts = 2 ** (barred + 1).bit_length()
        yield from (low + (high - low) * Fraction(part, parts) for part in range(1, parts))
    elif low is None and high is not None:
        yield from (math.floor(high) - Fraction(step) for step in range(barred + 2))
    else:
        yield from (math.ceil(low or 0) + Fraction(step) for step in range(barred + 2))


def _pick(values: list[Fraction], *, complete: bool) -> SearchResult:
    """Take the plainest value that a JSON number holds; without one, EMPTY only where `values` are all there are."""
    if not values:
        return No.EMPTY if complete else No.UNKNOWN
    held = [value for value in values if is_double(value)]
    if not held:
        return No.UNKNOWN
    return Found(number(min(held, key=lambda value: (value.denominator, abs(value), value < 0))))
