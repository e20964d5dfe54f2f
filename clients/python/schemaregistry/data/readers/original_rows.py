"""Rows as they stand in their file, for the quarantine: CSV fields as text, JSON as members and the whole line."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.arrays import Mask, decoded, flat, listed
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.fitting import not_utf8
from schemaregistry.data.arrow.texts import as_text
from schemaregistry.data.arrow.types import Array, DataType, family, is_json, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.plan import Place, Plan
from schemaregistry.document import Json

TEXT: Final = "_text"
"""The name of the column with the whole line."""

_MOST_DIGITS: Final = 38
"""The most digits of a decimal that every reader of Parquet knows."""


def of_batch(plan: Plan, batch: Batch, mask: Mask) -> dict[str, Array]:
    """Return the rows of a batch where `mask` is true: the file's own columns, for CSV the text of each field."""
    columns = [place for place in plan.columns if place.index in batch.texts]
    found = dict(batch.columns) | {str(place.name): batch.texts[place.index] for place in columns}
    stored = {name: _stored(flat(array).filter(pa.array(mask))) for name, array in found.items()}
    if batch.line_of is not None:
        # Lines of the same file that can't be parsed have their text there (`bad_lines.py`).
        stored[free_name(TEXT, stored)] = pa.nulls(int(mask.sum()), pa.string())
    return stored


def of_lines(plan: Plan, lines: Sequence[bytes]) -> dict[str, Array]:
    """Return JSON lines as columns of text: the contract's columns as they are written, and the whole line."""
    records = [_members(line) for line in lines]
    columns: dict[str, Array] = {
        str(place.name): pa.array([_member(record.get(str(place.name)), place) for record in records], pa.string())
        for place in plan.columns
    }
    columns[free_name(TEXT, columns)] = pa.array([line.decode() for line in lines], pa.string())
    return columns


def _members(line: bytes) -> dict[str, str]:
    text = line.decode()
    return json_text.members(text) if text.lstrip().startswith("{") else {}


def _member(text: str | None, place: Place) -> str | None:
    """Return a member as it is written; the text of a string without its quotes, except in a json column."""
    if text is None or is_json(place.kind):
        return text
    return _text(json.loads(text)) if text.startswith(('"', "null")) else text


def _text(value: Json) -> str | None:
    """Return a string unchanged and any other value as JSON text."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _stored(array: Array) -> Array:
    r"""Return a flat array in types that every reader of Parquet knows; each value stays what it is.

    Dictionaries are decoded, maps become lists of structs with `key` and `value`, and what Parquet lacks becomes text:
    seconds and date64 too, since pyarrow (26) writes seconds as milliseconds, which wrap, and a date64 without its time
    of day. Times of a zone that isn't in the time zone database become UTC. A byte of a text that isn't UTF-8 is
    written `\xfc`.
    """
    array = decoded(flat(array))
    kind = array.type
    if pt.is_map(kind):
        pair = pa.struct([pa.field("key", kind.key_type, nullable=False), pa.field("value", kind.item_type)])
        return _stored(array.cast(pa.list_(pair)))
    match family(kind):
        case "list":
            return listed(array, _stored(pc.list_flatten(array)))
        case "struct" if kind.num_fields:
            members = [_stored(member) for member in array.flatten()]
            return pa.StructArray.from_arrays(members, [member.name for member in kind], mask=array.is_null())
    return _stored_leaf(array)


def _stored_leaf(array: Array) -> Array:
    """Return an array without parts in a type that every reader of Parquet knows."""
    kind = array.type
    match family(kind):
        case "text":
            return _readable(array)
        case "date" | "time" | "timestamp" if pt.is_date64(kind) or getattr(kind, "unit", "") == "s":
            texts = as_text(array)
            # The texts of times are those of UTC, whether the column has a zone or not.
            return texts if getattr(kind, "tz", None) else pc.replace_substring_regex(texts, "Z$", "")
        case "timestamp" if kind.tz and kind.tz not in available_timezones():
            # Readers refuse offsets and names that aren't in their time zone database; the instants are the same.
            return array.view(pa.timestamp(kind.unit, "UTC"))
        case "decimal" if kind.scale < 0 or kind.precision > _MOST_DIGITS:
            # Parquet's decimals have no negative scale; polars reads no more digits, and DuckDB makes floats of them.
            return pa.array([None if value is None else f"{value:f}" for value in array.to_pylist()], pa.string())
    return array if _is_stored(kind) else pa.array(map(_text, to_json(array)), pa.string())


def _readable(texts: Array) -> Array:
    """Escape the bytes of texts that aren't UTF-8: no reader of Parquet takes a column with one."""
    if not_utf8(texts) is None:
        return texts
    found = texts.cast(pa.large_binary()).to_pylist()
    return pa.array([None if text is None else text.decode(errors="backslashreplace") for text in found], texts.type)


# pyarrow doesn't list the types that its Parquet writer supports, so an empty table is written to see.
@cache
def _is_stored(kind: DataType) -> bool:
    try:
        pq.write_table(pa.table({"": pa.nulls(0, kind)}), pa.BufferOutputStream())
    except (pa.ArrowException, TypeError):
        return False
    return True


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return `name` with as many underscores in front as it takes to differ from the names in `taken`."""
    while name in taken:
        name = f"_{name}"
    return name
