"""Read texts of CSV and NDJSON as Arrow types, and find the texts that can't be read exactly.

Arrow's parsers read the whole array where they are strict enough; only where that fails are single texts looked at. A
text is read the same whatever stands beside it.
"""

import base64
import binascii
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.arrays import Mask, booleans, bounds, outside, some
from schemaregistry.data.arrow.fitting import holds_decimal
from schemaregistry.data.arrow.literals import exactly, unsaid, without_zeros
from schemaregistry.data.arrow.types import Array, DataType, family, pc

_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Fractional digits of a second in each unit."""
_TRUE: Final = ("true", "True", "TRUE", "1")
"""Spellings of true, as in Arrow's CSV reader."""
_FALSE: Final = ("false", "False", "FALSE", "0")
"""Spellings of false, as in Arrow's CSV reader."""
_DECIMAL_DIGITS: Final = 38
"""Digits of a decimal128."""
_INTEGER: Final = r"^-?0*[0-9]{1,20}$"
"""An integer with no more digits than a uint64."""
_WHOLE: Final = r"^(?:\+?|(-))([0-9]+)(?:\.0*)?$"
"""An integer, with or without a plus sign and a fraction of zeros."""
_NUMBER: Final = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_DATE: Final = (
    r"[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31|02-29)"
)
"""A date that exists, except that 29 February is in every year."""
_HOURS: Final = r"(?:[01][0-9]|2[0-3])"
_CLOCK: Final = rf"{_HOURS}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_OFFSET: Final = rf"(?:[Zz]|[+-]{_HOURS}(?::?[0-5][0-9])?)"
_NO_OFFSET: Final = "(?:[Zz]|[+-]00(?::?00)?)"

INSTANT: Final = f"^{_DATE}[Tt ]{_CLOCK}{_OFFSET}$"
"""A date and time with an offset: RFC 3339, also with a space, and with offsets as in ISO 8601."""
ZONELESS: Final = f"^{_DATE}(?:[Tt ]{_CLOCK})?$"
"""A date and time without an offset; a date alone is its midnight."""
MIDNIGHT: Final = r"[Tt ]00:00:00(?:\.0+)?$"
"""A time that may follow a date in a date column."""
TIME: Final = f"^{_CLOCK}{_NO_OFFSET}?$"


def read(texts: Array, wanted: DataType) -> tuple[Array, Mask | None]:
    """Read texts as values of a type.

    Returns N values, null where a text can't be read, and a mask of N booleans of these texts; None: all could be read.
    """
    values = _READERS.get(family(wanted), _nothing)(texts, wanted)
    if values.null_count == texts.null_count:
        return values, None
    return values, some(booleans(pc.and_(texts.is_valid(), values.is_null())))


def _integer(texts: Array, wanted: DataType) -> Array:
    """Read integers, also written as `100.0` or `1e2`.

    Arrow's cast also accepts hexadecimal (`0x10`), so it isn't used where an x occurs.
    """
    if not _has_letter_x(texts):
        try:
            return texts.cast(wanted)
        except pa.ArrowInvalid:
            pass
    whole = _matching(pc.replace_substring_regex(texts, _WHOLE, r"\1\2"), _INTEGER)
    values = _plain_integers(whole, wanted)
    return pc.coalesce(values, _integral(_without(texts, booleans(whole.is_valid())), wanted))


def _plain_integers(texts: Array, wanted: DataType) -> Array:
    """Read texts of digits."""
    if pt.is_uint64(wanted):
        # `-0` is 0, but Arrow's cast to an unsigned type refuses the sign.
        unsigned = pc.replace_substring_regex(texts, "^-(0+)$", r"\1")
        return _halving(unsigned, lambda part: part.cast(wanted))
    values = _halving(texts, lambda part: part.cast(pa.int64()))
    low, high = bounds(wanted)
    return _without(values, outside(values, low, high)).cast(wanted)


def _integral(texts: Array, wanted: DataType) -> Array:
    """Read integers that are written otherwise than as digits."""
    low, high = bounds(wanted)
    numbers = map(_number, _matching(texts, _NUMBER).to_pylist())
    return pa.array(
        [
            int(number) if number is not None and low <= number <= high and number == int(number) else None
            for number in numbers
        ],
        wanted,
    )


