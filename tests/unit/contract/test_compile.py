"""Documents compiled: the same bytes for the same document, every rule at its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.contract import PLAN_VERSION, compile_contract
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2
from schemaregistry.v1.contract_pb2 import Check, Contract

SCHEMAS = sorted((Path(__file__).resolve().parents[3] / "schemas").glob("*.json"))


def compiled(properties: dict[str, Any], **rest: Any) -> Contract:
    document = {"$id": "c_v1", "version": "1.0.0", "type": "object", "properties": properties, **rest}
    return compile_contract(parse(json.dumps(document).encode()))


def kinds(contract: Contract, column: str) -> list[str | None]:
    """The kinds of the checks of a column, `fits` and `types` aside."""
    place = next(index for index, place in enumerate(contract.places) if place.member == column)
    found = [check.WhichOneof("kind") for check in contract.checks if check.place == place]
    return [kind for kind in found if kind not in ("fits", "types")]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_document_written_otherwise_gives_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    value = json.loads(data)
    turned = json.dumps(dict(sorted(value.items())), indent=7).encode()
    first, second = (compile_contract(parse(text)).SerializeToString(deterministic=True) for text in (data, turned))
    assert first == second
    assert Contract.FromString(first).SerializeToString(deterministic=True) == first


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_nothing_of_a_document_here_is_left_to_a_validator(path: Path) -> None:
    assert not compile_contract(parse(path.read_bytes())).residuals


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_pointer_leads_to_its_rule_in_the_document(path: Path) -> None:
    document = json.loads(path.read_bytes())
    contract = compile_contract(parse(path.read_bytes()))
    for check in contract.checks:
        found: Any = document
        for step in check.pointer.split("/")[1:]:
            found = found[int(step)] if isinstance(found, list) else found[step.replace("~1", "/").replace("~0", "~")]
        if check.rule == "false":
            assert found is False
        else:
            assert check.pointer.endswith("/type" if check.rule == "arrow" else f"/{check.rule}")
        assert check.expected or check.HasField("residual")


def test_the_columns_are_those_of_the_document_in_its_order() -> None:
    contract = compile_contract(parse(SCHEMAS[-2].read_bytes()))
    assert contract.id == "ticks_v1"
    assert contract.plan_version == PLAN_VERSION
    assert [(column.field.name, column.required) for column in contract.columns] == [
        ("ts", True),
        ("symbol", True),
        ("price", True),
        ("size", True),
        ("side", False),
        ("venue", False),
    ]
    assert [place.member for place in contract.places[1:]] == [column.field.name for column in contract.columns]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer", "minimum": 1}, "minimum"),
        ({"type": "integer", "exclusiveMinimum": 1}, "exclusive_minimum"),
        ({"type": "number", "maximum": 1.5}, "maximum"),
        ({"type": "number", "exclusiveMaximum": 1}, "exclusive_maximum"),
        ({"type": "integer", "multipleOf": 5}, "multiple_of"),
        ({"type": "number", "multipleOf": 0.01}, "multiple_of_decimal"),
        ({"type": "string", "enum": ["a"]}, "values"),
        ({"type": "boolean", "const": True}, "values"),
        ({"type": "string", "minLength": 1}, "min_length"),
        ({"type": "string", "maxLength": 1}, "max_length"),
        ({"type": "string", "pattern": "^a+$"}, "pattern"),
        ({"type": "string", "format": "ipv4"}, "format"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 1}, "min_items"),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 1}, "max_items"),
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, "unique_items"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}, "uniqueItems": True}, "residual"),
        ({"type": "integer", "anyOf": [{"minimum": 1}, {"maximum": -1}]}, "any_of"),
        ({"type": "integer", "oneOf": [{"minimum": 1}, {"maximum": -1}]}, "one_of"),
        ({"type": "integer", "not": {"const": 0}}, "not"),
        ({"type": "integer", "allOf": [{"minimum": 1}]}, "minimum"),
    ],
)
def test_each_keyword_is_a_check_of_its_kind(schema: dict[str, Any], kind: str) -> None:
    assert kinds(compiled({"a": schema}), "a") == [kind]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minLength": 1},
        {"type": "string", "minimum": 1},
        {"type": "string", "format": "no-such-format"},
        {"type": "integer", "title": "A", "description": "B", "default": 1, "examples": [1]},
        {"type": "integer", "if": {"const": 1}},
    ],
)
def test_what_can_not_fail_is_no_check(schema: dict[str, Any]) -> None:
    assert kinds(compiled({"a": schema}), "a") == []


def test_then_and_else_are_checks_under_a_guard() -> None:
    contract = compiled(
        {"side": {"type": "string"}, "limit": {"type": "number"}},
        **{
            "if": {"properties": {"side": {"const": "B"}}},
            "then": {"required": ["limit"]},
            "else": {"required": ["side"]},
        },
    )
    guarded = [
        (check.pointer, [(guard.condition, guard.holds) for guard in check.guards])
        for check in contract.checks
        if check.guards
    ]
    assert guarded == [("/else/required", [(0, False)]), ("/then/required", [(0, True)])]
    assert [check.pointer for check in contract.conditions[0].checks] == ["/if/properties/side/const"]


def test_a_reference_points_to_the_rule_that_it_leads_to() -> None:
    contract = compiled(
        {"a": {"$ref": "#/definitions/positive"}}, definitions={"positive": {"type": "integer", "minimum": 1}}
    )
    assert {check.pointer for check in contract.checks} >= {
        "/definitions/positive/minimum",
        "/definitions/positive/type",
    }


def test_nested_places_have_their_own_checks() -> None:
    level = {"type": "object", "properties": {"p": {"type": "number", "minimum": 0}}, "required": ["p"]}
    contract = compiled({"bids": {"type": "array", "items": level}})
    places = [(place.parent, place.member or ("item" if place.item else "")) for place in contract.places]
    assert places == [(0, ""), (0, "bids"), (1, "item"), (2, "p")]
    by_place = [
        (check.place, check.pointer) for check in contract.checks if check.WhichOneof("kind") in ("minimum", "present")
    ]
    assert by_place == [
        (3, "/properties/bids/items/properties/p/minimum"),
        (3, "/properties/bids/items/required"),
    ]
    assert contract.places[2].null_is_value


@pytest.mark.parametrize(
    ("schema", "is_value"),
    [
        ({"type": "integer"}, False),
        ({"type": ["integer", "null"]}, True),
        ({"type": ["integer", "null"], "enum": [1]}, True),
        ({"enum": ["a"]}, False),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, True),
        ({"$ref": "#/definitions/n"}, True),
    ],
)
def test_a_null_is_a_value_where_the_type_allows_it(schema: dict[str, Any], is_value: bool) -> None:
    contract = compiled({"a": schema}, definitions={"n": {"type": ["string", "null"]}})
    assert contract.places[1].null_is_value is is_value


def test_what_is_not_compiled_is_listed() -> None:
    contract = compiled(
        {"a": {"type": "integer"}},
        patternProperties={"^x_": {"type": "integer"}},
        additionalProperties=False,
        minProperties=1,
        dependencies={"a": ["b"]},
    )
    assert sorted((item.schema_pointer, list(item.keywords)) for item in contract.residuals) == [
        ("", ["additionalProperties", "patternProperties", "properties"]),
        ("", ["dependencies"]),
        ("", ["minProperties"]),
    ]


def test_a_property_without_an_arrow_type_of_its_own_is_json_judged_by_its_json_side() -> None:
    contract = compiled({"a": {"type": ["integer", "string"]}})
    assert [(column.field.name, column.field.type.name) for column in contract.columns] == [
        ("a", contract_pb2.TYPE_NAME_JSON)
    ]
    assert [(place.member, place.typed) for place in contract.places[1:]] == [("a", True)]
    assert {check.WhichOneof("kind") for check in contract.checks if check.place == 1} == {"fits", "residual"}
    assert [(item.schema_pointer, list(item.keywords)) for item in contract.residuals] == [("/properties/a", [])]


def test_references_that_multiply_are_refused() -> None:
    definitions: dict[str, Any] = {"d0": {"type": "integer", "minimum": 1, "maximum": 2, "multipleOf": 1}}
    for level in range(1, 16):
        definitions[f"d{level}"] = {"allOf": [{"$ref": f"#/definitions/d{level - 1}"}] * 2}
    with pytest.raises(InvalidArgument) as refused:
        compiled({"a": {"$ref": "#/definitions/d15"}}, definitions=definitions)
    assert refused.value.reason in ("TOO_MANY_CHECKS", "TOO_MANY_SCHEMAS")


def test_every_kind_of_the_proto_is_made_by_some_document() -> None:
    """So that no interpreter carries a kind that nothing gives it."""
    contract = compiled(
        {
            "i": {
                "type": "integer",
                "minimum": 1,
                "exclusiveMinimum": 0,
                "maximum": 9,
                "exclusiveMaximum": 10,
                "multipleOf": 1,
            },
            "s": {"type": "string", "enum": ["a"], "minLength": 1, "maxLength": 9, "pattern": "a", "format": "email"},
            "l": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
            "d": {"type": "number", "multipleOf": 0.5},
            "c": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 1}},
            "n": {"type": "integer", "anyOf": [True], "oneOf": [True], "not": False, "if": {"const": 1}, "then": False},
        },
        required=["i"],
        additionalProperties=False,
    )
    made = {check.WhichOneof("kind") for check in contract.checks}
    assert made == {field.name for field in Check.DESCRIPTOR.oneofs_by_name["kind"].fields}
