"""References: local ones that lead somewhere are followed, all others are refused, and nothing is ever fetched."""

import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document

Refusal = Callable[..., tuple[str, str | None]]
Read = Callable[..., Document]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that opens a socket or a URL."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        pytest.fail("a socket was opened")

    for module, name in (
        (socket, "socket"),
        (socket, "create_connection"),
        (socket, "getaddrinfo"),
        (urllib.request, "urlopen"),
    ):
        monkeypatch.setattr(module, name, refuse)


@pytest.mark.parametrize(
    "reference",
    [
        "http://127.0.0.1:1/schema.json",
        "https://example.com/a#/definitions/x",
        "http://169.254.169.254/latest/meta-data",
        "http://json-schema.org/draft-07/schema#",
        "file:///etc/passwd",
        "//host/path",
        "other.json#/definitions/x",
        "ticks_v1#/definitions/x",
        "urn:uuid:0",
        "",
    ],
)
def test_references_out_of_the_document_are_refused(refusal: Refusal, reference: str) -> None:
    assert refusal(properties={"a": {"$ref": reference}}) == ("REMOTE_REF", "/properties/a/$ref")


@pytest.mark.parametrize(
    "reference",
    ["#/definitions/y", "#x", "#/required", "#/definitions/x~2", "#/%ff", "#/required/0", "#/required/01", "#/version"],
)
def test_references_that_lead_to_no_schema_are_refused(refusal: Refusal, reference: str) -> None:
    got = refusal(properties={"a": {"$ref": reference}, "b": {}}, definitions={"x": {}}, required=["b"])
    assert got == ("UNRESOLVED_REF", "/properties/a/$ref")


def test_a_reference_into_the_registrys_own_members_leads_nowhere(refusal: Refusal) -> None:
    got = refusal(properties={"a": {"$ref": "#/x-shared/a"}}, **{"x-shared": {"a": {"type": "string"}}})
    assert got == ("UNRESOLVED_REF", "/properties/a/$ref")


@pytest.mark.parametrize(
    ("reference", "definitions"),
    [
        ("#/definitions/x", {"x": {"type": "string"}}),
        ("#/definitions/x~1y", {"x/y": {"type": "string"}}),
        ("#/definitions/x%20y", {"x y": {"type": "string"}}),
        ("#/definitions/~0", {"~": {"type": "string"}}),
        ("#/definitions/x/allOf/0", {"x": {"allOf": [{"type": "string"}]}}),
        ("#/definitions/x", {"x": {"$ref": "#/definitions/y"}, "y": {"type": "string"}}),
    ],
)
def test_local_references_are_followed(read: Read, reference: str, definitions: dict[str, Any]) -> None:
    document = read(properties={"a": {"$ref": reference}}, definitions=definitions)
    assert document.arrow[0].type.name == "utf8"


def test_definitions_may_stand_where_later_drafts_have_them(read: Read) -> None:
    document = read(properties={"a": {"$ref": "#/$defs/x"}}, **{"$defs": {"x": {"type": "integer"}}})
    assert document.arrow[0].type.name == "int64"


def test_what_only_a_reference_leads_to_is_checked_as_draft_07(refusal: Refusal) -> None:
    got = refusal(properties={"a": {"$ref": "#/$defs/x"}}, **{"$defs": {"x": {"type": "text"}}})
    assert got == ("NOT_DRAFT07", "/$defs/x/type")


def test_properties_and_values_that_look_like_references_are_none(read: Read) -> None:
    remote = {"$ref": "http://host/", "$id": "http://host/"}
    document = read(
        properties={
            "$ref": {"type": "string"},
            "$id": {"type": "string"},
            "a": {"enum": [remote], "const": remote, "default": remote, "examples": [remote]},
        },
        examples=[remote],
        default=remote,
        dependencies={"$ref": ["a"]},
    )
    assert {field.name: field.type.name for field in document.arrow} == {"$ref": "utf8", "$id": "utf8", "a": "json"}


def test_what_stands_next_to_a_reference_is_ignored_and_said_so(read: Read) -> None:
    document = read(
        properties={"a": {"$ref": "#/definitions/x", "type": "integer", "allOf": [{"$ref": "#/properties/a"}]}},
        definitions={"x": {"type": "string"}},
    )
    assert document.arrow[0].type.name == "utf8"
    hidden = [note.pointer for note in document.warnings if note.reason == "HIDDEN_BY_REF"]
    assert hidden == ["/properties/a/allOf", "/properties/a/type"]


def test_remote_references_hidden_by_another_are_refused_too(refusal: Refusal) -> None:
    got = refusal(properties={"a": {"$ref": "#/definitions/x", "not": {"$ref": "http://host/"}}}, definitions={"x": {}})
    assert got == ("REMOTE_REF", "/properties/a/not/$ref")


@pytest.mark.parametrize(
    "members",
    [
        {"allOf": [{"$ref": "#"}]},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}},
        {"definitions": {"x": {"anyOf": [{"type": "null"}, {"$ref": "#/definitions/x"}]}}},
        {"definitions": {"x": {"not": {"if": {"$ref": "#/definitions/x"}}}}},
        {"definitions": {"x": {"dependencies": {"a": {"$ref": "#/definitions/x"}}}}},
    ],
)
def test_references_that_come_back_without_going_into_the_value_are_refused(
    refusal: Refusal, members: dict[str, Any]
) -> None:
    reason, _ = refusal(**members)
    assert reason == "REF_LOOP"


def test_a_tree_may_refer_to_itself(read: Read) -> None:
    node = {
        "type": "object",
        "properties": {"left": {"$ref": "#/definitions/node"}, "right": {"$ref": "#/definitions/node"}},
    }
    document = read(properties={"root": {"$ref": "#/definitions/node"}}, definitions={"node": node})
    assert document.id == "ticks_v1"


def test_a_reference_at_the_top_is_refused(refusal: Refusal) -> None:
    got = refusal(**{"$ref": "#/definitions/x"}, definitions={"x": {}})
    assert got == ("NOT_OBJECT_SCHEMA", "/$ref")


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"properties": {"a": {"$id": "http://host/x"}}}, "/properties/a/$id"),
        ({"definitions": {"x": {"items": [{"$id": "#here"}]}}}, "/definitions/x/items/0/$id"),
        ({"properties": {"a": {"$ref": "#", "$id": "x"}}}, "/properties/a/$id"),
    ],
)
def test_a_second_id_is_refused(refusal: Refusal, members: dict[str, Any], pointer: str) -> None:
    assert refusal(**members) == ("NESTED_ID", pointer)
