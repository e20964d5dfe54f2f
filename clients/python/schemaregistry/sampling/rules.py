"""Collect a contract's rules on the values at one place, for the functions that make such values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any, Final

from schemaregistry.data.engine.plan import Check, Plan
from schemaregistry.document import Json

_LIMITS: Final = ("minimum", "exclusive_minimum", "maximum", "exclusive_maximum")
_RARELY: Final = 0.02
"""The share of nulls where a value may be absent."""
_OFTEN: Final = 0.5
"""The share of nulls where a condition decides whether it may."""


@dataclass(frozen=True, slots=True)
class NumberInterval:
    """Numbers from `low` to `high`, None for no limit; an open end is excluded."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False

    def at_least(self, limit: Fraction, *, is_open: bool = False) -> "NumberInterval":
        """Return the part that isn't below a limit."""
        if self.low is not None and (limit, is_open) <= (self.low, self.low_open):
            return self
        return NumberInterval(limit, self.high, is_open, self.high_open)

    def at_most(self, limit: Fraction, *, is_open: bool = False) -> "NumberInterval":
        """Return the part that isn't above a limit."""
        if self.high is not None and (limit, not is_open) >= (self.high, not self.high_open):
            return self
        return NumberInterval(self.low, limit, self.low_open, is_open)

    def multiples(self, step: Fraction) -> tuple[int | None, int | None]:
        """Return the least and greatest factor whose product with `step` is in the interval; None for no limit."""
        least = None if self.low is None else -(-self.low // step)
        most = None if self.high is None else self.high // step
        if least is not None and self.low_open and least * step == self.low:
            least += 1
        if most is not None and self.high_open and most * step == self.high:
            most -= 1
        return least, most


@dataclass(frozen=True, slots=True)
class ValueRules:
    """The rules at a place that hold whatever the rest of the row is.

    `options` are the only values allowed, None for any. `hints` are values that conditions mention. `null_share` is the
    share of nulls: 0 where none are allowed, 1 where all values are null.
    """

    checks: tuple[Check, ...] = ()
    interval: NumberInterval = field(default_factory=NumberInterval)
    divisor: Fraction | None = None
    options: tuple[Json, ...] | None = None
    hints: tuple[Json, ...] = ()
    null_share: float = 0.0

    def argument(self, kind: str) -> Any:
        """Return the argument of the first check of a kind; None without one."""
        return next((check.argument for check in self.checks if check.kind == kind), None)

    def arguments(self, kind: str) -> list[Any]:
        """Return the arguments of all checks of a kind."""
        return [check.argument for check in self.checks if check.kind == kind]

    def count(self, least: str, most: str, default: int) -> tuple[int, int]:
        """Return the fewest and most characters or items to make, at most `default` more than the fewest."""
        fewest = max(self.arguments(least), default=0)
        limit = min(self.arguments(most), default=None)
        return fewest, fewest + default if limit is None else min(limit, fewest + default)


def rules_of(plan: Plan, place: int, *, nullable: bool) -> ValueRules:
    """Collect the rules at a place; `nullable`: its Arrow field allows nulls."""
    here = [check for check in plan.checks_at(place) if not check.guards]
    conditional = [check for check in plan.every_check() if check.place == place and check not in here]
    return ValueRules(
        checks=tuple(here),
        interval=_interval(here),
        divisor=_divisor(here),
        options=_options(here),
        hints=tuple(_hints(conditional)),
        null_share=_null_share(plan, place, here, conditional) if nullable else 0.0,
    )


def _interval(checks: Iterable[Check]) -> NumberInterval:
    found = NumberInterval()
    for check in checks:
        match check.kind:
            case "minimum" | "exclusive_minimum":
                found = found.at_least(Fraction(str(check.argument)), is_open=check.kind != "minimum")
            case "maximum" | "exclusive_maximum":
                found = found.at_most(Fraction(str(check.argument)), is_open=check.kind != "maximum")
    return found


def common_multiple(first: Fraction, second: Fraction) -> Fraction:
    """Return the least number that is a whole multiple of both."""
    left, right = first.numerator * second.denominator, second.numerator * first.denominator
    return Fraction(left * right // gcd(left, right), first.denominator * second.denominator)


def _divisor(checks: Iterable[Check]) -> Fraction | None:
    found: Fraction | None = None
    for check in checks:
        step = check.argument if check.kind in ("multiple_of", "multiple_of_decimal") else _integral(check)
        if step is not None:
            found = step if found is None else common_multiple(found, step)
    return found


def _integral(check: Check) -> Fraction | None:
    is_whole = check.kind == "types" and "integer" in check.argument and "number" not in check.argument
    return Fraction(1) if is_whole else None


def _options(checks: Iterable[Check]) -> tuple[Json, ...] | None:
    found: tuple[Json, ...] | None = None
    for check in checks:
        if check.kind == "values":
            options = check.argument
            found = options if found is None else tuple(option for option in found if option in options)
    return found


def _hints(checks: Iterable[Check]) -> Iterable[Json]:
    for check in checks:
        if check.kind == "values":
            yield from (value for value in check.argument if value is not None)
        elif check.kind in _LIMITS:
            # On both sides of a limit, so that a condition comes out either way.
            yield from (check.argument - 1, check.argument, check.argument + 1)


def _null_share(plan: Plan, place: int, here: list[Check], conditional: list[Check]) -> float:
    if any(check.kind == "never" for check in here):
        return 1.0
    if plan.places[place].null_is_value:
        refused = any(check.refuses_null for check in here)
    else:
        refused = any(check.kind == "present" for check in here)
    if refused:
        return 0.0
    return _OFTEN if any(check.kind in ("present", "never") for check in conditional) else _RARELY
