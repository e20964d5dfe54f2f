"""What a report says: its JSON, its text, and that nothing in the data acts on a terminal."""

import io
import json
from collections.abc import Callable

import pyarrow as pa
import pytest
from rich.console import Console

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report
from schemaregistry.data.report.facts import MAX_EXAMPLES
from schemaregistry.data.report.terminal_text import show
from schemaregistry.document import parse

Judged = Callable[..., Report]
HEADER = b"ts,symbol,price,size,side,venue\n"
ROW = b"2026-01-05T09:30:00Z,A,1.5,1,B,XNAS\n"


def text_of(report: Report, width: int = 200) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(show(report))
    return out.getvalue()


def test_examples_are_the_first_ten_and_the_count_is_of_all(judge: Judged) -> None:
    report = judge("t.csv", HEADER + (ROW + ROW.replace(b",B,", b",X,")) * 50)
    (violation,) = report.violations
    assert (violation.count, report.rows_failing) == (50, 50)
    assert [example.row for example in violation.examples] == list(range(1, 20, 2))
    assert len(violation.examples) == MAX_EXAMPLES
    assert "… and 40 more" in text_of(report)


def test_a_row_that_breaks_two_rules_fails_once(judge: Judged) -> None:
    report = judge("t.csv", HEADER + ROW.replace(b",B,", b",X,").replace(b"XNAS", b"x"))
    assert (len(report.violations), report.rows_failing) == (2, 1)


def test_violations_stand_in_the_order_of_the_columns(judge: Judged) -> None:
    bad = b"x,,x,x,X,x,1\n"
    report = judge("t.csv", HEADER.replace(b"\n", b",extra\n") + bad)
    columns = [violation.column for violation in report.violations]
    assert columns == ["ts", "symbol", "price", "size", "side", "venue", "extra"]


def test_the_text_shows_column_rule_count_and_first_rows(judge: Judged) -> None:
    text = text_of(judge("t.csv", HEADER + ROW + ROW.replace(b",B,", b",X,")))
    assert "violates  ticks_v1 1.1.0: 2 rows in 1 file, 1 of them fail" in text
    assert 'row 1 (line 3)  "X"' in text
    assert "/properties/side/enum" in text


def test_rows_one_after_another_with_one_value_are_one_line(judge: Judged) -> None:
    assert "rows 0–4 (lines 2–6)" in text_of(judge("t.csv", HEADER + ROW.replace(b",B,", b",X,") * 5))


def test_nothing_from_the_data_acts_on_a_terminal(judge: Judged) -> None:
    evil = "\x1b[2J\x07[bold]\u202e"
    text = text_of(judge("t.csv", HEADER + ROW.replace(b"XNAS", evil.encode())))
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "[bold]" in text


def test_json_has_no_number_that_json_lacks(judge: Judged) -> None:
    contract = compile_contract(
        parse(b'{"$id": "n_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "number"}}}')
    )
    table = pa.table({"a": [float("nan"), float("inf"), float("-inf")]})
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    report = judge("t.arrow", sink.getvalue(), contract)
    assert [example.value for example in report.violations[0].examples] == ["NaN", "Infinity", "-Infinity"]
    json.dumps(report.to_json(), allow_nan=False)


def test_long_values_are_cut(judge: Judged) -> None:
    report = judge("t.csv", HEADER + ROW.replace(b"XNAS", b"x" * 10_000))
    assert len(report.violations[0].examples[0].value) == 200
    assert len(report.violations[0].actual) <= 80


@pytest.mark.parametrize(
    ("verdict", "data"), [("conforms", ROW), ("violates", ROW.replace(b",B,", b",X,")), ("undecided", b"x\n")]
)
def test_exit_codes(judge: Judged, verdict: str, data: bytes) -> None:
    report = judge("t.csv", HEADER + data)
    assert report.verdict == verdict
    assert report.exit_code == {"conforms": 0, "violates": 1, "undecided": 3}[verdict]


def test_columns_that_differ_in_case_only_are_noted(judge: Judged) -> None:
    report = judge("t.csv", b"TS," + HEADER + b"1," + ROW)
    assert 'the columns "TS" and "ts" differ in case only' in report.notes


def test_a_renamed_column_is_guessed(judge: Judged) -> None:
    report = judge("t.csv", HEADER.replace(b"price", b"px") + ROW)
    assert "price is missing and px isn't in the contract: was it renamed?" in report.notes


def test_a_property_without_a_name_is_told_from_the_whole_row() -> None:
    report = schemaregistry.check(
        pa.table({"": ["a"]}),
        parse(b'{"$id": "n_v1", "version": "1.0.0", "type": "object", "properties": {"": {"type": "integer"}}}'),
    )
    assert '""' in text_of(report)
    assert "(row)" not in text_of(report)
