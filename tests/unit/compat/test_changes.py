"""The structural difference of two schemas: complete, and each change at its place."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings

from schemaregistry.compat.changes import apply, edits
from schemaregistry.compat.constant import freeze
from tests.support.schema_strategies import pairs


@pytest.mark.parametrize(
    ("old", "new", "kind", "pointer"),
    [
        ({}, {"required": ["a"]}, "required_added", "/required"),
        ({"required": ["a", "b"]}, {"required": ["b"]}, "required_removed", "/required"),
        ({"properties": {"a/b": {}}}, {"properties": {}}, "property_removed", "/properties/a~1b"),
        (
            {"properties": {"a": {"enum": [1]}}},
            {"properties": {"a": {"enum": [1, 2]}}},
            "enum_widened",
            "/properties/a/enum",
        ),
        ({"enum": [1, 2]}, {"enum": [1]}, "enum_narrowed", "/enum"),
        ({"type": "string"}, {"type": ["string", "null"]}, "type_widened", "/type"),
        ({"minimum": 1}, {"minimum": 2.5}, "minimum_raised", "/minimum"),
        ({"maxLength": 4}, {"maxLength": 3}, "max_length_lowered", "/maxLength"),
        ({"items": {"pattern": "a"}}, {"items": {"pattern": "b"}}, "pattern_changed", "/items/pattern"),
        ({"allOf": [{}, {"title": "x"}]}, {"allOf": [{}, {}]}, "annotation_changed", "/allOf/1/title"),
        (
            {"additionalProperties": False},
            {"additionalProperties": True},
            "additional_properties_changed",
            "/additionalProperties",
        ),
        ({"format": "date"}, {"format": "time"}, "format_changed", "/format"),
        ({}, {"definitions": {"t": {}}}, "definition_added", "/definitions/t"),
    ],
)
def test_a_change_has_its_kind_and_place(old: Any, new: Any, kind: str, pointer: str) -> None:
    (edit,) = edits(old, new)
    assert (edit.kind, edit.pointer) == (kind, pointer)


def test_equal_numbers_and_orders_are_no_change() -> None:
    assert not list(edits({"minimum": 1, "const": {"a": 1, "b": 2}}, {"const": {"b": 2, "a": 1.0}, "minimum": 1.0}))


@settings(max_examples=100, deadline=None)
@given(pairs())
def test_all_changes_together_make_the_new_schema(pair: tuple[Any, Any]) -> None:
    old, new = pair
    made = reduce(apply, edits(old, new), old)
    assert freeze(_plain(made)) == freeze(_plain(new))


def _plain(schema: Any) -> Any:
    """Without the order of `required`, and without lists and maps that say nothing."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: sorted(value) if name == "required" else _plain(value) for name, value in schema.items()}
    return {
        name: value for name, value in members.items() if value not in ({}, []) or name in ("const", "not", "items")
    }
