"""A verdict as the JSON that every interface shows. Judges nothing."""

from schemaregistry.compat.verdict import ABSENT, Change, Verdict
from schemaregistry.document.model import Json


def to_json(verdict: Verdict) -> dict[str, Json]:
    """Give the verdict's members in their order; `witness` and `witness_valid_under` only where there is one."""
    shown: dict[str, Json] = {
        "verdict": verdict.outcome.value,
        "message": verdict.message,
        "direction": verdict.direction,
        "risk": verdict.risk,
        "required_bump": verdict.required_bump,
        "old_version": verdict.old_version,
        "new_version": verdict.new_version,
        "changes": [_change(change) for change in verdict.changes],
        "consumers": list(verdict.consumers),
    }
    if verdict.witness is not None:
        shown |= {"witness": verdict.witness.instance, "witness_valid_under": verdict.witness.valid_under}
    return shown


def _change(change: Change) -> dict[str, Json]:
    values = {name: value for name, value in (("old", change.old), ("new", change.new)) if value is not ABSENT}
    said = {"effect": change.effect, "reason": change.reason}
    return {"pointer": change.pointer, "kind": change.kind, **values, **said}
