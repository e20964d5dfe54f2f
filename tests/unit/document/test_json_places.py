"""Where the values of a JSON text stand: lines and columns by JSON pointer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.document.json_places import TextPlace, places, spans
from schemaregistry.document.strict_json import pointer

TEXT = """{
  "$id": "a",
  "list": [1, {"x/y~z": "é\\"]"},
    3],
  "last": {}
}
"""


@pytest.mark.parametrize(
    ("at", "place"),
    [
        ("/$id", TextPlace(2, 3, 12)),
        ("/list/1/x~1y~0z", TextPlace(3, 16, 30)),
        ("/list/2", TextPlace(4, 5, 5)),
        ("/list", TextPlace(3, 3, 32)),
        ("/last", TextPlace(5, 3, 12)),
        ("", TextPlace(1, 1, 1)),
    ],
)
def test_a_value_is_found_with_its_key(at: str, place: TextPlace) -> None:
    assert places(TEXT, [at]) == {at: place}


def test_what_is_not_there_is_at_the_value_around_it() -> None:
    assert places(TEXT, ["/last/gone/far"]) == {"/last/gone/far": TextPlace(5, 3, 12)}


@pytest.mark.parametrize("text", ["", "{", '{"a', "]]]", '{"a": [1, 2', "\x00", '{"a" "b"}', '"\\ud800"', ",,,{:}"])
def test_what_is_not_json_does_no_harm(text: str) -> None:
    places(text, ["/a", ""])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 0, 3]), st.booleans())
def test_every_value_stands_where_it_is_said(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = spans(text)

    def look(path: tuple[str | int, ...], inner: Any) -> int:
        span = found[pointer(path)]
        assert json.loads(text[span.value : span.end]) == inner
        parts = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        return 1 + sum(look((*path, key), each) for key, each in parts)

    assert look((), value) == len(found)
