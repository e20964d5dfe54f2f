"""Check that the arrow block and the JSON side describe the same columns: names, types wide enough, nulls.

`arrow_block.py` reads the block, `shape.py` estimates the values that a schema admits.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from schemaregistry.document.arrow_block import INTEGERS, describe
from schemaregistry.document.derive import plain_type
from schemaregistry.document.message_text import cut, meant, shown
from schemaregistry.document.model import ArrowField, ArrowType, Json, Note
from schemaregistry.document.shape import FRACTION, KINDS, NUMERIC, Shape, Shapes
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath
from schemaregistry.errors import InvalidArgument

HOLDS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(INTEGERS, KINDS["integer"]),
    **dict.fromkeys(("float32", "float64", "decimal128"), NUMERIC),
    **dict.fromkeys(("utf8", "large_utf8", "binary"), KINDS["string"]),
    **dict.fromkeys(("date32", "date64", "time32", "time64", "timestamp"), KINDS["string"]),
    "bool": KINDS["boolean"],
    "list": KINDS["array"],
    "struct": KINDS["object"],
    "json": frozenset().union(*KINDS.values()),
}
"""The kinds of JSON values that a type can hold; dates and times are texts in JSON, never numbers of seconds."""

FORMATS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("date32", "date64"), "date"),
    **dict.fromkeys(("time32", "time64"), "time"),
    "timestamp": "date-time",
}
"""The `format` that texts must have to be values of a type."""

EXACT: Final[Mapping[str, tuple[int, int]]] = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float32": (-(2**24), 2**24),
    "float64": (-(2**53), 2**53),
}
"""The least and greatest integer up to which a type holds every integer exactly."""

_FLOATS: Final = ("float32", "float64")
_WIDE: Final = ("int64", "decimal128")
"""Types so wide that missing bounds on the JSON side need no warning."""
_WORDS: Final = {FRACTION: "numbers with a fraction", "null": "null", "boolean": "true and false"}


def agree(fields: Sequence[ArrowField], block: Json, shapes: Shapes) -> tuple[tuple[ArrowField, ...], tuple[Note, ...]]:
    """Check the fields of an arrow block against the properties of the JSON side.

    `block` is the JSON that the fields were read from. Returns the fields, with `nullable` set from the JSON side where
    the block doesn't state it, and Notes (BOUNDS_MISSING) on bounds without which a value may not fit the type. Raises
    InvalidArgument (ARROW_MISMATCH) with the pointer of the field, or of a property that has no field.
    """
    agreement = _Agreement(shapes)
    settled = agreement.fields(fields, [()], _BlockPlace(block, ("arrow",)).at("fields"))
    return settled, tuple(agreement.notes)


@dataclass(frozen=True, slots=True)
class _BlockPlace:
    """A place in the arrow block: the JSON there, its path, and the name of the column for messages."""

    stated: Json
    path: SchemaPath
    column: str = ""

    def at(self, step: str | int, column: str | None = None) -> "_BlockPlace":
        return _BlockPlace(self.stated[step], (*self.path, step), self.column if column is None else column)

    @property
    def label(self) -> str:
        return f"Column {shown(self.column)}"

    def inner(self, name: str) -> str:
        return f"{self.column}.{name}" if self.column else name


class _Agreement:
    """One check of a block, which collects notes. `places` are paths of the schemas that a column's values satisfy."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.notes: list[Note] = []

    def fields(self, fields: Sequence[ArrowField], places: list[SchemaPath], at: _BlockPlace) -> tuple[ArrowField, ...]:
        members, required = self.shapes.members(places), self.shapes.required(places)
        _check_names([field.name for field in fields], members, at)
        return tuple(
            self.field(field, members[field.name], field.name in required, at.at(index, at.inner(field.name)))
            for index, field in enumerate(fields)
        )

    def field(self, field: ArrowField, places: list[SchemaPath], required: bool, at: _BlockPlace) -> ArrowField:
        kind = self.type(field.type, places, at.at("type"))
        # A column that may be absent is read as nulls.
        lacking = "null" in self.shapes.any_of(places).kinds or not required
        nullable = at.stated.get("nullable", lacking)
        if lacking and not nullable:
            lack, cure = ("null", "take null out of its type") if required else ("absent", "list it in `required`")
            _refuse(
                f"{at.label} isn't nullable, but the JSON side lets it be {lack}. Say `nullable`: true, or {cure}.",
                (*at.path, "nullable"),
            )
        return replace(field, type=kind, nullable=nullable)

    def type(self, kind: ArrowType, places: list[SchemaPath], at: _BlockPlace) -> ArrowType:
        self.check_values(kind, self.shapes.any_of(places), at)
        if kind.name == "list" and kind.item:
            return replace(kind, item=self.item(kind.item, places, at.at("item", f"{at.column}[]")))
        if kind.name == "struct":
            return replace(kind, fields=self.fields(kind.fields, places, at.at("fields")))
        return kind

    def item(self, item: ArrowField, places: list[SchemaPath], at: _BlockPlace) -> ArrowField:
        inner = self.shapes.items(places)
        if not inner:
            _refuse(f"The JSON side says nothing of what is in the list {shown(at.column)}. Add `items`.", at.path)
        if "type" in at.stated:
            return self.field(item, inner, True, at)
        return replace(item, type=self.type(item.type, inner, at), nullable="null" in self.shapes.any_of(inner).kinds)

    def check_values(self, kind: ArrowType, shape: Shape, at: _BlockPlace) -> None:
        if kind.name == "dictionary" and kind.index and kind.value:
            self.check_values(kind.value, shape, at.at("value"))
            _check_count(kind.index, shape, at.at("index"))
            return
        beyond = shape.kinds - HOLDS[kind.name] - {"null"}
        if beyond:
            _refuse(_cannot_hold(kind, shape, beyond, at), at.path)
        wanted = FORMATS.get(kind.name)
        if wanted and "string" in shape.kinds and wanted not in shape.formats:
            _refuse(f'{at.label}: {cut(describe(kind))} holds only texts with "format": "{wanted}". Add it.', at.path)
        if shape.kinds & NUMERIC and kind.name != "json":
            self.check_bounds(kind, shape, at)

    def check_bounds(self, kind: ArrowType, shape: Shape, at: _BlockPlace) -> None:
        if kind.name in _FLOATS and FRACTION in shape.kinds:
            return
        low, high = EXACT.get(kind.name) or _decimal_bounds(kind)
        least, greatest = _bounds(shape)
        for bound in (least, greatest):
            if kind.name not in _FLOATS and math.isfinite(bound) and not low <= math.trunc(bound) <= high:
                _refuse(f"{at.label}: {cut(describe(kind))} can't hold {shown(bound)}. Take a wider type.", at.path)
        missing = [f'"minimum": {low}'] if least < low and kind.name not in _WIDE else []
        missing += [f'"maximum": {high}'] if greatest > high and kind.name not in (*_WIDE, "uint64") else []
        if missing:
            message = (
                f"{at.label} is {cut(describe(kind))}, but the JSON side doesn't bound it: "
                f"add {' and '.join(missing)}, or take a wider type."
            )
            self.notes.append(Note("BOUNDS_MISSING", message, pointer(at.path)))


