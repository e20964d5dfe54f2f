"""Make numbers within limits that look like market data: mostly small sizes, and prices that move in small steps.

The caller passes NumPy's random generator. Every function returns `count` values, and raises Unimplemented (NO_SAMPLE)
where there is none.
"""

import math
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import bounds
from schemaregistry.data.arrow.types import Array, DataType
from schemaregistry.sampling.rules import NumberInterval, ValueRules, common_multiple
from schemaregistry.sampling.unsampleable import no_value

Random: TypeAlias = np.random.Generator
NumberArray: TypeAlias = np.ndarray[Any, Any]

_USUAL: Final = NumberInterval(Fraction(10), Fraction(600))
"""Where prices are, if the contract allows it."""
_CENT: Final = Fraction(1, 100)
_FEW: Final = 1_000
"""Ranges with fewer values than this are drawn from evenly."""
_ROOMY: Final = Context(prec=80)
"""Digits enough to scale a decimal128, of 38 digits, exactly."""
_EXACT: Final = 1 << 53
"""Up to here every integer is a double."""
_WIDE: Final = 1 << 31
"""The most steps above the first value: products with them stay within int64."""


def integers(rules: ValueRules, kind: DataType, count: int, random: Random, rows: NumberArray | None) -> Array:
    """Make integers of a type: evenly from a few, else mostly small ones; with `rows`, one that grows with each row."""
    least, most = bounds(kind)
    step = _whole(rules.divisor)
    limits = rules.interval.at_least(Fraction(least)).at_most(Fraction(most)).multiples(step)
    low, high = int(limits[0] or 0), int(limits[1] or 0)
    if low > high:
        raise no_value(rules, "integer")
    stated = rules.interval.low is not None and rules.interval.high is not None
    start, sign = (low, 1) if low > 1 or (stated and high - low < _FEW) else (1, 1) if high >= 1 else (high, -1)
    room = min(high - start if sign > 0 else start - low, _WIDE)
    if rows is not None:
        turns = rows % (room + 1)
    elif room < _FEW:
        turns = random.integers(0, room + 1, count)
    else:
        # Half of them below 90, with a long tail, as sizes of trades are.
        turns = np.minimum(random.lognormal(4.5, 1.2, count).astype(np.int64), room)
    width = int(step)
    if abs(start) * width + room * width < 1 << 62:
        return pa.array(((start + sign * turns) * width).astype(kind.to_pandas_dtype()), kind)
    return pa.array([(start + sign * int(turn)) * width for turn in turns], kind)


def floats(rules: ValueRules, kind: DataType, count: int, random: Random) -> Array:
    """Make floats that move through part of the allowed range, by cents if the range allows."""
    scale: Any = kind.to_pandas_dtype()
    limit = Fraction(float(np.finfo(scale).max))
    low, high, step = _window(rules.interval.at_least(-limit).at_most(limit), rules.divisor)
    least, most = NumberInterval(low, high).multiples(step)
    assert least is not None
    assert most is not None
    if rules.divisor and (least > most or max(abs(least), abs(most)) >= _EXACT):
        return _multiples(rules, kind, count, random)
    factors = _walk(max(most - least, 0), count, random)
    if abs(least) < _EXACT and abs(most) < _EXACT:
        # Exact factors divided once give the double nearest to each multiple.
        values = (least + factors) * float(step.numerator) / float(step.denominator)
    else:
        values = float(low) + factors * float(step)
    return pa.array(_clipped(values.astype(scale), rules.interval, scale), kind)


def _multiples(rules: ValueRules, kind: DataType, count: int, random: Random) -> Array:
    """Make floats that are multiples of a divisor, near 0."""
    step = rules.divisor or Fraction(1)
    least, most = rules.interval.multiples(step)
    first = max(least or 0, 0) if most is None or most >= 0 else most - _FEW
    last = first + _FEW if most is None else min(most, first + _FEW)
    if first > last:
        raise no_value(rules, "number")
    limit = Fraction(float(np.finfo(kind.to_pandas_dtype()).max))
    exact = [factor * step for factor in range(first, last + 1) if abs(factor * step) <= limit]
    # A float without a fraction is taken as exactly itself.
    found = [float(value) for value in exact if value.denominator > 1 or Fraction(float(value)) == value]
    if not found:
        raise no_value(rules, "number")
    pool: Array = pa.array(found, kind)
    return pool.take(pa.array(random.integers(0, len(pool), count)))


