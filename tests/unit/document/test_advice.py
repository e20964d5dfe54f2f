"""Notes on what draft-07 silently ignores."""

from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document

Read = Callable[..., Document]


def notes(document: Document) -> list[tuple[str, str]]:
    return [(note.reason, note.pointer) for note in document.warnings if not note.reason.startswith("ARROW")]


@pytest.mark.parametrize(
    ("members", "reason", "pointer", "said"),
    [
        ({"requird": ["a"]}, "UNKNOWN_KEYWORD", "/requird", 'Is "required" meant?'),
        ({"properties": {"a": {"maxlength": 3}}}, "UNKNOWN_KEYWORD", "/properties/a/maxlength", '"maxLength"'),
        ({"properties": {"a": {"prefixItems": []}}}, "UNKNOWN_KEYWORD", "/properties/a/prefixItems", "ignored"),
        ({"properties": {"a": {"format": "datetime"}}}, "UNKNOWN_FORMAT", "/properties/a/format", '"date-time"'),
        ({"properties": {"price": {}}, "required": ["prise"]}, "UNKNOWN_PROPERTY", "/required/0", '"price"'),
        ({"properties": {"a": {"x-aliases": ["b"]}}}, "MISPLACED_MEMBER", "/properties/a/x-aliases", "at the top"),
    ],
)
def test_what_is_ignored_is_said(read: Read, members: dict[str, Any], reason: str, pointer: str, said: str) -> None:
    document = read(**members)
    assert notes(document) == [(reason, pointer)]
    assert any(said in note.message for note in document.warnings)


def test_a_document_of_known_keywords_has_no_notes(read: Read) -> None:
    document = read(
        properties={"a": {"type": "string", "format": "date", "$comment": "c", "deprecated": True, "x-unit": "USD"}},
        required=["a"],
        **{"$defs": {}, "x-anything": 1},
    )
    assert notes(document) == []
