"""The leaf kinds of check over one array: which of its values fail. Nulls never do here; nesting is evaluation's.

Each kernel looks at the whole array first (its extremes, its distinct texts) and makes a mask only for what failed.
The exact meaning of each kind is contract.proto's.
"""

import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from schemaregistry.data.arrow.arrays import (
    Mask,
    booleans,
    bounds,
    each,
    is_utf8,
    numbers,
    outside,
    some,
    spread,
    where_valid,
)
from schemaregistry.data.arrow.texts import as_text
from schemaregistry.data.arrow.types import Array, DataType, family, json_kind, pc
from schemaregistry.data.engine.validator import format_validator, pattern_validator
from schemaregistry.document import Json

Kernel: TypeAlias = Callable[[Any, Array, DataType], Mask | None]
"""(the check's argument, the values, the contract's type of them) → which fail."""


def run(kind: str, argument: Any, array: Array, wanted: DataType) -> Mask | None:
    """Which values of an array fail a check of a leaf kind; None where none does."""
    return KERNELS[kind](argument, array, wanted)


def _types(allowed: frozenset[str], array: Array, _wanted: DataType) -> Mask | None:
    kind = json_kind(array.type)
    if kind in allowed or (kind == "integer" and "number" in allowed) or not kind:
        return None
    if kind == "number" and "integer" in allowed:
        return _not_multiple(Fraction(1), array, _wanted)
    return where_valid(np.ones(len(array), bool), array)


def _values(options: tuple[Json, ...], array: Array, wanted: DataType) -> Mask | None:
    kind = json_kind(array.type)
    if kind == "string":
        texts = sorted(option for option in options if isinstance(option, str))
        return _over_texts(partial(_not_in, texts), array, wanted)
    if kind == "boolean":
        truths = {option for option in options if isinstance(option, bool)}
        return each(array, truths.__contains__)
    found = [option for option in options if isinstance(option, int | float) and not isinstance(option, bool)]
    if family(array.type) == "decimal":
        return each(array, {exact(option) for option in found}.__contains__)
    return _not_in_numbers(found, array)


def _not_in(options: list[str], texts: Array) -> Mask | None:
    found = pc.is_in(texts, value_set=pa.array(options, texts.type))
    return None if found.true_count == len(texts) else where_valid(~booleans(found), texts)


def _not_in_numbers(options: list[float], array: Array) -> Mask | None:
    values = numbers(array)
    kind = values.dtype.type
    if pt.is_integer(array.type):
        low, high = bounds(array.type)
        held: list[float] = [int(option) for option in options if low <= option <= high and option == int(option)]
    else:
        held = [float(option) for option in options if float(kind(option)) == option]
    found = np.isin(values, np.array(held, kind))
    return None if found.all() else where_valid(~found, array)


def _bound(
    passes: Callable[[Any, Any], bool],
    whole: Callable[[Any], tuple[float, float]],
    limit: int | float,
    array: Array,
    _wanted: DataType,
) -> Mask | None:
    """A limit becomes the range of the column's own numbers that pass, so that no comparison rounds."""
    if family(array.type) == "decimal":
        return _decimals_beyond(lambda value: passes(value, exact(limit)), array)
    if pt.is_integer(array.type):
        return outside(array, *whole(limit))
    return outside(array, *_doubles(passes, limit))


def _decimals_beyond(passes: Callable[[Decimal], bool], array: Array) -> Mask | None:
    """Arrow tells the extremes of no decimal of less than 128 bits."""
    wide = array if array.type.bit_width >= 128 else array.cast(pa.decimal128(array.type.precision, array.type.scale))
    ends = pc.min_max(wide)
    if all(end is None or passes(end) for end in (ends["min"].as_py(), ends["max"].as_py())):
        return None
    return each(array, passes)


