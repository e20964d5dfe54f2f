"""Summarise what `compatibility.py` has judged: the risk, the required bump, and the message for people."""

from collections.abc import Iterable, Mapping, Sequence

from schemaregistry.compat import change_wording
from schemaregistry.compat.arrow_rules import ColumnDifference
from schemaregistry.compat.changes import Edit
from schemaregistry.compat.decision import Decision
from schemaregistry.compat.verdict import ABSENT, Bump, Outcome, Risk, Verdict, Way, Witness

__all__ = ["message", "required_bump", "risk"]


def risk(
    outcome: Outcome, decisions: Iterable[Decision], found: Sequence[Edit], findings: Sequence[ColumnDifference]
) -> Risk:
    """Return the risk of the change.

    none: only annotations changed; low: compatible in both directions; medium: in one direction; high: incompatible,
    unknown, or a new `format` that existing data may violate.
    """
    if outcome is not Outcome.COMPATIBLE or any(map(_may_halt, found)):
        return "high"
    if not findings and all(edit.is_annotation for edit in found):
        return "none"
    both = all(decision.outcome is Outcome.COMPATIBLE for decision in decisions)
    return (
        "low" if both and not any(finding.rule.backward or finding.rule.forward for finding in findings) else "medium"
    )


def _may_halt(edit: Edit) -> bool:
    return edit.asserted_on_data and edit.new is not ABSENT


def required_bump(outcome: Outcome, found: Sequence[Edit], findings: Sequence[ColumnDifference]) -> Bump:
    """Return the smallest bump: patch where only annotations changed, minor where compatible, else major."""
    if outcome is not Outcome.COMPATIBLE:
        return "major"
    return "minor" if findings or not all(edit.is_annotation for edit in found) else "patch"


def message(verdict: Verdict, asked: Sequence[Way], decisions: Mapping[Way, Decision]) -> str:
    """Return the verdict in a few sentences: the promise that holds, or a record that breaks it and the change."""
    versions = (verdict.old_version, verdict.new_version)
    if verdict.outcome is Outcome.COMPATIBLE:
        sentences = [_promise(asked, versions)]
    elif verdict.outcome is Outcome.UNKNOWN:
        sentences = [_undecided(asked, decisions, versions)]
    else:
        sentences = [] if verdict.witness is None else [_shown(verdict.witness, decisions, versions)]
        sentences += [change.reason for change in verdict.changes if change.effect == "incompatible"][:1]
    sentences += [change.reason for change in verdict.changes if change.kind.startswith("format_")][:1]
    return " ".join(sentences)


def _promise(asked: Sequence[Way], versions: tuple[str, str]) -> str:
    old, new = versions
    promises = {
        "backward": f"Every record valid under {old} is valid under {new}.",
        "forward": f"Every record valid under {new} is valid under {old}.",
    }
    return promises[asked[0]] if len(asked) == 1 else f"The same records are valid under {old} and under {new}."


def _undecided(asked: Sequence[Way], decisions: Mapping[Way, Decision], versions: tuple[str, str]) -> str:
    way = next(way for way in asked if decisions[way].outcome is Outcome.UNKNOWN)
    one, two = versions if way == "backward" else versions[::-1]
    return f"Whether every record valid under {one} is valid under {two} was not decided: {decisions[way].reason}."


def _shown(witness: Witness, decisions: Mapping[Way, Decision], versions: tuple[str, str]) -> str:
    valid, other = versions if witness.valid_under == "old" else versions[::-1]
    record = change_wording.shown(witness.instance)
    if any(decision.witness is witness.instance for decision in decisions.values()):
        return f"The record {record} is valid under {valid} and not under {other}."
    return f"The record {record} is valid under {valid}, and the column of {other} can't hold it."
