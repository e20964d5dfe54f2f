"""Judge a document against another, or against its history: the JSON side, the columns, each change, risk and bump.

The claims about schemas are decided in `decision.py`, columns are compared in `arrow_rules.py`, and `admission.py`
holds the rules for registering a version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from schemaregistry.compat import change_wording, summary
from schemaregistry.compat.arrow_rules import ColumnDifference, compare
from schemaregistry.compat.changes import Edit, apply, edits
from schemaregistry.compat.decision import Decision, decide, search
from schemaregistry.compat.judged_history import Versioned, dropped_promise, judged_against, promised
from schemaregistry.compat.levels import WAYS, column_ways, schema_ways
from schemaregistry.compat.verdict import ABSENT, Change, Effect, Outcome, Verdict, Way, Witness
from schemaregistry.document.model import ArrowField, ArrowType, Document, Json, Level
from schemaregistry.errors import InvalidArgument

MAX_JUDGED: Final = 64
"""Changes that are judged one by one; the effect of further ones is unknown."""
ONE_CHANGE: Final = 0.1
"""Seconds at most for judging one change by itself."""


def check(old: Document, new: Document, *, direction: Level | None = None, seconds: float = 1.0) -> Verdict:
    """Judge `new` as the successor of `old`, within about `seconds`.

    Without `direction` the new document's own level applies, and without that `backward` for the JSON side and `full`
    for the columns, since old and new readers read a column's physical type at once. Raises InvalidArgument where a
    schema can't be used as draft-07.
    """
    return _Check(old, new, direction or new.compatibility, monotonic() + seconds).verdict()


def undecided(old: Versioned, new: Versioned, level: Level | None, reason: str) -> Verdict:
    """Return the verdict "unknown" on a question that was given up for `reason`; `level` None is the default level."""
    return Verdict(
        outcome=Outcome.UNKNOWN,
        message=f"Whether {new.version} may follow {old.version} was not decided: {reason}.",
        direction=level or "backward",
        risk="high",
        required_bump="major",
        old_version=str(old.version),
        new_version=str(new.version),
    )


def check_history(
    versions: Sequence[Document], new: Document, *, direction: Level | None = None, seconds: float = 1.0
) -> Verdict:
    """Judge `new` against each version that `judged_against` selects from `versions`, which may be in any order.

    Without `direction`, the level is the candidate's own, or the previous version's level too, if that is stricter: a
    candidate can't drop a promise by leaving it out. The result is the verdict on the newest version that is
    incompatible; if none is, on the newest that is unknown; else on the newest. `seconds` is for all of them together.
    Raises InvalidArgument (NO_HISTORY) without any version.
    """
    if not versions:
        raise InvalidArgument("There is no version to compare with.", reason="NO_HISTORY")
    ordered = in_order(versions)
    lowered = direction is None and dropped_promise(ordered, new.compatibility)
    levels = [direction or new.compatibility, *([promised(ordered)] if lowered else [])]
    asked = [(old, level) for level in levels for old in judged_against(ordered, level)]
    deadline = monotonic() + seconds
    verdicts = []
    for index, (old, level) in enumerate(asked):  # each takes an equal share of the time that is left
        share = max(deadline - monotonic(), 0) / (len(asked) - index)
        verdicts.append(_Check(old, new, level, monotonic() + share).verdict())
    worst = min(verdicts, key=lambda verdict: _ORDER[verdict.outcome])
    return _with_lowered(worst, levels[1], new.compatibility) if lowered else worst


def _with_lowered(verdict: Verdict, old: Level | None, new: Level | None) -> Verdict:
    """Add the lowered promise to a verdict: it breaks no reader today, and needs a major bump all the same."""
    change = Change(
        "/compatibility",
        "compatibility_lowered",
        old or ABSENT,
        new or ABSENT,
        "none",
        change_wording.lowered(old, new),
    )
    return replace(
        verdict,
        changes=(*verdict.changes, change),
        message=f"{verdict.message} {change.reason}",
        required_bump="major",
        risk=verdict.risk if verdict.risk == "high" else "medium",
    )


def undecided_history(
    versions: Sequence[Document], new: Document, reason: str, *, direction: Level | None = None
) -> Verdict:
    """Return the verdict "unknown" for a history, in any order, whose judging was given up for `reason`."""
    level = direction or new.compatibility
    return undecided(judged_against(in_order(versions), level)[0], new, level, reason)


def in_order(versions: Sequence[Document]) -> Sequence[Document]:
    """Return the documents sorted by version, the oldest first."""
    return sorted(versions, key=lambda document: document.version)


_ORDER: Final = {Outcome.INCOMPATIBLE: 0, Outcome.UNKNOWN: 1, Outcome.COMPATIBLE: 2}


@dataclass(frozen=True, slots=True)
class _Check:
    """One question; `deadline` is on the clock of `time.monotonic`.

    `level` None is the default, which is backward for the JSON side and full for the columns.
    """

    old: Document
    new: Document
    level: Level | None
    deadline: float

    def verdict(self) -> Verdict:
        level: Level = self.level or "backward"
        asked, columns = schema_ways(self.level), column_ways(self.level)
        found = tuple(edits(self.old.schema, self.new.schema))
        findings = self._findings()
        broken = [finding for finding in findings if any(finding.rule.breaks(way) for way in columns)]
        decisions = self._decide_all(asked)
        outcome = Outcome.INCOMPATIBLE if broken else Outcome(_effect([decisions[way] for way in asked]))
        changes = (*self._changes(found, asked, decisions), *(self._column(finding, columns) for finding in findings))
        witness = self._witness(asked, decisions, broken)
        verdict = Verdict(
            outcome=outcome,
            message="",
            direction=level,
            risk=summary.risk(outcome, decisions.values(), found, findings),
            required_bump=summary.required_bump(outcome, found, findings),
            changes=changes,
            witness=witness,
            old_version=str(self.old.version),
            new_version=str(self.new.version),
        )
        return replace(verdict, message=summary.message(verdict, asked, decisions))

    def _findings(self) -> tuple[ColumnDifference, ...]:
        """Compare the columns; derived ones have no order, since nobody stated one."""
        ordered = not (self.old.arrow_derived or self.new.arrow_derived)
        return compare(_stated(self.old), _stated(self.new), self.new.aliases, ordered=ordered)

    def _left(self) -> float:
        return max(self.deadline - monotonic(), 0.0)

    def _decide_all(self, asked: tuple[Way, ...]) -> dict[Way, Decision]:
        """Decide the directions asked for, and then the other one, which is needed for `risk` alone.

        The other one, and later each change by itself, use `search` alone: it respects the deadline, whereas the second
        prover of `decide` can't be interrupted and could delay the verdict.
        """
        decisions: dict[Way, Decision] = {}
        # The share that is left is for the other direction and for the effect of each change.
        for way in asked:
            share = 0.8 if len(asked) == 1 else 0.4
            one, two = _in_order(way, self.old.schema, self.new.schema)
            decisions[way] = decide(one, two, seconds=self._left() * share)
        for way in WAYS["full"]:
            if way not in decisions:
                one, two = _in_order(way, self.old.schema, self.new.schema)
                decisions[way] = search(one, two, seconds=self._left() / 2)
        return decisions

    def _changes(
        self, found: tuple[Edit, ...], asked: tuple[Way, ...], decisions: Mapping[Way, Decision]
    ) -> list[Change]:
        # The effect of a single change is that of the whole, which is decided already.
        alone = len([edit for edit in found if not edit.is_annotation]) == 1
        changes = []
        for index, edit in enumerate(found):
            if edit.is_annotation or edit.asserted_on_data:
                effect: Effect = "none"
            elif alone:
                effect = _effect([decisions[way] for way in asked])
            else:
                effect = self._effect_of(edit, asked) if index < MAX_JUDGED else "unknown"
            changes.append(Change(edit.pointer, edit.kind, edit.old, edit.new, effect, _reason(edit, effect)))
        return changes

    def _effect_of(self, edit: Edit, asked: tuple[Way, ...]) -> Effect:
        """Return the effect of one change as if it were the only one."""
        seconds = min(self._left(), ONE_CHANGE)
        if seconds <= 0:
            return "unknown"
        try:
            changed = apply(self.old.schema, edit)
            pairs = [_in_order(way, self.old.schema, changed) for way in asked]
            return _effect([search(one, two, seconds=seconds) for one, two in pairs])
        except InvalidArgument:
            return "unknown"  # the change alone gives no usable schema: a $ref, say, without its definition

    def _column(self, finding: ColumnDifference, ways: tuple[Way, ...]) -> Change:
        reasons = [finding.rule.breaks(way) for way in ways if finding.rule.breaks(way)]
        effect: Effect = "incompatible" if reasons else "compatible"
        text = [change_wording.finding_sentence(finding), *dict.fromkeys(reasons or filter(None, [finding.rule.note]))]
        if self.old.arrow_derived or self.new.arrow_derived:
            text.append("the type is derived from the JSON side, as there is no `arrow` block")
        reason = " ".join(map(change_wording.one_sentence, text))
        old, new = (ABSENT if side is None else side for side in (finding.old, finding.new))
        return Change(finding.pointer, finding.rule.kind, old, new, effect, reason)

    def _witness(
        self, asked: tuple[Way, ...], decisions: Mapping[Way, Decision], broken: list[ColumnDifference]
    ) -> Witness | None:
        for way in asked:
            if decisions[way].outcome is Outcome.INCOMPATIBLE:
                return Witness(decisions[way].witness, "old" if way == "backward" else "new")
        witnesses = (self._column_witness(finding) for finding in broken)
        return next((witness for witness in witnesses if witness is not None), None)

    def _column_witness(self, finding: ColumnDifference) -> Witness | None:
        """Return a record that is valid under the old JSON side, with a value that the new column can't hold."""
        schema = self.old.schema
        if finding.rule.lost is ABSENT or finding.column not in schema.get("properties", {}) or "$ref" in schema:
            return None
        holds = {"required": [finding.column], "properties": {finding.column: {"const": finding.rule.lost}}}
        narrowed = {**schema, "allOf": [*schema.get("allOf", ()), holds]}
        decision = search(narrowed, False, seconds=self._left() / 2)
        return Witness(decision.witness, "old") if decision.outcome is Outcome.INCOMPATIBLE else None