def exact(number: float) -> Decimal:
    """The number that a document states, where it is compared with decimals: 0.1 is a tenth."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _doubles(passes: Callable[[Any, Any], bool], limit: int | float) -> tuple[float, float]:
    """The least and the greatest double that pass."""
    nearest = float(limit)
    upwards = passes(math.inf, limit)
    step = math.inf if upwards else -math.inf
    edge = math.nextafter(nearest, -step)
    while not passes(edge, limit):
        edge = math.nextafter(edge, step)
    return (edge, math.inf) if upwards else (-math.inf, edge)


def _not_multiple(divisor: Fraction, array: Array, _wanted: DataType) -> Mask | None:
    """A whole number is a multiple of a fraction where its numerator divides it."""
    if family(array.type) == "decimal":
        return each(array, lambda value: Fraction(value) % divisor == 0)
    values = numbers(array)
    if pt.is_floating(array.type):
        return where_valid(_floats_not_multiple(divisor, values.astype(np.float64, copy=False)), array)
    if divisor.numerator > bounds(array.type)[1]:
        return where_valid(values != 0, array)
    rest = values % divisor.numerator
    return where_valid(rest != 0, array) if rest.any() else None


def _floats_not_multiple(divisor: Fraction, values: NDArray[np.float64]) -> Mask | None:
    """NaN and infinity are misfits, and judged no further."""
    if divisor.numerator > _WHOLE:
        return some(np.array([not _is_multiple(divisor, value) for value in values.tolist()], bool))
    with np.errstate(invalid="ignore"):
        failing = np.fmod(values, float(divisor.numerator)) != 0
    if divisor.denominator > 1 and failing.any():
        multiple, sure = _decimal_multiples(divisor, values)
        failing &= ~multiple
        for index in np.flatnonzero(failing & ~sure).tolist():
            failing[index] = not _is_multiple(divisor, float(values[index]))
    return some(failing)


def _decimal_multiples(divisor: Fraction, values: NDArray[np.float64]) -> tuple[Mask, Mask]:
    """Which floats are the nearest to a multiple, and for which that is sure to be the decimal that they write.

    Decimals of up to fifteen digits have different doubles, and these texts.
    """
    power = next(10**digits for digits in range(_MOST_DIGITS) if 10**digits % divisor.denominator == 0)
    if power > _EXACT_POWER:
        return np.zeros(len(values), bool), np.zeros(len(values), bool)
    with np.errstate(invalid="ignore", over="ignore"):
        nearest = np.rint(values / float(divisor)) * int(divisor * power)
        sure: Mask = np.abs(nearest) < _SURE
        multiple: Mask = sure & (nearest / power == values)
    return multiple, sure


def _is_multiple(divisor: Fraction, value: float) -> bool:
    """A float that isn't whole is the decimal that its shortest text writes."""
    if not math.isfinite(value):
        return True
    return (Fraction(value) if value.is_integer() else Fraction(repr(value))) % divisor == 0


_WHOLE: Final = 2**53
"""Whole numbers up to this are doubles."""
_SURE: Final = 1e14
"""Numbers below this have a digit to spare, for the rounding of a quotient."""
_EXACT_POWER: Final = 10**22
"""The greatest power of ten that is a double."""
_MOST_DIGITS: Final = 400
"""More than a double's shortest text has after the point."""


def _length(passes: Callable[[Any, Any], bool], limit: int, array: Array, wanted: DataType) -> Mask | None:
    return _over_texts(lambda texts: _by_count(passes, limit, pc.utf8_length(texts)), array, wanted)


def _items(passes: Callable[[Any, Any], bool], limit: int, array: Array, _wanted: DataType) -> Mask | None:
    return _by_count(passes, limit, pc.list_value_length(array))


def _by_count(passes: Callable[[Any, Any], bool], limit: int, counts: Array) -> Mask | None:
    low, high = (limit, math.inf) if passes(math.inf, limit) else (-math.inf, limit)
    return outside(counts, low, high)


