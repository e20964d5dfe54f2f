"""What `decide` says of small pairs that a person can check: old, new, and a witness where it is not compatible."""

from typing import Any

import pytest

from schemaregistry.compat import Outcome, decide
from schemaregistry.errors import InvalidArgument
from tests.support.patience import at_most_tenfold

COMPATIBLE = [
    ({"type": "integer"}, {"type": "number"}),
    ({"const": 1.0}, {"const": 1}),
    ({"const": 1.0}, {"type": "integer"}),
    ({"multipleOf": 6}, {"multipleOf": 1.5}),
    ({"minimum": 3, "maximum": 5, "type": "integer"}, {"enum": [3, 4, 5]}),
    ({"type": "number", "minimum": 2, "exclusiveMaximum": 2}, False),
    ({"type": "string", "pattern": "^[a-f]{2,4}$"}, {"minLength": 2, "maxLength": 4, "pattern": "^[a-z]*$"}),
    ({"type": "string", "pattern": "^(ab)+$"}, {"pattern": "b$"}),
    ({"type": "string", "pattern": "^\\d+$"}, {"pattern": "^[0-9]+$"}),
    ({"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"type": "number"}}}),
    ({"required": ["a", "b"]}, {"required": ["a"]}),
    ({"type": "object", "required": ["a"]}, {"minProperties": 1}),
    ({"propertyNames": {"enum": ["a", "b"]}}, {"maxProperties": 2}),
    ({"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True}, {"maxItems": 2}),
    ({"items": {"type": "integer"}, "minItems": 1, "type": "array"}, {"contains": {"type": "number"}}),
    ({"items": [{"type": "string"}], "additionalItems": False}, {"maxItems": 1}),
    ({"dependencies": {"a": ["b"]}, "required": ["a"], "type": "object"}, {"required": ["b"]}),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"type": ["string", "integer"]}),
    ({"if": {"type": "string"}, "then": {"minLength": 2}, "else": False}, {"type": "string", "minLength": 1}),
    ({"not": {"not": {"type": "null"}}}, {"type": "null"}),
    ({"format": "date"}, {}),
    ({"$ref": "#/definitions/t", "definitions": {"t": {"type": "string"}}, "minLength": 5}, {"type": "string"}),
]

INCOMPATIBLE = [
    ({"type": "number"}, {"type": "integer"}, 0.5),
    ({}, {"const": 1}, 0),
    ({"enum": [True, 1]}, {"const": 1}, True),
    ({"uniqueItems": True, "type": "array"}, {"maxItems": 1}, [0, ""]),
    ({"type": "integer"}, {"not": {"multipleOf": 7}}, 0),
    ({"type": "integer", "exclusiveMinimum": 6}, {"not": {"multipleOf": 7}}, 7),
    ({"type": "string", "pattern": "^(ab)+$"}, {"maxLength": 2}, "abab"),
    ({"type": "string"}, {"pattern": "^[^@]*$"}, "@"),
    ({"type": "object"}, {"required": ["price"]}, {}),
    ({"type": "object", "required": ["price"]}, {"additionalProperties": False, "properties": {}}, {"price": 0}),
    ({"type": "array"}, {"not": {"contains": {"const": 5}}}, [5]),
    ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, {"maximum": 3}, 4),
    ({"multipleOf": 3, "minimum": 6, "maximum": 6, "type": "integer"}, False, 6),
    ({"type": "array", "not": {"uniqueItems": True}}, False, [None, None]),
    ({"type": "array", "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}]}, False, [1, 2]),
    (
        {"type": "array", "contains": {"const": 1}, "not": {"contains": {"const": 2}}, "minItems": 2},
        {"maxItems": 1},
        [1, 0],
    ),
    ({"type": "array", "items": True, "additionalItems": False}, {"maxItems": 0}, [0]),
]

LIST: dict[str, Any] = {
    "definitions": {
        "node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}, "v": {"type": "integer"}}}
    },
    "$ref": "#/definitions/node",
}


def with_value(schema: Any) -> dict[str, Any]:
    node = LIST["definitions"]["node"]
    changed = node | {"properties": node["properties"] | {"v": schema}}
    return LIST | {"definitions": {"node": changed}}


@pytest.mark.parametrize(("old", "new"), COMPATIBLE)
def test_compatible(old: Any, new: Any) -> None:
    assert decide(old, new).outcome is Outcome.COMPATIBLE


@pytest.mark.parametrize(("old", "new", "witness"), INCOMPATIBLE)
def test_incompatible_with_the_smallest_witness(old: Any, new: Any, witness: Any) -> None:
    decision = decide(old, new)
    assert decision.outcome is Outcome.INCOMPATIBLE
    assert (type(decision.witness), decision.witness) == (type(witness), witness)


@pytest.mark.parametrize("first", [0, 1])
def test_one_member_may_serve_two_wants(first: int) -> None:
    """A member whose name starts with b, and a member that is no number: one is enough for both."""
    wants = [
        {"not": {"patternProperties": {"^b": {"minItems": 2}}}},
        {"not": {"additionalProperties": {"type": "number"}}},
    ]
    old = {"type": "object", "allOf": [wants[first], wants[1 - first]]}
    assert decide(old, {"minProperties": 2}).witness == {"b": []}


def test_two_members_are_needed_where_one_cant_serve_both() -> None:
    old = {
        "type": "object",
        "maxProperties": 1,
        "allOf": [{"required": ["a"]}, {"not": {"propertyNames": {"pattern": "^a"}}}],
    }
    assert decide(old, False).outcome is Outcome.COMPATIBLE


def test_a_recursive_schema_that_widens_is_compatible() -> None:
    assert decide(LIST, with_value({"type": "number"})).outcome is Outcome.COMPATIBLE


def test_a_recursive_schema_that_narrows_has_a_witness() -> None:
    assert decide(LIST, with_value({"minimum": 0})).witness == {"v": -1}


def test_a_recursive_schema_without_finite_instances_is_compatible_with_anything() -> None:
    endless = {
        "definitions": {"t": {"type": "object", "required": ["t"], "properties": {"t": {"$ref": "#/definitions/t"}}}}
    }
    assert decide(endless | {"$ref": "#/definitions/t"}, False).outcome is Outcome.COMPATIBLE


def test_what_was_empty_inside_a_search_need_not_be_empty_outside() -> None:
    """While `a` is searched, a `b` that needs an `a` is taken as empty; later it is not."""
    down, flat = {"items": {"$ref": "#/definitions/b"}, "minItems": 1}, {"items": {"const": 1}, "minItems": 2}
    a = {"type": "array", "anyOf": [down, flat]}
    b = {"type": "array", "items": {"$ref": "#/definitions/a"}, "minItems": 1}
    both = {"p": {"$ref": "#/definitions/a"}, "q": {"$ref": "#/definitions/b"}}
    old = {"definitions": {"a": a, "b": b}, "type": "object", "required": ["p", "q"], "properties": both}
    assert decide(old, False).witness == {"p": [1, 1], "q": [[1, 1]]}


def test_a_reference_to_itself_is_unknown_and_says_so() -> None:
    loop = {"definitions": {"t": {"anyOf": [{"$ref": "#/definitions/t"}, {"type": "null"}]}}}
    decision = decide(loop | {"$ref": "#/definitions/t"}, {})
    assert decision.outcome is Outcome.UNKNOWN
    assert "$ref" in decision.reason


def test_a_witness_looks_like_data_where_formats_are_named() -> None:
    old = {"type": "object", "properties": {"ts": {"type": "string", "format": "date-time"}}, "required": ["ts"]}
    assert decide(old, {"required": ["ts", "price"]}).witness == {"ts": "2026-01-05T09:30:00Z"}


def test_a_counterexample_that_one_validator_denies_is_unknown() -> None:
    """ECMA-262's \\d is ASCII; Python's `re`, the second referee, takes this digit too."""
    decision = decide({"const": "\u07c0"}, {"pattern": "^\\d$"})
    assert decision.outcome is Outcome.UNKNOWN
    assert "\u07c0" in decision.reason


def test_the_same_question_has_the_same_answer() -> None:
    old, new = {"type": ["object", "array"], "minProperties": 2}, {"maxProperties": 1}
    assert decide(old, new) == decide(old, new)


@pytest.mark.parametrize(
    "schema",
    [{"type": "float"}, 3, {"pattern": "(?=a)"}, {"$ref": "http://127.0.0.1:9/x"}, {"$ref": "#/definitions/no"}],
)
def test_what_is_no_usable_schema_is_refused_by_side(schema: Any) -> None:
    with pytest.raises(InvalidArgument) as refused:
        decide({}, schema)
    assert (refused.value.reason, refused.value.pointer.split("/")[1]) == ("BAD_SCHEMA", "new")


def tagged(count: int, least: int) -> dict[str, Any]:
    def member(kind: int) -> dict[str, Any]:
        value = {"type": "integer", "minimum": kind + least}
        return {"type": "object", "required": ["kind", "v"], "properties": {"kind": {"const": kind}, "v": value}}

    return {"oneOf": [member(kind) for kind in range(count)]}


def bomb(depth: int) -> dict[str, Any]:
    """2^depth expanded references."""
    chain = {f"d{i}": {"allOf": [{"$ref": f"#/definitions/d{i + 1}"}] * 2} for i in range(depth)}
    return {"definitions": chain | {f"d{depth}": {"type": "string"}}, "allOf": [{"$ref": "#/definitions/d0"}]}


def cases(count: int, least: int) -> dict[str, Any]:
    pairs = range(count)
    return {
        "allOf": [{"anyOf": [{"properties": {f"{name}{i}": {"minimum": i + least}}} for name in "ab"]} for i in pairs]
    }


HOSTILE = {
    "tagged union": (tagged(10, 1), tagged(10, 0)),
    "large tagged union": (tagged(60, 1), tagged(60, 0)),
    "reference bomb": (bomb(40), {"type": "string"}),
    "combinations": (cases(30, 1), cases(30, 0)),
    "nested loops": ({"type": "string", "pattern": "^(a+)+$"}, {"pattern": "^(a|aa)+$"}),
    "nested loops on a long constant": ({"const": "a" * 5000 + "!"}, {"pattern": "^(a+)+$"}),
    "many states": ({"pattern": "^.*a.{12}$"}, {"pattern": "^.*[ab].{12}$"}),
    "long text": ({"type": "string", "minLength": 90_000}, {"maxLength": 3}),
    "endless array": ({"type": "array", "minItems": 10**9}, {"maxItems": 3}),
    "lattice": ({"multipleOf": 1e-10, "minimum": 1e299}, {"multipleOf": 7}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_are_answered_in_time(name: str) -> None:
    old, new = HOSTILE[name]
    with at_most_tenfold(0.5):
        decide(old, new, seconds=0.5)


def test_a_thousand_columns_are_decided() -> None:
    def wide(**more: Any) -> dict[str, Any]:
        properties = {f"p{i}": {"type": "string", "pattern": f"^[a-z]{{1,{i % 7 + 2}}}$"} for i in range(1000)}
        return {"type": "object", "properties": properties | more, "required": ["p1"], "additionalProperties": False}

    assert decide(wide(), wide(venue={"type": "string"}), seconds=5).outcome is Outcome.COMPATIBLE
    assert decide(wide(venue={"type": "string"}), wide(), seconds=5).witness == {"p1": "a", "venue": ""}
