"""The rule that names the versions a candidate is judged against."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from schemaregistry.compat import judged_against, line_history
from schemaregistry.document import Level


@dataclass(frozen=True)
class Item:
    version: str


@pytest.mark.parametrize(
    ("history", "level", "judged"),
    [
        ("", None, ""),
        ("1.0.0", None, "1.0.0"),
        ("1.0.0 1.1.0 2.0.0", None, "2.0.0"),
        ("1.0.0 1.1.0 2.0.0", "full", "2.0.0"),
        ("1.0.0 1.1.0 2.0.0", "backward_transitive", "2.0.0 1.1.0 1.0.0"),
        ("1.0.0 2.0.0-rc.1", "backward", "1.0.0"),
        ("1.0.0 2.0.0-rc.1 2.0.0-rc.2", "forward_transitive", "1.0.0"),
        ("1.0.0-rc.1 1.0.0 1.1.0-rc.1 1.1.0 2.0.0-rc.1", "full_transitive", "1.1.0 1.0.0"),
        ("1.0.0-rc.1 1.0.0-rc.2", "backward", "1.0.0-rc.2"),
        ("1.0.0-rc.1 1.0.0-rc.2", "backward_transitive", "1.0.0-rc.2 1.0.0-rc.1"),
    ],
)
def test_releases_count_or_pre_releases_while_there_is_none(history: str, level: Level | None, judged: str) -> None:
    assert [item.version for item in judged_against([Item(text) for text in history.split()], level)] == judged.split()


@pytest.mark.parametrize(
    ("history", "version", "followed"),
    [
        ("", "1.0.0", ""),
        ("1.0.0 1.1.0 2.0.0", "1.1.1", "1.0.0 1.1.0"),
        ("1.0.0 1.1.0 2.0.0", "1.0.1", "1.0.0 1.1.0"),
        ("1.0.0 1.1.0 2.0.0 3.0.0", "2.0.1", "1.0.0 1.1.0 2.0.0"),
        ("1.0.0 1.1.0 2.0.0", "2.1.0", "1.0.0 1.1.0 2.0.0"),
        ("1.0.0 1.1.0 2.0.0", "3.0.0", "1.0.0 1.1.0 2.0.0"),
        ("1.0.0 2.0.0-rc.1", "1.0.1", "1.0.0"),
        ("1.0.0 2.0.0-rc.1", "2.0.0-rc.2", "1.0.0 2.0.0-rc.1"),
        ("0.1.0 0.2.0 1.0.0", "0.1.1", "0.1.0"),
        ("0.1.0 0.2.0 1.0.0", "0.2.1", "0.1.0 0.2.0"),
        ("1.0.0 2.0.0", "0.1.0", "1.0.0 2.0.0"),
        ("1.0.0 3.0.0", "2.0.0", "1.0.0 3.0.0"),
        ("1.0.0 3.0.0-rc.1", "2.0.1", "1.0.0"),
        ("3.0.0-rc.1", "2.0.0", "3.0.0-rc.1"),
    ],
)
def test_a_candidate_follows_its_line_and_the_lines_before(history: str, version: str, followed: str) -> None:
    found = line_history([Item(text) for text in history.split()], Version.parse(version))
    assert [item.version for item in found] == followed.split()


VERSIONS = st.builds(
    lambda major, number, candidate: Version(major, number, 0, f"rc.{candidate}" if candidate else None),
    st.integers(0, 2),
    st.integers(0, 3),
    st.integers(0, 2),
)
LEVELS = st.sampled_from(["backward", "forward", "full", "backward_transitive", "full_transitive", None])


@given(st.lists(VERSIONS, unique=True, min_size=1).map(sorted), VERSIONS, LEVELS)
def test_who_hands_on_only_what_counts_and_the_latest_gets_the_same_answer(
    versions: list[Version], candidate: Version, level: Level | None
) -> None:
    history = [Item(str(version)) for version in versions]
    followed = line_history(history, candidate)
    judged = judged_against(followed, level)
    handed_on = [item for item in history if item in judged or item in (history[-1], followed[-1])]
    assert line_history(handed_on, candidate)[-1] == followed[-1]
    assert judged_against(line_history(handed_on, candidate), level) == judged
