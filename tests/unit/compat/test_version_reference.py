"""References to versions: which of an id's versions each form means."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from schemaregistry.compat.judged_history import precedence
from schemaregistry.compat.version_reference import meant, read_reference
from schemaregistry.errors import InvalidArgument


@dataclass(frozen=True)
class Item:
    version: str
    is_retracted: bool = False


def items(history: str) -> list[Item]:
    """Items of the versions in a text, those with a `!` retracted."""
    made = [Item(text.removesuffix("!"), text.endswith("!")) for text in history.split()]
    return sorted(made, key=precedence)


@pytest.mark.parametrize(
    ("history", "reference", "version"),
    [
        ("1.0.0", "latest", "1.0.0"),
        ("1.0.0", "", "1.0.0"),
        ("1.0.0 1.1.0 2.0.0-rc.1", "latest", "1.1.0"),
        ("1.0.0-rc.1 1.0.0-rc.2", "latest", "1.0.0-rc.2"),
        ("1.0.0 1.9.0 1.10.0", "latest", "1.10.0"),
        ("1.0.0 2.0.0 1.1.0", "latest", "2.0.0"),
        ("1.0.0 2.0.0!", "latest", "1.0.0"),
        ("1.0.0! 2.0.0-rc.1", "latest", "2.0.0-rc.1"),
        ("1.0.0! 2.0.0-rc.1!", "latest", None),
        ("", "latest", None),
        ("1.0.0 1.1.0", "1.0.0", "1.0.0"),
        ("1.0.0 1.1.0", "v1.0.0", "1.0.0"),
        ("1.0.0! 1.1.0", "1.0.0", "1.0.0"),
        ("1.0.0 2.0.0-rc.1", "2.0.0-rc.1", "2.0.0-rc.1"),
        ("1.0.0 1.2.0", "1.1.0", None),
        ("1.0.0 1.2.0", "9.0.0", None),
        ("1.0.0 1.2.0 1.2.1 2.0.0", "1", "1.2.1"),
        ("1.0.0 1.2.0 1.2.1 2.0.0", "v1", "1.2.1"),
        ("1.0.0 1.2.0 1.2.1 1.3.0", "1.2", "1.2.1"),
        ("1.0.0 1.2.0 1.3.0 2.0.0", "^1.2", "1.3.0"),
        ("1.0.0 1.2.0 1.3.0 2.0.0", "^1.2.0", "1.3.0"),
        ("1.0.0 1.2.0 1.2.9 1.3.0", "~1.2", "1.2.9"),
        ("0.1.0 0.1.5 0.2.0", "^0.1", "0.1.5"),
        ("0.1.0 0.1.5 0.2.0", "0", "0.2.0"),
        ("1.0.0 1.1.0! 2.0.0", "1", "1.0.0"),
        ("1.0.0 1.1.0-rc.1 2.0.0-rc.1", "1", "1.0.0"),
        ("1.0.0! 1.1.0-rc.1 2.0.0-rc.1", "1", "1.1.0-rc.1"),
        ("1.0.0 2.0.0-rc.1", "2", "2.0.0-rc.1"),
        ("1.0.0 2.0.0-rc.1", "^2.0.0", None),
        ("1.0.0 2.0.0-rc.1 2.0.0-rc.2", "^2.0.0-rc.2", "2.0.0-rc.2"),
        ("1.0.0! 2.0.0-rc.1", "^1", None),
        ("1.0.0 2.0.0", "3", None),
        ("1.0.0 2.0.0", "^1.5", None),
    ],
)
def test_what_a_reference_means(history: str, reference: str, version: str | None) -> None:
    found = meant(items(history), read_reference(reference))
    assert (found.version if found else None) == version


@pytest.mark.parametrize("text", ["1.2.0", "v1.2.0", "1.2.0-rc.1"])
def test_a_number_never_moves(text: str) -> None:
    assert not read_reference(text).moves


@pytest.mark.parametrize("text", ["", "latest", "1", "1.2", "v1", "^1", "^1.2", "~1.2", "^1.2.3", "~1.2.3-rc.1", "0"])
def test_every_other_reference_moves(text: str) -> None:
    assert read_reference(text).moves


@pytest.mark.parametrize(
    "text",
    [
        *(
            "one",
            "LATEST",
            "^latest",
            "1.",
            "1.2.",
            ".1",
            "01",
            "1.02",
            "^",
            "~",
            "^^1",
            "*",
            "1.x",
            ">=1.0.0",
            "1 - 2",
        ),
        *(" 1", "1 ", "-1", "1.2.3.4", "1.2-rc.1", "1.0.0+b", "v", "vv1", "\u0661", "1\0", "9" * 70, "^" + "9" * 64),
    ],
)
def test_what_is_no_reference_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(InvalidArgument, match="1") as refused:
        read_reference(text)
    assert refused.value.reason == "BAD_VERSION"


VERSIONS = st.builds(
    lambda numbers, candidate: str(Version(*numbers, f"rc.{candidate}" if candidate else None)),
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
    st.integers(0, 2),
)
REFERENCES = ["latest", "0", "1", "1.1", "^1.1", "~1.2", "^0.1", "^1.1.1", "^2.0.0-rc.1"]


@given(st.dictionaries(VERSIONS, st.booleans()), st.sampled_from(REFERENCES))
def test_the_version_meant_is_the_highest_that_could_be(found: dict[str, bool], text: str) -> None:
    reference = read_reference(text)
    versions = sorted((Item(*item) for item in found.items()), key=precedence)
    able = [each for each in versions if not each.is_retracted and reference.within.holds(precedence(each))]
    releases = [each for each in able if "-" not in each.version]
    assert meant(versions, reference) == (releases or able or [None])[-1]
