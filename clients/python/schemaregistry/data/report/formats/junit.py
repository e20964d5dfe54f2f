"""Render a report as JUnit XML, for CI servers that show test results.

Source: the de-facto schema of Jenkins' xUnit plugin (junit-10.xsd).
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from schemaregistry.data.report import report_wording
from schemaregistry.data.report.facts import Facts, Violation
from schemaregistry.data.report.grouping import first_notes, first_of_each, rest
from schemaregistry.terminal import printable


def render(report: Facts) -> str:
    """Return one suite: a failed case for each violation, an error for a fault.

    If all rows conform, it has a passed case for each file.
    """
    cases = list(_cases(report))
    counts = {
        "tests": str(len(cases)),
        "failures": str(len(first_of_each(report.violations)) + len(rest(report.violations))),
        "errors": str(int(report.error is not None)),
        "time": f"{report.seconds:.3f}",
    }
    root = Element("testsuites", {"name": "schemaregistry check", **counts})
    suite = SubElement(root, "testsuite", {"name": report_wording.schema(report), **counts})
    _add_properties(suite, report)
    suite.extend(cases)
    SubElement(suite, "system-out").text = "\n".join(
        (report_wording.summary(report), *map(printable, first_notes(report.notes)))
    )
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _add_properties(suite: Element, report: Facts) -> None:
    properties = SubElement(suite, "properties")
    facts = {
        "verdict": report.verdict,
        "fingerprint": report.schema.fingerprint,
        "revision": report.schema.revision,
        "rows": report.rows,
        "rows_failing": report.rows_failing,
    }
    for name, value in facts.items():
        if value is not None:
            SubElement(properties, "property", {"name": name, "value": str(value)})


def _cases(report: Facts) -> Iterator[Element]:
    if report.verdict == "conforms":
        for facts in report.files:
            yield _case(report.schema.id, printable(facts.path))
    for violation in first_of_each(report.violations):
        yield _failed(report, violation)
    for rule, line in rest(report.violations).items():
        case = _case(report.schema.id, f"{rule} (more)")
        SubElement(case, "failure", {"type": rule, "message": line})
        yield case
    if report.error:
        case = _case(report.schema.id, printable(report.error.file))
        SubElement(case, "error", {"type": report.error.reason, "message": report_wording.fault(report.error)})
        yield case


def _failed(report: Facts, violation: Violation) -> Element:
    """Return a case named for its rule and the rule's place, so that CI recognizes it in the next run."""
    name = f"{violation.rule} ({violation.pointer})" if violation.pointer else violation.rule
    case = _case(f"{report.schema.id}.{report_wording.column(violation)}", printable(name))
    failure = SubElement(case, "failure", {"type": violation.rule, "message": report_wording.difference(violation)})
    failure.text = "\n".join(report_wording.lines(violation))
    return case


def _case(classname: str, name: str) -> Element:
    return Element("testcase", {"classname": classname, "name": name, "time": "0"})
