"""Write a review as the comment on a pull request, in GitHub's Markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

from schemaregistry.bot.markdown import block, code, sentence
from schemaregistry.bot.review import UNMENDABLE, ConsumerImpact, Review, SchemaReview
from schemaregistry.compat import Change, Verdict
from schemaregistry.compat.verdict import ABSENT, Bump
from schemaregistry.document import ArrowField, Json, canonical
from schemaregistry.document.arrow_block import describe
from schemaregistry.terminal import json_text

MARK: Final = "<!-- schemaregistry: review -->"
"""The hidden text by which the comment is found again."""
MOST: Final = 65_536
"""Characters that GitHub takes in a comment."""
LABEL: Final = "schema-override"
_SHOWN: Final = 12
"""Changes of one document that the comment shows; all are in the review's JSON."""
_VALUE: Final = 200
"""Characters of a value that are shown."""
_BUMPS: Final[tuple[Bump, ...]] = ("patch", "minor", "major")


def review_markdown(review: Review, *, most: int = MOST) -> str:
    """Return the comment, of at most `most` characters: what doesn't fit is counted, and is in the review's JSON."""
    touched = [each for each in review.schemas if each.status != "unchanged"]
    parts = [f"{MARK}\n{_headline(review)}", *_blocked(review), *_notes(review)]
    ending = f"Judged {code(review.base[:12])} … {code(review.head[:12])}."
    length = sum(len(part) + 2 for part in parts) + len(ending) + 200
    for index, found in enumerate(touched):
        part = "\n\n".join(_schema(found))
        if length + len(part) + 2 > most:
            rest = ", ".join(code(each.id or each.path) for each in touched[index : index + 20])
            parts.append(f"**{len(touched) - index} more** in the review's JSON: {rest[: most - length]}")
            break
        parts.append(part)
        length += len(part) + 2
    return "\n\n".join([*parts, ending])


def _headline(review: Review) -> str:
    needed = [each.verdict.required_bump for each in review.schemas if each.verdict]
    bump = f", takes a **{max(needed, key=_BUMPS.index)}** version" if needed else ""
    state = "Blocked" if review.blocked else "Overridden" if review.blockers else "Passes"
    return f"**{state}: {review.verdict}**, risk **{review.risk}**{bump}"


def _blocked(review: Review) -> Iterator[str]:
    if not review.blockers:
        return
    yield "\n".join(f"- {code(each.id)} {each.reason}: {sentence(each.text)}" for each in review.blockers)
    if review.overridden_by:
        yield f"Let through by the code owner {code(review.overridden_by)}, by the label {code(LABEL)}."
    elif all(each.reason not in UNMENDABLE for each in review.blockers):
        yield f"To let it through as it is, a code owner of these files sets the label {code(LABEL)}."


def _notes(review: Review) -> Iterator[str]:
    notes = [f"- note: {code(each.path)}: {sentence(each.text)}" for each in review.notes[:_SHOWN]]
    if len(review.notes) > _SHOWN:
        notes.append(f"- {len(review.notes) - _SHOWN} more notes in the review's JSON")
    if notes:
        yield "\n".join(notes)


def _schema(found: SchemaReview) -> Iterator[str]:
    yield f"### {code(found.id or found.path)} {found.status}{_versions(found)}"
    yield f"{code(found.path)}" + (f", before {code(found.former_path)}" if found.former_path else "")
    if found.problem is not None:
        place = f" (at {code(found.problem.pointer)})" if found.problem.pointer else ""
        yield f"{sentence(found.problem.message)}{place}"
    if found.verdict is not None:
        yield from _verdict(found, found.verdict)
    if found.consumers:
        yield _consumers(found.consumers)


def _versions(found: SchemaReview) -> str:
    if found.before and found.after and found.before != found.after:
        return f" {code(found.before)} → {code(found.after)}"
    return f" {code(found.after or found.before)}" if found.after or found.before else ""


def _verdict(found: SchemaReview, verdict: Verdict) -> Iterator[str]:
    states = f"{verdict.outcome.value}, risk {verdict.risk}, takes a {verdict.required_bump} version"
    yield f"**{states}**, states {found.stated_bump}. {sentence(verdict.message)}"
    if verdict.witness is not None:
        under, against = ("the old", "the new") if verdict.witness.valid_under == "old" else ("the new", "the old")
        yield f"This record is valid under {under} version and fails under {against} one:"
        yield block(json_text(verdict.witness.instance, indent=2), "json")
        yield from _row(found, verdict)
    changes = "\n".join(_change(change) for change in verdict.changes[:_SHOWN])
    if len(verdict.changes) > _SHOWN:
        changes += f"\n- {len(verdict.changes) - _SHOWN} more in the review's JSON"
    if changes:
        yield changes
    yield from _suggestion(found)


def _change(change: Change) -> str:
    values = " → ".join(_value(value) for value in (change.old, change.new))
    return f"- {code(change.pointer or '/')} {change.effect}: {values}. {sentence(change.reason)}"


def _value(value: object) -> str:
    if value is ABSENT:
        return "nothing"
    shown = value if isinstance(value, str) else json_text(value)
    return code(shown if len(shown) <= _VALUE else f"{shown[:_VALUE]}…")


def _row(found: SchemaReview, verdict: Verdict) -> Iterator[str]:
    """Yield the counterexample as an Arrow row, with the columns of the version that accepts it."""
    assert verdict.witness is not None
    side = found.old_document if verdict.witness.valid_under == "old" else found.document
    record = verdict.witness.instance
    if side is None or side.arrow_derived or not isinstance(record, dict):
        return
    yield "As a row of Arrow:"
    yield block("\n".join(_cell(column, record.get(column.name)) for column in side.arrow))


def _cell(column: ArrowField, value: Json) -> str:
    return f"{column.name}: {describe(column.type)} = {json_text(value)}"


def _suggestion(found: SchemaReview) -> Iterator[str]:
    """Yield the version that the change needs, as an edit of the document, where it states a smaller one."""
    least = found.least
    if found.document is None or least is None or found.stated_bump == "major":
        return
    if found.document.version >= least and found.stated_bump not in ("none", "lowered"):
        return
    edit = f'-  "version": {canonical(str(found.document.version)).decode()},\n+  "version": "{least}",'
    yield f"With this the version is large enough, and readers choose when they take it:\n\n{block(edit, 'diff')}"


def _consumers(consumers: Sequence[ConsumerImpact]) -> str:
    states = {True: "**breaks**", False: "goes on", None: "can't be told"}
    lines = ["| who | team | language | | why |", "| --- | --- | --- | --- | --- |"]
    for each in consumers:
        who = code(each.name) + (" (seen, not declared)" if each.source == "observed" else "")
        cells = (who, code(each.team), code(each.language), states[each.breaks], sentence(each.why))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)
