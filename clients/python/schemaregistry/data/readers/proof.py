"""Write regular expressions of the field texts that surely conform to a contract.

An expression matches fewer texts than conform, and none that doesn't; a field without such an expression has None.
`line_proofs.py` joins them into expressions of whole lines.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

import pyarrow.types as pt

from schemaregistry.data.arrow.arrays import bounds
from schemaregistry.data.arrow.types import DataType, family, json_kind
from schemaregistry.data.engine.kernels import NATURAL, PLAINLY
from schemaregistry.data.engine.plan import ROW, Check, Place, Plan

Dialect: TypeAlias = Literal["csv", "ndjson"]

LETTER: Final[Mapping[Dialect, str]] = {"csv": r'[^",\x00-\x1f]', "ndjson": r'[^"\\\x00-\x1f]'}
"""One character of a text that stands in the file as it is: not quoted in CSV, not escaped in JSON."""
_ASCII: Final = r"[ !#-+\--\[\]-~]"
"""One ASCII character that needs no quotes in CSV and no escape in JSON."""
_PLAIN_LETTERS: Final = re.compile(r'[^",\\\x00-\x1f]+')
"""A text of characters that need no quotes in CSV and no escape in JSON."""
_LETTERS: Final = r"(?:[A-Za-z0-9_ :/-]|\\d|\[(?:a-z|A-Z|0-9|[A-Za-z0-9_.:/ ])+-?\])"
"""One character or class of a pattern, spelled the same in ECMA-262 and RE2."""
_TIMES: Final = r"(?:[*+?]|\{[0-9]{1,2}(?:,(?:[0-9]{1,2})?)?\})"
"""A repetition in a pattern, at most 99 times."""
_ANCHORED: Final = re.compile(rf"\^((?:{_LETTERS}{_TIMES}?)*)\$")
"""Patterns that RE2 reads as ECMA-262 does, and that match no character which ends a field."""
_MOST_LETTERS: Final = 16
"""The largest length bound; a counted repetition makes an automaton of as many states."""
_EXACT_DIGITS: Final = 15
"""Decimals of up to this many significant digits each have a double of their own, in the same order (DBL_DIG)."""
_PLACES: Final = 20
"""Digits after the decimal point: with 15 before it the number is below 2^53, and it isn't too small for a double."""
_WHOLE_DIGITS: Final = 9
"""Digits before the decimal point of a float with bounds or a multipleOf."""
_MULTIPLES: Final = ("multiple_of", "multiple_of_decimal")
_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Fractional digits of a second in each unit."""

_YEAR: Final = "(?:1[789]|2[01])[0-9]{2}"
"""Years that fit in every unit: int64 nanoseconds span 1677 to 2262."""
# Every month has 28 days; the 29th of February isn't proven, since it takes a leap year.
_DAY: Final = (
    f"{_YEAR}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_HOURS: Final = "(?:[01][0-9]|2[0-3])"
_OFFSET: Final = f"(?:Z|[+-]{_HOURS}(?::?[0-5][0-9])?)"

Expression: TypeAlias = str | None
"""A regular expression in RE2's syntax that matches conforming values only; None if no safe expression exists."""


@dataclass(frozen=True, slots=True)
class ProvenFields:
    """The expressions of a contract's columns, by name.

    `values` has each column of the plan. Columns in `texts` are quoted in JSON, columns in `optional` may be null or
    empty. `members` are the only columns allowed; None allows any.
    """

    values: Mapping[str, Expression]
    texts: frozenset[str]
    optional: frozenset[str]
    members: frozenset[str] | None


def fields(plan: Plan, dialect: Dialect) -> ProvenFields | None:
    """Write the expressions of a plan's columns; None where some rule concerns more than one column."""
    # A guard makes a check depend on other columns, which a field's expression can't see.
    if any(check.guards or plan.places[check.place].parent != ROW for check in plan.checks):
        return None
    members: frozenset[str] | None = None
    for check in plan.checks_at(ROW):
        if check.kind == "closed":
            members = check.argument if members is None else members & check.argument
        elif check.kind != "types" or "object" not in check.argument:
            return None
    values: dict[str, Expression] = {}
    texts, optional = set(), set()
    for place in plan.children[ROW]:
        name, checks = str(place.name), plan.checks_at(place.index)
        values[name] = _value(place, checks, dialect)
        if place.kind is not None and json_kind(place.kind) == "string":
            texts.add(name)
        if not place.null_is_value and not any(check.kind == "present" for check in checks):
            optional.add(name)
    return ProvenFields(values, frozenset(texts), frozenset(optional), members)


