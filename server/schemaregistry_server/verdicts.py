"""A verdict as the message that goes over the wire. Holds no judgement."""

import json

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value

from schemaregistry.compat.verdict import ABSENT, Change, Verdict
from schemaregistry.document import Json
from schemaregistry.v1 import registry_pb2 as pb

EXACT = 2**53
"""The largest integer up to which a double, and so a `google.protobuf.Value`, holds every integer."""

DEPTH = 24
"""Levels of JSON that a Value may nest: each costs up to three of the hundred that protobuf readers take."""


def to_message(verdict: Verdict) -> pb.Verdict:
    """The proto form of `verdict`; a witness that a Value can't hold exactly is there as text alone."""
    message = pb.Verdict(
        verdict=verdict.outcome.value,
        message=verdict.message,
        direction=verdict.direction,
        risk=verdict.risk,
        required_bump=verdict.required_bump,
        changes=map(_change, verdict.changes),
        old_version=verdict.old_version,
        new_version=verdict.new_version,
        consumers=verdict.consumers,
    )
    if verdict.witness is not None:
        message.witness_json = json.dumps(verdict.witness.instance, ensure_ascii=False)
        message.witness_valid_under = verdict.witness.valid_under
        if _fits(verdict.witness.instance):
            message.witness.CopyFrom(_value(verdict.witness.instance))
    return message


def _change(change: Change) -> pb.Change:
    message = pb.Change(pointer=change.pointer, kind=change.kind, effect=change.effect, reason=change.reason)
    for name, value in (("old", change.old), ("new", change.new)):
        if value is not ABSENT:
            getattr(message, name).CopyFrom(_value(value if _fits(value) else json.dumps(value, ensure_ascii=False)))
    return message


def _value(value: Json) -> Value:
    return json_format.ParseDict(value, Value())


def _fits(value: Json, depth: int = DEPTH) -> bool:
    """Whether a `google.protobuf.Value` holds `value` exactly and every reader of protobuf takes its depth."""
    if isinstance(value, dict):
        return depth > 0 and all(_fits(member, depth - 1) for member in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_fits(item, depth - 1) for item in value)
    return not isinstance(value, int) or abs(value) <= EXACT
