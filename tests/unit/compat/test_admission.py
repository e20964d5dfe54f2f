"""The rules of writing: versions grow, and by enough."""

from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.compat import Outcome, RefusedVersion, admit
from schemaregistry.document import Document

Make = Callable[..., Document]


@pytest.fixture
def with_values(plain: Make) -> Make:
    def make(version: str, *values: Any) -> Document:
        return plain({"properties": {"a": {"enum": list(values)}}}, version)

    return make


def test_a_first_version_is_admitted_without_a_verdict(with_values: Make) -> None:
    assert admit([], with_values("7.0.0", 1)) is None


@pytest.mark.parametrize(
    ("old", "new", "values", "admitted"),
    [
        ("1.0.0", "1.0.1", (1, 2), True),
        ("1.0.0", "1.0.1", (1, 2, 3), False),
        ("1.0.0", "1.1.0", (1, 2, 3), True),
        ("1.0.0", "1.1.0", (1,), False),
        ("1.0.0", "2.0.0", (1,), True),
        ("0.1.0", "0.1.1", (1,), False),
        ("0.1.0", "0.2.0", (1,), True),
        ("0.1.0", "0.1.1", (1, 2, 3), True),
        ("0.1.0", "1.0.0", (1,), True),
        ("1.0.0", "1.1.0-rc.1", (1, 2, 3), True),
        ("1.0.0", "1.1.0-rc.1", (1,), False),
        ("1.0.0-rc.1", "1.0.0-rc.2", (1,), True),
        ("1.0.0-rc.1", "1.0.0", (1,), True),
    ],
)
def test_a_step_is_as_large_as_its_verdict_asks(
    with_values: Make, old: str, new: str, values: tuple[int, ...], admitted: bool
) -> None:
    before, after = with_values(old, 1, 2), with_values(new, *values)
    if admitted:
        assert admit([before], after) is not None
    else:
        with pytest.raises(RefusedVersion) as refused:
            admit([before], after)
        assert refused.value.reason == "BUMP_TOO_SMALL"


@pytest.mark.parametrize("version", ["1.0.0", "1.1.9", "1.2.0-rc.1", "0.9.0"])
def test_versions_grow(with_values: Make, version: str) -> None:
    there = [with_values("1.2.0", 1), with_values("1.0.1", 1)]
    with pytest.raises(RefusedVersion) as refused:
        admit(there, with_values(version, 1))
    assert refused.value.reason == "VERSION_NOT_GREATER"
    assert "1.2.1 or more" in refused.value.message


def test_a_refusal_says_which_version_would_do_and_carries_the_verdict(with_values: Make) -> None:
    with pytest.raises(RefusedVersion) as refused:
        admit([with_values("1.4.2", 1, 2)], with_values("1.5.0", 1))
    assert "takes 2.0.0 or more (major)" in refused.value.message
    assert refused.value.verdict.outcome is Outcome.INCOMPATIBLE
    assert refused.value.pointer == "/version"


@pytest.mark.parametrize(
    ("there", "refused_version", "hint"),
    [
        (["1.0.0", "1.1.0-rc.1"], "1.0.1", "Take 1.1.0 or more"),
        (["1.0.0", "1.1.0-rc.2"], "1.1.0-rc.1", "Take 1.1.0 or more"),
        (["1.0.0", "2.0.0-rc.1"], "1.5.0", "Take 2.0.0 or more"),
        (["1.0.0-rc.2"], "1.0.0-rc.1", "Take 1.0.0 or more"),
        (["0.1.0", "0.2.0-rc.1"], "0.1.1", "Take 0.2.0 or more"),
        (["1.0.0", "1.0.1-rc.1"], "1.0.0", "Take 1.0.1 or more"),
    ],
)
def test_the_hint_after_a_pre_release_is_the_smallest_release_that_would_do(
    with_values: Make, there: list[str], refused_version: str, hint: str
) -> None:
    with pytest.raises(RefusedVersion) as refused:
        admit([with_values(version, 1) for version in there], with_values(refused_version, 1))
    assert hint in refused.value.message


def test_a_release_is_judged_after_the_last_release_and_not_after_its_candidates(with_values: Make) -> None:
    there = [with_values("1.0.0", 1, 2), with_values("2.0.0-rc.1", 1)]
    verdict = admit(there, with_values("2.0.0", 1))
    assert verdict is not None
    assert (verdict.old_version, verdict.outcome) == ("1.0.0", Outcome.INCOMPATIBLE)


def test_pre_releases_stand_in_the_order_of_semver(with_values: Make) -> None:
    there = [with_values("1.0.0-alpha.2", 1)]
    assert admit(there, with_values("1.0.0-alpha.10", 1)) is not None
    with pytest.raises(RefusedVersion):
        admit(there, with_values("1.0.0-alpha.1", 1))
