"""Edits of JSON texts: the value changes as asked, and the rest of the text stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.document.json_edit import inserted, removed, replaced, text_at

TEXT = """{
  "a": [ 1, 2 ],
  "b": {
    "c": { "x": 1 },
    "d": {}
  }
}
"""


def test_a_value_is_replaced_in_its_place() -> None:
    assert text_at(TEXT, "/a") == "[ 1, 2 ]"
    assert replaced(TEXT, "/b/c/x", '"y"') == TEXT.replace('"x": 1', '"x": "y"')


@pytest.mark.parametrize(
    ("pointer", "old", "new"),
    [
        ("/a/0", "[ 1, 2 ]", "[ 2 ]"),
        ("/a/1", "[ 1, 2 ]", "[ 1 ]"),
        ("/b/c/x", '{ "x": 1 }', "{ }"),
        ("/b/d", '{ "x": 1 },\n    "d": {}', '{ "x": 1 }'),
        ("/b/c", '"c": { "x": 1 },\n    "d"', '"d"'),
    ],
)
def test_a_part_goes_with_its_comma(pointer: str, old: str, new: str) -> None:
    assert removed(TEXT, pointer) == TEXT.replace(old, new)


@pytest.mark.parametrize(
    ("within", "name", "at", "old", "new"),
    [
        ("/a", None, None, "[ 1, 2 ]", "[ 1, 2, 7 ]"),
        ("/a", None, 0, "[ 1, 2 ]", "[ 7, 1, 2 ]"),
        ("/b", "e", None, '"d": {}', '"d": {},\n    "e": 7'),
        ("/b", "e", 0, '"c": {', '"e": 7,\n    "c": {'),
        ("/b/d", "e", None, '"d": {}', '"d": {"e": 7}'),
    ],
)
def test_a_part_is_put_in_with_its_neighbours_space(
    within: str, name: str | None, at: int | None, old: str, new: str
) -> None:
    assert inserted(TEXT, within, "7", name=name, at=at) == TEXT.replace(old, new)


LISTS = st.lists(st.integers() | st.lists(st.booleans(), max_size=2) | st.text(max_size=3), min_size=1, max_size=5)


@given(LISTS, st.data(), st.sampled_from([None, 2]))
def test_edits_do_to_the_text_what_they_do_to_the_value(
    value: list[Any], data: st.DataObject, indent: int | None
) -> None:
    text, index = json.dumps(value, indent=indent), data.draw(st.integers(0, len(value) - 1))
    assert json.loads(removed(text, f"/{index}")) == value[:index] + value[index + 1 :]
    assert json.loads(inserted(text, "", '"new"', at=index)) == [*value[:index], "new", *value[index:]]
    assert json.loads(inserted(text, "", '"new"')) == [*value, "new"]
    members = {str(number): each for number, each in enumerate(value)}
    text = json.dumps(members, indent=indent)
    assert json.loads(removed(text, f"/{index}")) == {name: members[name] for name in members if name != str(index)}
    assert json.loads(inserted(text, "", "1", name="new", at=index)) == members | {"new": 1}
