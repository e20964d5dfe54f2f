"""The verdict on two documents: both sides, directions, message, risk, bump, changes."""

import pickle
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from schemaregistry.compat import ABSENT, Outcome, check, check_history, to_json
from schemaregistry.document import Document, Level
from schemaregistry.errors import InvalidArgument

Ticks = Callable[..., Document]
Change = Callable[[dict[str, Any]], object]


def add_venue(document: dict[str, Any]) -> None:
    document["properties"]["venue"] = {"type": "string", "pattern": "^[A-Z0-9]{4}$"}
    document["arrow"]["fields"].append({"name": "venue", "type": {"name": "utf8"}})


def widen_size(document: dict[str, Any]) -> None:
    document["arrow"]["fields"][3]["type"]["name"] = "int64"


def require_side(document: dict[str, Any]) -> None:
    document["required"].append("side")


def drop_format(document: dict[str, Any]) -> None:
    document["properties"]["symbol"]["title"] = "The ticker"


def test_an_optional_column_at_the_end_is_compatible_and_a_minor_step(ticks: Ticks) -> None:
    verdict = check(ticks(), ticks("1.1.0", add_venue))
    assert (verdict.outcome, verdict.direction, verdict.required_bump) == (Outcome.COMPATIBLE, "backward", "minor")
    assert verdict.risk == "medium"
    assert verdict.message == "Every record valid under 1.0.0 is valid under 1.1.0."
    assert [(change.kind, change.pointer, change.effect) for change in verdict.changes] == [
        ("property_added", "/properties/venue", "compatible"),
        ("arrow_field_added", "/arrow/fields/5", "compatible"),
    ]


def test_the_same_forward_is_incompatible_with_a_record_that_shows_it(ticks: Ticks) -> None:
    old, new = ticks(), ticks("1.1.0", add_venue)
    verdict = check(old, new, direction="forward")
    assert (verdict.outcome, verdict.required_bump, verdict.risk) == (Outcome.INCOMPATIBLE, "major", "high")
    assert verdict.witness is not None
    assert verdict.witness.valid_under == "new"
    assert jsonschema.Draft7Validator(new.schema).is_valid(verdict.witness.instance)
    assert not jsonschema.Draft7Validator(old.schema).is_valid(verdict.witness.instance)
    assert "is valid under 1.1.0 and not under 1.0.0" in verdict.message


def test_full_is_both_ways(ticks: Ticks) -> None:
    old, new = ticks(), ticks("1.1.0", add_venue)
    assert check(old, new, direction="full").outcome is Outcome.INCOMPATIBLE
    assert check(old, ticks("1.0.1"), direction="full").outcome is Outcome.COMPATIBLE


def test_the_level_of_the_new_document_counts(ticks: Ticks) -> None:
    def forward(document: dict[str, Any]) -> None:
        add_venue(document)
        document["compatibility"] = "forward"

    assert check(ticks(), ticks("1.1.0", forward)).direction == "forward"
    assert check(ticks(), ticks("1.1.0", forward)).outcome is Outcome.INCOMPATIBLE


def test_a_newly_required_property_breaks_and_the_message_says_what_to_do(ticks: Ticks) -> None:
    def require(document: dict[str, Any]) -> None:
        require_side(document)
        document["arrow"]["fields"][4]["nullable"] = True

    verdict = check(ticks(), ticks("1.1.0", require))
    assert verdict.outcome is Outcome.INCOMPATIBLE
    assert verdict.message == (
        'The record {"ts": "2026-01-05T09:30:00Z", "symbol": "", "price": 0, "size": 0} is valid under 1.0.0 and not '
        "under 1.1.0. `side` is now required. Make it optional."
    )


def test_annotations_alone_are_a_patch_without_risk(ticks: Ticks) -> None:
    verdict = check(ticks(), ticks("1.0.1", drop_format))
    assert (verdict.outcome, verdict.risk, verdict.required_bump) == (Outcome.COMPATIBLE, "none", "patch")
    assert [change.effect for change in verdict.changes] == ["none"]


def test_a_change_proven_both_ways_is_a_low_risk(plain: Callable[..., Document]) -> None:
    old = plain({"properties": {"n": {"enum": [1, 2]}}})
    new = plain({"properties": {"n": {"type": "integer", "minimum": 1, "maximum": 2}}}, "1.1.0")
    assert check(old, new).risk == "low"


def test_columns_are_read_on_both_sides_by_default(ticks: Ticks) -> None:
    old, new = ticks(), ticks("1.1.0", widen_size)
    verdict = check(old, new)
    assert verdict.outcome is Outcome.INCOMPATIBLE
    assert "int32" in verdict.message
    assert verdict.witness is None
    assert check(old, new, direction="backward").outcome is Outcome.COMPATIBLE


