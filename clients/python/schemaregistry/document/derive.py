"""Derive Arrow types from the JSON side, for a document without an `arrow` block."""

from collections.abc import Mapping
from typing import Final

from schemaregistry.document.arrow_block import describe
from schemaregistry.document.message_text import cut, shown
from schemaregistry.document.model import ArrowField, ArrowType, Note
from schemaregistry.document.shape import FRACTION, Shape, Shapes
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath

MAX_LISTED: Final = 1000
"""Characters of the list of derived types in a Note."""
MAX_NESTING: Final = 16
"""Levels of lists and structs that are derived; a recursive document has no end of them."""

_NUMBERS: Final[Mapping[frozenset[str], str]] = {
    frozenset(("boolean",)): "bool",
    frozenset(("integer",)): "int64",
    frozenset((FRACTION,)): "float64",
    frozenset(("integer", FRACTION)): "float64",
}
JSON: Final = ArrowType("json")
"""The type that holds any JSON value, as its text."""


class _TooNested(Exception):
    """A column has more than MAX_NESTING levels of lists and structs."""


def derive(shapes: Shapes) -> tuple[tuple[ArrowField, ...], tuple[Note, ...]]:
    """Return a field for each property, and Notes.

    A field has the one Arrow type that fits the property, or else json. The first Note (ARROW_DERIVED) lists the types;
    another (ARROW_NOT_DERIVED) names each column or part of one that has become json.
    """
    required = shapes.required([()])
    fields: list[ArrowField] = []
    as_json: list[Note] = []
    for name, places in shapes.members([()]).items():
        column = _DerivedColumn(shapes)
        try:
            field = column.field(name, places, name in required, 0)
        except _TooNested:
            column.as_json = [_as_json(name, places)]
            field = ArrowField(name, JSON, _nullable(shapes, places, name in required))
        fields.append(field)
        as_json += column.as_json
    listed = ", ".join(f"{field.name}: {describe(field.type)}" for field in fields) or "none"
    note = Note(
        "ARROW_DERIVED", f"There is no `arrow` block; these Arrow types are derived: {cut(listed, MAX_LISTED)}.", ""
    )
    return tuple(fields), (note, *as_json)


def plain_type(shape: Shape) -> ArrowType | None:
    """Return the Arrow type for values of one kind without parts (no lists or objects), or None."""
    kinds = shape.kinds - {"null"}
    if kinds in _NUMBERS:
        return ArrowType(_NUMBERS[kinds])
    if kinds != {"string"}:
        return None
    if "date-time" in shape.formats:
        return ArrowType("timestamp", unit="us", tz="UTC")
    return ArrowType("date32" if "date" in shape.formats else "utf8")


class _DerivedColumn:
    """The derivation of one column; `as_json` collects a Note for each part that has become json."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.as_json: list[Note] = []

    def field(self, name: str, places: list[SchemaPath], required: bool, depth: int) -> ArrowField:
        """Derive the field of a column, a struct's member or a list's item; `depth` counts the levels above it."""
        kind = self._type(places, depth)
        if kind is None:
            self.as_json.append(_as_json(name, places))
        return ArrowField(name, kind or JSON, _nullable(self._shapes, places, required))

    def _type(self, places: list[SchemaPath], depth: int) -> ArrowType | None:
        """Return the one type that fits, or None. Raises _TooNested."""
        shape = self._shapes.any_of(places)
        kinds = shape.kinds - {"null"}
        if kinds not in ({"array"}, {"object"}):
            return plain_type(shape)
        if depth == MAX_NESTING:
            raise _TooNested
        return self._list(places, depth + 1) if kinds == {"array"} else self._struct(places, depth + 1)

    def _list(self, places: list[SchemaPath], depth: int) -> ArrowType | None:
        items = self._shapes.items(places)
        return ArrowType("list", item=self.field("item", items, required=True, depth=depth)) if items else None

    def _struct(self, places: list[SchemaPath], depth: int) -> ArrowType | None:
        required = self._shapes.required(places)
        members = self._shapes.members(places)
        fields = [self.field(name, inner, name in required, depth) for name, inner in members.items()]
        return ArrowType("struct", fields=tuple(fields)) if fields else None


def _nullable(shapes: Shapes, places: list[SchemaPath], required: bool) -> bool:
    return not required or "null" in shapes.any_of(places).kinds


def _as_json(name: str, places: list[SchemaPath]) -> Note:
    return Note(
        "ARROW_NOT_DERIVED",
        f"No one Arrow type fits {shown(name)}, so it is carried as JSON text (json, Arrow's arrow.json): it may be of "
        "more than one JSON type, or its parts aren't named. Say its `type`, or write an `arrow` block, for another.",
        pointer(places[0]),
    )
