"""JSON values as an Arrow type stores them, so that the value which is checked is the value which is stored."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.arrays import bounds
from schemaregistry.data.arrow.fitting import fit, holds_decimal
from schemaregistry.data.arrow.literals import as_float, without_zeros
from schemaregistry.data.arrow.texts import as_text
from schemaregistry.data.arrow.types import DataType, family
from schemaregistry.data.engine.kernels import NATURAL
from schemaregistry.data.engine.validator import format_validator
from schemaregistry.document import Json

MISFIT: Final = object()
"""Marks a value that a type can't hold."""


class NotUtf8(str):
    """A text with bytes that aren't UTF-8, written `\\xfc`; it stands for no value of any type."""


def as_stored(value: Json, kind: DataType) -> Any:
    """Return a scalar as a type stores it, or MISFIT."""
    convert = _CONVERSIONS.get(family(kind))
    return convert(value, kind) if convert else MISFIT


def _bool(value: Json, _: DataType) -> Any:
    return value if isinstance(value, bool) else MISFIT


def _integer(value: Json, kind: DataType) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return MISFIT
    low, high = bounds(kind)
    return int(value) if low <= value <= high and value == int(value) else MISFIT


def _number(value: Json, kind: DataType) -> Any:
    """Return the nearest float of the type."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return MISFIT
    stored = as_float(Decimal(value) if isinstance(value, int) else value, kind)
    return MISFIT if stored is None else stored


def _decimal(value: Json, kind: DataType) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return MISFIT
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return without_zeros(exact) if holds_decimal(kind, exact) else MISFIT


def _text(value: Json, _: DataType) -> Any:
    return value if isinstance(value, str) and not isinstance(value, NotUtf8) else MISFIT


def _binary(value: Json, _: DataType) -> Any:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return MISFIT
    return value


def _temporal(value: Json, kind: DataType) -> Any:
    """Return the text that `pattern` and length rules are applied to; MISFIT for what the type can't hold exactly.

    It is the text itself where it is of the type's format (RFC 3339), else the text of its value in UTC.
    """
    if not isinstance(value, str):
        return MISFIT
    if not format_validator(NATURAL[family(kind)]).is_valid(value):
        return _as_read(value, kind)
    clock = _CLOCK.search(value)
    if clock is None:
        return value
    seconds, fraction, offset = clock.groups(default="")
    digits = len(fraction.rstrip("0"))
    # Arrow's types have no leap second.
    if seconds == "60" or digits > _DIGITS.get(kind.unit, 0) or (pt.is_time(kind) and offset[1:] not in _NO_OFFSET):
        return MISFIT
    # In nanoseconds, and at the first and last year, an offset may carry the time out of range: the parser decides.
    is_plain = pt.is_time(kind) or (kind.unit != "ns" and value[:4] not in ("0000", "9999"))
    return value if is_plain or _as_read(value, kind) is not MISFIT else MISFIT


def _as_read(value: str, kind: DataType) -> Any:
    """Return the RFC 3339 text of a date or time in another spelling, read by the parser that batches use."""
    read, unread = text_parsing.read(pa.array([value], pa.string()), kind)
    beyond = fit(kind, kind).misfits
    if unread is not None or (beyond is not None and beyond(read) is not None):
        return MISFIT
    return as_text(read)[0].as_py()


_CLOCK: Final = re.compile(r":(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$")
_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_NO_OFFSET: Final = ("", "00:00")
"""Ends of a time of day that mean UTC, without the first character. Arrow's times have no zone, so others misfit."""

_CONVERSIONS: Final[Mapping[str, Callable[[Json, DataType], Any]]] = {
    "bool": _bool,
    "int": _integer,
    "float": _number,
    "decimal": _decimal,
    "text": _text,
    "binary": _binary,
    "date": _temporal,
    "time": _temporal,
    "timestamp": _temporal,
}
"""The conversion for each family of types."""
