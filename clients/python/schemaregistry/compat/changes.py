"""List the differences of two draft-07 schemas, and apply one of them alone; `compatibility.py` judges them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemaregistry.compat.constant import freeze
from schemaregistry.compat.verdict import ABSENT, Absent
from schemaregistry.document.model import Json
from schemaregistry.document.subschemas import SchemaPath

ANNOTATIONS: Final = frozenset(
    (
        *("$comment", "$schema", "$id", "title", "description", "default", "examples"),
        *("readOnly", "writeOnly", "contentEncoding", "contentMediaType"),
    )
)
# Kinds of keywords, by what their value is: a map of named schemas, one schema, a list of schemas, a set of values.
MAPS: Final = {
    "properties": "property",
    "patternProperties": "pattern_property",
    "definitions": "definition",
    "dependencies": "dependency",
}
SCHEMAS: Final = frozenset(
    ("additionalItems", "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then")
)
LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "items"))
SETS: Final = frozenset(("enum", "type"))
NAMES: Final = {  # keywords as they stand in the `kind` of a change, where that differs
    "$ref": "reference",
    "additionalItems": "additional_items",
    "additionalProperties": "additional_properties",
    "allOf": "all_of",
    "anyOf": "any_of",
    "exclusiveMaximum": "exclusive_maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "maxItems": "max_items",
    "maxLength": "max_length",
    "maxProperties": "max_properties",
    "minItems": "min_items",
    "minLength": "min_length",
    "minProperties": "min_properties",
    "multipleOf": "multiple_of",
    "oneOf": "one_of",
    "propertyNames": "property_names",
    "uniqueItems": "unique_items",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One difference between two schemas, with the value on each side; ABSENT where a side has none.

    `path` leads to the value. For a name added to or removed from `required` it leads to the list, and the name is
    `new` or `old`.
    """

    path: SchemaPath
    kind: str
    old: Json | Absent
    new: Json | Absent

    @property
    def pointer(self) -> str:
        """`path` as a JSON pointer (RFC 6901)."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)

    @property
    def is_annotation(self) -> bool:
        """Whether the change concerns an annotation, which no instance can violate."""
        return self.kind == "annotation_changed"

    @property
    def asserted_on_data(self) -> bool:
        """Whether the keyword is `format`: an annotation for the verdict, but checked on data."""
        return self.kind.startswith("format_")


def edits(old: Json, new: Json, path: SchemaPath = ()) -> Iterator[Edit]:
    """Yield the differences of two schemas, as far inside as possible.

    Where two values can't be compared part by part (lists of different length, say), the whole value is one difference.
    """
    if freeze(old) == freeze(new):  # draft-07 equality: 1 and 1.0, or members in another order, are no change
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Edit(path, f"{_name(path)}_changed", old, new)
        return
    for keyword in (*old, *(name for name in new if name not in old)):
        yield from _keyword(keyword, old.get(keyword, ABSENT), new.get(keyword, ABSENT), (*path, keyword))


def _keyword(keyword: str, old: Json | Absent, new: Json | Absent, path: SchemaPath) -> Iterator[Edit]:
    if _equal(old, new):
        return
    if keyword in ANNOTATIONS:
        yield Edit(path, "annotation_changed", old, new)
    elif keyword in MAPS and _are(dict, old, new):
        yield from _map(MAPS[keyword], old, new, path)
    elif keyword == "required" and _are(list, old, new):
        yield from _required(old, new, path)
    elif keyword in LISTS and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from edits(one, two, (*path, index))
    elif keyword in SCHEMAS and isinstance(old, dict | bool) and isinstance(new, dict | bool):
        yield from edits(old, new, path)
    else:
        yield Edit(path, f"{NAMES.get(keyword, keyword)}_{_how(keyword, old, new)}", old, new)


def _map(what: str, old: Json | Absent, new: Json | Absent, path: SchemaPath) -> Iterator[Edit]:
    before, after = _or_empty(old, {}), _or_empty(new, {})
    for name in (*before, *(name for name in after if name not in before)):
        one, two = before.get(name, ABSENT), after.get(name, ABSENT)
        if one is ABSENT or two is ABSENT:
            yield Edit((*path, name), f"{what}_{'added' if one is ABSENT else 'removed'}", one, two)
        else:
            yield from edits(one, two, (*path, name))


def _required(old: Json | Absent, new: Json | Absent, path: SchemaPath) -> Iterator[Edit]:
    before, after = _or_empty(old, []), _or_empty(new, [])
    for name in after:
        if name not in before:
            yield Edit(path, "required_added", ABSENT, name)
    for name in before:
        if name not in after:
            yield Edit(path, "required_removed", name, ABSENT)


def _how(keyword: str, old: Json | Absent, new: Json | Absent) -> str:
    if old is ABSENT or new is ABSENT:
        return "added" if old is ABSENT else "removed"
    if keyword in SETS:
        before, after = ({freeze(value) for value in _listed(side)} for side in (old, new))
        return "widened" if before < after else "narrowed" if after < before else "changed"
    return _moved(old, new)


def _moved(old: Json, new: Json) -> str:
    if not _is_number(old) or not _is_number(new):
        return "changed"
    return "raised" if old < new else "lowered"


def apply(schema: Json, edit: Edit) -> Json:
    """Return a copy of `schema` with this one change made; parts beside the path are shared with the original."""
    if edit.kind in ("required_added", "required_removed"):
        return _with_required(schema, edit, edit.path)
    return _put(schema, edit.path, edit.new)


def _put(value: Json, path: SchemaPath, new: Json | Absent) -> Json:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_put(item, rest, new) if index == step else item for index, item in enumerate(value)]
    if not rest and new is ABSENT:
        return {name: member for name, member in value.items() if name != step}
    return {**value, step: _put(value.get(step, {}), rest, new)}


def _with_required(schema: Json, edit: Edit, path: SchemaPath) -> Json:
    place = schema
    for step in path[:-1]:
        place = place[step]
    names = [name for name in place.get("required", []) if name != edit.old]
    return _put(schema, path, names if edit.new is ABSENT else [*names, edit.new])


def _name(path: SchemaPath) -> str:
    for step in reversed(path):
        if isinstance(step, str) and step in NAMES:
            return NAMES[step]
    return "schema"


def _equal(old: Json | Absent, new: Json | Absent) -> bool:
    if old is ABSENT or new is ABSENT:
        return old is new
    return bool(freeze(old) == freeze(new))


def _are(kind: type, old: Json | Absent, new: Json | Absent) -> bool:
    return all(side is ABSENT or isinstance(side, kind) for side in (old, new))


def _or_empty(side: Json | Absent, empty: Json) -> Json:
    return empty if side is ABSENT else side


def _listed(side: Json) -> list[Json]:
    return side if isinstance(side, list) else [side]


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
