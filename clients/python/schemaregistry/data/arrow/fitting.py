"""Compare a column's Arrow type with the contract's, and find the values that the contract's type can't hold exactly.

The rules are those of `Fits` in contract.proto. Whether a cast succeeds is never the test, since Arrow's casts round
doubles to floats and large integers to doubles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.arrays import Mask, bounds, each, either, is_utf8, numbers, outside, spread, where_valid
from schemaregistry.data.arrow.calendar import DAY, FIRST_DAY, LAST_DAY, PER_SECOND
from schemaregistry.data.arrow.types import UTC, Array, DataType, contract_type, described, family, is_json, value_type

Misfits: TypeAlias = Callable[[Array], Mask | None]
"""Returns which of an array's N values don't fit, as a mask of N booleans; None: all fit."""

_CAST_DIGITS: Final = 38
"""Digits in Arrow's table of powers of ten for decimal128."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a column's type meets the contract's.

    `refused` describes a column whose type can't be read as the contract's at all. Otherwise `misfits` finds the values
    that don't fit (None: all fit), and `note` names the type that the column is read as, where it isn't its own.
    """

    refused: str = ""
    misfits: Misfits | None = None
    note: str = ""


PLAIN: Final = Fit()
"""Every value fits."""


def fit(found: DataType, wanted: DataType) -> Fit:
    """Compare a column's type with the contract's; parts of lists and structs are compared on their own."""
    found, wanted = value_type(found), contract_type(wanted)
    if is_json(wanted):
        return _json(found)
    families = family(found), family(wanted)
    if families[0] == "null":
        return PLAIN
    rule = _RULES.get(families)
    if rule is None:
        return Fit(refused=f"{described(found)} column")
    return rule(found, wanted)


def _json(found: DataType) -> Fit:
    """Compare a column's type with json: texts are JSON texts, values of other types are themselves.

    Texts, lists and structs that aren't JSON are found where they are read.
    """
    kind = family(found)
    if kind == "other":
        return Fit(refused=f"{described(found)} column")
    if kind in ("null", "text"):
        return PLAIN
    own = fit(found, found).misfits if kind not in ("list", "struct") else None
    return Fit(misfits=own, note=f"{described(found)} column read as json: each value is itself, no JSON text")


def _always(_found: DataType, _wanted: DataType) -> Fit:
    return PLAIN


def _text(_found: DataType, _wanted: DataType) -> Fit:
    return Fit(misfits=not_utf8)


def _integer(found: DataType, wanted: DataType) -> Fit:
    (low, high), (least, greatest) = bounds(wanted), bounds(found)
    if low <= least and greatest <= high:
        return PLAIN
    return Fit(misfits=lambda array: outside(array, low, high), note=_read_as(found, wanted, "in range"))


def _float(found: DataType, wanted: DataType) -> Fit:
    narrower = found.bit_width > wanted.bit_width
    return Fit(
        misfits=lambda array: _not_finite(array) if not narrower else _not_same_float(array, wanted),
        note=_read_as(found, wanted, "exact") if narrower else "",
    )


def _integer_to_float(found: DataType, wanted: DataType) -> Fit:
    return Fit(
        misfits=lambda array: _rounded(array, wanted),
        note=_read_as(found, wanted, "exact"),
    )


def _float_to_integer(found: DataType, wanted: DataType) -> Fit:
    low, high = bounds(wanted)
    return Fit(misfits=lambda array: _not_integral(array, low, high), note=_read_as(found, wanted, "integral"))


def _to_decimal(found: DataType, wanted: DataType) -> Fit:
    whole = wanted.precision - wanted.scale
    if pt.is_integer(found):
        limit = 10**whole - 1
        least, greatest = bounds(found)
        misfits = None if -limit <= least and greatest <= limit else lambda array: outside(array, -limit, limit)
        return Fit(misfits=misfits, note=_read_as(found, wanted, "in range"))
    if found.scale <= wanted.scale and found.precision - found.scale <= whole:
        return PLAIN
    return Fit(misfits=lambda array: _not_castable(array, wanted), note=_read_as(found, wanted, "exact"))


def _decimal_to_integer(found: DataType, wanted: DataType) -> Fit:
    low, high = bounds(wanted)
    return Fit(
        misfits=lambda array: each(array, lambda value: value == value.to_integral_value() and low <= value <= high),
        note=_read_as(found, wanted, "integral"),
    )


def _date(_found: DataType, _wanted: DataType) -> Fit:
    return Fit(misfits=_not_a_date)


def _time(found: DataType, wanted: DataType) -> Fit:
    have, want = PER_SECOND[found.unit], PER_SECOND[wanted.unit]
    return Fit(
        # Arrow lets a time of day have any integer, also a day or more.
        misfits=lambda array: _not_whole(array, 0, DAY * have - 1, max(have // want, 1)),
        note=_read_as(found, wanted, "exact") if have > want else "",
    )


def _timestamp(found: DataType, wanted: DataType) -> Fit:
    if not same_zone(found.tz, wanted.tz):
        return Fit(refused=f"{described(found)} column: {_zone(found.tz)}, not {_zone(wanted.tz)}")
    have, want = PER_SECOND[found.unit], PER_SECOND[wanted.unit]
    low, high = FIRST_DAY * DAY * have, (LAST_DAY + 1) * DAY * have - 1
    if want > have:
        # A finer unit has a shorter range of years, which the column's values may exceed.
        low, high = max(low, -(2**63 // (want // have))), min(high, (2**63 - 1) // (want // have))
    return Fit(
        misfits=lambda array: _not_whole(array, max(low, -(2**63)), min(high, 2**63 - 1), max(have // want, 1)),
        note=_read_as(found, wanted, "exact") if have != want else "",
    )


def same_zone(left: str | None, right: str | None) -> bool:
    """Whether two time zones are the same by name; None is no zone."""
    return left == right or (left in UTC and right in UTC)


_RULES: Final[dict[tuple[str, str], Callable[[DataType, DataType], Fit]]] = {
    ("bool", "bool"): _always,
    ("binary", "binary"): _always,
    ("list", "list"): _always,
    ("struct", "struct"): _always,
    ("text", "text"): _text,
    ("int", "int"): _integer,
    ("float", "float"): _float,
    ("int", "float"): _integer_to_float,
    ("float", "int"): _float_to_integer,
    ("int", "decimal"): _to_decimal,
    ("decimal", "decimal"): _to_decimal,
    ("decimal", "int"): _decimal_to_integer,
    ("date", "date"): _date,
    ("time", "time"): _time,
    ("timestamp", "timestamp"): _timestamp,
}
"""The comparison for each pair of families of types; any other pair is refused."""


def holds_decimal(kind: DataType, value: Decimal) -> bool:
    """Whether a decimal type has enough digits for exactly this number."""
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    last = int(exponent) + len(text) - len(kept)
    return not kept or (-last <= kind.scale and len(kept) + last <= kind.precision - kind.scale)


def _zone(tz: str | None) -> str:
    return f"time zone {tz}" if tz else "no time zone"


def _read_as(found: DataType, wanted: DataType, word: str) -> str:
    return f"{described(found)} column read as {described(wanted)}: every value is {word}"


def _not_whole(array: Array, low: int, high: int, divisor: int) -> Mask | None:
    beyond = outside(array, low, high)
    if divisor == 1:
        return beyond
    part = where_valid(numbers(array) % divisor != 0, array)
    return either(beyond, part)


def _not_finite(array: Array) -> Mask | None:
    finite = np.isfinite(numbers(array))
    return None if finite.all() else where_valid(~finite, array)


def _not_same_float(array: Array, wanted: DataType) -> Mask | None:
    values = numbers(array)
    with np.errstate(over="ignore"):
        # A double beyond float32 becomes infinity, and so a misfit.
        narrow = values.astype(wanted.to_pandas_dtype())
    return where_valid(~(np.isfinite(narrow) & (narrow == values)), array)


def _not_integral(array: Array, low: int, high: int) -> Mask | None:
    """Compare with `high + 1`: that is a power of two and so a double, whereas `high`, 2^63 - 1 say, may not be one."""
    values = numbers(array)
    integral = np.isfinite(values) & (values == np.trunc(values)) & (values >= low) & (values < float(high + 1))
    return None if integral.all() else where_valid(~integral, array)


def _rounded(array: Array, wanted: DataType) -> Mask | None:
    # Integers up to here are floats of the type; beyond it only some are.
    exact = 2 ** (np.finfo(wanted.to_pandas_dtype()).nmant + 1)
    if outside(array, -exact, exact) is None:
        return None
    kind = wanted.to_pandas_dtype()
    return each(array, lambda value: int(kind(value)) == value)


def _not_a_date(array: Array) -> Mask | None:
    if pt.is_date64(array.type):
        # Arrow lets a date64 have any millisecond, also within a day.
        per_day = DAY * 1000
        return _not_whole(array, FIRST_DAY * per_day, LAST_DAY * per_day, per_day)
    return outside(array, FIRST_DAY, LAST_DAY)


def is_castable(found: DataType, wanted: DataType) -> bool:
    """Whether Arrow's cast between two decimal types is safe.

    For scales more than 38 apart it reads beyond its table of powers of ten.
    """
    return bool(abs(wanted.scale - found.scale) <= _CAST_DIGITS)


def _not_castable(array: Array, wanted: DataType) -> Mask | None:
    if not is_castable(array.type, wanted):
        return each(array, partial(holds_decimal, wanted))
    try:
        # Arrow's casts of decimals fail rather than lose a digit, and are fast.
        array.cast(wanted)
    except pa.ArrowInvalid:
        return each(array, partial(holds_decimal, wanted))
    return None


def not_utf8(array: Array) -> Mask | None:
    """Return which texts aren't UTF-8; None: all are."""
    texts = array.dictionary if isinstance(array.type, pa.DictionaryType) else array
    try:
        # Full validation checks the UTF-8 of all texts at once.
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return spread(each(texts.cast(pa.large_binary()), is_utf8), array)
    return None
