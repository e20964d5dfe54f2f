"""Rows as their file has them: in text formats as text, of CSV the fields, of JSON the whole line besides."""

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
"""The column with the whole line."""


def of_batch(plan: Plan, batch: Batch, mask: Mask) -> dict[str, Array]:
    """The marked rows of a batch: the file's own columns, of CSV the fields."""
    columns = [place for place in plan.columns if place.index in batch.texts]
    found = dict(batch.columns) | {str(place.name): batch.texts[place.index] for place in columns}
    stored = {name: _stored(flat(array).filter(pa.array(mask))) for name, array in found.items()}
    if batch.line_of is not None:
        stored[free_name(TEXT, stored)] = pa.nulls(int(mask.sum()), pa.string())
    return stored


def of_lines(plan: Plan, lines: Sequence[bytes]) -> dict[str, Array]:
    """Lines of JSON: the contract's columns as they are written, and the whole line."""
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
    """A member as it is written; a text of a column that isn't json without its quotes, null as null."""
    if text is None or is_json(place.kind):
        return text
    return _text(json.loads(text)) if text.startswith(('"', "null")) else text


def _text(value: Json) -> str | None:
    """A text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _stored(array: Array) -> Array:
    """A plain array as Parquet can hold it: without dictionaries; as JSON text where it has no such type."""
    array = decoded(array)
    return array if _is_stored(array.type) else pa.array(map(_text, to_json(array)), pa.string())


def _is_stored(kind: DataType) -> bool:
    try:
        pq.write_table(pa.table({"": pa.nulls(0, kind)}), pa.BufferOutputStream())
    except (pa.ArrowException, TypeError):
        return False
    return True


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, with as many underscores before it as it takes to be none of those that are taken."""
    while name in taken:
        name = f"_{name}"
    return name