def _stated(document: Document) -> tuple[ArrowField, ...]:
    """Return the columns whose types are compared: all but those derived as json, which only repeat the JSON side."""
    if not document.arrow_derived:
        return document.arrow
    return tuple(field for field in document.arrow if not _holds_json(field.type))


def _holds_json(kind: ArrowType) -> bool:
    parts = [kind.item] if kind.item else kind.fields
    return kind.name == "json" or any(_holds_json(part.type) for part in parts)


def _in_order(way: Way, old: Json, new: Json) -> tuple[Json, Json]:
    """Return the writer's and the reader's schema in this direction."""
    return (old, new) if way == "backward" else (new, old)


def _effect(decisions: Sequence[Decision]) -> Effect:
    outcomes = {decision.outcome for decision in decisions}
    if Outcome.INCOMPATIBLE in outcomes:
        return "incompatible"
    return "unknown" if Outcome.UNKNOWN in outcomes else "compatible"


def _reason(edit: Edit, effect: Effect) -> str:
    clauses = [change_wording.sentence(edit)]
    if edit.asserted_on_data:
        clauses.append(
            "A verdict takes `format` as an annotation, but data is checked for it: what has another form halts"
        )
    if effect == "incompatible":
        clauses.append(change_wording.alternative(edit))
    return " ".join(map(change_wording.one_sentence, clauses))
