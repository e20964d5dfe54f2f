"""Kernels: which values of one array fail one kind of check.

Kernels never report nulls as failures; nesting and guards are handled in `check_evaluation.py`. Each looks at the whole
array first (its extremes, its distinct texts) and makes a mask only where something fails. contract.proto defines the
meaning of each kind.
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
"""Takes the check's argument, the values, and the contract's type of them; returns a mask of the failing values."""


def run(kind: str, argument: Any, array: Array, wanted: DataType) -> Mask | None:
    """Run the kernel of a check: return which of the array's N values fail, as a mask of N booleans; None: none."""
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
    # In JSON Schema true isn't 1, though in Python it is.
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
        # An option that the column's type can't hold equals none of its values; NumPy would wrap or round it.
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
    """Compare by a bound that is rounded to the column's own type once, so that no value is rounded."""
    if family(array.type) == "decimal":
        return _decimals_beyond(lambda value: passes(value, exact(limit)), array)
    if pt.is_integer(array.type):
        return outside(array, *whole(limit))
    return outside(array, *_doubles(passes, limit))


def _decimals_beyond(passes: Callable[[Decimal], bool], array: Array) -> Mask | None:
    """Compare decimals, their extremes first; `min_max` has no kernel for decimals of less than 128 bits."""
    wide = array if array.type.bit_width >= 128 else array.cast(pa.decimal128(array.type.precision, array.type.scale))
    ends = pc.min_max(wide)
    if all(end is None or passes(end) for end in (ends["min"].as_py(), ends["max"].as_py())):
        return None
    return each(array, passes)


def exact(number: float) -> Decimal:
    """Return a document's number as a decimal, a float by its shortest text: 0.1 is a tenth."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _doubles(passes: Callable[[Any, Any], bool], limit: int | float) -> tuple[float, float]:
    """Return the least and the greatest double that pass."""
    nearest = float(limit)
    upwards = passes(math.inf, limit)
    step = math.inf if upwards else -math.inf
    edge = math.nextafter(nearest, -step)
    # `limit` may be an integer that no double equals, so the edge is found by comparing exactly.
    while not passes(edge, limit):
        edge = math.nextafter(edge, step)
    return (edge, math.inf) if upwards else (-math.inf, edge)


def _not_multiple(divisor: Fraction, array: Array, _wanted: DataType) -> Mask | None:
    """A whole number is a multiple of a fraction if the fraction's numerator divides it."""
    if family(array.type) == "decimal":
        return each(array, lambda value: Fraction(value) % divisor == 0)
    values = numbers(array)
    if pt.is_floating(array.type):
        return where_valid(_floats_not_multiple(divisor, values.astype(np.float64, copy=False)), array)
    # Only 0 is a multiple within the type, and NumPy can't hold the divisor in it.
    if divisor.numerator > bounds(array.type)[1]:
        return where_valid(values != 0, array)
    rest = values % divisor.numerator
    return where_valid(rest != 0, array) if rest.any() else None


def _floats_not_multiple(divisor: Fraction, values: NDArray[np.float64]) -> Mask | None:
    """NaN and infinity pass here: they are misfits."""
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
    """Return two masks: the floats that are the double nearest to a multiple, and those for which this is decisive.

    It is decisive below 10^14: decimals of up to fifteen digits each have a double of their own.
    """
    # The least power of ten by which every multiple becomes whole.
    power = next(10**digits for digits in range(_MOST_DIGITS) if 10**digits % divisor.denominator == 0)
    if power > _EXACT_POWER:
        return np.zeros(len(values), bool), np.zeros(len(values), bool)
    with np.errstate(invalid="ignore", over="ignore"):
        nearest = np.rint(values / float(divisor)) * int(divisor * power)
        sure: Mask = np.abs(nearest) < _SURE
        multiple: Mask = sure & (nearest / power == values)
    return multiple, sure


def _is_multiple(divisor: Fraction, value: float) -> bool:
    """Decide exactly: a float that isn't whole counts as the decimal that its shortest text writes."""
    if not math.isfinite(value):
        return True
    return (Fraction(value) if value.is_integer() else Fraction(repr(value))) % divisor == 0


_WHOLE: Final = 2**53
"""All integers up to this are doubles."""
_SURE: Final = 1e14
"""Below this a double has a digit to spare for the rounding of the quotient."""
_EXACT_POWER: Final = 10**22
"""The greatest power of ten that is a double."""
_MOST_DIGITS: Final = 400
"""An upper bound of the digits that a double's shortest text has after the decimal point."""


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
    """RE2 refuses some valid patterns, above all large counted repetitions; these are matched one text at a time."""
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
    """Dictionary-encode a long array whose first values have few distinct texts, so that each is matched once."""
    is_text = family(array.type) == "text" and not isinstance(array.type, pa.DictionaryType)
    if is_text and len(array) > _MANY and pc.count_distinct(array.slice(0, _SAMPLE)).as_py() <= _FEW:
        return array.dictionary_encode()
    return array


def _not_of_format(name: str, texts: Array) -> Mask | None:
    """Check most texts by a pattern, and the rest one by one."""
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
    """Check texts one by one; a text that isn't UTF-8 passes here, since it is a misfit."""
    try:
        return each(texts, passes)
    except UnicodeDecodeError:
        raw = texts.cast(pa.large_binary())
    return each(raw, lambda value: not is_utf8(value) or passes(value.decode()))


def _over_texts(judge: Callable[[Array], Mask | None], array: Array, wanted: DataType) -> Mask | None:
    """Run `judge` on the distinct texts of a dictionary array, or on all texts of another.

    Values of a dictionary that no row refers to don't count.
    """
    if isinstance(array.type, pa.DictionaryType):
        return spread(judge(array.dictionary), array)
    return judge(as_text(array, wanted))


_MANY, _SAMPLE, _FEW = 4096, 512, 64
"""An array longer than _MANY is encoded when its first _SAMPLE values have at most _FEW distinct ones."""

NATURAL: Final = {"date": "date", "time": "time", "timestamp": "date-time"}
"""The format that every value of a type has."""

_DAY: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
PLAINLY: Final = {"date": f"^{_DAY}$", "time": f"^{_TIME}$", "date-time": f"^{_DAY}T{_TIME}$"}
"""Patterns of texts that surely are of a format (RFC 3339).

The last days of a month and leap seconds aren't covered; `format_validator` decides these.
"""

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
"""The kernel of each kind of check."""