def _check_names(names: list[str], members: Mapping[str, list[SchemaPath]], at: _BlockPlace) -> None:
    for index, name in enumerate(names):
        if name not in members:
            _refuse(
                f"Column {shown(at.inner(name))} is in the arrow block and not in `properties`.{meant(name, members)} "
                "Add it there, or take it out here.",
                (*at.path, index, "name"),
            )
    stated = set(names)
    for name, places in members.items():
        if name not in stated:
            _refuse(
                f"Column {shown(at.inner(name))} is in `properties` and not in the arrow block. "
                "Add its field, or take it out.",
                places[0],
            )


def _bounds(shape: Shape) -> tuple[float, float]:
    """Return the least and greatest number of a shape, rounded inwards where it has integers only."""
    if FRACTION in shape.kinds:
        return shape.low, shape.high
    least = math.ceil(shape.low) if math.isfinite(shape.low) else shape.low
    return least, math.floor(shape.high) if math.isfinite(shape.high) else shape.high


def _decimal_bounds(kind: ArrowType) -> tuple[int, int]:
    """Return the least and greatest integer that a decimal holds: its digits before the point."""
    largest = 10 ** ((kind.precision or 0) - (kind.scale or 0)) - 1
    return -largest, largest


def _check_count(index: ArrowType, shape: Shape, at: _BlockPlace) -> None:
    _, largest = EXACT[index.name]
    if math.isfinite(shape.count) and shape.count > largest + 1:
        _refuse(f"{at.label}: {index.name} can't number {shape.count:,} values. Take a wider index.", at.path)


def _cannot_hold(kind: ArrowType, shape: Shape, beyond: frozenset[str], at: _BlockPlace) -> str:
    allowed = ", ".join(sorted(_WORDS.get(name, f"{name}s") for name in beyond))
    fitting = plain_type(shape)
    if len(shape.kinds) == len(frozenset().union(*KINDS.values())):
        advice = "Say the `type` of its values, or take json."
    elif fitting:
        advice = f"Take {describe(fitting)}, or change the JSON side."
    else:
        advice = "Take json, or change the JSON side."
    return f"{at.label}: {cut(describe(kind))} can't hold all that the JSON side lets through ({allowed}). {advice}"


def _refuse(message: str, path: SchemaPath) -> NoReturn:
    raise InvalidArgument(message, reason="ARROW_MISMATCH", pointer=pointer(path))