def _number(text: str | None) -> Decimal | None:
    """Return the exact number; None where its exponent is beyond what is read."""
    return None if text is None else exactly(text)


def _has_letter_x(texts: Array) -> bool:
    data = texts.buffers()[2]
    return data is not None and bool(np.any(np.frombuffer(data, np.uint8) | 0x20 == ord("x")))


def _float(texts: Array, wanted: DataType) -> Array:
    """Read the nearest float, where it is what the text says; `NaN` isn't read."""
    try:
        values = texts.cast(wanted)
    except pa.ArrowInvalid:
        # Arrow's parser takes no plus sign.
        numbers = pc.replace_substring_regex(_matching(texts, _NUMBER), r"^\+", "")
        values = _halving(numbers, lambda part: part.cast(wanted))
    return _without(values, unsaid(texts, values))


def _decimal(texts: Array, wanted: DataType) -> Array:
    """Read decimals; Arrow's cast isn't used for long texts, since it reads more than 38 digits as another number."""
    longest = pc.max(pc.binary_length(texts)).as_py()
    try:
        if longest is None or longest <= _DECIMAL_DIGITS:
            return texts.cast(wanted)
    except pa.ArrowInvalid:
        pass
    numbers = map(_number, _matching(texts, _NUMBER).to_pylist())
    held = (number if number is not None and holds_decimal(wanted, number) else None for number in numbers)
    return pa.array([None if number is None else without_zeros(number) for number in held], wanted)


def _bool(texts: Array, _wanted: DataType) -> Array:
    true = pc.is_in(texts, value_set=pa.array(_TRUE, texts.type))
    false = pc.is_in(texts, value_set=pa.array(_FALSE, texts.type))
    return pc.if_else(pc.or_(true, false), true, pa.scalar(None, pa.bool_()))


def _text(texts: Array, _wanted: DataType) -> Array:
    return texts


def _binary(texts: Array, wanted: DataType) -> Array:
    return pa.array([None if text is None else _from_base64(text) for text in texts.to_pylist()], wanted)


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _date(texts: Array, wanted: DataType) -> Array:
    """Read dates; a midnight without an offset is its date."""
    try:
        days = texts.cast(pa.date32())
    except pa.ArrowInvalid:
        dates = _matching(pc.replace_substring_regex(texts, MIDNIGHT, ""), f"^{_DATE}$")
        days = _halving(dates, lambda part: part.cast(pa.date32()))
    return days.cast(wanted)


def _time(texts: Array, wanted: DataType) -> Array:
    """Read times of day, as timestamps of 1970-01-01: Arrow has no strict parser of its own for them."""
    clocks = pc.replace_substring_regex(_matching(texts, TIME), f"{_NO_OFFSET}$", "")
    dated = pc.binary_join_element_wise("1970-01-01T", clocks, "")
    return _stamps(dated, wanted.unit, None).cast(wanted)


def _timestamp(texts: Array, wanted: DataType) -> Array:
    """Read timestamps; where the contract has no time zone, a time with an offset is read as its time in UTC."""
    shape = _uniform(texts)
    if shape in _SHAPES and (shape[1] == "Z" or wanted.tz is None):
        try:
            return _as_instants(texts.cast(pa.timestamp(wanted.unit, "UTC" if shape[1] == "Z" else None)), wanted)
        except pa.ArrowInvalid:
            pass
    # RFC 3339 allows `t` and `z` too, Arrow's parser only capitals.
    upper = pc.ascii_upper(texts)
    instants = _stamps(_matching(upper, INSTANT), wanted.unit, "UTC").view(pa.int64())
    if wanted.tz is None:
        naive = _stamps(_matching(upper, ZONELESS), wanted.unit, None).view(pa.int64())
        instants = pc.coalesce(instants, naive)
    return _as_instants(instants, wanted)


_SHAPES: Final = (("T", "Z"), (" ", "Z"), ("T", "9"), (" ", "9"))
"""Separators and last characters (9: a digit) that guarantee a full date and time with seconds, if Arrow reads it."""


