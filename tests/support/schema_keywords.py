"""Every keyword of draft-07 with values that it may have, and some that it may not."""

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "", "é", "__proto__", "$ref", "a/b~c")
PATTERNS = (
    *(
        "^a",
        "b$",
        "^(ab)*$",
        "",
        "^$",
        "a|^b",
        "[^a]",
        r"\bZ",
        r"\B",
        r"\p{L}",
        r"^\d+$",
        r"\W",
        r"[\b]",
        r"\cA",
        "é+$",
    ),
    *("(?=a)", "(?i)a", "[", "(a+)+$", "a{2,1}", "a{0,1000}", r"(a)\1", "^.{3,}$", "[a-z&&[^b]]", r"\0", r"^\S{9}$"),
)
TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")
NUMBERS = (
    *(0, 1, 2, 3, -1, 0.5, 1.0, 1.5, -0.0, 1e300, -1e300, 1e308, 5e-324, 1e-10, 0.1, 0.3, 123456789.125),
    *(2**53, 2**53 + 1, 10**30, -(10**30), 10**200),
)
REFERENCES = (
    *("#", "#/definitions/a", "#/definitions/b", "#/properties/a", "#/definitions/a%2Fb~1c", "#a", "other", ""),
    *("http://json-schema.org/draft-07/schema#", "#/items", "#/allOf/0", "urn:x", "#/enum"),
)
FORMATS = ("date", "date-time", "email", "regex", "uri", "no such format", "")

numbers = st.sampled_from(NUMBERS)
counts = st.sampled_from([0, 1, 2, 3, 2.0, 0.0, 1e300, 10**9, 10**30])
texts = st.sampled_from(("a", "b", "ab", "", "é", "Z", "a Z", "2026-01-05", "x" * 40, "\u2028", "\U0001f600", "\x00"))
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=5,
)
names = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
illegal = values
"""Anything: for most keywords no legal value."""


def keyword(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """Give for each keyword the values that it may have."""
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    by_pattern = st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2)
    return {
        "$ref": st.sampled_from(REFERENCES),
        "$id": st.sampled_from(("#a", "http://example.com/x", "x", "", "urn:x")),
        "$schema": st.sampled_from(
            ("http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#")
        ),
        "$comment": texts,
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), max_size=3, unique=True),
        "enum": st.lists(values, max_size=4),
        "const": values,
        "multipleOf": numbers,
        "minimum": numbers,
        "maximum": numbers,
        "exclusiveMinimum": numbers,
        "exclusiveMaximum": numbers,
        "minLength": counts,
        "maxLength": counts,
        "pattern": st.sampled_from(PATTERNS),
        "items": inner | several | st.just([]),
        "additionalItems": inner,
        "contains": inner,
        "minItems": counts,
        "maxItems": counts,
        "uniqueItems": st.booleans(),
        "properties": named,
        "patternProperties": by_pattern,
        "additionalProperties": inner,
        "propertyNames": inner,
        "required": names,
        "minProperties": counts,
        "maxProperties": counts,
        "dependencies": st.dictionaries(st.sampled_from(NAMES), names | inner, max_size=2),
        "definitions": named,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "format": st.sampled_from(FORMATS),
        "default": values,
        "examples": st.lists(values, max_size=2),
        "title": texts,
        "readOnly": st.booleans(),
        "contentEncoding": texts,
        "contentMediaType": texts,
        "x-unknown": values,
    }


@st.composite
def some_keywords(draw: st.DrawFn, inner: st.SearchStrategy[Any], *, faulty: bool) -> dict[str, Any]:
    """A few keywords, beside one another as they come."""
    of = keyword(inner)
    chosen = draw(st.lists(st.sampled_from(sorted(of)), max_size=4, unique=True))
    made = {name: draw(of[name]) for name in chosen}
    if faulty and chosen and draw(st.integers(0, 9)) == 0:
        made[chosen[0]] = draw(illegal)
    return made


def schemas(*, faulty: bool) -> st.SearchStrategy[Any]:
    """Schemas of every keyword; where `faulty` is True some are none."""
    flat = st.booleans() | some_keywords(st.booleans() | st.just({}), faulty=faulty)
    return st.recursive(flat, lambda inner: some_keywords(inner, faulty=faulty), max_leaves=4)
