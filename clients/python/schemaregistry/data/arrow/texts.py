"""Write values as the texts that JSON has for them: RFC 3339 for dates and times, base64 for bytes."""

import base64

import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.arrays import decoded, integers
from schemaregistry.data.arrow.fitting import fit
from schemaregistry.data.arrow.types import Array, DataType, family, pc


def as_text(array: Array, wanted: DataType | None = None) -> Array:
    """Return the JSON texts of an array of texts, dates, times or bytes.

    With `wanted`, the contract's type, they are in its unit, and null for values that don't fit it.
    """
    fitting = array if wanted is None else _fitting(array, wanted)
    match family(array.type):
        case "text":
            return decoded(array)
        case "date":
            return _dates(fitting)
        case "time":
            return _beyond(_zoned(fitting.cast(pa.string())), fitting, f"{fitting.type.unit} from midnight")
        case "timestamp":
            # Without the zone Arrow writes the time in UTC.
            naive = fitting.view(pa.int64()).cast(pa.timestamp(fitting.type.unit))
            texts = _zoned(pc.replace_substring(naive.cast(pa.string()), " ", "T", max_replacements=1))
            return _beyond(texts, naive, f"{naive.type.unit} from 1970")
    encoded = (None if value is None else base64.b64encode(value).decode() for value in array.to_pylist())
    return pa.array(encoded, pa.string())


def _dates(array: Array) -> Array:
    """Write dates; a date64 with a time part keeps it."""
    if not pt.is_date64(array.type):
        return _beyond(array.cast(pa.string()), array, "days from 1970")
    texts = array.view(pa.int64()).cast(pa.timestamp("ms")).cast(pa.string())
    texts = pc.replace_substring(pc.replace_substring_regex(texts, r" 00:00:00\.000$", ""), " ", "T")
    return _beyond(texts, array, "ms from 1970")


def _beyond(texts: Array, times: Array, units: str) -> Array:
    """Write times that Arrow can't format, such as years beyond its calendar, as a number of units."""
    # Arrow writes `<value out of range: …>` for times that it can't format.
    unknown = pc.starts_with(texts, "<value")
    if not pc.any(unknown).as_py():
        return texts
    counts = pc.binary_join_element_wise(integers(times).cast(pa.string()), units, " ")
    return pc.if_else(unknown, counts, texts)


def _zoned(texts: Array) -> Array:
    return pc.binary_join_element_wise(texts, "Z", "")


def _fitting(array: Array, wanted: DataType) -> Array:
    if family(array.type) in ("text", "binary"):
        return array
    find = fit(array.type, wanted).misfits
    misfits = find(array) if find else None
    if misfits is not None:
        # The cast would fail for the whole array.
        array = pc.if_else(pa.array(misfits), pa.scalar(None, array.type), array)
    return array.cast(wanted)
