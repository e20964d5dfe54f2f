"""The result of a search: an instance, the proof that there is none, or neither. `solving.py` does the search."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Final, Protocol, TypeAlias

from schemaregistry.compat.formula import Formula, Space
from schemaregistry.document.model import Json


@dataclass(frozen=True, slots=True)
class Found:
    """An instance was found."""

    value: Json


class No(Enum):
    """No instance was found: there is provably none (EMPTY), or there may be one (UNKNOWN)."""

    EMPTY = "empty"
    UNKNOWN = "unknown"


SearchResult: TypeAlias = Found | No

LARGEST: Final = 20_000
"""Members and elements in one instance at most, on all levels: a larger one is of no use as a witness."""


def of_size(value: Json) -> SearchResult:
    """Return `value` as the instance found, or UNKNOWN where it has more than LARGEST members and elements.

    A Python object that is part of it at several places counts at each.
    """
    left, todo = LARGEST, [value]
    while todo:
        part = todo.pop()
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        left -= len(inner)
        if left < 0:
            return No.UNKNOWN
        todo += inner
    return Found(value)


class OutOfTime(Exception):
    """The time for the search is over."""


def tick(deadline: float) -> None:
    """Raise OutOfTime after `deadline`, on the clock of `time.monotonic`."""
    if monotonic() > deadline:
        raise OutOfTime


class Solving(Protocol):
    """What the searches for one type (`array_instances.py` and its siblings) use of the whole one, `solving.Solver`.

    They are given literals: atoms and negated atoms about that type, of which all must hold.
    """

    space: Space

    def tick(self) -> None:
        """Raise OutOfTime where the time for the search is over."""

    def solve(self, formula: Formula) -> SearchResult:
        """Find an instance of any type."""

    def solve_text(self, formula: Formula) -> SearchResult:
        """Find an instance among the strings."""

    def holds(self, formula: Formula, value: Json) -> bool:
        """Tell whether `value` satisfies `formula`."""


def first(answers: Iterable[SearchResult]) -> SearchResult:
    """Return the result for a disjunction: the first instance, or EMPTY where all parts are, else UNKNOWN.

    `answers` is read no further than the first instance.
    """
    last = No.EMPTY
    for answer in answers:
        if isinstance(answer, Found):
            return answer
        if answer is No.UNKNOWN:
            last = No.UNKNOWN
    return last
