"""Add up evaluations: violations with their counts and first rows, failing rows, notes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from schemaregistry.data.arrow.values import shown
from schemaregistry.data.engine.evaluation import Evaluation, RuleKey
from schemaregistry.data.engine.schema_findings import SchemaFinding
from schemaregistry.data.report.facts import MAX_EXAMPLES, Example, Violation
from schemaregistry.document import Json, canonical

_LONGEST: Final = 80
"""Characters of a value shown as what was found."""


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
        self._unfit: set[int] = set()
        """Places with a value that its type doesn't hold."""
        self._notes: dict[str, int | None] = {}
        self._found: dict[RuleKey, _Found] = {}

    @property
    def clean(self) -> bool:
        """Whether no rule is broken so far."""
        return not self._found

    def note(self, text: str, *, while_fitting: int | None = None) -> None:
        """Add a note once; with `while_fitting` it counts only if every value at that place fits its type."""
        self._notes.setdefault(text, while_fitting)

    def notes(self) -> tuple[str, ...]:
        """Return the notes."""
        return tuple(text for text, place in self._notes.items() if place not in self._unfit)

    def add_schema(self, findings: Iterable[SchemaFinding]) -> None:
        """Add rules that the schema breaks: columns that are missing or of another type. They count no rows."""
        for key, expected, actual in findings:
            self._found.setdefault(key, _Found(expected, actual))

    def add(self, evaluation: Evaluation, path: str, start: int, line_of: Callable[[int], int | None]) -> None:
        """Add an evaluation of rows of the file `path`, with examples; `start` is the number of the first row."""
        self._unfit |= evaluation.unfit
        if evaluation.findings:
            self.rows_failing += int(evaluation.failing.sum())
        for key, finding in evaluation.findings.items():
            found = self._found.get(key)
            wanted = MAX_EXAMPLES - (len(found.examples) if found else 0)
            examples = [
                Example(path, start + row, line_of(row), shown(finding.value(row)))
                for row in np.flatnonzero(finding.rows)[:wanted].tolist()
            ]
            if found is None:
                # `actual` is the first value at fault.
                found = self._found[key] = _Found(finding.expected, words(examples[0].value))
            found.count += int(finding.rows.sum())
            found.examples += examples

    def violations(self, rank: Callable[[RuleKey], Any]) -> tuple[Violation, ...]:
        """Return the violations, sorted by `rank`."""
        return tuple(
            Violation(*key, found.expected, found.actual, found.count, tuple(found.examples))
            for key, found in sorted(self._found.items(), key=lambda item: rank(item[0]))
        )


def words(value: Json) -> str:
    """Return a value as JSON text, cut where it is long, for `actual`."""
    text = canonical(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
