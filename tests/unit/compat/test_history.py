"""The rule that names the versions a candidate is judged against."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from schemaregistry.compat import judged_against
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


VERSIONS = st.builds(
    lambda number, candidate: Version(1, number, 0, f"rc.{candidate}" if candidate else None),
    st.integers(0, 5),
    st.integers(0, 2),
)
LEVELS = st.sampled_from(["backward", "forward", "full", "backward_transitive", "full_transitive", None])


@given(st.lists(VERSIONS, unique=True).map(sorted), LEVELS)
def test_who_hands_on_only_what_counts_and_the_latest_gets_the_same_answer(
    versions: list[Version], level: Level | None
) -> None:
    history = [Item(str(version)) for version in versions]
    judged = judged_against(history, level)
    handed_on = [item for item in history if item in judged or item == history[-1]]
    assert judged_against(handed_on, level) == judged
