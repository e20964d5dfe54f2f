"""The forms of a report: each says the same facts, and no text of the data breaks out of it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.data import Example, Fault, FileFacts, Report, SchemaName, Violation
from schemaregistry.data.report.formats import FORMS, github, html, junit, text

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "::error file=x::gotcha",
    "##[error]gotcha",
    "a\r\n::error::gotcha",
    "100%0A::error::gotcha",
    "]]><!--&amp;",
    "\x00\x07\x1b[31mred\x1b[0m\ufffe",
    "\u202eevil",
)
ELEMENTS = {
    *("html", "head", "meta", "title", "body", "div", "style", "h1", "h2", "p", "span", "code", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))
examples = st.builds(Example, texts, st.integers(0, 10**9), st.none() | st.integers(1, 10**9), texts)
violations = st.builds(
    Violation,
    st.none() | texts,
    texts,
    st.just("enum"),
    texts,
    texts,
    st.integers(5, 10**6),
    st.lists(examples, max_size=3).map(tuple),
)
faults = st.builds(Fault, texts, st.none() | st.integers(0), st.none() | st.integers(1), st.just("NOT_CSV"), texts)
reports = st.builds(
    Report,
    verdict=st.sampled_from(("conforms", "violates", "undecided")),
    schema=st.just(SchemaName("ticks_v1", "1.1.0", 12, "sha256:00")),
    files=st.lists(st.builds(FileFacts, texts, st.just("csv"), st.integers(0), st.integers(0)), max_size=2).map(tuple),
    rows=st.integers(0, 10**9),
    rows_failing=st.integers(0, 10**9),
    violations=st.lists(violations, max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    error=st.none() | faults,
    seconds=st.just(0.5),
    rows_per_second=st.just(10),
    peak_memory_bytes=st.just(10),
)


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def unescaped(value: str) -> str:
    for escape, letter in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        value = value.replace(escape, letter)
    return value


@pytest.mark.parametrize("form", FORMS)
def test_every_form_names_the_verdict_the_column_the_rule_and_the_place(form: str, report: Report) -> None:
    said = FORMS[form](report)
    for fact in ("violates", "ticks_v1", "1.1.0", "side", "enum", "/properties/side/enum", "ticks.csv"):
        assert fact in said


def test_a_github_annotation_stands_at_the_first_failing_line(report: Report) -> None:
    errors = [line for line in github.render(report).splitlines() if line.startswith("::error ")]
    places = [re.search(r"file=[^,]*ticks\.csv,line=(\d+),title=", line) for line in errors]
    assert [place and place[1] for place in places] == ["6", "4", "3"]  # ts, size, side: the contract's order


def test_a_github_annotation_says_what_was_expected_and_found(report: Report) -> None:
    side = next(line for line in github.render(report).splitlines() if "side breaks enum" in line)
    assert '::expected one of "B", "S", found "<b>&amp;</b>": 1 row (/properties/side/enum)' in side


@given(reports)
def test_whatever_the_data_say_github_reads_nothing_but_our_commands(report: Report) -> None:
    for line in github.render(report).split("\n"):
        command = re.fullmatch(r"::(error|notice) (?:file=([^,:]*),)?(?:line=(\d+),)?title=([^,:]*)::([^\r\n]*)", line)
        assert command, line
        assert unescaped(command[4]).startswith("ticks_v1 1.1.0")
        assert not re.search(r"[\x00-\x1f\x7f]", line)


def test_junit_counts_a_failure_for_each_broken_rule(report: Report) -> None:
    suite = ElementTree.fromstring(junit.render(report)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "3", "0")
    names = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
    assert ("ticks_v1.side", "enum (/properties/side/enum)") in names
    failure = suite.find("testcase[@classname='ticks_v1.side']/failure")
    assert failure is not None
    assert failure.get("message") == 'expected one of "B", "S", found "<b>&amp;</b>": 1 row'
    assert failure.text is not None
    assert "row 1 (line 3)" in failure.text


def test_junit_has_a_passing_case_for_each_file_that_conforms() -> None:
    files = (FileFacts("a.csv", "csv", 1, 10), FileFacts("b.csv", "csv", 1, 10))
    conforming = Report("conforms", SchemaName("t", "1.0.0", None, "f"), files, 2, 0, (), (), None, 0.1, 20, 1)
    cases = list(ElementTree.fromstring(junit.render(conforming)).iter("testcase"))
    assert [(case.get("name"), len(case)) for case in cases] == [("a.csv", 0), ("b.csv", 0)]


def test_junit_has_an_error_for_a_file_that_cant_be_read() -> None:
    fault = Fault("a.csv", 12, 3, "NOT_CSV", "5 fields where the header has 4")
    undecided = Report("undecided", SchemaName("t", "1.0.0", None, "f"), (), 2, 0, (), (), fault, 0.1, 20, 1)
    root = ElementTree.fromstring(junit.render(undecided))
    error = root.find("testsuite/testcase/error")
    assert error is not None
    assert (root.get("errors"), error.get("type")) == ("1", "NOT_CSV")
    assert error.get("message") == "a.csv, line 3, byte 12: 5 fields where the header has 4 (NOT_CSV)"


@given(reports)
def test_whatever_the_data_say_junit_is_well_formed_and_its_counts_are_right(report: Report) -> None:
    root = ElementTree.fromstring(junit.render(report))
    cases = list(root.iter("testcase"))
    assert root.get("tests") == str(len(cases))
    assert root.get("failures") == str(sum(case.find("failure") is not None for case in cases))
    assert root.get("errors") == str(sum(case.find("error") is not None for case in cases))


@given(reports)
def test_whatever_the_data_say_the_page_holds_nothing_but_our_elements(report: Report) -> None:
    page = Page(html.render(report))
    assert set(page.elements) <= ELEMENTS
    assert page.attributes <= {"class", "scope", "lang", "charset", "name", "content", "http-equiv"}


def test_the_page_shows_a_value_with_markup_as_text(report: Report) -> None:
    assert '"<b>&amp;</b>"' in Page(html.render(report)).text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(report: Report) -> None:
    page = html.render(report)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|\bsrc=|href=|url\(|@import", page)


def test_a_notebook_shows_one_element_of_the_page(report: Report) -> None:
    shown = report._repr_html_()
    assert shown.startswith('<div class="schemaregistry">')
    assert shown in html.render(report)


def test_the_json_form_is_the_report(report: Report) -> None:
    assert json.loads(FORMS["json"](report)) == json.loads(json.dumps(report.to_json()))


def test_plain_text_has_no_colours(report: Report) -> None:
    assert "\x1b" not in text.render(report)


def test_no_form_of_a_file_that_conforms_speaks_of_failures(tmp_path: Path) -> None:
    facts = (FileFacts("a.csv", "csv", 3, 10),)
    conforming = Report("conforms", SchemaName("t", "1.0.0", None, "f"), facts, 3, 0, (), (), None, 0.1, 20, 1)
    for form in ("text", "html", "junit", "github"):
        assert not re.search("::error|<failure|broken|fail,", FORMS[form](conforming))
