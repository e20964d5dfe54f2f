"""Propose a document for rows that have none, from their Arrow schema and from where their values have nulls.

The proposal is for a person to review: no bounds, enums or patterns are derived from values.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.types import DataType, Field, described, family, is_json, value_type
from schemaregistry.data.inference.profile import ColumnProfile, see
from schemaregistry.data.readers.tables import BatchStream
from schemaregistry.document import Json
from schemaregistry.document.agreement import EXACT
from schemaregistry.document.arrow_block import MAX_PRECISION, TZ_PATTERN

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_FORMATS: Final = {"date": "date", "time": "time", "timestamp": "date-time"}
"""The JSON Schema format of each family of types."""


class _NoPlace(Exception):
    """A type that a document can't name; the message is the type in words."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed document of version 1.0.0, and points to review.

    `left_out` are columns whose types a document can't name, with the reason; if there are any, the document allows
    other columns. `few` are the texts of columns that look like enums.
    """

    document: dict[str, Json]
    left_out: Mapping[str, str]
    few: Mapping[str, tuple[str, ...]]


def propose(stream: BatchStream, id: str) -> Proposal:  # noqa: A002
    """Propose a document to which the rows conform, unless they contain NaN or infinity, which aren't JSON.

    All rows are read. A column without nulls is required. Raises what the stream raises.
    """
    rows = see(stream.batches(stream.schema.names))
    fields: dict[str, tuple[Json, Json]] = {}
    left_out: dict[str, str] = {}
    for column in stream.schema:
        try:
            fields[column.name] = _typed(column.type, rows.at(column.name)) if column.name else _refuse("no name")
        except _NoPlace as why:
            left_out[column.name] = str(why)
    named = [column for column in stream.schema if column.name in fields]
    document = {
        "$id": id,
        "$schema": _DRAFT,
        **_object({name: schema for name, (schema, _) in fields.items()}, _required(named, rows)),
        "arrow": {"fields": [_block(column, fields[column.name][1]) for column in named]},
        "version": "1.0.0",
    }
    if left_out:
        del document["additionalProperties"]
    few = {name: tuple(sorted(seen.texts)) for name, seen in rows.inner.items() if name and seen.texts}
    return Proposal(document, left_out, few)


def id_of(name: str) -> str:
    """Derive an id from a file's name: `Ticks 2026.parquet` gives `ticks_2026`."""
    words = re.sub("[^a-z0-9]+", "_", name.rpartition("/")[2].partition(".")[0].lower()).strip("_")
    return (words if re.match("[a-z]", words) else f"rows_{words}".rstrip("_"))[:128]


def _object(properties: dict[str, Json], required: list[str]) -> dict[str, Json]:
    stated = {"required": required} if required else {}
    return {"type": "object", "properties": properties, **stated, "additionalProperties": False}


def _required(fields: list[Field], seen: ColumnProfile) -> list[str]:
    """Return the members that are never null where their object exists."""
    return [
        # Without any value the type's own nullability decides.
        each.name
        for each in fields
        if not (seen.at(each.name).nulls if seen.at(each.name).count else each.nullable)
    ]


def _block(column: Field, kind: Json) -> Json:
    """Return a field of the arrow block, with metadata except that of the file format itself."""
    metadata = {
        key.decode(): value.decode()
        for key, value in (column.metadata or {}).items()
        if not key.startswith((b"PARQUET:", b"ARROW:")) and _is_text(key + value)
    }
    return {"name": column.name, "type": kind} | ({"metadata": metadata} if metadata else {})


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _typed(kind: DataType, seen: ColumnProfile) -> tuple[Json, Json]:
    """Return the schema of a type's values, and the type in the arrow block."""
    if is_json(kind):
        return {}, {"name": "json"}
    if isinstance(kind, pa.DictionaryType):
        return _dictionary(kind, seen)
    kind = value_type(kind)
    if isinstance(kind, pa.DictionaryType):
        return _dictionary(kind, seen)
    make = _FAMILIES.get(family(kind))
    return make(kind, seen) if make else _refuse(described(kind))


