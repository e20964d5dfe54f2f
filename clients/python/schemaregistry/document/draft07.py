"""Check that a document's JSON side is a draft-07 schema of objects; `members.py` checks the registry's own members."""

from collections.abc import Iterable
from typing import Final

import jsonschema_rs

from schemaregistry.document.message_text import shown
from schemaregistry.document.model import Json
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath
from schemaregistry.errors import InvalidArgument

DRAFT_07: Final = "http://json-schema.org/draft-07/schema"

# `format: regex` isn't asserted here: `patterns.py` refuses patterns, with a better message.
# jsonschema-rs has the meta-schema built in.
_META = jsonschema_rs.Draft7Validator({"$ref": DRAFT_07}, validate_formats=False, offline=True)
_TYPES: Final = "array, boolean, integer, null, number, object, string"


def check_root(root: dict[str, Json]) -> None:
    """Check the top of a document: draft-07 by its meta-schema and its `$schema`, where it has one; `type: object`.

    Raises InvalidArgument: NOT_DRAFT07, NOT_OBJECT_SCHEMA.
    """
    stated = root.get("$schema", DRAFT_07)
    if stated not in (DRAFT_07, DRAFT_07 + "#"):
        raise InvalidArgument(
            f'Documents are written in JSON Schema draft-07, not {shown(stated)}. Write "{DRAFT_07}#".',
            reason="NOT_DRAFT07",
            pointer="/$schema",
        )
    check_schema(root, ())
    if "$ref" in root:
        raise InvalidArgument(
            "`$ref` at the top hides all that stands next to it. Write `allOf` with the reference in it.",
            reason="NOT_OBJECT_SCHEMA",
            pointer="/$ref",
        )
    if root.get("type") != "object":
        raise InvalidArgument(
            'A document describes records: write "type": "object" at the top.',
            reason="NOT_OBJECT_SCHEMA",
            pointer="/type" if "type" in root else "",
        )


def check_places(places: Iterable[tuple[SchemaPath, Json]]) -> None:
    """Check that no schema below the top has `$id` or `$schema`, which would change what references mean.

    Raises InvalidArgument: NESTED_ID, NESTED_SCHEMA.
    """
    for path, schema in places:
        if path and isinstance(schema, dict):
            if "$id" in schema:
                raise InvalidArgument(
                    "Only the document itself has an `$id`: a second one would change what references mean. "
                    "Take it out; name definitions by their key.",
                    reason="NESTED_ID",
                    pointer=pointer((*path, "$id")),
                )
            if "$schema" in schema:
                raise InvalidArgument(
                    "Only the document itself states `$schema`. Take it out here.",
                    reason="NESTED_SCHEMA",
                    pointer=pointer((*path, "$schema")),
                )


def check_schema(schema: Json, path: SchemaPath) -> None:
    """Check a schema by draft-07's meta-schema. Raises InvalidArgument (NOT_DRAFT07) with the pointer."""
    if _META.is_valid(schema):
        return
    error = next(iter(_META.iter_errors(schema)))
    place = (*path, *error.instance_path)
    raise InvalidArgument(
        f"Not JSON Schema draft-07 at {pointer(place) or 'the top'}: {fault(error)}.",
        reason="NOT_DRAFT07",
        pointer=pointer(place),
    )


def fault(error: jsonschema_rs.ValidationError) -> str:
    """Say in a few words what is wrong with a part of a schema, by the meta-schema's error."""
    if error.schema_path[-3:] == ["properties", "type", "anyOf"]:
        return f"{shown(error.instance)} isn't a type; there are {_TYPES}, and lists of them"
    if error.kind.name == "anyOf":
        return f"{shown(error.instance)} doesn't fit here"
    return error.message if len(error.message) <= 160 else f"{shown(error.instance)} breaks {error.kind.name}"
