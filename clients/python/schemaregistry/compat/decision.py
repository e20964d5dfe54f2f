"""Decide whether every instance of one draft-07 schema is an instance of another.

`compatibility.py` asks this for two documents, in the directions of a level.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final

from schemaregistry.compat.constant import freeze
from schemaregistry.compat.formula import Space
from schemaregistry.compat.prover import proves
from schemaregistry.compat.resources import UnreadableSchema
from schemaregistry.compat.schema_reader import read
from schemaregistry.compat.search_result import Found, No, OutOfTime, tick
from schemaregistry.compat.solving import Solver
from schemaregistry.compat.verdict import ABSENT, Absent, Outcome
from schemaregistry.compat.witness import Referees, shrink
from schemaregistry.document.model import Json

ATTEMPTS: Final = 8
"""Instances that the validators may reject before the search is given up."""
SEARCH_SHARE: Final = 0.7
"""The share of the time for the search; the rest is for the second prover."""
PROVER_LIMIT: Final = 50_000
"""Characters of both schemas together up to which the second prover is asked: its time grows with their square."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a claim. Where the outcome is incompatible, `witness` is valid under `old` and not under `new`."""

    outcome: Outcome
    witness: Json | Absent = ABSENT
    reason: str = ""


def decide(old: Json, new: Json, *, seconds: float = 1.0) -> Decision:
    """Decide the claim "every instance valid under `old` is valid under `new`", within about `seconds`.

    The outcome is compatible only with a proof, incompatible only with a witness that two validators confirm, and else
    unknown with the reason. Raises InvalidArgument where a schema isn't draft-07, or has a pattern that the
    linear-time regex engine can't run.
    """
    start = monotonic()
    try:
        decision = _in_time(old, new, start + seconds * SEARCH_SHARE)
    except UnreadableSchema as unreadable:
        return Decision(Outcome.UNKNOWN, reason=str(unreadable))
    # The second prover can't be interrupted: it comes last, and only where there is time left.
    left = monotonic() < start + seconds
    if decision.outcome is Outcome.UNKNOWN and left and _is_small(old, new) and proves(old, new):
        return Decision(Outcome.COMPATIBLE, reason="proven by canonical form")
    return decision


def search(old: Json, new: Json, *, seconds: float) -> Decision:
    """Decide the same claim by the search alone, without the second prover: it stops when the time is over."""
    try:
        return _in_time(old, new, monotonic() + seconds)
    except UnreadableSchema as unreadable:
        return Decision(Outcome.UNKNOWN, reason=str(unreadable))


def _in_time(old: Json, new: Json, deadline: float) -> Decision:
    referees = Referees(old, new)
    try:
        return _search(old, new, referees, deadline)
    except OutOfTime:
        return Decision(Outcome.UNKNOWN, reason="the time given was not enough to decide")
    except RecursionError:
        return Decision(Outcome.UNKNOWN, reason="nested too deeply")


def _is_small(old: Json, new: Json) -> bool:
    return len(repr(old)) + len(repr(new)) < PROVER_LIMIT


def _search(old: Json, new: Json, referees: Referees, deadline: float) -> Decision:
    """Look for an instance of `old ∧ ¬new`: one is the counterexample, and that there is none is the proof.

    An instance that the validators reject, because their arithmetic or regex dialect differs, is excluded and the
    search goes on. From then on EMPTY is no proof any more: the excluded instance may be a counterexample after all.
    """
    space = Space(partial(tick, deadline))
    claim = space.all_of(read(old, space), read(new, space).negation)
    solver = Solver(space, deadline)
    answer = solver.solve(claim)
    if answer is No.EMPTY:
        return Decision(Outcome.COMPATIBLE, reason="proven by case analysis")
    reason = "neither a proof nor a counterexample was found"
    for _ in range(ATTEMPTS):
        if not isinstance(answer, Found):
            break
        witness = _smallest(answer.value, referees, deadline)
        if witness is not ABSENT:
            return Decision(Outcome.INCOMPATIBLE, referees.dressed(witness))
        reason = f"a counterexample by the specification is not one for both validators: {answer.value!r:.200}"
        claim = space.all_of(claim, space.is_in([freeze(answer.value)]).negation)
        answer = solver.solve(claim)
    return Decision(Outcome.UNKNOWN, reason=reason)


def _smallest(instance: Json, referees: Referees, deadline: float) -> Json | Absent:
    """Return a smaller instance that both validators confirm, or ABSENT where they reject `instance`.

    Shrinking asks the fast validator alone and has the second one confirm the result; only where that fails does it ask
    both at each step.
    """
    if not referees.suspect(instance):
        return ABSENT

    def in_time(judge: Callable[[Json], bool]) -> Callable[[Json], bool]:
        return lambda smaller: monotonic() < deadline and judge(smaller)

    small = shrink(instance, in_time(referees.suspect))
    if referees.confirm(small):
        return small
    return shrink(instance, in_time(referees.separate)) if referees.confirm(instance) else ABSENT
