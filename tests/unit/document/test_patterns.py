"""Patterns: those that an engine of linear time can run are taken, the others get advice."""

from collections.abc import Callable

import pytest

from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument

Refusal = Callable[..., tuple[str, str | None]]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}[A-Z0-9]{9}[0-9]$",
        r"^\d+(\.\d{1,6})?$",
        r"^(a+)+$",
        r"\p{L}",
        r"^.{1,255}$",
        "",
        r"a|b|",
        r"^[\w.-]+\s*$",
    ],
)
def test_linear_patterns_are_taken(read: Callable[..., Document], pattern: str) -> None:
    assert read(properties={"a": {"type": "string", "pattern": pattern}}).id == "ticks_v1"


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("(?=a)b", "Look-around"),
        ("a(?!b)", "Look-around"),
        ("(?<=a)b", "Look-around"),
        ("(?<!a)b", "Look-around"),
        (r"(a)\1", "Back-references"),
        (r"(?<x>a)\k<x>", "Back-references"),
        ("(?i)a", "Flags"),
        ("[", "ECMA-262"),
        ("a{2,1}", "ECMA-262"),
        ("(a{1000}){1000}", "maxLength"),
        ("((a{100}){100}){100}", "maxLength"),
        ("a" * 5000, "5,000 characters"),
        ("[^]", "no empty class"),
        ("a|[]", "no empty class"),
        (r"^\0$", "NUL"),
        (r"[a\0]", "NUL"),
        (r"[\b]", "backspace"),
        (r"^\ud83d\ude00$", "surrogate"),
        (r"[\uD800-\uDFFF]", "surrogate"),
        (r"\u{d800}", "surrogate"),
        (r"\p{RGI_Emoji}", "doesn't know a part"),
        (r"\p{RGI_Emoji}{2}", "doesn't know a part"),
        (r"(\u{1F600}[[]{1000}){1000}", "maxLength"),
    ],
)
def test_other_patterns_are_refused_with_what_to_write_instead(pattern: str, advice: str) -> None:
    escaped = pattern.replace("\\", "\\\\")
    data = f'{{"$id": "t", "version": "1.0.0", "type": "object", "properties": {{"a": {{"pattern": "{escaped}"}}}}}}'
    with pytest.raises(InvalidArgument, match=advice) as caught:
        parse(data.encode())
    assert (caught.value.reason, caught.value.pointer) == ("BAD_PATTERN", "/properties/a/pattern")


def test_keys_of_pattern_properties_are_patterns(refusal: Refusal) -> None:
    assert refusal(patternProperties={"^(?!x)": {}}) == ("BAD_PATTERN", "/patternProperties/^(?!x)")


def test_a_definition_that_nobody_uses_is_checked_too(refusal: Refusal) -> None:
    assert refusal(definitions={"x": {"pattern": "("}}) == ("BAD_PATTERN", "/definitions/x/pattern")


def test_a_property_named_pattern_is_none(read: Callable[..., Document]) -> None:
    assert read(properties={"pattern": {"type": "string"}}, examples=[{"pattern": "("}]).arrow[0].name == "pattern"
