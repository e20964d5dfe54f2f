"""Write a review as plain text, for a terminal or a log."""

from collections.abc import Iterator

from schemaregistry.bot.review import Review, SchemaReview
from schemaregistry.terminal import json_text, printable


def review_text(review: Review) -> str:
    """Return the review as lines: the answer, what blocks it, then each document that the change touches."""
    return "\n".join(_lines(review))


def _lines(review: Review) -> Iterator[str]:
    touched = [each for each in review.schemas if each.status != "unchanged"]
    state = "blocked" if review.blocked else "passes"
    yield f"{state}: {review.verdict}, risk {review.risk}, {_count(len(touched), 'schema')} changed"
    for blocker in review.blockers:
        lifted = f" Let through by {printable(blocker.lifted_by)}." if blocker.lifted_by else ""
        yield f"  {printable(blocker.id)}: {blocker.reason}: {printable(blocker.text)}{lifted}"
    if review.overridden_by:
        yield f"overridden by {printable(review.overridden_by)}"
    for note in review.notes:
        yield f"note: {printable(note.path)}: {printable(note.text)}"
    for found in touched:
        yield from _schema(found)
    unchanged = len(review.schemas) - len(touched)
    if unchanged:
        yield f"{_count(unchanged, 'schema')} unchanged"


def _schema(found: SchemaReview) -> Iterator[str]:
    yield f"{printable(found.id or found.path)}: {found.status}{_step(found)} ({printable(found.path)})"
    if found.problem:
        yield f"  {printable(found.problem.message)}"
    if found.verdict is None:
        return
    yield f"  {found.verdict.outcome.value}: {printable(found.verdict.message)}"
    yield f"  risk {found.verdict.risk}; takes a {found.required_bump} step, states {found.stated_bump}"
    if found.verdict.witness is not None:
        record = json_text(found.verdict.witness.instance)
        yield f"  valid under the {found.verdict.witness.valid_under} version alone: {record}"
    for change in found.verdict.changes:
        yield f"  {change.effect}: {change.kind} at {printable(change.pointer or '/')}: {printable(change.reason)}"
    for suggestion in found.suggestions:
        yield f"  {printable(suggestion.text)}"
        yield from (f"    {printable(line)}" for line in suggestion.diff)
    for consumer in found.consumers:
        state = {True: "breaks", False: "goes on", None: "can't be told"}[consumer.breaks]
        team = printable(consumer.team) if consumer.source == "declared" else "seen, not declared"
        yield f"  {printable(consumer.name)} ({team}): {state}: {printable(consumer.why)}"


def _step(found: SchemaReview) -> str:
    if found.before and found.after and found.before != found.after:
        return f" {printable(found.before)} → {printable(found.after)}"
    return f" {printable(found.after or found.before)}" if found.after or found.before else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