def _value(place: Place, checks: Sequence[Check], dialect: Dialect) -> Expression:
    """Write the expression of one place from its type and the checks that the type doesn't imply."""
    if place.kind is None or family(place.kind) not in _MADE:
        return None
    left = [check for check in checks if not _is_implied(place.kind, check)]
    return _MADE[family(place.kind)](place.kind, left, dialect)


def _is_implied(kind: DataType, check: Check) -> bool:
    if check.kind == "types":
        return json_kind(kind) in check.argument or (json_kind(kind) == "integer" and "number" in check.argument)
    return check.kind in ("fits", "present") or (check.kind == "format" and check.argument == NATURAL.get(family(kind)))


def _text(_kind: DataType, checks: Sequence[Check], dialect: Dialect) -> Expression:
    """Write the expression of a text with one rule, or with bounds of its length."""
    if all(check.kind in ("min_length", "max_length") for check in checks):
        return _of_length(checks, dialect)
    if len(checks) > 1:
        return None
    argument: Any = checks[0].argument
    match checks[0].kind:
        case "values":
            return _one_of([option for option in argument if isinstance(option, str)])
        case "pattern":
            return _pattern(argument[0], dialect)
        case "format" if argument in PLAINLY:
            return PLAINLY[argument][1:-1]
    return None


def _of_length(checks: Sequence[Check], dialect: Dialect) -> Expression:
    """Texts within length bounds, of ASCII only: a length counts characters.

    In CSV an empty field is null and no text.
    """
    least = max([int(dialect == "csv"), *(check.argument for check in checks if check.kind == "min_length")])
    most = min((check.argument for check in checks if check.kind == "max_length"), default=None)
    if max(least, most or 0) > _MOST_LETTERS or (most is not None and most < least):
        return None
    if not checks:
        return f"{LETTER[dialect]}{'+' if least else '*'}"
    return f"{_ASCII}{{{least},{'' if most is None else most}}}"


def _pattern(ecma: str, dialect: Dialect) -> Expression:
    """Return a document's pattern where RE2 reads it alike.

    In CSV only where it doesn't match the empty text, since an empty field is null.
    """
    found = _ANCHORED.fullmatch(ecma)
    return (
        None if found is None or (dialect == "csv" and re.fullmatch(found[1], "")) else found[1].replace(r"\d", "[0-9]")
    )


def _one_of(options: Sequence[str]) -> Expression:
    plain = [option for option in options if _PLAIN_LETTERS.fullmatch(option)]
    return f"(?:{'|'.join(map(re.escape, plain))})" if plain else None


def _integer(kind: DataType, checks: Sequence[Check], _: Dialect) -> Expression:
    """Integers with fewer digits than the type's largest value."""
    low, high = bounds(kind)
    digits = len(str(high)) - 1
    # Unsigned types have no negative numbers.
    limited = _Range(digits if low else 0, digits).within(checks)
    return None if limited is None else limited.expression(0)


def _float(kind: DataType, checks: Sequence[Check], _: Dialect) -> Expression:
    """Doubles; with a rule about the value, only numbers with so few digits that decimal and double agree on it."""
    if not pt.is_float64(kind):
        return None
    if not checks:
        # Negative exponents only: a positive one might lead beyond 2^53.
        return rf"-?{_whole(_EXACT_DIGITS)}(?:\.[0-9]{{1,{_PLACES}}})?(?:[eE]-[0-9]{{1,2}})?"
    places = [_decimal_places(check.argument) for check in checks if check.kind in _MULTIPLES]
    limited = _Range(_WHOLE_DIGITS, _WHOLE_DIGITS).within([check for check in checks if check.kind not in _MULTIPLES])
    if limited is None or None in places:
        return None
    return limited.expression(min([_EXACT_DIGITS - _WHOLE_DIGITS, *(place for place in places if place is not None)]))


