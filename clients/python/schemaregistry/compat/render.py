"""Write a verdict as JSON, the same for every command and transport."""

from schemaregistry.compat.verdict import ABSENT, Change, Verdict
from schemaregistry.document.model import Json


def to_json(verdict: Verdict) -> dict[str, Json]:
    """Return the verdict as a JSON object; `witness` and `witness_valid_under` are there only with a witness."""
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
    judged = {"effect": change.effect, "reason": change.reason}
    return {"pointer": change.pointer, "kind": change.kind, **values, **judged}
