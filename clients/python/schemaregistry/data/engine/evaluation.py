"""What some rows are to a plan, as a value: which rules they break, where, and which of them the types can't hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.document import Json


class RuleKey(NamedTuple):
    """A rule that is broken, as in Violation."""

    column: str | None
    pointer: str
    rule: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The rows that break one rule. `value` gives the value at fault in one of them."""

    expected: str
    rows: Mask
    value: Callable[[int], Json]


@dataclass(frozen=True)
class Evaluation:
    """Some rows by the rules that they break, in the order of the report.

    `misfits` marks the rows with a value that the contract's types can't hold, where any rule is broken; `unfit` are
    places with such a value.
    """

    count: int
    findings: Mapping[RuleKey, Finding]
    misfits: Mask
    unfit: frozenset[int] = frozenset()

    @cached_property
    def failing(self) -> Mask:
        """The rows that break any rule."""
        rows = np.zeros(self.count, bool)
        for finding in self.findings.values():
            rows |= finding.rows
        return rows
