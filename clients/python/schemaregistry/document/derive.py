"""The Arrow types that a document without an `arrow` block stands for. Knows nothing of the block itself."""

from collections.abc import Mapping
from typing import Final

from schemaregistry.document.arrow import describe
from schemaregistry.document.model import ArrowField, ArrowType, Note
from schemaregistry.document.reading import pointer
from schemaregistry.document.shape import FRACTION, Shape, Shapes
from schemaregistry.document.subschemas import Path
from schemaregistry.document.wording import cut, shown

MAX_SAID: Final = 1000
"""Characters that the derived types take in a Note."""
MAX_NESTING: Final = 16
"""Lists and structs within one another that are derived."""

_NUMBERS: Final[Mapping[frozenset[str], str]] = {
    frozenset(("boolean",)): "bool",
    frozenset(("integer",)): "int64",
    frozenset((FRACTION,)): "float64",
    frozenset(("integer", FRACTION)): "float64",
}


def derive(shapes: Shapes) -> tuple[tuple[ArrowField, ...], tuple[Note, ...]]:
    """A field for each property that one Arrow type fits; a Note for each that none does, and one that says it all.

    A property without a field is checked by its JSON side alone.
    """
    required = shapes.required([()])
    fields: list[ArrowField] = []
    left_out: list[Note] = []
    for name, places in shapes.members([()]).items():
        field = _field(shapes, name, places, name in required, 0)
        if field:
            fields.append(field)
        else:
            left_out.append(_left_out(name, places[0]))
    said = ", ".join(f"{field.name}: {describe(field.type)}" for field in fields) or "none"
    note = Note(
        "ARROW_DERIVED", f"There is no `arrow` block; these Arrow types are derived: {cut(said, MAX_SAID)}.", ""
    )
    return tuple(fields), (note, *left_out)


def plain_type(shape: Shape) -> ArrowType | None:
    """The Arrow type for values of one kind that have no parts; None where there is none."""
    kinds = shape.kinds - {"null"}
    if kinds in _NUMBERS:
        return ArrowType(_NUMBERS[kinds])
    if kinds != {"string"}:
        return None
    if "date-time" in shape.formats:
        return ArrowType("timestamp", unit="us", tz="UTC")
    return ArrowType("date32" if "date" in shape.formats else "utf8")


def _field(shapes: Shapes, name: str, places: list[Path], required: bool, depth: int) -> ArrowField | None:
    kind = _type(shapes, places, depth)
    nullable = not required or "null" in shapes.any_of(places).kinds
    return ArrowField(name, kind, nullable) if kind else None


def _type(shapes: Shapes, places: list[Path], depth: int) -> ArrowType | None:
    shape = shapes.any_of(places)
    kinds = shape.kinds - {"null"}
    if kinds not in ({"array"}, {"object"}):
        return plain_type(shape)
    if depth == MAX_NESTING:
        return None
    return _list(shapes, places, depth + 1) if kinds == {"array"} else _struct(shapes, places, depth + 1)


def _list(shapes: Shapes, places: list[Path], depth: int) -> ArrowType | None:
    items = shapes.items(places)
    item = _field(shapes, "item", items, required=True, depth=depth) if items else None
    return ArrowType("list", item=item) if item else None


def _struct(shapes: Shapes, places: list[Path], depth: int) -> ArrowType | None:
    """All members or none: a struct with one missing would say that there is no such member."""
    fields: list[ArrowField] = []
    required = shapes.required(places)
    for name, inner in shapes.members(places).items():
        field = _field(shapes, name, inner, name in required, depth)
        if not field:
            return None
        fields.append(field)
    return ArrowType("struct", fields=tuple(fields)) if fields else None


def _left_out(name: str, path: Path) -> Note:
    return Note(
        "ARROW_NOT_DERIVED",
        f"No Arrow type is derived for {shown(name)}: it is of more than one JSON type, of none, or its parts are. "
        "Say its `type`, or write an `arrow` block.",
        pointer(path),
    )