def decimals(rules: ValueRules, kind: Any, count: int, random: Random) -> Array:
    """Make decimals of a precision and scale, by cents if the scale allows."""
    unit = Fraction(1, 10**kind.scale) if kind.scale >= 0 else Fraction(10**-kind.scale)
    limit = unit * (10**kind.precision - 1)
    divisor = common_multiple(unit, rules.divisor) if rules.divisor else None
    interval = rules.interval.at_least(-limit).at_most(limit)
    low, high, step = _window(interval, divisor)
    step = step if divisor else common_multiple(step, unit)
    least, most = NumberInterval(low, high, interval.low_open, interval.high_open).multiples(step)
    if least is None or most is None or least > most:
        least, most = interval.multiples(step := divisor or unit)
    if least is None or most is None or least > most:
        raise no_value(rules, "decimal")
    factors = _walk(min(most - least, _FEW), _FEW, random) + 0
    units = step / unit
    pool = [Decimal(int((least + int(factor)) * units)).scaleb(-kind.scale, _ROOMY) for factor in factors]
    exact = pa.array(pool, kind)
    return exact.take(pa.array(random.integers(0, len(pool), count)))


def _whole(divisor: Fraction | None) -> Fraction:
    return common_multiple(Fraction(1), divisor) if divisor else Fraction(1)


def _window(interval: NumberInterval, divisor: Fraction | None) -> tuple[Fraction, Fraction, Fraction]:
    """Return a part of an interval that looks like prices, and the step between its values."""
    low, high = interval.low or Fraction(0), interval.high or Fraction(0)
    if interval.low is not None and interval.low > _USUAL.high - 1:  # type: ignore[operator]
        high = min(high, low + 1_000)
    elif interval.high is not None and interval.high < _USUAL.low + 1:  # type: ignore[operator]
        low = max(low, high - 1_000)
    else:
        low, high = max(low, _USUAL.low or low), min(high, _USUAL.high or high)
    if divisor:
        least, most = NumberInterval(low, high).multiples(divisor)
        if least is not None and most is not None and least > most:
            low, high = interval.low or low, interval.high or high
        return low, high, divisor
    width = high - low
    step = _CENT if width >= 1 else Fraction(10) ** (math.floor(math.log10(width)) - 2) if width else Fraction(1)
    return low, high, step


def _walk(most: int, count: int, random: Random) -> NumberArray:
    """Make `count` numbers from 0 to `most`, each near the one before; they turn back at the ends."""
    most = min(most, _WIDE)
    if most == 0:
        return np.zeros(count, np.int64)
    stride = max(most // 20_000, 1)
    steps = random.integers(-3 * stride, 3 * stride + 1, count)
    place = random.integers(0, most + 1) + np.cumsum(steps)
    turned = place % (2 * most)
    return np.where(turned > most, 2 * most - turned, turned).astype(np.int64)


def _clipped(values: NumberArray, interval: NumberInterval, scale: Any) -> NumberArray:
    """Move values beyond the limits to the nearest float within them."""
    lowest, highest = scale(-np.inf), scale(np.inf)
    if interval.low is not None:
        lowest = scale(float(interval.low))
        if interval.low_open or Fraction(float(lowest)) < interval.low:
            lowest = np.nextafter(lowest, scale(np.inf))
    if interval.high is not None:
        highest = scale(float(interval.high))
        if interval.high_open or Fraction(float(highest)) > interval.high:
            highest = np.nextafter(highest, scale(-np.inf))
    return np.clip(values, lowest, highest)
