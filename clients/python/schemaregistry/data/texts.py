"""Values as the texts that JSON has for them: RFC 3339 for dates and times, base64 for bytes. Judges nothing."""

import base64
from typing import Final

import pyarrow as pa

from schemaregistry.data.fit import fit
from schemaregistry.data.types import Array, DataType, family, pc

_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def as_text(array: Array, wanted: DataType) -> Array:
    """The JSON texts of an array of texts, dates, times or bytes, in the unit of the contract's type.

    What doesn't fit that type is null.
    """
    match family(array.type):
        case "text":
            return array.dictionary_decode() if isinstance(array.type, pa.DictionaryType) else array
        case "date":
            return _fitting(array, pa.date32(), wanted).cast(pa.string())
        case "time":
            return _zoned(_fitting(array, wanted, wanted).cast(pa.string()))
        case "timestamp":
            naive = _fitting(array, wanted, wanted).view(pa.int64()).cast(pa.timestamp(wanted.unit))
            return _zoned(pc.replace_substring(naive.cast(pa.string()), " ", "T", max_replacements=1))
    return pa.array(
        [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()], pa.string()
    )


def _zoned(texts: Array) -> Array:
    return pc.binary_join_element_wise(texts, "Z", "")


def _fitting(array: Array, kind: DataType, wanted: DataType) -> Array:
    """The array as the contract's type, with null for what doesn't fit it."""
    rule = fit(array.type, wanted)
    misfits = rule.misfits(array) if rule.misfits else None
    if misfits is not None:
        array = pc.if_else(pa.array(misfits), pa.scalar(None, array.type), array)
    return array.cast(kind)
