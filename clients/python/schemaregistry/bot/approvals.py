"""Decide what lets a blocked change pass: the label of a code owner, and approvals by owners of consumers.

What GitHub knows of the pull request is asked in `approval_facts.py`; who is behind an owner's name is asked through
`Owns`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from schemaregistry.bot.code_owners import owners_of
from schemaregistry.bot.consumers import Consumer
from schemaregistry.bot.review import UNMENDABLE, Blocker, Review, ReviewNote

Owns: TypeAlias = Callable[[str, str], bool | None]
"""Tells whether an owner (`@login`, `@org/team`, an address) is or has an account; None where that can't be told."""


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """What GitHub says of a pull request's head. `labeled_by` set the label ("": nobody), `approvers` approved.

    `void` says why the label doesn't count, whoever set it; "" where it may count.
    """

    labeled_by: str = ""
    void: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lift:
    """The account that lifts a blocker ("": nobody), whether by the label, and why the label doesn't lift it."""

    by: str = ""
    label: bool = False
    refusal: str = ""


def lift(review: Review, facts: ApprovalFacts, codeowners: str, consumers: Sequence[Consumer], owns: Owns) -> Review:
    """Return the review with what is lifted by the label or by approvals; why a label doesn't count becomes a note.

    `codeowners` is the text of CODEOWNERS at the base.
    """
    declared = {each.name: each for each in consumers}
    lifts = [_lift(each, facts, codeowners, declared, owns) for each in review.blockers]
    blockers = tuple(
        replace(blocker, lifted_by=found.by) for blocker, found in zip(review.blockers, lifts, strict=True)
    )
    refusals = dict.fromkeys(
        ReviewNote(path, found.refusal)
        for blocker, found in zip(review.blockers, lifts, strict=True)
        for path in blocker.paths[:1]
        if found.refusal
    )
    overridden = facts.labeled_by if any(found.label for found in lifts) else ""
    return replace(review, blockers=blockers, overridden_by=overridden, notes=(*review.notes, *refusals))


def _lift(
    blocker: Blocker, facts: ApprovalFacts, codeowners: str, consumers: Mapping[str, Consumer], owns: Owns
) -> _Lift:
    if blocker.reason in UNMENDABLE:
        return _Lift()
    if blocker.consumer in consumers:
        owners = list(_owners(consumers[blocker.consumer]))
        for approver in facts.approvers:
            if any(owns(owner, approver) for owner in owners):
                return _Lift(approver)
    if not facts.labeled_by:
        return _Lift()
    refusal = facts.void or _refusal(blocker, facts.labeled_by, codeowners, owns)
    return _Lift(refusal=refusal) if refusal else _Lift(facts.labeled_by, label=True)


def _refusal(blocker: Blocker, login: str, codeowners: str, owns: Owns) -> str:
    """Return why the label of an account doesn't lift a blocker; "" where it does: it must own each of the paths."""
    for path in blocker.paths:
        owners = owners_of(codeowners, path)
        known = [owns(owner, login) for owner in owners]
        if any(known):
            continue
        said = f"{login} set the label schema-override, and "
        if not owners:
            return f"{said}CODEOWNERS at the base names no owner of {path}: the label doesn't count."
        if None in known:
            return (
                f"{said}whether {login} is one of {', '.join(owners)} can't be told: the label doesn't count. "
                "The token needs the right to read the organisation's members."
            )
        return f"{said}isn't a code owner of {path} ({', '.join(owners)}): the label doesn't count."
    return "" if blocker.paths else f"{login} set the label schema-override, which doesn't lift {blocker.reason}."


def _owners(consumer: Consumer) -> Iterator[str]:
    """Yield a consumer's owners: its contact, and its team, which may be a name without the organisation."""
    if "@" in consumer.contact:
        yield consumer.contact
    yield consumer.team
