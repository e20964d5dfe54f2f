"""Read the `arrow` block of a document into ArrowFields; every error has the pointer of its place.

`agreement.py` compares the types with the JSON side. The names are those of Arrow's own JSON.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from schemaregistry.document.message_text import shown
from schemaregistry.document.model import ArrowField, ArrowType, Json
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath
from schemaregistry.errors import InvalidArgument

INTEGERS: Final = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
PLAIN: Final = (*INTEGERS, "float32", "float64", "bool", "utf8", "large_utf8", "binary", "date32", "date64", "json")
UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "time32": ("s", "ms"),
    "time64": ("us", "ns"),
    "timestamp": ("s", "ms", "us", "ns"),
}
# Only the form of a zone is checked: which names exist depends on the reader's time zone database.
TZ_PATTERN: Final = "[A-Za-z][A-Za-z0-9_+/-]{0,63}|[+-][0-9]{2}:[0-9]{2}"
MAX_PRECISION: Final = 38
"""Digits that a decimal128 can hold."""


def read_block(block: Json) -> tuple[ArrowField, ...]:
    """Read the value of `arrow`, `{"fields": [FIELD, …]}`. Raises InvalidArgument (BAD_ARROW) with the pointer."""
    path: SchemaPath = ("arrow",)
    members = _object(block, path, required=("fields",))
    return read_fields(members["fields"], (*path, "fields"))


def read_fields(value: Json, path: SchemaPath) -> tuple[ArrowField, ...]:
    """Read a list of fields with distinct names. Raises InvalidArgument (BAD_ARROW)."""
    fields: dict[str, ArrowField] = {}
    for index, item in enumerate(_list(value, path)):
        field = read_field(item, (*path, index))
        if field.name in fields:
            _refuse(f"A second field has the name {shown(field.name)}. Keep one of them.", (*path, index, "name"))
        fields[field.name] = field
    return tuple(fields.values())


def read_field(value: Json, path: SchemaPath) -> ArrowField:
    """Read `{"name", "type"}` with optional `nullable` (default true) and `metadata`.

    Raises InvalidArgument (BAD_ARROW).
    """
    members = _object(value, path, required=("name", "type"), optional=("nullable", "metadata"))
    nullable = members.get("nullable", True)
    if not isinstance(nullable, bool):
        _refuse("`nullable` is true or false.", (*path, "nullable"))
    return ArrowField(
        name=_string(members["name"], (*path, "name")),
        type=read_type(members["type"], (*path, "type")),
        nullable=nullable,
        metadata=_metadata(members.get("metadata", {}), (*path, "metadata")),
    )


def read_type(value: Json, path: SchemaPath) -> ArrowType:
    """Read `{"name": …}` with the parameters of that type. Raises InvalidArgument (BAD_ARROW)."""
    name = value.get("name") if isinstance(value, dict) else None
    if name in PLAIN:
        _object(value, path, required=("name",))
        return ArrowType(name)
    if not isinstance(name, str) or name not in _PARAMETRIC:
        _refuse(f"A type is an object whose `name` is one of {', '.join((*PLAIN, *_PARAMETRIC))}.", path)
    return _PARAMETRIC[name](value, path)


def describe(kind: ArrowType) -> str:
    """Return a type as text for a message: `timestamp[us, UTC]`, `list<float64>`."""
    match kind.name:
        case "timestamp" | "time32" | "time64":
            return f"{kind.name}[{kind.unit}{f', {kind.tz}' if kind.tz else ''}]"
        case "decimal128":
            return f"decimal128({kind.precision}, {kind.scale})"
        case "dictionary" if kind.index and kind.value:
            return f"dictionary<{describe(kind.index)}, {describe(kind.value)}>"
        case "list" if kind.item:
            return f"list<{describe(kind.item.type)}>"
        case "struct":
            return f"struct<{', '.join(f'{field.name}: {describe(field.type)}' for field in kind.fields)}>"
    return kind.name


def _time(value: Json, path: SchemaPath) -> ArrowType:
    members = _object(value, path, required=("name", "unit"))
    return ArrowType(members["name"], unit=_unit(members, path))


def _timestamp(value: Json, path: SchemaPath) -> ArrowType:
    members = _object(value, path, required=("name", "unit"), optional=("tz",))
    tz = members.get("tz")
    if "tz" in members and not re.fullmatch(TZ_PATTERN, tz if isinstance(tz, str) else ""):
        _refuse("The `tz` is a name as in UTC or America/New_York, or an offset as in +02:00.", (*path, "tz"))
    return ArrowType("timestamp", unit=_unit(members, path), tz=tz)


def _unit(members: Mapping[str, Json], path: SchemaPath) -> str:
    unit, units = members["unit"], UNITS[members["name"]]
    if unit not in units:
        _refuse(f"The `unit` of {members['name']} is one of {', '.join(units)}.", (*path, "unit"))
    return str(unit)


def _decimal(value: Json, path: SchemaPath) -> ArrowType:
    members = _object(value, path, required=("name", "precision", "scale"))
    precision = _integer(members["precision"], 1, MAX_PRECISION, (*path, "precision"))
    return ArrowType(
        "decimal128", precision=precision, scale=_integer(members["scale"], 0, precision, (*path, "scale"))
    )


def _dictionary(value: Json, path: SchemaPath) -> ArrowType:
    members = _object(value, path, required=("name", "index", "value"))
    index = read_type(members["index"], (*path, "index"))
    if index.name not in INTEGERS:
        _refuse(f"The `index` of a dictionary is one of {', '.join(INTEGERS)}.", (*path, "index"))
    values = read_type(members["value"], (*path, "value"))
    if values.name in ("dictionary", "list", "struct", "json"):
        _refuse(f"The `value` of a dictionary can't be a {values.name}.", (*path, "value"))
    return ArrowType("dictionary", index=index, value=values)


def _list_type(value: Json, path: SchemaPath) -> ArrowType:
    """Read a list, whose `item` is a field, or only a type; the field is then named `item`."""
    members = _object(value, path, required=("name", "item"))
    item, place = members["item"], (*path, "item")
    if isinstance(item, dict) and "type" in item:
        return ArrowType("list", item=read_field(item, place))
    return ArrowType("list", item=ArrowField("item", read_type(item, place)))


def _struct(value: Json, path: SchemaPath) -> ArrowType:
    members = _object(value, path, required=("name", "fields"))
    return ArrowType("struct", fields=read_fields(members["fields"], (*path, "fields")))


_PARAMETRIC: Final[Mapping[str, Callable[[Json, SchemaPath], ArrowType]]] = {
    "time32": _time,
    "time64": _time,
    "timestamp": _timestamp,
    "decimal128": _decimal,
    "dictionary": _dictionary,
    "list": _list_type,
    "struct": _struct,
}


def _object(value: Json, path: SchemaPath, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Json]:
    """Return `value`, an object that must have all required names, and besides them only optional ones."""
    names = ", ".join(f"`{name}`" for name in (*required, *optional))
    if not isinstance(value, dict):
        _refuse(f"This is an object with {names}.", path)
    for name in required:
        if name not in value:
            _refuse(f"`{name}` is missing here.", path)
    for name in value:
        if name not in required and name not in optional:
            _refuse(f"{shown(name)} isn't known here; there can be {names}.", (*path, name))
    return value


def _list(value: Json, path: SchemaPath) -> list[Json]:
    if not isinstance(value, list):
        _refuse("This is a list of fields.", path)
    return value


def _string(value: Json, path: SchemaPath) -> str:
    if not isinstance(value, str) or not value:
        _refuse("This is a text of at least one character.", path)
    return value


def _integer(value: Json, low: int, high: int, path: SchemaPath) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        _refuse(f"This is an integer from {low} to {high}.", path)
    return value


def _metadata(value: Json, path: SchemaPath) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        _refuse("`metadata` is an object whose values are texts.", path)
    return value


def _refuse(message: str, path: SchemaPath) -> NoReturn:
    raise InvalidArgument(f"The arrow block: {message}", reason="BAD_ARROW", pointer=pointer(path))
