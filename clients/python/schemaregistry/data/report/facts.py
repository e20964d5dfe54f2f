"""The facts of a report, as frozen values and as JSON; every form of a report is made from them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

ReportVerdict: TypeAlias = Literal["conforms", "violates", "undecided"]
"""The answer of a check; `undecided` where a file couldn't be read to its end."""

MAX_EXAMPLES: Final = 10
"""Rows shown for one violation."""


@dataclass(frozen=True, slots=True)
class SchemaName:
    """The contract that the data were checked by; `revision` is None where no registry was asked."""

    id: str
    version: str
    revision: int | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that was read: its rows (up to the error, if there was one) and its bytes on disk."""

    path: str
    format: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Example:
    """One failing row: `row` counts from 0 in the file, `line` from 1 in text formats. `value` is JSON.

    NaN, infinity and decimals are strings; long texts are cut.
    """

    file: str
    row: int
    line: int | None
    value: Any


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: `column` is the top-level column, None where the rule concerns the whole row.

    `pointer` is the rule's place in the document (RFC 6901), `rule` its keyword, or `arrow`. `count` is the number of
    rows.
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
    """Why data couldn't be checked. `offset` is in bytes, for text formats of the decompressed text."""

    file: str
    offset: int | None
    line: int | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a check found. `rows_failing` counts distinct rows; `seconds` are of wall-clock time."""

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
        """Return the facts as JSON values, in the order of the fields."""
        return asdict(self)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 3 undecided."""
        return {"conforms": 0, "violates": 1, "undecided": 3}[self.verdict]
