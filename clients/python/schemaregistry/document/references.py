"""Find all schemas of a document, and check its references: each `$ref` is local, resolves, and makes no loop.

The number and depth of schemas with all references expanded is bounded: readers of a document recurse, and forty
definitions that each use the next one twice would take 2^40 steps.
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
"""Schemas of a document, with references expanded: one counts each time that a reference leads to it."""
MAX_CHAIN: Final = 64
"""Nested schemas that apply to the same value, with references expanded."""
MAX_EXPANDED_DEPTH: Final = 128
"""Nested schemas, with references expanded."""
IMPLICIT_SCHEMA_PATH: Final[SchemaPath] = ("", "anything")
"""The path of a made-up schema that admits everything: it applies where a document states nothing."""


@dataclass(slots=True)
class Schemas:
    """The schemas of one document by their paths, and the edges between them."""

    root: dict[str, Json]
    at: dict[SchemaPath, Json] = field(default_factory=lambda: {IMPLICIT_SCHEMA_PATH: True})
    same_value: dict[SchemaPath, list[SchemaPath]] = field(default_factory=lambda: {IMPLICIT_SCHEMA_PATH: []})
    """From each schema to those that apply to the same value, the target of a `$ref` included."""
    inner: dict[SchemaPath, list[SchemaPath]] = field(default_factory=lambda: {IMPLICIT_SCHEMA_PATH: []})


def walk(root: dict[str, Json]) -> Schemas:
    """Find every schema of a document and check every reference.

    Raises InvalidArgument: REMOTE_REF, UNRESOLVED_REF, REF_LOOP, TOO_DEEP, TOO_MANY_REFS, TOO_MANY_PROPERTIES,
    TOO_MANY_SCHEMAS, or NOT_DRAFT07 where a reference leads to a value that isn't a schema.
    """
    schemas = Schemas(root)
    _find(schemas)
    _check_counts(schemas)
    _check_chains(schemas.same_value)
    _check_expansion(schemas)
    return schemas


def target(root: Json, reference: str, path: SchemaPath) -> tuple[SchemaPath, Json]:
    """Return the path and the schema that a local reference leads to; `path` is that of the schema with the `$ref`.

    Raises InvalidArgument (REMOTE_REF, UNRESOLVED_REF).
    """
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
    """Follow a URI fragment that is a JSON pointer (RFC 6901, section 6); None where it leads nowhere."""
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
        # RFC 6901, section 4: an index has no leading zero.
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,6}", step) and int(step) < len(value):
            path.append(int(step))
        else:
            return None
        value = value[path[-1]]
    return tuple(path), value


def _find(schemas: Schemas) -> None:
    """Visit all schemas: those under draft-07's keywords first, then those that only a reference leads to.

    The meta-schema has checked the former with the whole document; the latter are checked here.
    """
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
    """Record a schema, and return its direct subschemas.

    Draft-07 ignores everything beside a `$ref` (core section 8.3), so no edge leads there. It is visited all the same,
    because jsonschema-rs looks for references there too.
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
    """Refuse loops, and long chains of schemas that all apply to one value: a validator recurses through them."""
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
    """Check the number and the depth of schemas with every reference expanded, and each recursion once."""
    sizes: dict[SchemaPath, int] = {}
    depths: dict[SchemaPath, int] = {}
    waiting: list[tuple[SchemaPath, bool]] = [((), False)]
    while waiting:
        path, seen_below = waiting.pop()
        # Sorted, so that the order of keys in the document makes no difference.
        below = sorted(schemas.same_value[path] + schemas.inner[path])
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
    """Return the error for a document whose references multiply beyond MAX_SCHEMAS."""
    return InvalidArgument(
        f"With its references written out the document has more than {MAX_SCHEMAS:,} schemas. "
        "Let fewer definitions refer to one another more than once.",
        reason="TOO_MANY_SCHEMAS",
    )