def _pattern(patterns: tuple[str, str], array: Array, wanted: DataType) -> Mask | None:
    return _over_texts(partial(_not_matched, *patterns), _encoded(array), wanted)


def _not_matched(ecma: str, re2: str, texts: Array) -> Mask | None:
    """RE2 refuses some patterns that are fine by their syntax, large counted repetitions above all."""
    try:
        matched = pc.match_substring_regex(texts, pattern=re2)
    except pa.ArrowInvalid:
        return _each_text(texts, pattern_validator(ecma).is_valid)
    return None if matched.true_count == len(texts) else where_valid(~booleans(matched), texts)


def _format(name: str, array: Array, wanted: DataType) -> Mask | None:
    if NATURAL.get(family(array.type)) == name:
        return None
    return _over_texts(partial(_not_of_format, name), _encoded(array), wanted)


def _encoded(array: Array) -> Array:
    """Texts as a dictionary where they are few: what looks into each text is then done once for each."""
    is_text = family(array.type) == "text" and not isinstance(array.type, pa.DictionaryType)
    if is_text and len(array) > _MANY and pc.count_distinct(array.slice(0, _SAMPLE)).as_py() <= _FEW:
        return array.dictionary_encode()
    return array


def _not_of_format(name: str, texts: Array) -> Mask | None:
    """The plain cases by a pattern, what is left one by one."""
    if name not in PLAINLY:
        return _each_text(texts, format_validator(name).is_valid)
    plain = booleans(pc.match_substring_regex(texts, pattern=PLAINLY[name]))
    if plain.all():
        return None
    left = np.flatnonzero(~plain)
    failing = _each_text(texts.take(pa.array(left)), format_validator(name).is_valid)
    if failing is None:
        return None
    mask = np.zeros(len(texts), bool)
    mask[left[failing]] = True
    return mask


def _each_text(texts: Array, passes: Callable[[str], bool]) -> Mask | None:
    """What isn't UTF-8 is a misfit, and judged no further."""
    try:
        return each(texts, passes)
    except UnicodeDecodeError:
        raw = texts.cast(pa.large_binary())
    return each(raw, lambda value: not is_utf8(value) or passes(value.decode()))


def _over_texts(judge: Callable[[Array], Mask | None], array: Array, wanted: DataType) -> Mask | None:
    """Judge the distinct texts where the array is a dictionary; only those that rows lead to count."""
    if isinstance(array.type, pa.DictionaryType):
        return spread(judge(array.dictionary), array)
    return judge(as_text(array, wanted))


_MANY, _SAMPLE, _FEW = 4096, 512, 64

NATURAL: Final = {"date": "date", "time": "time", "timestamp": "date-time"}
"""The format that every value of a type has."""

_DAY: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
PLAINLY: Final = {"date": f"^{_DAY}$", "time": f"^{_TIME}$", "date-time": f"^{_DAY}T{_TIME}$"}
"""Texts that surely are of a format (RFC 3339); the last days of a month and leap seconds need a closer look."""

KERNELS: Final[Mapping[str, Kernel]] = {
    "types": _types,
    "values": _values,
    "minimum": partial(_bound, operator.ge, lambda limit: (math.ceil(limit), math.inf)),
    "exclusive_minimum": partial(_bound, operator.gt, lambda limit: (math.floor(limit) + 1, math.inf)),
    "maximum": partial(_bound, operator.le, lambda limit: (-math.inf, math.floor(limit))),
    "exclusive_maximum": partial(_bound, operator.lt, lambda limit: (-math.inf, math.ceil(limit) - 1)),
    "multiple_of": _not_multiple,
    "multiple_of_decimal": _not_multiple,
    "min_length": partial(_length, operator.ge),
    "max_length": partial(_length, operator.le),
    "pattern": _pattern,
    "format": _format,
    "min_items": partial(_items, operator.ge),
    "max_items": partial(_items, operator.le),
}
