"""Render a report as HTML: a self-contained page, and the fragment that a notebook shows.

Elements are built as a tree, and the serializer escapes every text; markup is never concatenated from strings.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, tostring

from schemaregistry.data.report import report_wording
from schemaregistry.data.report.facts import Example, Facts, Violation
from schemaregistry.data.report.grouping import first_notes, first_of_each, rest
from schemaregistry.data.report.report_wording import shown_value
from schemaregistry.plural import counted
from schemaregistry.terminal import printable

_Content: TypeAlias = "Element | str"

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""The page runs no script and loads nothing, whatever the data contain."""
_STYLE: Final = """
.schemaregistry { font: 14px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 1rem auto; padding: 0 1rem; }
.schemaregistry h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
.schemaregistry h2 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
.schemaregistry .verdict { border-radius: .25rem; color: #fff; padding: .1rem .5rem; margin-right: .5rem; }
.schemaregistry .conforms { background: #1a7f37; }
.schemaregistry .violates { background: #cf222e; }
.schemaregistry .undecided { background: #9a6700; }
.schemaregistry table { border-collapse: collapse; margin: .25rem 0; }
.schemaregistry th, .schemaregistry td { border-bottom: 1px solid #8884; padding: .25rem .75rem .25rem 0;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.schemaregistry .number { text-align: right; font-variant-numeric: tabular-nums; }
.schemaregistry code { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; }
.schemaregistry summary { cursor: pointer; }
.schemaregistry .quiet { opacity: .75; font-size: 12px; }
"""


def render(report: Facts) -> str:
    """Return the whole page."""
    title = f"{report_wording.schema(report)}: {report.verdict}"
    head = _tag(
        "head",
        _tag("meta", charset="utf-8"),
        _tag("meta", **{"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        _tag("meta", name="viewport", content="width=device-width"),
        _tag("title", title),
    )
    page = _tag("html", head, _tag("body", _report(report)), lang="en")
    return f"<!doctype html>\n{_text(page)}\n"


def fragment(report: Facts) -> str:
    """Return one element with its own style."""
    return _text(_report(report))


def _report(report: Facts) -> Element:
    return _tag("div", *_parts(report), **{"class": "schemaregistry"})


def _parts(report: Facts) -> Iterator[Element]:
    yield _tag("style", _STYLE)
    yield _tag(
        "h1", _tag("span", report.verdict, **{"class": f"verdict {report.verdict}"}), report_wording.schema(report)
    )
    yield _tag("p", report_wording.summary(report))
    if report.error:
        yield _tag("h2", "It can't be judged")
        yield _tag("p", report_wording.fault(report.error))
    if report.violations:
        yield _tag("h2", "Rules that are broken")
        yield _violations(report)
        yield from map(_examples, first_of_each(report.violations))
        yield from (_tag("p", line) for line in rest(report.violations).values())
    if report.notes:
        yield _tag("h2", "Notes")
        yield _tag("ul", *(_tag("li", printable(note)) for note in first_notes(report.notes)))
    yield _files(report)
    yield _tag("p", _origin(report), **{"class": "quiet"})


def _violations(report: Facts) -> Element:
    rows: list[list[_Content]] = [
        [
            _code(report_wording.column(violation)),
            violation.rule,
            printable(violation.expected),
            _code(violation.actual),
            f"{violation.count:,}",
        ]
        for violation in first_of_each(report.violations)
    ]
    return _table(("column", "rule", "expected", "found", "rows"), rows)


def _examples(violation: Violation) -> Element:
    """Return the first failing rows of one violation, collapsed."""
    rows = list(map(_example, violation.examples))
    more = violation.count - len(rows)
    first = "" if not rows else f", the first {len(rows):,}" if more else ""
    title = f"{report_wording.column(violation)} {violation.rule}: {counted(violation.count, 'row')}{first}"
    place = _tag("p", "Rule at ", _code(violation.pointer or "the whole document"), **{"class": "quiet"})
    table = [_table(("file", "row", "line", "value"), rows)] if rows else []
    return _tag("details", _tag("summary", title), place, *table)


def _example(example: Example) -> list[_Content]:
    line = "" if example.line is None else f"{example.line:,}"
    return [_code(example.file), f"{example.row:,}", line, _code(shown_value(example.value))]


def _files(report: Facts) -> Element:
    rows: list[list[_Content]] = [
        [_code(facts.path), facts.format, f"{facts.rows:,}", f"{facts.bytes:,}"] for facts in report.files
    ]
    return _tag("details", _tag("summary", "Files"), _table(("file", "format", "rows", "bytes"), rows))


def _origin(report: Facts) -> str:
    revision = "" if report.schema.revision is None else f", revision {report.schema.revision:,}"
    return f"Contract {report.schema.fingerprint}{revision}. {report_wording.speed(report)}."


_NUMBERS: Final = frozenset(("rows", "row", "line", "bytes"))


def _table(names: tuple[str, ...], rows: list[list[_Content]]) -> Element:
    classes = [{"class": "number"} if name in _NUMBERS else {} for name in names]
    head = _tag("tr", *(_tag("th", name, scope="col", **kind) for name, kind in zip(names, classes, strict=True)))
    body = (_tag("tr", *(_tag("td", cell, **kind) for cell, kind in zip(row, classes, strict=True))) for row in rows)
    return _tag("table", _tag("thead", head), _tag("tbody", *body))


def _code(text: str) -> Element:
    return _tag("code", printable(text))


def _tag(tag: str, *content: _Content, **attributes: str) -> Element:
    """Build an element from texts and elements."""
    element = Element(tag, attributes)
    last: Element | None = None
    for part in content:
        if isinstance(part, Element):
            element.append(part)
            last = part
        elif last is None:
            element.text = (element.text or "") + part
        else:
            # ElementTree stores the text after a child as that child's tail.
            last.tail = (last.tail or "") + part
    return element


def _text(element: Element) -> str:
    return tostring(element, encoding="unicode", method="html")
