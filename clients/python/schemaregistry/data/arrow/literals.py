"""Numbers as they are written: exactly, and as the float that one stands for. Knows no columns.

A text stands for its nearest float, as in every reader of JSON and CSV. Where that float says something else than was
written it is no value of the column: infinity for what is finite, zero for what isn't, another whole number.
"""

import decimal
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow.types as pt

from schemaregistry.data.arrow.arrays import Mask, numbers, some
from schemaregistry.data.arrow.types import Array, DataType, pc

FARTHEST: Final = 5_000
"""Exponents beyond it are read by nobody, and would take a lot of memory written out."""
_MANTISSA: Final = {16: 11, 32: 24, 64: 53}
"""Bits of a float of so many: each whole number of up to so many bits is one."""
_SHORT: Final = 15
"""Decimals of up to so many digits have doubles of their own."""
_ROOMY: Final = decimal.Context(prec=2 * FARTHEST)
_WRITTEN_OUT: Final = 60
"""Exponents up to which a report writes a number out."""
_NONZERO: Final = "^[^eE]*[1-9]"
_TINY: Final = re.compile(rb"[:,\[][ \t]*-?[0-9.]+[eE]-[0-9]{2,}|0{40}")
"""A number of JSON that a float may take for zero."""


def exactly(text: str) -> Decimal | None:
    """A number in decimal; None where its exponent is beyond FARTHEST."""
    try:
        number = Decimal(text)
    except decimal.InvalidOperation:
        return None if re.match(_NONZERO, text) else Decimal(0)
    return number if number == 0 or abs(number.adjusted()) <= FARTHEST else None


def without_zeros(number: Decimal) -> Decimal:
    """The same number without zeros at its end, which pyarrow counts as digits."""
    return number.normalize(_ROOMY)


def shown(number: Decimal) -> str:
    """As a report shows it: one that is very large or very small with an exponent."""
    return f"{number:f}" if abs(number.adjusted()) <= _WRITTEN_OUT else str(without_zeros(number))


def plainly(text: str) -> float | None:
    """A number of JSON that isn't written as an integer, as a double; None where that may say something else."""
    value = float(text)
    is_plain = len(text) <= _SHORT + 1 and math.isfinite(value) and (value != 0 or re.match(_NONZERO, text) is None)
    return value if is_plain else None


def as_float(number: float | Decimal, kind: DataType) -> float | None:
    """The nearest float of a type; None where it doesn't say what is written."""
    with np.errstate(over="ignore"):
        value = float(kind.to_pandas_dtype()(number))
    return value if _says(number, value, kind) else None


def unsaid(texts: Array, values: Array) -> Mask | None:
    """Which of the floats that texts were read as don't say what is written; null for a text that isn't read."""
    floats = numbers(values)
    with np.errstate(invalid="ignore"):
        doubtful = ~np.isfinite(floats) | (np.abs(floats) >= 2.0 ** _MANTISSA[values.type.bit_width])
    if (floats == 0).any():
        nonzero = pc.match_substring_regex(texts, pattern=_NONZERO).fill_null(False)
        doubtful |= (floats == 0) & nonzero.to_numpy(zero_copy_only=False)
    if values.null_count:
        doubtful &= values.is_valid().to_numpy(zero_copy_only=False)
    for index in np.flatnonzero(doubtful).tolist():
        written = exactly(texts[index].as_py()) if math.isfinite(floats[index]) else None
        doubtful[index] = written is None or not _says(written, float(floats[index]), values.type)
    return some(doubtful)


def has_tiny(text: bytes) -> bool:
    """Whether a number in a text of JSON may be one that a float holds as 0."""
    return _TINY.search(text) is not None


def may_be_unsaid(values: Array, has_tiny: Callable[[], bool]) -> bool:
    """Whether any of the floats that were read from JSON may say something else than is written.

    `has_tiny` tells of their text what the function of that name does; it is asked only where there is a 0.
    """
    floats = numbers(values)
    with np.errstate(invalid="ignore"):
        if not (np.abs(floats) < 2.0 ** _MANTISSA[values.type.bit_width]).all():
            return True
    return bool((floats == 0).any()) and has_tiny()


def _says(number: float | Decimal, value: float, kind: DataType) -> bool:
    """Whether a float is what is written: above its mantissa exactly, or as writers of floats write it."""
    if not math.isfinite(value) or (value == 0) != (number == 0):
        return False
    if isinstance(number, float) or abs(value) < 2.0 ** _MANTISSA[kind.bit_width]:
        return True
    stored: Any = kind.to_pandas_dtype()(value)
    digits = 16 if pt.is_float64(kind) else 8
    return number in (Decimal(value), Decimal(str(stored)), Decimal(f"{value:.{digits}e}"))
