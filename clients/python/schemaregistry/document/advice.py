"""What draft-07 allows but nobody means: keywords and formats that it doesn't know. Refuses nothing."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from schemaregistry.document.members import OWN
from schemaregistry.document.model import Json, Note
from schemaregistry.document.reading import pointer
from schemaregistry.document.references import Schemas
from schemaregistry.document.subschemas import Path

KEYWORDS: Final = {
    *("$comment", "$id", "$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "const"),
    *("contains", "contentEncoding", "contentMediaType", "default", "definitions", "dependencies", "description"),
    *("else", "enum", "examples", "exclusiveMaximum", "exclusiveMinimum", "format", "if", "items", "maxItems"),
    *("maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf"),
    *("not", "oneOf", "pattern", "patternProperties", "properties", "propertyNames", "readOnly", "required", "then"),
    *("title", "type", "uniqueItems", "writeOnly"),
}
ANNOTATIONS: Final = {"$defs", "deprecated"}
"""Later drafts' names that do no harm: a place for definitions, and a mark."""
FORMATS: Final = {
    *("date", "date-time", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri", "iri-reference"),
    *("json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template"),
}


def advise(schemas: Schemas) -> tuple[Note, ...]:
    """Notes (UNKNOWN_KEYWORD, UNKNOWN_FORMAT, UNKNOWN_PROPERTY, MISPLACED_MEMBER), in the order of the document."""
    return tuple(
        note
        for path, schema in schemas.at.items()
        if isinstance(schema, dict) and "$ref" not in schema
        for note in _notes(path, schema)
    )


def _notes(path: Path, schema: dict[str, Json]) -> Iterator[Note]:
    known = KEYWORDS | ANNOTATIONS
    for name in (name for name in schema if name not in known and not name.startswith("x-")):
        if not path and name in OWN:
            continue
        message = f'Draft-07 has no keyword "{name}": it is ignored.{_meant(name, KEYWORDS)}'
        yield Note("UNKNOWN_KEYWORD", message, pointer((*path, name)))
    for name in ("x-tags", "x-owner", "x-aliases"):
        if path and name in schema:
            yield Note(
                "MISPLACED_MEMBER", f"`{name}` is read at the top of the document alone.", pointer((*path, name))
            )
    if "format" in schema and schema["format"] not in FORMATS:
        message = f'Draft-07 has no format "{schema["format"]}": nothing is checked.{_meant(schema["format"], FORMATS)}'
        yield Note("UNKNOWN_FORMAT", message, pointer((*path, "format")))
    if not path:
        yield from _unknown_required(schema)


def _unknown_required(schema: dict[str, Json]) -> Iterator[Note]:
    properties = schema.get("properties", {})
    for index, name in enumerate(schema.get("required", ())):
        if name not in properties and "patternProperties" not in schema and "allOf" not in schema:
            message = f'"{name}" is required, but isn\'t in `properties`.{_meant(name, properties)}'
            yield Note("UNKNOWN_PROPERTY", message, pointer(("required", index)))


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f" Is `{near[0]}` meant?" if near else ""
