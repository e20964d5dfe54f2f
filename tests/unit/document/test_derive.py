"""The Arrow types of a document without an arrow block."""

from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import ArrowField, ArrowType, Document
from schemaregistry.document.arrow_block import describe

Read = Callable[..., Document]


def derived(read: Read, schema: Any) -> ArrowType | None:
    document = read(properties={"a": schema})
    return document.arrow[0].type if document.arrow else None


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, ArrowType("int64")),
        ({"type": "number"}, ArrowType("float64")),
        ({"type": ["integer", "number"]}, ArrowType("float64")),
        ({"enum": [1.5, 2.5]}, ArrowType("float64")),
        ({"type": "boolean"}, ArrowType("bool")),
        ({"type": "string"}, ArrowType("utf8")),
        ({"enum": ["B", "S"]}, ArrowType("utf8")),
        ({"type": "string", "format": "date-time"}, ArrowType("timestamp", unit="us", tz="UTC")),
        ({"type": "string", "format": "date"}, ArrowType("date32")),
        ({"type": "string", "format": "time"}, ArrowType("utf8")),
        ({"type": ["string", "null"]}, ArrowType("utf8")),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, ArrowType("int64")),
        (
            {"type": "array", "items": {"type": ["number", "null"]}},
            ArrowType("list", item=ArrowField("item", ArrowType("float64"), nullable=True)),
        ),
        (
            {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "string"}}, "required": ["x"]},
            ArrowType(
                "struct",
                fields=(ArrowField("x", ArrowType("int64"), nullable=False), ArrowField("y", ArrowType("utf8"))),
            ),
        ),
    ],
)
def test_each_json_type_has_its_arrow_type(read: Read, schema: dict[str, Any], kind: ArrowType) -> None:
    assert derived(read, schema) == kind


@pytest.mark.parametrize(
    ("schema", "kind", "at"),
    [
        ({}, "json", ""),
        (True, "json", ""),
        (False, "json", ""),
        ({"type": "null"}, "json", ""),
        ({"type": ["string", "integer"]}, "json", ""),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "json", ""),
        ({"type": "array"}, "json", ""),
        ({"type": "object"}, "json", ""),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "json", ""),
        ({"type": "array", "items": {"type": ["string", "integer"]}}, "list<json>", "/items"),
        (
            {"type": "object", "properties": {"x": {"type": "integer"}, "y": {}}},
            "struct<x: int64, y: json>",
            "/properties/y",
        ),
        ({"$ref": "#"}, "json", ""),
    ],
)
def test_what_no_one_type_fits_is_json_and_said_so(read: Read, schema: Any, kind: str, at: str) -> None:
    document = read(properties={"a": schema, "b": {"type": "string"}})
    assert [(field.name, describe(field.type)) for field in document.arrow] == [("a", kind), ("b", "utf8")]
    assert ("ARROW_NOT_DERIVED", f"/properties/a{at}") in [(note.reason, note.pointer) for note in document.warnings]
    assert f"a: {kind}" in document.warnings[0].message


def test_columns_are_in_the_documents_order_and_nullable_unless_required(read: Read) -> None:
    document = read(
        properties={"b": {"type": "string"}, "a": {"type": ["string", "null"]}, "c": {"type": "string"}},
        required=["b", "a"],
    )
    assert [(field.name, field.nullable) for field in document.arrow] == [("b", False), ("a", True), ("c", True)]


def test_a_document_says_that_its_types_are_derived(read: Read) -> None:
    document = read(properties={"ts": {"type": "string", "format": "date-time"}})
    assert document.arrow_derived
    (note,) = document.warnings
    assert note.reason == "ARROW_DERIVED"
    assert "ts: timestamp[us, UTC]" in note.message


def test_deep_recursion_ends(read: Read) -> None:
    node = {"type": "object", "properties": {name: {"$ref": "#/definitions/node"} for name in ("a", "b", "c")}}
    (root,) = read(properties={"root": {"$ref": "#/definitions/node"}}, definitions={"node": node}).arrow
    assert describe(root.type) == "json"
