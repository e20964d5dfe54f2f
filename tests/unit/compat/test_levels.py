"""A candidate can't drop what the version before it promised: that is judged, listed, and takes a major version."""

import json
from typing import Any

import pytest

from schemaregistry.compat import RefusedVersion, admit, check_history
from schemaregistry.compat.levels import promises_less
from schemaregistry.document import Document, Level, parse

LEVELS: tuple[Level | None, ...] = (
    None,
    "backward",
    "forward",
    "full",
    "backward_transitive",
    "forward_transitive",
    "full_transitive",
)


def document(version: str, level: Level | None = None, **members: Any) -> Document:
    stated = {} if level is None else {"compatibility": level}
    value = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "trades",
        "version": version,
        "type": "object",
        "properties": {"price": {"type": "number"}},
        "additionalProperties": False,
    }
    return parse(json.dumps(value | stated | members).encode())


WIDER = {"properties": {"price": {"type": "number"}, "venue": {"type": "string"}}}


def test_a_level_that_is_left_out_is_judged_all_the_same() -> None:
    verdict = check_history([document("1.0.0", "full")], document("1.1.0", "backward", **WIDER))
    assert (verdict.outcome, verdict.direction, verdict.required_bump) == ("incompatible", "full", "major")
    assert verdict.witness
    assert verdict.witness.instance == {"venue": ""}


def test_dropping_a_promise_is_a_change_and_takes_a_major_version() -> None:
    verdict = check_history([document("1.0.0", "full_transitive")], document("1.0.1", title="Trades"))
    assert verdict.outcome == "compatible"
    (change,) = [each for each in verdict.changes if each.pointer == "/compatibility"]
    assert (change.kind, change.old, verdict.required_bump, verdict.risk) == (
        "compatibility_lowered",
        "full_transitive",
        "major",
        "medium",
    )


def test_a_patch_that_drops_a_promise_is_refused_and_a_major_version_is_not() -> None:
    history = [document("1.0.0", "full_transitive")]
    with pytest.raises(RefusedVersion, match=r"goes from full_transitive to backward.*major") as refused:
        admit(history, document("1.0.1", "backward"))
    assert refused.value.reason == "BUMP_TOO_SMALL"
    assert admit(history, document("2.0.0", "backward"))


def test_a_transitive_promise_is_judged_against_the_whole_history() -> None:
    history = [
        document("1.0.0", "full_transitive", properties={"price": {"type": "string"}}),
        document("2.0.0", "full_transitive"),
    ]
    verdict = check_history(history, document("2.0.1", title="Trades"))
    assert (verdict.outcome, verdict.old_version) == ("incompatible", "1.0.0")


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_level_and_a_higher_one_drop_nothing(level: Level | None) -> None:
    verdict = check_history([document("1.0.0", level)], document("1.0.1", level, title="Trades"))
    assert (verdict.required_bump, verdict.risk) == ("patch", "none")
    assert not promises_less("full_transitive", level)


def test_a_pre_release_has_promised_nothing() -> None:
    verdict = check_history([document("1.0.0-rc.1", "full")], document("1.0.0", "backward"))
    assert not [each for each in verdict.changes if each.kind == "compatibility_lowered"]


def test_a_direction_that_is_asked_for_is_the_only_one() -> None:
    verdict = check_history([document("1.0.0", "full")], document("1.1.0", "backward", **WIDER), direction="backward")
    assert (verdict.outcome, verdict.required_bump) == ("compatible", "minor")
