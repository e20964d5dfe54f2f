"""Patterns of ids: an id, the beginning of ids and `*`, or `*` alone."""

import pytest

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.security.id_patterns import check_pattern, matches


@pytest.mark.parametrize(
    ("patterns", "id_", "expected"),
    [
        (["ticks_v1"], "ticks_v1", True),
        (["ticks_v1"], "ticks_v10", False),
        (["ticks_*"], "ticks_v1", True),
        (["ticks_*"], "ticks_", True),
        (["ticks_*"], "ticks", False),
        (["ticks_*"], "my_ticks_v1", False),
        (["*"], "anything", True),
        (["quotes_v1", "ticks_*"], "ticks_v2", True),
        ([], "ticks_v1", False),
    ],
)
def test_a_pattern_matches_whole_ids_or_their_beginning(patterns: list[str], id_: str, *, expected: bool) -> None:
    assert matches(patterns, id_) is expected


@pytest.mark.parametrize("text", ["ticks_v1", "ticks_*", "t*", "*"])
def test_an_id_a_prefix_and_the_star_are_patterns(text: str) -> None:
    assert check_pattern(text) == text


@pytest.mark.parametrize(
    "text", ["", "**", "*_v1", "ticks_*_v1", "Ticks_*", "ticks-*", "ticks_?", "../*", "ticks_*\n", " *", "t" * 129]
)
def test_what_could_match_nothing_or_more_than_it_seems_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        check_pattern(text)
    assert error.value.reason == "BAD_ID_PATTERN"