def test_a_narrowed_column_has_a_record_that_no_longer_fits(ticks: Ticks) -> None:
    verdict = check(ticks("1.0.0", widen_size), ticks("1.1.0"))
    assert verdict.outcome is Outcome.INCOMPATIBLE
    assert verdict.witness is not None
    assert verdict.witness.instance["size"] == 2147483648
    assert "the column of 1.1.0 can't hold it" in verdict.message


def test_a_narrowed_column_whose_values_are_bounded_has_none(ticks: Ticks) -> None:
    def bound(document: dict[str, Any]) -> None:
        document["properties"]["size"] |= {"minimum": 0, "maximum": 1000}

    def wide(document: dict[str, Any]) -> None:
        bound(document)
        widen_size(document)

    assert check(ticks("1.0.0", wide), ticks("1.1.0", bound)).witness is None


def test_a_new_format_is_compatible_but_may_halt_data_and_says_so(plain: Callable[..., Document]) -> None:
    old = plain({"properties": {"day": {"type": "string"}}})
    new = plain({"properties": {"day": {"type": "string", "format": "date"}}}, "1.1.0")
    verdict = check(old, new, direction="backward")
    change = next(change for change in verdict.changes if change.kind == "format_added")
    assert (change.effect, verdict.risk) == ("none", "high")
    assert "data is checked for it" in verdict.message


def test_derived_columns_say_that_they_are(plain: Callable[..., Document]) -> None:
    old, new = (
        plain({"properties": {"n": {"type": "integer"}}}),
        plain({"properties": {"n": {"type": "number"}}}, "1.1.0"),
    )
    verdict = check(old, new)
    assert verdict.outcome is Outcome.INCOMPATIBLE
    assert any("derived from the JSON side" in change.reason for change in verdict.changes)
    assert verdict.witness is not None
    assert verdict.witness.instance == {"n": 2**53 + 1}


def test_each_change_is_judged_by_itself(plain: Callable[..., Document]) -> None:
    old = plain({"properties": {"a": {"enum": ["x", "y"]}, "b": {"enum": ["x"]}}})
    new = plain({"properties": {"a": {"enum": ["x"]}, "b": {"enum": ["x", "y"]}}}, "2.0.0")
    effects = {change.pointer: change.effect for change in check(old, new).changes}
    assert effects["/properties/a/enum"] == "incompatible"
    assert effects["/properties/b/enum"] == "compatible"


def test_without_time_the_answer_is_unknown_and_a_major_step(plain: Callable[..., Document]) -> None:
    old, new = (
        plain({"properties": {"a": {"enum": [1, 2]}}}),
        plain({"properties": {"a": {"enum": [2, 1, 0]}}}, "1.1.0"),
    )
    verdict = check(old, new, seconds=0)
    assert (verdict.outcome, verdict.risk, verdict.required_bump) == (Outcome.UNKNOWN, "high", "major")
    assert "not decided" in verdict.message


@pytest.mark.parametrize(
    ("level", "outcome"), [("backward", Outcome.COMPATIBLE), ("backward_transitive", Outcome.INCOMPATIBLE)]
)
def test_a_transitive_level_asks_all_versions(plain: Callable[..., Document], level: Level, outcome: Outcome) -> None:
    history = [
        plain({"properties": {"a": {"enum": values}}}, version)
        for version, values in (("1.0.0", [1, 2, 3]), ("2.0.0", [1]))
    ]
    new = plain({"properties": {"a": {"enum": [1, 2]}}}, "2.1.0")
    verdict = check_history(history, new, direction=level)
    assert (verdict.outcome, verdict.direction) == (outcome, level)
    if outcome is Outcome.INCOMPATIBLE:
        assert verdict.old_version == "1.0.0"


def test_an_empty_history_is_refused(ticks: Ticks) -> None:
    with pytest.raises(InvalidArgument, match="no version"):
        check_history([], ticks())


def test_a_verdict_and_a_document_cross_process_borders(ticks: Ticks) -> None:
    verdict = check(ticks(), ticks("1.1.0", add_venue))
    assert pickle.loads(pickle.dumps(verdict)) == verdict
    assert any(change.old is ABSENT for change in pickle.loads(pickle.dumps(verdict)).changes)


def test_the_json_has_a_witness_only_where_there_is_one(ticks: Ticks) -> None:
    old, new = ticks(), ticks("1.1.0", add_venue)
    shown = to_json(check(old, new))
    assert list(shown) == [
        *("verdict", "message", "direction", "risk", "required_bump", "old_version", "new_version"),
        *("changes", "consumers"),
    ]
    assert "witness" in to_json(check(old, new, direction="forward"))
    assert "old" not in shown["changes"][0]
