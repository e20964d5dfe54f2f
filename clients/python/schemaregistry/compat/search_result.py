"""What is known of a formula's instances: one of them, that there are none, or neither. Holds no procedure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Final, Protocol, TypeAlias

from schemaregistry.compat.formula import Formula, Space
from schemaregistry.document.model import Json


@dataclass(frozen=True, slots=True)
class Found:
    """An instance."""

    value: Json


class No(Enum):
    """No instance: proven (EMPTY), or none was found (UNKNOWN)."""

    EMPTY = "empty"
    UNKNOWN = "unknown"


SearchResult: TypeAlias = Found | No

LARGEST: Final = 20_000
"""Values in one instance, members and elements included: a larger one is nothing to show."""


def of_size(value: Json) -> SearchResult:
    """Give the instance, or UNKNOWN where it is too large; parts of it may be one object many times over."""
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
    """The time given is over."""


def tick(deadline: float) -> None:
    """Raise OutOfTime after `deadline`, on the clock of `time.monotonic`."""
    if monotonic() > deadline:
        raise OutOfTime


class Solving(Protocol):
    """What the theories of the single types need of the whole procedure."""

    space: Space

    def tick(self) -> None:
        """Raise OutOfTime where the time given is over."""

    def solve(self, formula: Formula) -> SearchResult:
        """Find an instance of any type."""

    def solve_text(self, formula: Formula) -> SearchResult:
        """Find an instance among the strings."""

    def holds(self, formula: Formula, value: Json) -> bool:
        """Evaluate."""


def first(answers: Iterable[SearchResult]) -> SearchResult:
    """Give the answer for a disjunction: the first instance; EMPTY only where every part is."""
    last = No.EMPTY
    for answer in answers:
        if isinstance(answer, Found):
            return answer
        if answer is No.UNKNOWN:
            last = No.UNKNOWN
    return last
