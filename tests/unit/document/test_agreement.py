"""Arrow block and JSON side: each disagreement is refused, with the pointer of the field at fault."""

from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document, Note

Refusal = Callable[..., tuple[str, str | None]]
Read = Callable[..., Document]

UTF8 = {"name": "utf8"}
MOMENT = {"name": "timestamp", "unit": "us", "tz": "UTC"}


def block(kind: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"fields": [{"name": "a", "type": kind, **members}]}


def dictionary(index: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"name": "dictionary", "index": {"name": index}, "value": value}


def listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"name": "list", "item": item}


def struct(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"name": "struct", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}


def test_a_field_without_a_property_is_refused(refusal: Refusal) -> None:
    assert refusal(properties={}, arrow=block(UTF8)) == ("ARROW_MISMATCH", "/arrow/fields/0/name")


def test_a_property_without_a_field_is_refused(refusal: Refusal) -> None:
    got = refusal(properties={"a": {"type": "string"}, "b": {"type": "string"}}, arrow=block(UTF8))
    assert got == ("ARROW_MISMATCH", "/properties/b")


def test_the_order_of_fields_is_the_blocks_own(read: Read) -> None:
    fields = [{"name": name, "type": UTF8} for name in ("b", "a")]
    document = read(properties={"a": {"type": "string"}, "b": {"type": "string"}}, arrow={"fields": fields})
    assert [field.name for field in document.arrow] == ["b", "a"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, {"name": "int32"}),
        ({"type": "number"}, {"name": "int64"}),
        ({"type": ["integer", "string"]}, {"name": "int64"}),
        ({"type": "boolean"}, {"name": "int8"}),
        ({"type": "integer"}, {"name": "bool"}),
        ({"type": "integer"}, UTF8),
        ({"type": "string"}, {"name": "float64"}),
        ({"type": "string"}, {"name": "decimal128", "precision": 9, "scale": 2}),
        ({"type": "object"}, UTF8),
        ({"type": "array", "items": {"type": "string"}}, UTF8),
        ({"type": "string"}, listed(UTF8)),
        ({"type": "string"}, struct()),
        ({"type": "integer"}, MOMENT),
        ({"enum": ["a", 1]}, UTF8),
        ({"const": 1.5}, {"name": "int64"}),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, {"name": "int64"}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, {"name": "int64"}),
        ({}, UTF8),
        (True, UTF8),
        ({"allOf": [{"type": ["string", "integer"]}]}, UTF8),
        # a text that is no date can't be one
        ({"type": "string"}, {"name": "date32"}),
        ({"type": "string", "format": "date-time"}, {"name": "date32"}),
        ({"type": "string", "format": "date"}, MOMENT),
        ({"type": "string", "format": "date-time"}, {"name": "time64", "unit": "us"}),
        ({"anyOf": [{"type": "string"}, {"type": "string", "format": "date"}]}, {"name": "date32"}),
        # bounds and listed values beyond the type
        ({"type": "integer", "minimum": 0, "maximum": 300}, {"name": "uint8"}),
        ({"type": "integer", "minimum": -1, "maximum": 5}, {"name": "uint64"}),
        ({"type": "integer", "minimum": 0, "maximum": 2**31}, {"name": "int32"}),
        ({"enum": [1, 2**63]}, {"name": "int64"}),
        ({"type": "number", "maximum": 100}, {"name": "decimal128", "precision": 4, "scale": 2}),
    ],
)
def test_a_type_that_cant_hold_the_values_is_refused(refusal: Refusal, schema: Any, kind: dict[str, Any]) -> None:
    assert refusal(properties={"a": schema}, arrow=block(kind)) == ("ARROW_MISMATCH", "/arrow/fields/0/type")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, {"name": "int64"}),
        ({"type": "integer", "exclusiveMinimum": -129, "exclusiveMaximum": 128}, {"name": "int8"}),
        ({"type": "number", "exclusiveMaximum": 100}, {"name": "decimal128", "precision": 4, "scale": 2}),
        ({"type": "number"}, {"name": "float32"}),
        ({"type": "number"}, {"name": "decimal128", "precision": 18, "scale": 6}),
        ({"type": ["integer", "null"]}, {"name": "int64"}),
        ({"enum": [1, 2, None]}, {"name": "int8"}),
        ({"const": 1.0}, {"name": "int8"}),
        ({"type": ["string", "integer"], "enum": ["B", "S"]}, UTF8),
        ({"allOf": [{"type": ["string", "integer"]}, {"type": ["string", "null"]}]}, UTF8),
        ({"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]}, {"name": "date32"}),
        ({"allOf": [{"type": "string"}, {"format": "date-time"}]}, MOMENT),
        ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "s"}),
        ({"type": "string", "format": "date-time"}, UTF8),
        ({"type": "string", "format": "date-time"}, {"name": "large_utf8"}),
        ({"type": "string", "contentEncoding": "base64"}, {"name": "binary"}),
        ({"enum": ["B", "S"]}, dictionary("int8", UTF8)),
        ({"type": "string", "format": "date"}, dictionary("int16", {"name": "date32"})),
        (
            {"type": "array", "items": [{"type": "number"}, {"type": "integer"}], "additionalItems": False},
            listed({"name": "float64"}),
        ),
        ({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}, listed(UTF8)),
        (False, UTF8),
    ],
)
def test_a_type_that_holds_the_values_is_taken(read: Read, schema: Any, kind: dict[str, Any]) -> None:
    document = read(properties={"a": schema}, arrow=block(kind))
    assert document.arrow[0].type.name == kind["name"]
    assert document.warnings == ()


