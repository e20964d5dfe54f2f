"""Writes a schema without the repetitions that say nothing, so that a validator doesn't follow each of them.

Thirty definitions of which each refers to the next one twice are a thousand million steps otherwise.
"""

import json
from collections.abc import Iterator

from schemaregistry.compat.resources import LISTS, MAPS, ONE, subschemas
from schemaregistry.document.model import Json

FEW = 8
"""References below which there is little to follow."""
REPEATABLE = ("allOf", "anyOf")
"""Where a schema that stands twice says no more than once; in `oneOf` it does."""


def shared(schema: Json) -> Json:
    """Give an equivalent schema; the same one where places in it might be named by more than their definition."""
    text = repr(schema)  # a quick look first: most schemas have nothing to share
    if text.count("$ref") < FEW or "$id" in text or not any(keyword in text for keyword in REPEATABLE):
        return schema
    return _shared(schema) if all(map(_is_simple, _all(schema))) else schema


def _is_simple(part: dict[str, Json]) -> bool:
    """Tell whether a schema refers to a definition by its name, or to nothing."""
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
