"""The report of a check: its facts, its form in a notebook, and the error for data that don't conform."""

from dataclasses import dataclass

from schemaregistry.data.report.facts import Facts
from schemaregistry.data.report.formats import html, text
from schemaregistry.errors import FailedPrecondition


@dataclass(frozen=True, slots=True)
class Report(Facts):
    """The facts of a check, with the ways to use them in a program or notebook."""

    def raise_for_violations(self) -> None:
        """Raise DoesNotConform unless every row is known to conform."""
        if self.verdict != "conforms":
            raise DoesNotConform(self)

    def _repr_html_(self) -> str:
        """Return the report as HTML, for Jupyter."""
        return html.fragment(self)


class DoesNotConform(FailedPrecondition):
    """Data violate their contract (reason DATA_VIOLATE), or may do so (DATA_UNDECIDED); `report` has the details."""

    def __init__(self, report: Report) -> None:
        reason = "DATA_VIOLATE" if report.verdict == "violates" else "DATA_UNDECIDED"
        super().__init__(text.render(report), reason=reason, metadata={"id": report.schema.id})
        self.report = report
