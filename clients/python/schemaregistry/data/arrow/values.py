"""Convert Arrow values to JSON values, for residuals and for the examples of a report."""

import math
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow import literals
from schemaregistry.data.arrow.arrays import decoded, plain
from schemaregistry.data.arrow.texts import as_text
from schemaregistry.data.arrow.types import Array, family
from schemaregistry.document import Json

_LONGEST: Final = 200
"""Characters of a text, and items of a list, that a report shows."""


def to_json(array: Array) -> list[Json]:
    """Convert each value, null to None; decimals stay exact, NaN and infinity stay floats."""
    array = plain(array)
    match family(array.type):
        case "text":
            return _texts(array)
        case "binary" | "date" | "time" | "timestamp":
            return list(as_text(array).to_pylist())
        case "struct":
            return _structs(array)
        case "list":
            return _lists(array)
        case "null" | "bool" | "int" | "float" | "decimal":
            return list(array.to_pylist())
    return _others(array)


def shown(value: Json) -> Json:
    """Return a value as a report shows it: strings for numbers that JSON lacks, long texts cut."""
    match value:
        case float() if not math.isfinite(value):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        case Decimal():
            return literals.shown(value)
        case str() if len(value) > _LONGEST:
            return value[: _LONGEST - 1] + "…"
        case list():
            return [shown(item) for item in value[:_LONGEST]]
        case dict():
            return {name: shown(item) for name, item in value.items()}
    return value


def _others(array: Array) -> list[Json]:
    """Convert values of types that no contract names: a map to its pairs, a duration to the count of its units."""
    kind = array.type
    if pt.is_map(kind):
        pair = pa.struct([pa.field("key", kind.key_type, nullable=False), pa.field("value", kind.item_type)])
        return to_json(array.cast(pa.list_(pair)))
    if pt.is_union(kind):
        return [to_json(pa.array([value.value]))[0] for value in array]
    if kind == pa.month_day_nano_interval():
        return [None if value is None else f"{value[0]}M{value[1]}d{value[2]}ns" for value in array.to_pylist()]
    if pt.is_duration(kind):
        array = array.view(pa.int64())
    return [str(value) if value.is_valid else None for value in array]


def _texts(array: Array) -> list[Json]:
    try:
        return list(array.to_pylist())
    except UnicodeDecodeError:
        # One text that isn't UTF-8 makes pyarrow fail for the whole array.
        found = decoded(array).cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode(errors="backslashreplace") for value in found]


def _structs(array: Array) -> list[Json]:
    names = [field.name for field in array.type]
    # zip() without arrays would give no rows.
    rows = zip(*map(to_json, array.flatten()), strict=True) if names else iter([()] * len(array))
    return [
        dict(zip(names, row, strict=True)) if there.as_py() else None
        for row, there in zip(rows, array.is_valid(), strict=True)
    ]


def _lists(array: Array) -> list[Json]:
    items = iter(to_json(array.flatten()))
    lengths = array.value_lengths().to_pylist()
    return [None if length is None else [next(items) for _ in range(length)] for length in lengths]
