"""What has been found so far: violations with their counts and first rows, rows that fail. Judges nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from schemaregistry.data.facts import MAX_EXAMPLES, Example, Violation
from schemaregistry.document import Json, canonical

_LONGEST: Final = 80
"""Characters of a value that is shown as what was found."""


class Key(NamedTuple):
    """A rule that is broken, as in Violation."""

    column: str | None
    pointer: str
    rule: str


@dataclass(slots=True)
class _Found:
    expected: str
    actual: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Tally:
    """The sums of one check."""

    def __init__(self) -> None:
        self.rows_failing = 0
        self.misfits: set[int] = set()
        """Places with a value that its type doesn't hold."""
        self._notes: dict[str, int | None] = {}
        self._found: dict[Key, _Found] = {}

    @property
    def clean(self) -> bool:
        """Whether nothing is broken so far."""
        return not self._found

    def note(self, text: str, *, while_fitting: int | None = None) -> None:
        """Say something once; or only if every value at a place fits its type in the end."""
        self._notes.setdefault(text, while_fitting)

    def notes(self) -> tuple[str, ...]:
        """What is to be said."""
        return tuple(text for text, place in self._notes.items() if place not in self.misfits)

    def broken(self, key: Key, expected: str, actual: str) -> None:
        """A rule is broken, if by no row: by a column that is missing, or of another type."""
        self._found.setdefault(key, _Found(expected, actual))

    def wants(self, key: Key) -> int:
        """How many more rows of a violation are shown."""
        return MAX_EXAMPLES - len(self._found[key].examples) if key in self._found else MAX_EXAMPLES

    def add(self, key: Key, expected: str, count: int, examples: Iterable[Example]) -> None:
        """`count` more rows break a rule; `examples` are the first of them, no more than are wanted."""
        shown = list(examples)
        if key not in self._found:
            self._found[key] = _Found(expected, words(shown[0].value))
        self._found[key].count += count
        self._found[key].examples += shown

    def violations(self, rank: Callable[[Key], Any]) -> tuple[Violation, ...]:
        """The violations by rank."""
        return tuple(
            Violation(*key, found.expected, found.actual, found.count, tuple(found.examples))
            for key, found in sorted(self._found.items(), key=lambda item: rank(item[0]))
        )


def words(value: Json) -> str:
    """A value as what was found is told: JSON text, cut where it is long."""
    text = canonical(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