def _decimal_places(divisor: Fraction) -> int | None:
    """Return how many decimal places a multiple of the divisor has, for divisors 1, 0.1, 0.01, …; None for others."""
    places = len(str(divisor.denominator)) - 1
    return places if divisor == Fraction(1, 10**places) else None


@dataclass(frozen=True, slots=True)
class _Range:
    """Numbers by how many digits stand before the decimal point.

    `below` is the most digits of negative numbers (0: there are none), `above` of the others. `least` says which
    numbers from 0 to below 1 there are: `any`; `positive`, all but 0; `one`, none, as the numbers start at 1.
    """

    below: int
    above: int
    least: Literal["any", "positive", "one"] = "any"

    def within(self, checks: Sequence[Check]) -> "_Range | None":
        """Narrow the range to numbers that pass every check; None for a check that digits can't express."""
        found: _Range | None = self
        for check in checks:
            found = found and found._bounded(check)
        return found

    def _bounded(self, check: Check) -> "_Range | None":
        limit: Any = check.argument
        if check.kind in ("maximum", "exclusive_maximum") and limit >= 1:
            return replace(self, above=min(self.above, _digits_below(limit)))
        if check.kind not in ("minimum", "exclusive_minimum") or limit > 1 or (limit == 1 and check.kind != "minimum"):
            return None
        if limit < 0:
            return replace(self, below=min(self.below, _digits_below(-limit)))
        if limit > 0 or self.least == "one":
            return replace(self, below=0, least="one")
        positive = check.kind == "exclusive_minimum" or self.least == "positive"
        return replace(self, below=0, least="positive" if positive else "any")

    def expression(self, places: int) -> Expression:
        """Write the range with up to `places` digits after the decimal point."""
        fraction = rf"(?:\.[0-9]{{1,{places}}})?" if places else ""
        one = [f"[1-9][0-9]{{0,{self.above - 1}}}{fraction}"] if self.above else []
        negative = [f"-{_whole(self.below)}{fraction}"] if self.below else []
        small = {"any": [f"0{fraction}"], "positive": [rf"0\.{_nonzero(places)}"] if places else [], "one": []}
        options = [*negative, *one, *small[self.least]]
        return f"(?:{'|'.join(options)})" if options else None


def _digits_below(limit: float) -> int:
    """Return a number of digits such that every number with so many is below the limit."""
    return len(str(int(limit))) - 1


def _whole(digits: int) -> str:
    return f"(?:0|[1-9][0-9]{{0,{digits - 1}}})"


def _nonzero(places: int) -> str:
    """Up to `places` digits, not all of them zero."""
    options = ("0" * zeros + f"[1-9][0-9]{{0,{places - 1 - zeros}}}" for zeros in range(places))
    return f"(?:{'|'.join(options)})"


def _bool(_kind: DataType, checks: Sequence[Check], _: Dialect) -> Expression:
    return None if checks else "(?:true|false)"


def _date(_kind: DataType, checks: Sequence[Check], _: Dialect) -> Expression:
    return None if checks else _DAY


def _clock(unit: Any) -> str:
    digits = _DIGITS[unit]
    fraction = rf"(?:\.[0-9]{{1,{digits}}})?" if digits else ""
    return f"{_HOURS}:[0-5][0-9]:[0-5][0-9]{fraction}"


def _time(kind: DataType, checks: Sequence[Check], _: Dialect) -> Expression:
    return None if checks else f"{_clock(kind.unit)}Z?"


def _timestamp(kind: DataType, checks: Sequence[Check], _: Dialect) -> Expression:
    return None if checks else f"{_DAY}[T ]{_clock(kind.unit)}{_OFFSET}{'' if kind.tz else '?'}"


_MADE: Final[Mapping[str, Callable[[DataType, Sequence[Check], Dialect], Expression]]] = {
    "text": _text,
    "int": _integer,
    "float": _float,
    "bool": _bool,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
}