def _uniform(texts: Array) -> tuple[str, str]:
    """Return the separator of date and time and the last character (9 for a digit), where all texts have the same.

    Both are empty where the texts differ in length, or have no seconds.
    """
    ends = pc.min_max(pc.binary_length(texts))
    length = ends["min"].as_py()
    if not length or length != ends["max"].as_py():
        return "", ""
    # The texts follow one another in one buffer; with one length they are the rows of a matrix of letters.
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.frombuffer(texts.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(-1, length)
    last = letters[:, -1]
    zoned = bool((last == ord("Z")).all())
    if length < 19 + zoned or not (zoned or ((last >= ord("0")) & (last <= ord("9"))).all()):
        return "", ""
    separator = chr(letters[0, 10])
    return (separator if (letters[:, 10] == letters[0, 10]).all() else ""), "Z" if zoned else "9"


def _as_instants(values: Array, wanted: DataType) -> Array:
    # A timestamp is a number of units since 1970 in UTC; the time zone is only a label of its type.
    return values.view(pa.int64()).view(wanted)


def _stamps(texts: Array, unit: Any, tz: str | None) -> Array:
    """Read texts of a known shape; null where the date doesn't exist, or digits go beyond the unit."""
    digits = _DIGITS[unit]
    # Zeros at the end of a fraction aren't digits beyond the unit.
    texts = pc.replace_substring_regex(texts, r"(\.[0-9]*[1-9])0+(Z|[+-]|$)", r"\1\2")
    texts = pc.replace_substring_regex(texts, r"\.0+(Z|[+-]|$)", r"\1")
    texts = _without(texts, booleans(pc.match_substring_regex(texts, rf"\.[0-9]{{{digits + 1}}}")))
    stamps = _halving(texts, lambda part: part.cast(pa.timestamp(unit, tz)))
    return stamps if unit != "ns" else pc.coalesce(stamps, _first_nanoseconds(texts, tz))


def _first_nanoseconds(texts: Array, tz: str | None) -> Array:
    """Read times within the first, partial second of the int64 range, in nanoseconds.

    Arrow rejects these: the second that they are in begins before the range does.
    """
    first = _matching(texts, "^1677-09-2[0-2]")
    if first.null_count == len(first):
        return pa.nulls(len(texts), pa.timestamp("ns", tz))
    parts = [("" if text is None else text, _FRACTION.search(text or "")) for text in first.to_pylist()]
    whole = pa.array([text.replace(found[0], "", 1) if found else None for text, found in parts], pa.string())
    seconds = _halving(whole, lambda part: part.cast(pa.timestamp("s", tz))).view(pa.int64()).to_pylist()
    nanos = [
        None if second is None or found is None else second * 10**9 + int(found[0][1:].ljust(9, "0"))
        for second, (_, found) in zip(seconds, parts, strict=True)
    ]
    held = [None if nano is None or nano < -(2**63) else nano for nano in nanos]
    return pa.array(held, pa.int64()).view(pa.timestamp("ns", tz))


_FRACTION: Final = re.compile(r"\.[0-9]+")


def _nothing(texts: Array, wanted: DataType) -> Array:
    """Read no value: lists and structs have no text."""
    return pa.nulls(len(texts), wanted)


_READERS: Final[dict[str, Callable[[Array, DataType], Array]]] = {
    "int": _integer,
    "float": _float,
    "decimal": _decimal,
    "bool": _bool,
    "text": _text,
    "json": _text,
    "binary": _binary,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
}


def _matching(texts: Array, pattern: str) -> Array:
    """Return the texts that match, null for the others."""
    return _without(texts, ~booleans(pc.match_substring_regex(texts, pattern=pattern)))


def _without(values: Array, mask: Mask | None) -> Array:
    """Return the values, null where `mask` is true."""
    return values if mask is None else pc.if_else(pa.array(mask), pa.scalar(None, values.type), values)


def _halving(texts: Array, cast: Callable[[Array], Array]) -> Array:
    """Cast each text that can be cast, null for the others; the ones that fail are found by halving."""
    try:
        return cast(texts)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return pa.nulls(1, cast(pa.nulls(1, texts.type)).type)
    middle = len(texts) // 2
    return pa.concat_arrays([_halving(texts.slice(0, middle), cast), _halving(texts.slice(middle), cast)])
