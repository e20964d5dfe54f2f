"""The policy: conditions on claims, and rules that together give rights. What no rule allows is denied."""

import pytest

from schemaregistry_server.exchanger.config.policy import (
    CertificateRule,
    ClaimRule,
    ExactCondition,
    GlobCondition,
    rights_of_certificate,
    rights_of_token,
)

MAIN = ExactCondition("ref", ("refs/heads/main",))
REPOSITORY = ExactCondition("repository_id", ("1",))
CLAIMS = {"ref": "refs/heads/main", "repository_id": "1"}


@pytest.mark.parametrize(
    ("values", "claim", "expected"),
    [
        (("main",), "main", True),
        (("main", "release"), "release", True),
        (("main",), "Main", False),
        (("main",), "main ", False),
        (("main",), ["main"], False),
        (("main",), {"main": "main"}, False),
        (("main",), None, False),
        ((1,), 1, True),
        ((1,), True, False),
        ((1,), "1", False),
        ((1,), 1.0, False),
        ((True,), True, True),
        ((True,), 1, False),
        ((True,), "true", False),
        (("None",), None, False),
    ],
)
def test_an_exact_condition_compares_value_and_type(values: tuple, claim: object, *, expected: bool) -> None:
    assert ExactCondition("x", values).holds({"x": claim}) is expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("refs/tags/v1", True),
        ("refs/tags/v", True),
        ("refs/tags/v1/evil", False),
        ("refs/tags/", False),
        ("xrefs/tags/v1", False),
        (["refs/tags/v1"], False),
        (None, False),
    ],
)
def test_a_glob_stops_at_a_slash(claim: object, *, expected: bool) -> None:
    assert GlobCondition("ref", "refs/tags/v", "").holds({"ref": claim}) is expected


def test_a_globs_beginning_and_end_do_not_overlap() -> None:
    condition = GlobCondition("x", "aba", "bab")
    assert not condition.holds({"x": "abab"})
    assert condition.holds({"x": "ababab"})


@pytest.mark.parametrize("condition", [MAIN, GlobCondition("ref", "refs/", "")])
def test_a_claim_that_is_missing_never_matches(condition: ExactCondition | GlobCondition) -> None:
    assert not condition.holds({})


def test_all_conditions_of_a_rule_must_hold() -> None:
    rule = ClaimRule("github", (MAIN, REPOSITORY), ("ticks_*",), ())
    assert rights_of_token([rule], "github", CLAIMS).publish == ("ticks_*",)
    for missing in CLAIMS:
        fewer = {name: value for name, value in CLAIMS.items() if name != missing}
        assert rights_of_token([rule], "github", fewer).publish == ()
        assert rights_of_token([rule], "github", {**CLAIMS, missing: "other"}).publish == ()


def test_a_rule_is_for_the_tokens_of_its_provider() -> None:
    rule = ClaimRule("github", (MAIN,), ("ticks_*",), ())
    assert rights_of_token([rule], "gitlab", CLAIMS).publish == ()


def test_a_rule_without_conditions_gives_nothing() -> None:
    assert rights_of_token([ClaimRule("github", (), ("*",), ())], "github", CLAIMS).publish == ()


def test_rules_that_hold_add_up_and_others_give_nothing() -> None:
    rules = [
        ClaimRule("github", (MAIN,), ("ticks_*",), ()),
        ClaimRule("github", (REPOSITORY,), ("quotes_v1", "ticks_*"), ("quotes_v1",)),
        ClaimRule("github", (ExactCondition("ref", ("x",)),), ("*",), ("*",)),
    ]
    rights = rights_of_token(rules, "github", CLAIMS)
    assert (rights.publish, rights.operate) == (("ticks_*", "quotes_v1"), ("quotes_v1",))


def test_nothing_is_allowed_without_rules() -> None:
    assert rights_of_token([], "github", CLAIMS).publish == ()
    assert rights_of_certificate([], "spiffe://prod/ci-bot").publish == ()


def test_a_certificates_rule_is_for_its_whole_name() -> None:
    rules = [CertificateRule("spiffe://prod/ci", ("ticks_*",), ())]
    assert rights_of_certificate(rules, "spiffe://prod/ci").publish == ("ticks_*",)
    for other in ("spiffe://prod/ci/x", "spiffe://prod/c", "ci", ""):
        assert rights_of_certificate(rules, other).publish == ()
