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
        (["1.0.0-rc.2"], "1.0.0-rc.1", "Take 1.0.0 or more"),
        (["1.0.0", "1.0.1-rc.1"], "1.0.0", "Take 1.0.1 or more"),
    ],
)
def test_the_hint_after_a_pre_release_is_the_smallest_release_that_would_do(
    with_values: Make, there: list[str], refused_version: str, hint: str
) -> None:
    with pytest.raises(RefusedVersion) as refused:
        admit([with_values(version, 1) for version in there], with_values(refused_version, 1))
    assert hint in refused.value.message


@pytest.mark.parametrize(
    ("there", "fix", "judged"),
    [
        (["1.0.0", "1.1.0", "2.0.0"], "1.1.1", "1.1.0"),
        (["1.0.0", "1.1.0", "2.0.0"], "1.2.0", "1.1.0"),
        (["1.0.0", "2.0.0", "3.0.0"], "2.0.1", "2.0.0"),
        (["1.0.0", "2.0.0-rc.1"], "1.0.1", "1.0.0"),
        (["0.1.0", "0.2.0", "1.0.0"], "0.1.1", "0.1.0"),
        (["1.0.0", "2.0.0"], "1.1.0-rc.1", "1.0.0"),
        (["1.0.0-rc.1", "2.0.0"], "1.0.0", "1.0.0-rc.1"),
    ],
)
def test_a_fix_to_an_old_line_is_judged_against_its_line(
    with_values: Make, there: list[str], fix: str, judged: str
) -> None:
    # Each version but those of the fix's own line breaks it.
    line = fix.partition(".")[0]
    history = [with_values(each, 1 if each.partition(".")[0] == line else 9) for each in there]
    verdict = admit(history, with_values(fix, 1))
    assert verdict is not None
    assert (verdict.old_version, verdict.outcome) == (judged, Outcome.COMPATIBLE)


@pytest.mark.parametrize(
    ("there", "version", "hint"),
    [
        (["1.0.0", "1.2.0", "2.0.0"], "1.1.1", "1.1.1 is not greater than 1.2.0, the highest of its line. Take 1.2.1"),
        (["1.0.0", "1.1.0", "2.0.0"], "1.1.0", "1.1.0 is not greater than 1.1.0, the highest of its line. Take 1.1.1"),
        (["1.0.0", "1.1.0-rc.2", "2.0.0"], "1.1.0-rc.1", "the highest of its line. Take 1.1.0"),
        (["1.0.0", "2.0.0"], "0.9.0", "0.9.0 is not greater than 2.0.0, the highest. Take 2.0.1"),
        (["0.1.0", "0.3.0"], "0.2.0", "0.2.0 is not greater than 0.3.0, the highest. Take 0.3.1"),
    ],
)
def test_within_a_line_versions_grow(with_values: Make, there: list[str], version: str, hint: str) -> None:
    with pytest.raises(RefusedVersion) as refused:
        admit([with_values(each, 1) for each in there], with_values(version, 1))
    assert refused.value.reason == "VERSION_NOT_GREATER"
    assert hint in refused.value.message


def test_the_hint_is_no_number_that_a_retracted_version_has(with_values: Make) -> None:
    there = [with_values("2.0.0", 1), with_values("2.1.0-rc.1", 1)]
    with pytest.raises(RefusedVersion, match=r"2\.1\.0-rc\.1, the highest\. Take 2\.1\.1 or more"):
        admit(there, with_values("2.0.5", 1), taken=["2.1.0"])


def test_a_line_whose_versions_were_retracted_goes_on_beside_a_later_pre_release(with_values: Make) -> None:
    standing = [with_values("1.0.0", 1, 2), with_values("3.0.0-rc.1", 1)]  # 2.0.0 was retracted
    verdict = admit(standing, with_values("2.0.1", 1))
    assert verdict is not None
    assert verdict.required_bump == "major"
    with pytest.raises(RefusedVersion, match=r"takes 2\.0\.0 or more"):
        admit(standing, with_values("1.1.0", 1))


def test_what_breaks_an_old_line_takes_the_next_major_version_of_all(with_values: Make) -> None:
    with pytest.raises(RefusedVersion, match=r"1\.0\.0 → 1\.1\.0 is too small .* takes 3\.0\.0 or more") as refused:
        admit([with_values("1.0.0", 1, 2), with_values("2.0.0", 1)], with_values("1.1.0", 1))
    assert refused.value.reason == "BUMP_TOO_SMALL"


@pytest.mark.parametrize(
    ("there", "version", "hint"),
    [
        (["1.4.2"], "3.0.0", "1.4.2 → 3.0.0 jumps over a major version. Take 2.0.0"),
        (["1.0.0"], "99999.0.0", "Take 2.0.0"),
        (["1.0.0"], "3.0.0-rc.1", "Take 2.0.0"),
        (["0.4.0"], "2.0.0", "Take 1.0.0"),
        (["1.0.0", "2.0.0-rc.1"], "3.0.0", "1.0.0 → 3.0.0 jumps over a major version. Take 2.0.0"),
        (["1.0.0-rc.1"], "3.0.0", "Take 2.0.0"),
        (["1.0.0", "3.0.0-rc.1"], "3.0.0", "Take 2.0.0, the next one (2.0.1 where a retracted version has that"),
    ],
)
def test_no_version_jumps_over_a_major_one(with_values: Make, there: list[str], version: str, hint: str) -> None:
    with pytest.raises(RefusedVersion) as refused:
        admit([with_values(each, 1) for each in there], with_values(version, 1))
    assert refused.value.reason == "MAJOR_SKIPPED"
    assert hint in refused.value.message


def test_below_1_0_0_minor_numbers_may_be_left_out(with_values: Make) -> None:
    assert admit([with_values("0.1.0", 1)], with_values("0.7.0", 1)) is not None


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
