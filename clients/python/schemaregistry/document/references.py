"""`$ref`: each must be local, resolve, and not come back to itself. Holds the walk over all schemas of a document.

What the schemas say is not looked at here; the walk follows references to wherever they point in the document.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Final
from urllib.parse import unquote

from schemaregistry.document.draft07 import check_schema
from schemaregistry.document.message_text import cut, shown
from schemaregistry.document.model import Json
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath, at_inner_values, at_same_value
from schemaregistry.errors import InvalidArgument

MAX_REFS: Final = 1024
MAX_PROPERTIES: Final = 10_000
MAX_SCHEMAS: Final = 50_000
"""Schemas of a document, counted each time that a reference leads to them."""
MAX_CHAIN: Final = 64
"""Schemas within one another that apply to one and the same value, references followed."""
MAX_EXPANDED_DEPTH: Final = 128
"""Schemas within one another, references followed."""
ANYTHING_AT: Final[SchemaPath] = ("", "anything")
"""The path of a schema that is in no document and lets everything through: what holds where nothing is said."""


@dataclass(slots=True)
class Schemas:
    """The schemas of one document by their paths, and the edges between them."""

    root: dict[str, Json]
    at: dict[SchemaPath, Json] = field(default_factory=lambda: {ANYTHING_AT: True})
    same_value: dict[SchemaPath, list[SchemaPath]] = field(default_factory=lambda: {ANYTHING_AT: []})
    """From a schema to those that apply to the same value, `$ref` included."""
    inner: dict[SchemaPath, list[SchemaPath]] = field(default_factory=lambda: {ANYTHING_AT: []})


def walk(root: dict[str, Json]) -> Schemas:
    """Find every schema of a document, and check every reference on the way.

    Raises InvalidArgument: REMOTE_REF, UNRESOLVED_REF, REF_LOOP, NOT_DRAFT07 (what only a reference leads to),
    TOO_DEEP, TOO_MANY_REFS, TOO_MANY_PROPERTIES, TOO_MANY_SCHEMAS.
    """
    schemas = Schemas(root)
    _find(schemas)
    _check_counts(schemas)
    _check_chains(schemas.same_value)
    _check_expansion(schemas)
    return schemas


def target(root: Json, reference: str, path: SchemaPath) -> tuple[SchemaPath, Json]:
    """The path and the value that a local reference leads to; `path` is where it stands, for the error."""
    if not reference.startswith("#"):
        raise InvalidArgument(
            f"{shown(reference)} points out of the document, and nothing is ever fetched. Copy what it points to "
            'into `definitions` and write "#/definitions/NAME".',
            reason="REMOTE_REF",
            pointer=pointer((*path, "$ref")),
        )
    found = _resolve(root, reference)
    if found is None or not isinstance(found[1], dict | bool):
        raise InvalidArgument(
            f"{shown(reference)} leads to no schema in this document. Write a JSON pointer to one, as in "
            "#/definitions/NAME.",
            reason="UNRESOLVED_REF",
            pointer=pointer((*path, "$ref")),
        )
    return found


def _resolve(root: Json, reference: str) -> tuple[SchemaPath, Json] | None:
    try:
        fragment = unquote(reference[1:], errors="strict")
    except UnicodeDecodeError:
        return None
    steps = fragment.split("/")
    if steps[0] or re.search("~(?![01])", fragment):
        return None
    path: list[str | int] = []
    value = root
    for step in (text.replace("~1", "/").replace("~0", "~") for text in steps[1:]):
        if isinstance(value, dict) and step in value:
            path.append(step)
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,6}", step) and int(step) < len(value):
            path.append(int(step))
        else:
            return None
        value = value[path[-1]]
    return tuple(path), value


def _find(schemas: Schemas) -> None:
    """Visit the schemas in known places first: only what is met through a reference alone needs a check of its own."""
    waiting: list[tuple[SchemaPath, Json]] = [((), schemas.root)]
    references: list[SchemaPath] = []
    while waiting or references:
        if not waiting:
            place, schema = _follow(schemas, references.pop())
            if place not in schemas.at:
                check_schema(schema, place)
                waiting.append((place, schema))
            continue
        path, schema = waiting.pop()
        if path in schemas.at:
            continue
        waiting += _visit(schemas, path, schema)
        if isinstance(schema, dict) and "$ref" in schema:
            references.append(path)
        if len(schemas.at) + len(waiting) > MAX_SCHEMAS:
            raise too_many_schemas()


def _visit(schemas: Schemas, path: SchemaPath, schema: Json) -> list[tuple[SchemaPath, Json]]:
    """Note a schema, and return those right below it.

    What stands beside a `$ref` is ignored by draft-07 (8.3), so no edge leads there; but validators look for
    references in it all the same, so it is visited.
    """
    same_value, inner = list(at_same_value(schema, path)), list(at_inner_values(schema, path))
    refers = isinstance(schema, dict) and "$ref" in schema
    schemas.at[path] = schema
    schemas.same_value[path] = [] if refers else [place for place, _ in same_value]
    schemas.inner[path] = [] if refers else [place for place, _ in inner]
    return same_value + inner


def _follow(schemas: Schemas, path: SchemaPath) -> tuple[SchemaPath, Json]:
    place, schema = target(schemas.root, schemas.at[path]["$ref"], path)
    schemas.same_value[path].append(place)
    return place, schema


def _check_counts(schemas: Schemas) -> None:
    objects = [schema for schema in schemas.at.values() if isinstance(schema, dict)]
    refs = sum("$ref" in schema for schema in objects)
    if refs > MAX_REFS:
        raise InvalidArgument(
            f"The document has {refs:,} references, more than the {MAX_REFS:,} that are followed. Split it.",
            reason="TOO_MANY_REFS",
        )
    properties = sum(len(schema.get("properties", ())) for schema in objects)
    if properties > MAX_PROPERTIES:
        raise InvalidArgument(
            f"The document has {properties:,} properties, more than the {MAX_PROPERTIES:,} that are read. Split it.",
            reason="TOO_MANY_PROPERTIES",
        )


def _check_chains(same_value: Mapping[SchemaPath, list[SchemaPath]]) -> None:
    lengths: dict[SchemaPath, int] = {}
    try:
        for path in TopologicalSorter(same_value).static_order():
            lengths[path] = 1 + max((lengths[place] for place in same_value[path]), default=0)
    except CycleError as error:
        raise _loop(error.args[1]) from None
    longest = max(lengths, key=lengths.__getitem__)
    if lengths[longest] > MAX_CHAIN:
        raise _too_deep(MAX_CHAIN, longest)


def _check_expansion(schemas: Schemas) -> None:
    """Count the schemas, and how deep they go, with every reference written out and each recursion once."""
    sizes: dict[SchemaPath, int] = {}
    depths: dict[SchemaPath, int] = {}
    waiting: list[tuple[SchemaPath, bool]] = [((), False)]
    while waiting:
        path, seen_below = waiting.pop()
        below = sorted(schemas.same_value[path] + schemas.inner[path])  # the answer is the same for any order of keys
        if seen_below:
            sizes[path] = 1 + sum(sizes[place] for place in below)
            depths[path] = 1 + max((depths[place] for place in below), default=0)
            if sizes[path] > MAX_SCHEMAS:
                raise too_many_schemas()
            if depths[path] > MAX_EXPANDED_DEPTH:
                raise _too_deep(MAX_EXPANDED_DEPTH, path)
        elif path not in sizes:
            sizes[path] = depths[path] = 0
            waiting.append((path, True))
            waiting += [(place, False) for place in below]


def _loop(cycle: list[SchemaPath]) -> InvalidArgument:
    places = [cut(pointer(path)) or "the top" for path in reversed(cycle)]
    chain = places if len(places) <= 5 else [*places[:3], "…", places[-1]]
    return InvalidArgument(
        f"These schemas lead back to one another without going into the value: {' → '.join(chain)}. "
        "Take one of the references out.",
        reason="REF_LOOP",
        pointer=pointer(cycle[-1]),
    )


def _too_deep(limit: int, path: SchemaPath) -> InvalidArgument:
    return InvalidArgument(
        f"With its references written out the document has more than {limit} schemas within one another. "
        "Shorten the chain of references.",
        reason="TOO_DEEP",
        pointer=pointer(path),
    )


def too_many_schemas() -> InvalidArgument:
    """The refusal of a document whose references multiply."""
    return InvalidArgument(
        f"With its references written out the document has more than {MAX_SCHEMAS:,} schemas. "
        "Let fewer definitions refer to one another more than once.",
        reason="TOO_MANY_SCHEMAS",
    )
