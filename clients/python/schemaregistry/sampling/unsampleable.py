"""The errors for samples that can't be made."""

from schemaregistry.data.report.report import Report
from schemaregistry.errors import InvalidArgument, Unimplemented
from schemaregistry.sampling.rules import ValueRules


def no_value(rules: ValueRules, what: str) -> Unimplemented:
    """Return the error for a place with no value that meets its rules."""
    names = ", ".join(dict.fromkeys(check.pointer for check in rules.checks if check.kind not in ("fits", "present")))
    message = f"no {what} was found that meets {names or 'the rules'}: nothing is written. Give the rows by hand."
    return Unimplemented(message, reason="NO_SAMPLE")


def unmet(pointers: list[str]) -> Unimplemented:
    """Return the error for rules that rows still break after many rounds."""
    named = ", ".join(pointers[:5])
    message = f"no rows were found that meet {named}: nothing is written. Give the rows by hand."
    return Unimplemented(message, reason="NO_SAMPLE")


def bad_request(message: str, reason: str) -> InvalidArgument:
    """Return the error for a request that can't be met."""
    return InvalidArgument(message, reason=reason)


def not_as_wanted(report: Report) -> Unimplemented:
    """Return the error for rows whose check doesn't give the requested result."""
    rules = ", ".join(dict.fromkeys(violation.pointer for violation in report.violations[:5]))
    found = report.error.message if report.error else rules or "every row conforms"
    message = f"the rows that were made aren't as asked for ({found}): nothing is written. Give the rows by hand."
    return Unimplemented(message, reason="NO_SAMPLE")
