"""Arrays and objects of a small world, where trying everything there is tells the truth."""

from itertools import chain, combinations, product
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaregistry.compat import Outcome, decide

VALUES = (0, 1, 2)
KEYS = ("a", "b", "ab", "c")
ARRAYS = [list(items) for length in range(4) for items in product(VALUES, repeat=length)]
OBJECTS = [
    dict(zip(keys, values, strict=True))
    for keys in chain.from_iterable(combinations(KEYS, size) for size in range(5))
    for values in product(VALUES[:2], repeat=len(keys))
]
ARRAY_WORLD = {"type": "array", "items": {"enum": list(VALUES)}, "maxItems": 3}
OBJECT_WORLD = {"type": "object", "propertyNames": {"enum": list(KEYS)}, "additionalProperties": {"enum": [0, 1]}}

values = st.sampled_from([{"const": 0}, {"const": 1}, {"enum": [0, 1]}, {"enum": [1, 2]}, {"minimum": 1}, True, False])
small = st.integers(0, 3)
keys = st.sampled_from(KEYS)
patterns = st.sampled_from(["^a", "b$", "^a$", "^[ab]$", "c"])

array_keywords = st.one_of(
    values.map(lambda one: {"contains": one}),
    values.map(lambda one: {"items": one}),
    st.tuples(st.lists(values, min_size=1, max_size=3), values).map(
        lambda parts: {"items": parts[0], "additionalItems": parts[1]}
    ),
    small.map(lambda count: {"minItems": count}),
    small.map(lambda count: {"maxItems": count}),
    st.just({"uniqueItems": True}),
)
object_keywords = st.one_of(
    st.dictionaries(keys, values, max_size=2).map(lambda named: {"properties": named}),
    st.dictionaries(patterns, values, min_size=1, max_size=2).map(lambda named: {"patternProperties": named}),
    st.tuples(st.dictionaries(keys, values, max_size=2), values).map(
        lambda parts: {"properties": parts[0], "additionalProperties": parts[1]}
    ),
    st.lists(keys, max_size=2, unique=True).map(lambda names: {"required": names}),
    patterns.map(lambda pattern: {"propertyNames": {"pattern": pattern}}),
    small.map(lambda count: {"minProperties": count}),
    small.map(lambda count: {"maxProperties": count}),
    st.tuples(keys, keys).map(lambda pair: {"dependencies": {pair[0]: [pair[1]]}}),
)


def combined(keyword: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(keyword | keyword.map(lambda one: {"not": one}), min_size=1, max_size=4)


def check(world: dict[str, Any], instances: list[Any], old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    wide, narrow = {"allOf": [world, *old]}, {"allOf": new}
    valid_old, valid_new = jsonschema_rs.Draft7Validator(wide), jsonschema_rs.Draft7Validator(narrow)
    separating = [one for one in instances if valid_old.is_valid(one) and not valid_new.is_valid(one)]
    expected = Outcome.INCOMPATIBLE if separating else Outcome.COMPATIBLE
    decision = decide(wide, narrow, seconds=10)
    assert decision.outcome is expected, separating[:1]
    if separating:
        assert decision.witness in separating


exact = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


@exact
@given(combined(array_keywords), combined(array_keywords))
def test_arrays(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    check(ARRAY_WORLD, ARRAYS, old, new)


@exact
@given(combined(object_keywords), combined(object_keywords))
def test_objects(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    check(OBJECT_WORLD, OBJECTS, old, new)


number_keywords = st.one_of(
    st.sampled_from([0.5, 1, 1.5, 2, 3]).map(lambda one: {"multipleOf": one}),
    st.sampled_from([-1, 0, 0.5, 1, 2.5, 4]).flatmap(
        lambda limit: st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]).map(
            lambda name: {name: limit}
        )
    ),
    st.lists(st.sampled_from([0, 0.5, 1, 2, 3, 4]), min_size=1, max_size=3, unique=True).map(
        lambda some: {"enum": some}
    ),
    st.just({"type": "integer"}),
)
HALVES = [half / 2 if half % 2 else half // 2 for half in range(-8, 17)]


@exact
@given(combined(number_keywords), combined(number_keywords))
def test_numbers(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    check({"type": "number", "multipleOf": 0.5, "minimum": -4, "maximum": 8}, HALVES, old, new)
