"""Number literals: their exact decimal value, and the float that they are read as.

A literal is read as its nearest float, as in every reader of JSON and CSV. It is rejected if that float differs from
what is written: overflow to infinity, underflow to 0, or a rounded integer.
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
"""The largest exponent that is read; written out, a number with a larger one would take much memory."""
_MANTISSA: Final = {16: 11, 32: 24, 64: 53}
"""Bits of the mantissa by bits of the float: every integer of up to so many bits is one of its values."""
_SHORT: Final = 15
"""Decimals of up to this many digits each have a double of their own (DBL_DIG)."""
_ROOMY: Final = decimal.Context(prec=2 * FARTHEST)
_WRITTEN_OUT: Final = 60
"""The largest exponent up to which a report writes a number out."""
_NONZERO: Final = "^[^eE]*[1-9]"
"""A literal with a digit other than 0 before its exponent."""
_TINY: Final = re.compile(rb"[:,\[][ \t]*-?[0-9.]+[eE]-[0-9]{2,}|0{40}")
"""A JSON number so small that a float may be zero."""


def exactly(text: str) -> Decimal | None:
    """Return a literal as a Decimal; None where its exponent is beyond FARTHEST."""
    try:
        number = Decimal(text)
    except decimal.InvalidOperation:
        # Decimal refuses exponents of very many digits; a zero is zero with any exponent.
        return None if re.match(_NONZERO, text) else Decimal(0)
    return number if number == 0 or abs(number.adjusted()) <= FARTHEST else None


def without_zeros(number: Decimal) -> Decimal:
    """Return the number without trailing zeros, which pyarrow would count as digits."""
    return number.normalize(_ROOMY)


def shown(number: Decimal) -> str:
    """Write a number for a report; a very large or very small one with an exponent."""
    return f"{number:f}" if abs(number.adjusted()) <= _WRITTEN_OUT else str(without_zeros(number))


def plainly(text: str) -> float | None:
    """Return a JSON number that isn't written as an integer as a double; None where the double may differ from it."""
    value = float(text)
    # One character more than digits, for the decimal point.
    is_plain = len(text) <= _SHORT + 1 and math.isfinite(value) and (value != 0 or re.match(_NONZERO, text) is None)
    return value if is_plain else None


def as_float(number: float | Decimal, kind: DataType) -> float | None:
    """Return the nearest float of a type; None where it differs from what is written."""
    with np.errstate(over="ignore"):
        value = float(kind.to_pandas_dtype()(number))
    return value if _says(number, value, kind) else None


def unsaid(texts: Array, values: Array) -> Mask | None:
    """Return which floats differ from the texts that they were read from; None: none.

    `values` is null for a text that couldn't be read; such a text isn't reported.
    """
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
    """Whether a JSON text may have a number that isn't zero and becomes a float of 0."""
    return _TINY.search(text) is not None


def may_be_unsaid(values: Array, has_tiny: Callable[[], bool]) -> bool:
    """Whether any float that Arrow's parser read from JSON may differ from what is written.

    `has_tiny` answers for the text of these values; it is called only if a value is 0.
    """
    floats = numbers(values)
    with np.errstate(invalid="ignore"):
        if not (np.abs(floats) < 2.0 ** _MANTISSA[values.type.bit_width]).all():
            return True
    return bool((floats == 0).any()) and has_tiny()


def _says(number: float | Decimal, value: float, kind: DataType) -> bool:
    """Whether a float is what is written.

    From 2^53 on (2^24 for float32) only where the text writes it exactly, in its shortest form, or in 17 (9) digits. So
    1e23 is the double 99999999999999991611392, but 9007199254740993 isn't its nearest double, 9007199254740992.
    """
    if not math.isfinite(value) or (value == 0) != (number == 0):
        return False
    if isinstance(number, float) or abs(value) < 2.0 ** _MANTISSA[kind.bit_width]:
        return True
    stored: Any = kind.to_pandas_dtype()(value)
    digits = 16 if pt.is_float64(kind) else 8
    return number in (Decimal(value), Decimal(str(stored)), Decimal(f"{value:.{digits}e}"))
