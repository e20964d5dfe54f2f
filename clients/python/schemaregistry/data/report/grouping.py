"""Shorten reports with very many violations: show the first of each rule, and summarize the others in a line.

The JSON form has all of them. The C++ loader does the same in report.cpp.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from schemaregistry.data.report.facts import Violation
from schemaregistry.data.report.report_wording import column
from schemaregistry.terminal import printable

MOST: Final = 50
"""How many violations of one rule, and how many notes, are shown."""
_NAMED: Final = 5
"""How many columns a summary names."""


def first_of_each(violations: Sequence[Violation]) -> list[Violation]:
    """Return the violations that are shown in full."""
    seen: Counter[str] = Counter()
    shown: list[Violation] = []
    for violation in violations:
        seen[violation.rule] += 1
        if seen[violation.rule] <= MOST:
            shown.append(violation)
    return shown


def rest(violations: Sequence[Violation]) -> dict[str, str]:
    """Return a line for each rule that summarizes the violations beyond those shown.

    `required: 4,950 more, of c50, c51, c52, c53, c54 and others (JSON has all)`.
    """
    of_rule: dict[str, list[Violation]] = {}
    for violation in violations:
        of_rule.setdefault(violation.rule, []).append(violation)
    return {rule: _line(rule, found[MOST:]) for rule, found in of_rule.items() if len(found) > MOST}


def _line(rule: str, others: Sequence[Violation]) -> str:
    names = list(dict.fromkeys(map(column, others)))
    named = ", ".join(names[:_NAMED]) + (" and others" if len(names) > _NAMED else "")
    return printable(f"{rule}: {len(others):,} more, of {named} (JSON has all)")


def first_notes(notes: Sequence[str]) -> list[str]:
    """Return the first notes, and a line with how many more there are."""
    more = len(notes) - MOST
    return [*notes[:MOST], f"{more:,} more notes (JSON has all)"] if more > 0 else list(notes)
