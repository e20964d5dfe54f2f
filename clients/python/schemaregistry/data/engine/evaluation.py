"""The result of evaluating some rows by a plan: the rules that they break, and the rows with misfits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.document import Json


class RuleKey(NamedTuple):
    """The identity of a broken rule in a report; fields as in `Violation`."""

    column: str | None
    pointer: str
    rule: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The rows that break one rule: `rows` is a mask, `value` returns the value at fault in a row."""

    expected: str
    rows: Mask
    value: Callable[[int], Json]


@dataclass(frozen=True)
class Evaluation:
    """The rules that `count` rows break, in the report's order.

    `misfits` marks the rows with a value that the contract's types can't hold; it is filled in only where a rule is
    broken. `unfit` are the places with such a value.
    """

    count: int
    findings: Mapping[RuleKey, Finding]
    misfits: Mask
    unfit: frozenset[int] = frozenset()

    @cached_property
    def failing(self) -> Mask:
        """A mask of the rows that break any rule."""
        rows = np.zeros(self.count, bool)
        for finding in self.findings.values():
            rows |= finding.rows
        return rows
