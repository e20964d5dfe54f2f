"""NDJSON: JSON as it is written, wherever in the file it stands."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report
from schemaregistry.document import parse

Judged = Callable[..., Report]
ABSENT = object()
TICK = {"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": 1, "side": "B", "venue": "XNAS"}


def line(**members: Any) -> bytes:
    tick = {name: value for name, value in (TICK | members).items() if value is not ABSENT}
    return json.dumps(tick).encode() + b"\n"


def found(report: Report) -> dict[tuple[str | None, str], list[int | None]]:
    """Column and rule of what is broken, and the lines shown."""
    return {(item.column, item.rule): [example.line for example in item.examples] for item in report.violations}


def test_clean_lines_conform(judge: Judged) -> None:
    report = judge("t.ndjson", line() * 3)
    assert (report.verdict, report.rows, report.files[0].format) == ("conforms", 3, "ndjson")


@pytest.mark.parametrize(
    ("member", "value", "rule"),
    [
        ("size", 2**31, "type"),
        ("size", 10**30, "type"),
        ("size", 1.5, "type"),
        ("size", "1", "type"),
        ("size", True, "type"),
        ("size", [1], "type"),
        ("price", "1.5", "type"),
        ("price", None, "required"),
        ("price", ABSENT, "required"),
        ("symbol", 5, "type"),
        ("side", "X", "enum"),
        ("venue", "x", "pattern"),
        ("extra", None, "additionalProperties"),
        ("ts", 5, "type"),
        ("ts", "", "format"),
        ("ts", "2026-01-05T09:30", "format"),
        ("ts", "05.01.2026 09:30:00", "format"),
        ("ts", "2026-02-30T09:30:00Z", "format"),
        ("ts", "2026-01-05T09:30:00.1234567Z", "format"),
        ("ts", "9999-12-31T23:59:59-00:01", "format"),
    ],
)
def test_a_fault_is_found_at_its_line(judge: Judged, member: str, value: Any, rule: str) -> None:
    report = judge("t.ndjson", line() + line(**{member: value}) + line())
    assert found(report) == {(member, rule): [2]}
    assert (report.rows, report.rows_failing) == (3, 1)


def test_texts_that_are_all_empty_are_no_timestamps(judge: Judged) -> None:
    assert found(judge("t.ndjson", line(ts="") * 2)) == {("ts", "format"): [1, 2]}


@pytest.mark.parametrize(("member", "value"), [("size", 1.0), ("size", 2**31 - 1), ("price", 10**20), ("side", None)])
def test_what_json_schema_allows_conforms(judge: Judged, member: str, value: Any) -> None:
    assert judge("t.ndjson", line() + line(**{member: value})).verdict == "conforms"


def test_a_value_late_in_a_large_file_is_judged_as_an_early_one(judge: Judged) -> None:
    rows = 60_000
    assert len(line()) * rows > 5 << 20
    report = judge("t.ndjson", line() * rows + line(size="x") + line() * 10 + line(price=None, side="X"))
    assert found(report) == {
        ("size", "type"): [rows + 1],
        ("price", "required"): [rows + 12],
        ("side", "enum"): [rows + 12],
    }
    assert (report.rows, report.rows_failing) == (rows + 12, 2)


@pytest.mark.parametrize(
    "bad",
    [
        b"{oops\n",
        b'{"price": NaN}\n',
        b'{"price": -Infinity}\n',
        b'{"a": 1, "a": 2}\n',
        b'{"a": 1} {"a": 2}\n',
        b'{"symbol": "\xff"}\n',
        b'{"symbol": "\\ud800"}\n',
        b'{"a": 1\n',
        b"[" * 100_000 + b"\n",
        b'{"size": 01}\n',
    ],
)
def test_a_line_that_is_not_json_is_undecided_at_its_line(judge: Judged, bad: bytes) -> None:
    report = judge("t.ndjson", line() * 2 + b"\n" + bad + line())
    assert report.error is not None
    assert (report.verdict, report.exit_code) == ("undecided", 3)
    assert (report.error.reason, report.error.line, report.error.offset) == ("NOT_JSON", 4, len(line()) * 2 + 1)


def test_a_file_cut_off_within_a_line_is_undecided(judge: Judged) -> None:
    report = judge("t.ndjson", (line() * 3)[:-20])
    assert report.error is not None
    assert (report.error.reason, report.error.line) == ("NOT_JSON", 3)


def test_a_record_that_is_no_object_breaks_the_type_of_the_row(judge: Judged) -> None:
    report = judge("t.ndjson", b"null\n" + line() + b"[1]\n" + b"null\n")
    assert found(report) == {(None, "type"): [1, 3, 4]}


def test_empty_lines_a_byte_order_mark_and_no_last_line_end(judge: Judged) -> None:
    report = judge("t.ndjson", b"\xef\xbb\xbf" + line() + b"\n\r\n" + line(side="X").strip())
    assert found(report) == {("side", "enum"): [4]}


def test_an_empty_file_conforms_and_says_so(judge: Judged) -> None:
    report = judge("t.ndjson", b"")
    assert (report.verdict, report.rows) == ("conforms", 0)
    assert "no rows" in report.notes[0]


def test_null_and_absent_differ_where_the_type_allows_null(judge: Judged) -> None:
    document = {
        "$id": "n_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": ["integer", "null"]}},
        "required": ["a"],
    }
    contract = compile_contract(parse(json.dumps(document).encode()))
    report = judge("t.ndjson", b'{"a": null}\n{}\n{"a": 1}\n', contract)
    assert found(report) == {("a", "required"): [2]}


def test_numbers_of_a_decimal_column_are_exact(judge: Judged) -> None:
    kind = {"name": "decimal128", "precision": 20, "scale": 2}
    document = {
        "$id": "d_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": "number"}},
        "arrow": {"fields": [{"name": "a", "type": kind}]},
    }
    contract = compile_contract(parse(json.dumps(document).encode()))
    lines = b'{"a": 123456789012345678.12}\n{"a": 0.125}\n{"a": "1.5"}\n{"a": 1e2}\n'
    assert found(judge("t.ndjson", lines, contract)) == {("a", "type"): [2, 3]}


@pytest.mark.parametrize("between", [b"", b"\r", b" "], ids=["nothing", "CR", "a blank"])
def test_several_records_on_a_line_are_refused_with_what_to_do(judge: Judged, between: bytes) -> None:
    report = judge("t.ndjson", between.join([line().rstrip()] * 2) + b"\n")
    assert report.error
    assert report.error.reason == "NOT_JSON"
    assert "say --format json" in report.error.message
