"""Encoded verdicts: values that a protobuf Value can't represent, equal JSON in both ways, and too long verdicts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.compat.verdict import ABSENT, Change, Outcome, Verdict, Witness
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import proto_json, verdicts

numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.just(1e300)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["b", "a", "é"]), inner, max_size=3),
    max_leaves=8,
)


def verdict(**changes: object) -> Verdict:
    members = {"outcome": Outcome.INCOMPATIBLE, "message": "no", "direction": "full", "risk": "high"}
    return Verdict(**(members | {"required_bump": "major"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("exact", [2**53 + 1, [-(2**64)], {"a": {"b": 10**400}}])
def test_a_number_that_a_double_cannot_hold_is_there_as_text_alone(exact: object) -> None:
    message = verdicts.to_message(verdict(witness=Witness(exact, "old")))
    assert not message.HasField("witness")
    assert message.witness_json


def test_a_witness_is_never_nested_deeper_than_protobuf_readers_take() -> None:
    deep: object = 1
    for _ in range(60):
        deep = [{"a": deep}]
    message = verdicts.to_message(
        verdict(witness=Witness(deep, "old"), changes=(Change("", "k", deep, deep, "none", ""),))
    )
    assert pb.Verdict.FromString(message.SerializeToString()) == message


def test_null_is_a_value_and_absent_is_none() -> None:
    message = verdicts.to_message(verdict(changes=(Change("/a", "const_changed", None, ABSENT, "none", "why"),)))
    assert message.changes[0].old.HasField("null_value")
    assert not message.changes[0].HasField("new")


@given(values, values, st.booleans())
def test_the_json_is_what_the_message_prints_as(one: Any, two: Any, there: bool) -> None:
    changes = (Change("/a", "k", one, two, "none", "why"), Change("/b", "k", ABSENT, one, "unknown", ""))
    made = verdict(changes=changes, witness=Witness(two, "old") if there else None, consumers=("bars",))
    expected = proto_json.to_json(verdicts.to_message(made))
    assert json.dumps(verdicts.to_json(made)) == json.dumps(expected)


def test_both_faces_say_the_same() -> None:
    made = verdict(changes=(Change("/a", "k", 1, "ä", "none", "why"),), witness=Witness({"size": 1.5}, "new"))
    ready = verdicts.render(made)
    assert pb.Verdict.FromString(ready.proto) == pb.Verdict.FromString(ready.short) == verdicts.to_message(made)
    assert json.loads(ready.json) == proto_json.to_json(verdicts.to_message(made))
    assert ready.text == "incompatible: no"
    assert verdicts.render(verdict(outcome=Outcome.COMPATIBLE)).text == "compatible"


def test_a_verdict_in_a_status_stays_short() -> None:
    many = tuple(Change(f"/properties/p{n}", "property_removed", n, ABSENT, "incompatible", "why") for n in range(5000))
    message = pb.Verdict.FromString(verdicts.render(verdict(changes=many, message="m" * 5000)).short)
    assert message.ByteSize() <= verdicts.IN_STATUS
    assert message.required_bump == "major"


def test_of_more_changes_than_an_answer_holds_the_first_are_there_and_it_says_so() -> None:
    many = tuple(Change(f"/properties/p{n}", "k", "x" * 500, ABSENT, "unknown", "w" * 300) for n in range(10_000))
    ready = verdicts.render(verdict(changes=many))
    message = pb.Verdict.FromString(ready.proto)
    assert 1000 < len(message.changes) < 10_000
    assert max(len(ready.proto), len(ready.json)) < 4 << 20
    assert message.message == f"no Only the first {len(message.changes):,} of 10,000 changes are listed."
