"""The report of a check: its facts, the form that a notebook shows, and the error for data that don't conform."""

from dataclasses import dataclass

from schemaregistry.data.report.facts import Facts
from schemaregistry.data.report.formats import html, text
from schemaregistry.errors import FailedPrecondition


@dataclass(frozen=True, slots=True)
class Report(Facts):
    """The whole answer."""

    def raise_for_violations(self) -> None:
        """Raise DoesNotConform unless every row is known to conform."""
        if self.verdict != "conforms":
            raise DoesNotConform(self)

    def _repr_html_(self) -> str:
        """The report as a notebook shows it."""
        return html.fragment(self)


class DoesNotConform(FailedPrecondition):
    """Data that violate their contract (reason DATA_VIOLATE), or may (DATA_UNDECIDED). `report` says where and why."""

    def __init__(self, report: Report) -> None:
        reason = "DATA_VIOLATE" if report.verdict == "violates" else "DATA_UNDECIDED"
        super().__init__(text.render(report), reason=reason, metadata={"id": report.schema.id})
        self.report = report
