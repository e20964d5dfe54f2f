"""Encode a verdict for both transports, within the size limits of gRPC messages and statuses."""

import json
from dataclasses import dataclass, replace
from typing import Final

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value

from schemaregistry.compat.verdict import ABSENT, Change, Verdict
from schemaregistry.document import Json
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc.proto_json import plain
from schemaregistry_server.rpc.reply import Prepared

EXACT = 2**53
"""The largest integer up to which a double, and so a `google.protobuf.Value`, represents every integer exactly."""

DEPTH = 24
"""Levels of JSON in a Value: each takes up to three of the hundred levels of nesting that protobuf parsers accept."""

LARGEST: Final = 3_500_000
"""Bytes of an answer: gRPC clients accept 4 MiB. Of a longer list the last changes are left out, and the message says
so."""

IN_STATUS: Final = 2000
"""Bytes of a verdict in a gRPC status, which travels in trailing metadata; clients accept 8 KiB of that in all."""

MESSAGE_IN_STATUS: Final = 500
"""Bytes of the verdict's message in a status, which has the message twice more."""


@dataclass(frozen=True, slots=True)
class Rendered(Prepared):
    """An encoded verdict; `short` is a `Verdict` message of at most IN_STATUS bytes, for a gRPC status."""

    outcome: str
    short: bytes


def render(verdict: Verdict) -> Rendered:
    """Encode a verdict, with the first changes only where all would be over LARGEST."""
    verdict = _within(verdict, LARGEST)
    shown = json.dumps(to_json(verdict), ensure_ascii=False, separators=(",", ":")).encode()
    proto = to_message(verdict).SerializeToString()
    short = proto if len(proto) <= IN_STATUS else _shortened(verdict).SerializeToString()
    outcome = verdict.outcome.value
    text = outcome if outcome == "compatible" else f"{outcome}: {verdict.message}"
    return Rendered(proto, shown, text, outcome, short)


def _within(verdict: Verdict, limit: int) -> Verdict:
    """The verdict with as many changes as fit, by the length of their JSON."""
    size = 0
    for count, change in enumerate(verdict.changes):
        size += len(json.dumps(_change_json(change), ensure_ascii=False).encode())
        if size > limit:
            message = f"{verdict.message} Only the first {count:,} of {len(verdict.changes):,} changes are listed."
            return replace(verdict, changes=verdict.changes[:count], message=message)
    return verdict


def _shortened(verdict: Verdict) -> pb.Verdict:
    """The verdict within IN_STATUS bytes: drop its last changes first, then its witness and the message's end."""
    # More than 64 changes hardly fit, and a verdict may have thousands, which would be converted for nothing.
    message = to_message(replace(verdict, changes=verdict.changes[:64]))
    while message.ByteSize() > IN_STATUS and message.changes:
        del message.changes[len(message.changes) // 2 :]
    if message.ByteSize() > IN_STATUS:
        message.message = message.message.encode()[:MESSAGE_IN_STATUS].decode(errors="ignore")
        message.ClearField("witness")
        message.ClearField("witness_json")
    return message


def to_json(verdict: Verdict) -> dict[str, Json]:
    """The same JSON as `proto_json.to_json(to_message(verdict))`, which takes twenty times as long."""
    witness = verdict.witness
    shown = {} if witness is None or not _fits(witness.instance) else {"witness": plain(witness.instance)}
    return {
        "verdict": verdict.outcome.value,
        "message": verdict.message,
        "direction": verdict.direction,
        "risk": verdict.risk,
        "required_bump": verdict.required_bump,
        "changes": [_change_json(change) for change in verdict.changes],
        **shown,
        "witness_json": "" if witness is None else json.dumps(witness.instance, ensure_ascii=False),
        "witness_valid_under": "" if witness is None else witness.valid_under,
        "old_version": verdict.old_version,
        "new_version": verdict.new_version,
        "consumers": list(verdict.consumers),
    }


def _change_json(change: Change) -> dict[str, Json]:
    sides = {name: value for name, value in (("old", change.old), ("new", change.new)) if value is not ABSENT}
    return {
        "pointer": change.pointer,
        "kind": change.kind,
        **{name: plain(_representable(value)) for name, value in sides.items()},
        "effect": change.effect,
        "reason": change.reason,
    }


def to_message(verdict: Verdict) -> pb.Verdict:
    """Convert a verdict to its message. A witness that a Value can't represent exactly is in `witness_json` only."""
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
            getattr(message, name).CopyFrom(_value(_representable(value)))
    return message


def _representable(value: Json) -> Json:
    """The value, or its JSON text where a Value can't represent it."""
    return value if _fits(value) else json.dumps(value, ensure_ascii=False)


def _value(value: Json) -> Value:
    return json_format.ParseDict(value, Value())


def _fits(value: Json, depth: int = DEPTH) -> bool:
    """Whether a `google.protobuf.Value` represents `value` exactly, at a depth that every protobuf parser accepts."""
    if isinstance(value, dict):
        return depth > 0 and all(_fits(member, depth - 1) for member in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_fits(item, depth - 1) for item in value)
    return not isinstance(value, int) or abs(value) <= EXACT