def _refuse(why: str) -> tuple[Json, Json]:
    raise _NoPlace(why)


def _dictionary(kind: DataType, seen: ColumnProfile) -> tuple[Json, Json]:
    values = value_type(kind.value_type)
    if family(values) in ("list", "struct"):
        raise _NoPlace(described(kind))
    schema, block = _typed(values, seen)
    return schema, {"name": "dictionary", "index": {"name": str(kind.index_type)}, "value": block}


def _integer(kind: DataType, _seen: ColumnProfile) -> tuple[Json, Json]:
    """Bound integers as their type is; int64's bounds are left out, since they exclude next to nothing."""
    low, high = EXACT[str(kind)]
    bounds = {} if pt.is_int64(kind) else {"minimum": low, "maximum": high}
    return {"type": "integer", **bounds}, {"name": str(kind)}


def _float(kind: DataType, _seen: ColumnProfile) -> tuple[Json, Json]:
    return {"type": "number"}, {"name": "float64" if pt.is_float64(kind) else "float32"}


def _decimal(kind: DataType, _seen: ColumnProfile) -> tuple[Json, Json]:
    if kind.precision > MAX_PRECISION or not 0 <= kind.scale <= kind.precision:
        raise _NoPlace(str(kind))
    return {"type": "number"}, {"name": "decimal128", "precision": kind.precision, "scale": kind.scale}


def _text(kind: DataType, _seen: ColumnProfile) -> tuple[Json, Json]:
    return {"type": "string"}, {"name": "large_utf8" if pt.is_large_string(kind) else "utf8"}


def _temporal(kind: DataType, _seen: ColumnProfile) -> tuple[Json, Json]:
    schema = {"type": "string", "format": _FORMATS[family(kind)]}
    if pt.is_date(kind):
        return schema, {"name": described(kind)}
    if pt.is_time(kind):
        return schema, {"name": "time32" if pt.is_time32(kind) else "time64", "unit": kind.unit}
    if kind.tz and not re.fullmatch(TZ_PATTERN, kind.tz):
        raise _NoPlace(described(kind))
    return schema, {"name": "timestamp", "unit": kind.unit} | ({"tz": kind.tz} if kind.tz else {})


def _list(kind: DataType, seen: ColumnProfile) -> tuple[Json, Json]:
    """Lists; a null item is JSON's null."""
    items = seen.at(None)
    schema, block = _typed(kind.value_type, items)
    # Without any item, null items are allowed unless the type forbids them.
    if items.nulls or not (items.count or kind.value_field.nullable is False):
        schema = {**schema, "type": [schema["type"], "null"]}
    counts = {"minItems": kind.list_size, "maxItems": kind.list_size} if pt.is_fixed_size_list(kind) else {}
    name = kind.value_field.name
    item = block if name == "item" else {"name": name or "item", "type": block}
    return {"type": "array", "items": schema, **counts}, {"name": "list", "item": item}


def _struct(kind: DataType, seen: ColumnProfile) -> tuple[Json, Json]:
    members = list(kind)
    if not members or not all(member.name for member in members):
        raise _NoPlace(described(kind))
    typed = [_typed(member.type, seen.at(member.name)) for member in members]
    properties = {member.name: schema for member, (schema, _) in zip(members, typed, strict=True)}
    fields = [{"name": member.name, "type": block} for member, (_, block) in zip(members, typed, strict=True)]
    return _object(properties, _required(members, seen)), {"name": "struct", "fields": fields}


_FAMILIES: Final[Mapping[str, Callable[[DataType, ColumnProfile], tuple[Json, Json]]]] = {
    "bool": lambda _kind, _seen: ({"type": "boolean"}, {"name": "bool"}),
    "int": _integer,
    "float": _float,
    "decimal": _decimal,
    "text": _text,
    "binary": lambda _kind, _seen: ({"type": "string"}, {"name": "binary"}),
    "date": _temporal,
    "time": _temporal,
    "timestamp": _temporal,
    "list": _list,
    "struct": _struct,
}
