"""Strategies for small draft-07 schemas, pairs of them, and instances that live near their limits."""

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "ab", "x-1", "é")
PATTERNS = ("^a", "b$", "^[a-z]+$", "a", "^(ab)*$", "[0-9]", "^a?b{1,2}$", "^$", "a|^b", "^.{2,3}$", "(a|b$)", "^[^a]")
TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")

scalars = st.sampled_from(
    [None, True, False, 0, 1, 2, 3, 4, 5, 6, -1, 0.5, 1.5, 10, "", "a", "b", "ab", "abab", "0", "é"]
)
instances = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
_small = st.integers(0, 3)
_limits = st.sampled_from([0, 1, 2, 3, 5, -1, 0.5, 2.5])
_names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)


def _distinct(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(value == other for other in found):
            found.append(value)
    return found


_enums = st.lists(instances, min_size=1, max_size=3).map(_distinct)


def _keywords(sub: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    named = st.dictionaries(st.sampled_from(NAMES), sub, min_size=1, max_size=2)
    several = st.lists(sub, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True),
            "enum": _enums,
            "const": instances,
            "minimum": _limits,
            "exclusiveMaximum": _limits,
            "multipleOf": st.sampled_from([1, 2, 3, 0.5, 1.5]),
            "minLength": _small,
            "maxLength": _small,
            "pattern": st.sampled_from(PATTERNS),
            "items": sub | several,
            "additionalItems": sub,
            "contains": sub,
            "minItems": _small,
            "maxItems": _small,
            "uniqueItems": st.booleans(),
            "properties": named,
            "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), sub, max_size=2),
            "additionalProperties": sub,
            "propertyNames": sub,
            "required": _names,
            "minProperties": _small,
            "maxProperties": _small,
            "dependencies": st.dictionaries(st.sampled_from(NAMES), _names | sub, max_size=2),
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": sub,
            "if": sub,
            "then": sub,
            "else": sub,
        },
    )


@st.composite
def _few_keywords(draw: st.DrawFn, sub: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Two or three keywords that say something together, rather than thirty that contradict one another."""
    every: dict[str, Any] = draw(_keywords(sub))
    kept = draw(st.lists(st.sampled_from(sorted(every) or ["type"]), max_size=3, unique=True))
    return {name: every[name] for name in kept if name in every}


flat = st.booleans() | _few_keywords(st.just({}) | st.booleans())
schemas = st.recursive(flat, _few_keywords, max_leaves=4)


@st.composite
def recursive_schemas(draw: st.DrawFn) -> dict[str, Any]:
    """A linked structure: every reference goes down a member or an element."""
    again = {"$ref": "#/definitions/t"}
    node = draw(_few_keywords(flat))
    down = draw(st.sampled_from([{"properties": {"a": again}}, {"items": again}, {"additionalProperties": again}]))
    return {"definitions": {"t": {"allOf": [node, down]}}, **down, "minProperties": draw(_small)}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two schemas, related more often than not."""
    old, new = draw(schemas), draw(schemas)
    how = draw(st.sampled_from(["as they are", "wider", "narrower", "same", "recursive"]))
    match how:
        case "wider":
            return old, {"anyOf": [old, new]}
        case "narrower":
            return {"allOf": [old, new]}, old
        case "same":
            return old, {"not": {"not": old}}
        case "recursive":
            return draw(recursive_schemas()), draw(recursive_schemas())
        case _:
            return old, new
