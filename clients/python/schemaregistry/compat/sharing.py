"""Remove repeated branches from `allOf` and `anyOf`, so that a validator doesn't evaluate each of them.

Thirty definitions, each of which refers to the next one twice, would otherwise take 2^30 steps.
"""

import json
from collections.abc import Iterator

from schemaregistry.compat.resources import LISTS, MAPS, ONE, subschemas
from schemaregistry.document.model import Json

FEW = 8
"""References below which the schema is left unchanged: there is little to save."""
REPEATABLE = ("allOf", "anyOf")
"""Keywords in which a repeated branch has no effect; in `oneOf` it has."""


def shared(schema: Json) -> Json:
    """Return an equivalent schema without repeated branches.

    A schema with an `$id`, or with a `$ref` to anything but `#/definitions/NAME`, is returned unchanged: removing a
    branch could move what the reference points to.
    """
    text = repr(schema)  # a cheap test first, since most schemas have no repeated branches
    if text.count("$ref") < FEW or "$id" in text or not any(keyword in text for keyword in REPEATABLE):
        return schema
    return _shared(schema) if all(map(_is_simple, _all(schema))) else schema


def _is_simple(part: dict[str, Json]) -> bool:
    """Tell whether a schema has no `$ref`, or one to `#/definitions/NAME`."""
    reference = part.get("$ref", "#/definitions/")
    return isinstance(reference, str) and reference.startswith("#/definitions/") and reference.count("/") == 2


def _all(schema: Json) -> Iterator[dict[str, Json]]:
    todo = [schema]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            yield part
            todo += subschemas(part)


def _shared(schema: Json) -> Json:
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    for keyword in schema.keys() & {*ONE, *LISTS, *MAPS, "items"}:
        value = schema[keyword]
        if keyword in MAPS:
            made[keyword] = {name: _shared(part) for name, part in value.items()}
        elif isinstance(value, list):
            parts = [_shared(part) for part in value]
            made[keyword] = _once(parts) if keyword in REPEATABLE else parts
        else:
            made[keyword] = _shared(value)
    return made


def _once(parts: list[Json]) -> list[Json]:
    return list({json.dumps(part, sort_keys=True): part for part in parts}.values())
