"""What a check found, as frozen values and as JSON: what every form of a report is made from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

ReportVerdict: TypeAlias = Literal["conforms", "violates", "undecided"]

MAX_EXAMPLES: Final = 10
"""Rows that are shown of one violation."""


@dataclass(frozen=True, slots=True)
class SchemaName:
    """The contract that data was judged by; `revision` is None where no registry was asked."""

    id: str
    version: str
    revision: int | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that was read: its rows (those read so far, where it broke off) and its bytes on disk."""

    path: str
    format: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Example:
    """One row that fails: `row` counts from 0 in the file, `line` from 1 in text formats. `value` is JSON.

    NaN, infinity and decimals are shown as strings; long texts are cut.
    """

    file: str
    row: int
    line: int | None
    value: Any


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that is broken: `column` is the top-level column, None where the rule is of the whole row.

    `pointer` is the rule's place in the document (RFC 6901), `rule` its keyword, or `arrow`. `count` is of rows.
    """

    column: str | None
    pointer: str
    rule: str
    expected: str
    actual: str
    count: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the data could not be judged. `offset` is in bytes: of the file, of a text format's decompressed text."""

    file: str
    offset: int | None
    line: int | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a check found. `rows_failing` counts distinct rows; seconds are of the wall clock."""

    verdict: ReportVerdict
    schema: SchemaName
    files: Sequence[FileFacts]
    rows: int
    rows_failing: int
    violations: Sequence[Violation]
    notes: Sequence[str]
    error: Fault | None
    seconds: float
    rows_per_second: int
    peak_memory_bytes: int

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values, in the order of the fields."""
        return asdict(self)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 3 undecided."""
        return {"conforms": 0, "violates": 1, "undecided": 3}[self.verdict]
