"""What a check found, as frozen values and as JSON. Holds no text layout and finds nothing itself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from schemaregistry.errors import FailedPrecondition

Verdict: TypeAlias = Literal["conforms", "violates", "undecided"]

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
class Report:
    """The whole answer. `rows_failing` counts distinct rows; seconds are of the wall clock."""

    verdict: Verdict
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
        """The report as JSON values, in the order of the fields."""
        return asdict(self)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 3 undecided."""
        return {"conforms": 0, "violates": 1, "undecided": 3}[self.verdict]

    def raise_for_violations(self) -> None:
        """Raise DoesNotConform unless every row is known to conform."""
        if self.verdict != "conforms":
            raise DoesNotConform(self)

    def _repr_html_(self) -> str:
        """The report as a notebook shows it."""
        # That module stands on this one.
        from schemaregistry.data.formats import html  # noqa: PLC0415

        return html.fragment(self)


class DoesNotConform(FailedPrecondition):
    """Data that violate their contract (reason DATA_VIOLATE), or may (DATA_UNDECIDED). `report` says where and why."""

    def __init__(self, report: Report) -> None:
        # That module stands on this one.
        from schemaregistry.data.formats import text  # noqa: PLC0415

        reason = "DATA_VIOLATE" if report.verdict == "violates" else "DATA_UNDECIDED"
        super().__init__(text.render(report), reason=reason, metadata={"id": report.schema.id})
        self.report = report