def test_references_are_looked_through(read: Read, refusal: Refusal) -> None:
    members = {"properties": {"a": {"$ref": "#/definitions/x"}}, "definitions": {"x": {"type": "string"}}}
    assert read(**members, arrow=block(UTF8)).arrow[0].type.name == "utf8"
    assert refusal(**members, arrow=block({"name": "int64"})) == ("ARROW_MISMATCH", "/arrow/fields/0/type")


def test_columns_of_a_base_record_count(read: Read, refusal: Refusal) -> None:
    members = {
        "allOf": [{"$ref": "#/definitions/base"}],
        "definitions": {"base": {"properties": {"a": {"type": "string"}}, "required": ["a"]}},
    }
    assert read(**members, arrow=block(UTF8)).arrow[0].nullable is False
    assert refusal(**members, arrow={"fields": []})[0] == "ARROW_MISMATCH"


@pytest.mark.parametrize(
    ("schema", "required", "nullable"),
    [
        ({"type": "string"}, True, False),
        ({"type": "string"}, False, True),
        ({"type": ["string", "null"]}, True, True),
        ({"enum": ["a", None]}, True, True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True, True),
    ],
)
def test_a_column_is_nullable_unless_required_and_never_null(
    read: Read, schema: dict[str, Any], required: bool, nullable: bool
) -> None:
    document = read(properties={"a": schema}, required=["a"] if required else [], arrow=block(UTF8))
    assert document.arrow[0].nullable is nullable


def test_a_column_may_be_nullable_though_it_need_not(read: Read) -> None:
    document = read(properties={"a": {"type": "string"}}, required=["a"], arrow=block(UTF8, nullable=True))
    assert document.arrow[0].nullable is True


@pytest.mark.parametrize(("schema", "required"), [({"type": "string"}, []), ({"type": ["string", "null"]}, ["a"])])
def test_a_column_that_may_lack_values_cant_exclude_nulls(
    refusal: Refusal, schema: dict[str, Any], required: list[str]
) -> None:
    got = refusal(properties={"a": schema}, required=required, arrow=block(UTF8, nullable=False))
    assert got == ("ARROW_MISMATCH", "/arrow/fields/0/nullable")


@pytest.mark.parametrize(
    ("schema", "kind", "inner"),
    [
        ({"type": "array", "items": {"type": "string"}}, listed({"name": "int64"}), "/item"),
        ({"type": "array"}, listed(UTF8), "/item"),
        ({"type": "array", "items": [{"type": "string"}]}, listed({"name": "int64"}), "/item"),
        (
            {"type": "array", "items": {"type": "string"}},
            listed({"name": "x", "type": {"name": "int64"}}),
            "/item/type",
        ),
        (
            {"type": "array", "items": {"type": ["string", "null"]}},
            listed({"name": "x", "type": UTF8, "nullable": False}),
            "/item/nullable",
        ),
        ({"type": "object", "properties": {"x": {"type": "string"}}}, struct(x={"name": "int8"}), "/fields/0/type"),
        ({"type": "object", "properties": {"x": {"type": "string"}}}, struct(y=UTF8), "/fields/0/name"),
        ({"enum": ["a"]}, dictionary("int8", {"name": "int64"}), "/value"),
        ({"enum": [f"v{i}" for i in range(129)]}, dictionary("int8", UTF8), "/index"),
    ],
)
def test_parts_of_a_type_must_agree_too(refusal: Refusal, schema: Any, kind: dict[str, Any], inner: str) -> None:
    got = refusal(properties={"a": schema}, arrow=block(kind))
    assert got == ("ARROW_MISMATCH", f"/arrow/fields/0/type{inner}")


def test_a_member_without_a_field_is_refused(refusal: Refusal) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}}
    got = refusal(properties={"a": schema}, arrow=block(struct(x=UTF8)))
    assert got == ("ARROW_MISMATCH", "/properties/a/properties/y")


def test_members_of_a_struct_are_nullable_by_their_own_required(read: Read) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}, "required": ["y"]}
    fields = read(properties={"a": schema}, arrow=block(struct(x=UTF8, y=UTF8))).arrow[0].type.fields
    assert [(field.name, field.nullable) for field in fields] == [("x", True), ("y", False)]


@pytest.mark.parametrize(
    ("kind", "bounds", "missing"),
    [
        ("int32", {}, ['"minimum": -2147483648', '"maximum": 2147483647']),
        ("int32", {"minimum": 0}, ['"maximum": 2147483647']),
        ("int8", {"maximum": 5}, ['"minimum": -128']),
        ("uint32", {"minimum": 0}, ['"maximum": 4294967295']),
        ("uint64", {}, ['"minimum": 0']),
        ("float64", {}, ['"minimum": -9007199254740992', '"maximum": 9007199254740992']),
        ("float32", {"minimum": 0}, ['"maximum": 16777216']),
    ],
)
def test_an_integer_without_bounds_in_a_narrower_type_is_noted(
    read: Read, kind: str, bounds: dict[str, int], missing: list[str]
) -> None:
    (note,) = read(properties={"a": {"type": "integer", **bounds}}, arrow=block({"name": kind})).warnings
    assert isinstance(note, Note)
    assert (note.reason, note.pointer) == ("BOUNDS_MISSING", "/arrow/fields/0/type")
    assert all(bound in note.message for bound in missing)
    assert ('"minimum"' in note.message) == any("minimum" in bound for bound in missing)
