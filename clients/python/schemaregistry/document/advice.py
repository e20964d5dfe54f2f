"""Warn of what draft-07 allows but ignores, such as misspelt keywords and unknown formats."""

from collections.abc import Iterator
from typing import Final

from schemaregistry.document.message_text import meant, shown
from schemaregistry.document.model import Json, Note
from schemaregistry.document.references import Schemas
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath

KEYWORDS: Final = {
    *("$comment", "$id", "$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "const"),
    *("contains", "contentEncoding", "contentMediaType", "default", "definitions", "dependencies", "description"),
    *("else", "enum", "examples", "exclusiveMaximum", "exclusiveMinimum", "format", "if", "items", "maxItems"),
    *("maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf"),
    *("not", "oneOf", "pattern", "patternProperties", "properties", "propertyNames", "readOnly", "required", "then"),
    *("title", "type", "uniqueItems", "writeOnly"),
}
ANNOTATIONS: Final = {"$defs", "deprecated"}
"""Keywords of later drafts that need no warning: a place for definitions, and an annotation."""
FORMATS: Final = {
    *("date", "date-time", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri", "iri-reference"),
    *("json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template"),
}
BESIDE_REF: Final = {
    *("$ref", "$comment", "title", "description", "default", "examples", "readOnly", "writeOnly", "definitions"),
}
"""Keywords next to a `$ref` that need no warning: that draft-07 ignores them there changes nothing for data."""


def advise(schemas: Schemas) -> Iterator[Note]:
    """Yield a Note for each keyword without effect and each name that looks misspelt.

    Their reasons are UNKNOWN_KEYWORD, UNKNOWN_FORMAT, UNKNOWN_PROPERTY, HIDDEN_BY_REF and MISPLACED_MEMBER.
    """
    for path, schema in schemas.at.items():
        if isinstance(schema, dict):
            yield from _hidden(path, schema) if "$ref" in schema else _notes(path, schema)


def _hidden(path: SchemaPath, schema: dict[str, Json]) -> Iterator[Note]:
    for name in sorted(schema.keys() & KEYWORDS - BESIDE_REF):
        message = f"`{name}` stands next to `$ref` and is ignored. Write both into `allOf`."
        yield Note("HIDDEN_BY_REF", message, pointer((*path, name)))


def _notes(path: SchemaPath, schema: dict[str, Json]) -> Iterator[Note]:
    # `x-` is free for the document's authors, and for this registry.
    known = KEYWORDS | ANNOTATIONS
    for name in (name for name in schema if name not in known and not name.startswith("x-")):
        message = f"Draft-07 has no keyword {shown(name)}: it is ignored.{meant(name, KEYWORDS)}"
        yield Note("UNKNOWN_KEYWORD", message, pointer((*path, name)))
    for name in (name for name in ("x-tags", "x-owner", "x-aliases", "x-csv") if name in schema):
        yield Note("MISPLACED_MEMBER", f"`{name}` is read at the top of the document alone.", pointer((*path, name)))
    if "format" in schema and schema["format"] not in FORMATS:
        name = schema["format"]
        message = f"Draft-07 has no format {shown(name)}: nothing is checked.{meant(name, FORMATS)}"
        yield Note("UNKNOWN_FORMAT", message, pointer((*path, "format")))
    if not path:
        yield from _unknown_required(schema)


def _unknown_required(schema: dict[str, Json]) -> Iterator[Note]:
    properties = schema.get("properties", {})
    for index, name in enumerate(schema.get("required", ())):
        # A pattern, or a schema in `allOf`, may describe the property.
        if name not in properties and "patternProperties" not in schema and "allOf" not in schema:
            message = f"{shown(name)} is required, but isn't in `properties`.{meant(name, properties)}"
            yield Note("UNKNOWN_PROPERTY", message, pointer(("required", index)))
