"""Laws that tie what is said of a schema to what a validator lets through."""

import json
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaregistry.document import ArrowField, ArrowType, parse
from schemaregistry.document.references import walk
from schemaregistry.document.shape import FRACTION, NUMERIC, Shapes

kinds = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
numbers = st.integers(-3, 3) | st.sampled_from([-0.5, 0.5, 1.5])
instances = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from(["", "a", "2026-01-05"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=4,
)


def schemas_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = {
        "type": kinds | st.lists(kinds, min_size=1, max_size=3, unique=True),
        "enum": st.lists(instances, max_size=3),
        "const": instances,
        "minimum": numbers,
        "exclusiveMaximum": numbers,
        "exclusiveMinimum": numbers,
        "maximum": numbers,
        "items": inner | st.lists(inner, min_size=1, max_size=2),
        "additionalItems": inner,
        "additionalProperties": inner,
        "properties": st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
        "required": st.lists(st.sampled_from("xy"), max_size=2, unique=True),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
    }
    return st.booleans() | st.fixed_dictionaries({}, optional=keywords).filter(lambda schema: len(schema) <= 3)


plain = st.fixed_dictionaries({"type": kinds}) | st.booleans()
schemas = st.deferred(lambda: plain | schemas_of(plain | st.deferred(lambda: schemas_of(plain))))


def kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "integer" if value == int(value) else FRACTION
    return {str: "string", list: "array", dict: "object"}[type(value)]


@settings(max_examples=300)
@given(schemas, instances)
def test_what_a_schema_lets_through_is_within_its_shape(schema: Any, value: Any) -> None:
    root = {"type": "object", "properties": {"a": schema}}
    shapes = Shapes(walk(root))
    path = ("properties", "a")
    if not jsonschema_rs.Draft7Validator(schema, offline=True).is_valid(value):
        return
    shape = shapes.of(path)
    assert kind_of(value) in shape.kinds
    assert kind_of(value) not in NUMERIC or shape.low <= value <= shape.high
    assert value is None or shape.count >= 1
    if isinstance(value, dict):
        assert shapes.required([path]) <= value.keys()
        for name, places in shapes.members([path]).items():
            assert name not in value or kind_of(value[name]) in shapes.any_of(places).kinds
    if isinstance(value, list) and shapes.items([path]):
        assert {kind_of(item) for item in value} <= shapes.any_of(shapes.items([path])).kinds


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["p", "q"]), schemas), st.lists(st.sampled_from(["p", "q"]), unique=True))
def test_the_derived_types_written_out_agree_with_the_document(properties: dict[str, Any], required: list[str]) -> None:
    def text(**members: Any) -> bytes:
        return json.dumps({"$id": "a", "version": "1.0.0", "type": "object", **members}).encode()

    derived = parse(text(properties=properties, required=required))
    kept = {field.name: properties[field.name] for field in derived.arrow}
    block = {"fields": [written_field(field) for field in derived.arrow]}
    assert parse(text(properties=kept, required=required, arrow=block)).arrow == derived.arrow


def written_field(field: ArrowField) -> dict[str, Any]:
    return {"name": field.name, "type": written_type(field.type), "nullable": field.nullable}


def written_type(kind: ArrowType) -> dict[str, Any]:
    plain = {"name": kind.name, "unit": kind.unit, "tz": kind.tz}
    written = {name: value for name, value in plain.items() if value is not None}
    if kind.item:
        written["item"] = written_field(kind.item)
    if kind.name == "struct":
        written["fields"] = [written_field(field) for field in kind.fields]
    return written
