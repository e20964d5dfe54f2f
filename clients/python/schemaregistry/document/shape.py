"""Over-approximate the values that a schema admits: their JSON types, formats, bounds and number.

The result is a superset: what `not`, `if` and most other keywords exclude isn't subtracted. So it may find that an
Arrow type is too narrow for values that can't occur, but never that a type is wide enough when it isn't.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

from schemaregistry.document.model import Json
from schemaregistry.document.references import IMPLICIT_SCHEMA_PATH, Schemas, too_many_schemas
from schemaregistry.document.subschemas import SchemaPath

FRACTION: Final = "fraction"
"""The kind of numbers that aren't integers: `number` is `integer` together with this."""
NUMERIC: Final = frozenset(("integer", FRACTION))
KINDS: Final[Mapping[str, frozenset[str]]] = {
    **{name: frozenset((name,)) for name in ("null", "boolean", "integer", "string", "array", "object")},
    "number": NUMERIC,
}
_KIND_OF: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    str: "string",
    list: "array",
    dict: "object",
}
MAX_WORK: Final = 1_000_000
"""Schemas visited to find items and members at most; a document that needs more is refused."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A set of JSON values.

    `kinds` are the types of its values, `formats` those that every text has, `low` and `high` bound every number, and
    there are at most `count` values that aren't null.
    """

    kinds: frozenset[str] = frozenset().union(*KINDS.values())
    formats: frozenset[str] = frozenset()
    low: float = -math.inf
    high: float = math.inf
    count: float = math.inf

    def __and__(self, other: "Shape") -> "Shape":
        """Return the intersection."""
        return Shape(
            self.kinds & other.kinds,
            self.formats | other.formats,
            max(self.low, other.low),
            min(self.high, other.high),
            min(self.count, other.count),
        )

    def __or__(self, other: "Shape") -> "Shape":
        """Return the union; a side without texts is ignored for formats, one without numbers for bounds."""
        texts = [side.formats for side in (self, other) if "string" in side.kinds]
        numbers = [side for side in (self, other) if side.kinds & NUMERIC]
        return Shape(
            self.kinds | other.kinds,
            frozenset.intersection(*texts) if texts else frozenset(),
            min((side.low for side in numbers), default=math.inf),
            max((side.high for side in numbers), default=-math.inf),
            self.count + other.count,
        )


ANYTHING: Final = Shape()
NOTHING: Final = Shape(frozenset(), frozenset(), math.inf, -math.inf, 0)


