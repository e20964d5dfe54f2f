"""What a report shows of very many broken rules: the first of each kind, and the others in a line.

JSON has all of them. C++ does the same in report.cpp.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from schemaregistry.data.report.facts import Violation
from schemaregistry.terminal import printable

MOST: Final = 50
"""Violations of one rule that are shown, and notes."""
_NAMED: Final = 5


def first_of_each(violations: Sequence[Violation]) -> list[Violation]:
    """The violations that are shown in full."""
    seen: Counter[str] = Counter()
    shown: list[Violation] = []
    for violation in violations:
        seen[violation.rule] += 1
        if seen[violation.rule] <= MOST:
            shown.append(violation)
    return shown


def rest(violations: Sequence[Violation]) -> dict[str, str]:
    """For each rule that is broken more often than is shown, a line about the others.

    `required: 4,950 more, of c50, c51, c52, c53, c54 and others (JSON has all)`.
    """
    of_rule: dict[str, list[Violation]] = {}
    for violation in violations:
        of_rule.setdefault(violation.rule, []).append(violation)
    return {rule: _line(rule, found[MOST:]) for rule, found in of_rule.items() if len(found) > MOST}


def _line(rule: str, others: Sequence[Violation]) -> str:
    names = list(dict.fromkeys(violation.column or "(row)" for violation in others))
    named = ", ".join(names[:_NAMED]) + (" and others" if len(names) > _NAMED else "")
    return printable(f"{rule}: {len(others):,} more, of {named} (JSON has all)")


def first_notes(notes: Sequence[str]) -> list[str]:
    """The first notes, and how many more there are."""
    more = len(notes) - MOST
    return [*notes[:MOST], f"{more:,} more notes (JSON has all)"] if more > 0 else list(notes)
