"""Rows as they stand in their file, for the quarantine: CSV fields as text, JSON as members and the whole line."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.arrays import Mask, decoded, flat
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import Array, DataType, is_json
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.plan import Place, Plan
from schemaregistry.document import Json

TEXT: Final = "_text"
"""The name of the column with the whole line."""


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
    """Return an array that Parquet can store: dictionaries decoded, types that Parquet lacks as JSON text."""
    array = decoded(array)
    return array if _is_stored(array.type) else pa.array(map(_text, to_json(array)), pa.string())


# pyarrow doesn't list the types that its Parquet writer supports, so an empty table is written to see.
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