class Shapes:
    """The shapes of one document's schemas, by their paths."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: dict[SchemaPath, Shape] = {}
        self._work = 0

    def of(self, path: SchemaPath) -> Shape:
        """Return the shape of the schema at a path."""
        if path not in self._known:
            own = _own_shape(self._schemas.at[path])
            self._known[path] = reduce(Shape.__and__, map(self.any_of, self._groups(path)), own)
        return self._known[path]

    def any_of(self, paths: Iterable[SchemaPath]) -> Shape:
        """Return the union of the shapes at some paths."""
        return reduce(Shape.__or__, map(self.of, paths), NOTHING)

    def items(self, paths: Iterable[SchemaPath]) -> list[SchemaPath]:
        """Return schemas of which each item of an array satisfies at least one; empty where items aren't described.

        Raises InvalidArgument (TOO_MANY_SCHEMAS) where that takes too much work, as do `members` and `required`.
        """
        lists = [self._items(path) for path in paths if "array" in self.of(path).kinds]
        return [item for items in lists for item in items] if all(lists) else []

    def members(self, paths: Iterable[SchemaPath]) -> dict[str, list[SchemaPath]]:
        """Return for each named property of an object schemas of which its value satisfies at least one."""
        objects = self._objects(paths)
        parts = [self._members(path) for path in objects]
        names = dict.fromkeys(name for part in parts for name in part)
        self._spend(len(names) * len(parts))
        found: dict[str, list[SchemaPath]] = {}
        for name in names:
            found[name] = [place for part in parts for place in part.get(name, ())]
            found[name] += [self._unnamed(path) for path, part in zip(objects, parts, strict=True) if name not in part]
        return found

    def required(self, paths: Iterable[SchemaPath]) -> frozenset[str]:
        """Return the properties that an object must have, by `required` in schemas that always apply."""
        sets = [self._required(path) for path in self._objects(paths)]
        return frozenset.intersection(*sets) if sets else frozenset()

    def _items(self, path: SchemaPath) -> list[SchemaPath]:
        self._spend(1)
        own = [place for place in self._schemas.inner[path] if place[len(path)] == "items"]
        # `items` is a list of schemas by position here; `additionalItems` describes the further items.
        if own and len(own[0]) > len(path) + 1:
            further = (*path, "additionalItems")
            return [*own, further if further in self._schemas.at else IMPLICIT_SCHEMA_PATH]
        return own or next(filter(None, map(self.items, self._groups(path))), [])

    def _members(self, path: SchemaPath) -> dict[str, list[SchemaPath]]:
        """Return the schemas of each named property; of two that both apply, the one with fewer kinds."""
        found = {str(place[-1]): [place] for place in self._schemas.inner[path] if place[len(path)] == "properties"}
        self._spend(1 + len(found))
        for group in self._groups(path):
            for name, places in self.members(group).items():
                found[name] = min(found.get(name, places), places, key=self._width)
        return found

    def _unnamed(self, path: SchemaPath) -> SchemaPath:
        """Return the schema of properties that an object's schema doesn't name."""
        schema = self._schemas.at[path]
        if isinstance(schema, dict) and "$ref" in schema:
            return self._unnamed(self._schemas.same_value[path][0])
        further = (*path, "additionalProperties")
        patterns = isinstance(schema, dict) and "patternProperties" in schema
        return further if further in self._schemas.at and not patterns else IMPLICIT_SCHEMA_PATH

    def _required(self, path: SchemaPath) -> frozenset[str]:
        self._spend(1)
        schema = self._schemas.at[path]
        own = schema.get("required", ()) if isinstance(schema, dict) and "$ref" not in schema else ()
        return frozenset(own).union(*map(self.required, self._groups(path)))

    def _width(self, paths: list[SchemaPath]) -> int:
        return len(self.any_of(paths).kinds)

    def _objects(self, paths: Iterable[SchemaPath]) -> list[SchemaPath]:
        return [path for path in paths if "object" in self.of(path).kinds]

    def _groups(self, path: SchemaPath) -> list[list[SchemaPath]]:
        """Return groups of schemas: a value satisfies the schema's own keywords, and at least one of each group."""
        schema = self._schemas.at[path]
        if isinstance(schema, bool):
            return []
        if "$ref" in schema:
            return [self._schemas.same_value[path]]
        groups = [[(*path, "allOf", index)] for index in range(len(schema.get("allOf", ())))]
        branches = ([(*path, key, index) for index in range(len(schema.get(key, ())))] for key in ("anyOf", "oneOf"))
        return [*groups, *filter(None, branches)]

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MAX_WORK:
            raise too_many_schemas()


def _own_shape(schema: Json) -> Shape:
    """Return the shape by the schema's own keywords, without its subschemas."""
    if isinstance(schema, bool):
        return ANYTHING if schema else NOTHING
    if "$ref" in schema:
        return ANYTHING
    types = schema.get("type", list(KINDS))
    kinds = frozenset().union(*(KINDS[name] for name in ([types] if isinstance(types, str) else types)))
    formats = frozenset((schema["format"],)) if "format" in schema else frozenset()
    return Shape(kinds, formats, *_bounds(schema)) & _listed(schema)


def _bounds(schema: dict[str, Json]) -> tuple[float, float]:
    """Return the least and greatest number; an exclusive bound gives the double next to it."""
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if "exclusiveMinimum" in schema:
        low = max(low, math.nextafter(schema["exclusiveMinimum"], math.inf))
    if "exclusiveMaximum" in schema:
        high = min(high, math.nextafter(schema["exclusiveMaximum"], -math.inf))
    return low, high


def _listed(schema: dict[str, Json]) -> Shape:
    """Return the shape of the values in `enum` and `const`; their texts have no format."""
    shape = _values_shape(schema["enum"]) if "enum" in schema else ANYTHING
    return shape & _values_shape([schema["const"]]) if "const" in schema else shape


def _values_shape(values: list[Json]) -> Shape:
    kinds = frozenset(map(_kind, values))
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    count = sum(value is not None for value in values)
    return Shape(kinds, frozenset(), min(numbers, default=math.inf), max(numbers, default=-math.inf), count)


def _kind(value: Json) -> str:
    if isinstance(value, float):
        return "integer" if value.is_integer() else FRACTION
    return _KIND_OF[type(value)]
