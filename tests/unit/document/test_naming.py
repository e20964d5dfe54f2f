"""Ids and versions: what is taken, and what each look-alike gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from schemaregistry.document import check_id, parse_version
from schemaregistry.errors import InvalidArgument


@pytest.mark.parametrize("text", ["a", "ticks_v1", "a" * 128, "x9_"])
def test_ids_are_taken_as_they_are(text: str) -> None:
    assert check_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "Ticks",
        "9a",
        "_a",
        "a-b",
        "a.b",
        "a/b",
        "../a",
        "a\n",
        "a\0",
        "ticks_ｖ1",
        "tіcks",
        "a" * 129,
        " a",
        "a%2e",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_id(text)
    assert caught.value.reason == "BAD_ID"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.0.0", Version(1, 0, 0)),
        ("v1.0.0", Version(1, 0, 0)),
        ("0.10.200", Version(0, 10, 200)),
        ("1.0.0-rc.1", Version(1, 0, 0, "rc.1")),
        ("1.0.0-alpha-x.0a", Version(1, 0, 0, "alpha-x.0a")),
    ],
)
def test_versions_are_read_with_and_without_v(text: str, version: Version) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-01", "1.0.0-", "V1.0.0", "vv1.0.0", "1.0.0\n", " 1.0.0"),
        *("١.0.0", "1.0.0+build", "latest", "1.0.x", "9" * 70 + ".0.0", "../1.0.0"),
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_version(text)
    assert caught.value.reason == "BAD_VERSION"


@given(st.tuples(*[st.integers(0, 10**6)] * 3))
def test_a_version_is_read_back_as_it_was_written(parts: tuple[int, int, int]) -> None:
    version = Version(*parts)
    assert parse_version(str(version)) == version


def test_a_message_shows_control_characters_escaped() -> None:
    with pytest.raises(InvalidArgument, match=r"\\u001b"):
        check_id("\x1b[31mred")


def test_a_version_that_is_too_long_is_refused_by_its_length() -> None:
    assert str(parse_version("v1.0.0-" + "a" * 58)) == "1.0.0-" + "a" * 58
    with pytest.raises(InvalidArgument, match="has 65 characters, more than the 64 of a version") as caught:
        parse_version("1.0.0-" + "a" * 59)
    assert caught.value.reason == "BAD_VERSION"
