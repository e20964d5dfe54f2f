"""What a document must be as JSON Schema: draft-07, and of objects."""

from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument

Refusal = Callable[..., tuple[str, str | None]]
Read = Callable[..., Document]


@pytest.mark.parametrize(
    "stated", ["http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema"]
)
def test_draft_07_is_stated_with_or_without_the_fragment(read: Read, stated: str) -> None:
    assert read(**{"$schema": stated}).schema["$schema"] == stated


def test_the_draft_may_be_left_out(read: Read) -> None:
    assert "$schema" not in read().schema


@pytest.mark.parametrize(
    "stated",
    [
        "https://json-schema.org/draft/2020-12/schema",
        "http://json-schema.org/draft-04/schema#",
        "https://json-schema.org/draft-07/schema#",
        "http://host/",
        7,
        None,
    ],
)
def test_any_other_draft_is_refused(refusal: Refusal, stated: Any) -> None:
    assert refusal(**{"$schema": stated}) == ("NOT_DRAFT07", "/$schema")


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"properties": {"a": {"type": "text"}}}, "/properties/a/type"),
        ({"properties": {"type": 5}}, "/properties/type"),
        ({"properties": []}, "/properties"),
        ({"required": "a"}, "/required"),
        ({"required": ["a", "a"]}, "/required"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"properties": {"a": {"multipleOf": 0}}}, "/properties/a/multipleOf"),
        ({"allOf": []}, "/allOf"),
        ({"allOf": [{"if": 1}]}, "/allOf/0/if"),
        ({"properties": {"a": {"$ref": 1}}}, "/properties/a/$ref"),
        ({"title": 1}, "/title"),
    ],
)
def test_what_the_meta_schema_refuses_is_refused_at_its_place(
    refusal: Refusal, members: dict[str, Any], pointer: str
) -> None:
    assert refusal(**members) == ("NOT_DRAFT07", pointer)


def test_a_wrong_type_gets_the_list_of_types() -> None:
    with pytest.raises(InvalidArgument, match='"strin" isn\'t a type; there are array, boolean'):
        parse(b'{"$id": "t", "version": "1.0.0", "type": "strin"}')


@pytest.mark.parametrize("stated", ["array", ["object", "null"], ["object"]])
def test_a_document_describes_objects(refusal: Refusal, stated: Any) -> None:
    assert refusal(type=stated) == ("NOT_OBJECT_SCHEMA", "/type")


def test_the_type_must_be_stated() -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(b'{"$id": "t", "version": "1.0.0"}')
    assert (caught.value.reason, caught.value.pointer) == ("NOT_OBJECT_SCHEMA", "")


def test_a_draft_stated_below_the_top_is_refused(refusal: Refusal) -> None:
    got = refusal(properties={"a": {"$schema": "http://json-schema.org/draft-07/schema#"}})
    assert got == ("NESTED_SCHEMA", "/properties/a/$schema")
