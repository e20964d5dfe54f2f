"""CSV: text read by the contract, wherever in the file it stands."""

import gzip
import json
from collections.abc import Callable

import pyarrow as pa
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report
from schemaregistry.data.readers import lines
from schemaregistry.document import parse

Judged = Callable[..., Report]
HEADER = b"ts,symbol,price,size,side,venue\n"
ROW = b"2026-01-05T09:30:00Z,A,1.5,1,B,XNAS\n"


def found(report: Report) -> dict[tuple[str | None, str], list[int | None]]:
    """Column and rule of what is broken, and the lines shown."""
    return {(item.column, item.rule): [example.line for example in item.examples] for item in report.violations}


def row(**fields: str) -> bytes:
    values = {"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": "1.5", "size": "1", "side": "B", "venue": "XNAS"}
    return ",".join((values | fields).values()).encode() + b"\n"


def test_clean_rows_conform(judge: Judged) -> None:
    report = judge("t.csv", HEADER + ROW * 3)
    assert (report.verdict, report.rows, report.files[0].format) == ("conforms", 3, "csv")


@pytest.mark.parametrize("value", ["NaN", "NULL", "null", "0005", "N/A", "-", "#N/A"])
def test_what_other_readers_take_for_null_is_a_text(judge: Judged, value: str) -> None:
    assert judge("t.csv", HEADER + row(symbol=value)).verdict == "conforms"


def test_an_empty_field_is_null_and_a_quoted_one_is_an_empty_text(judge: Judged) -> None:
    report = judge("t.csv", HEADER + row(symbol="") + row(symbol='""') + row(size='""') + row(venue=""))
    assert found(report) == {("symbol", "required"): [2], ("size", "type"): [4]}


@pytest.mark.parametrize(
    "value",
    [
        "0x10",
        " 5",
        "5 ",
        "1.5",
        "1e-1",
        "1e10",
        "1,0",
        "1e99999999999999999999",
        "2147483648",
        "9" * 30,
        "x",
        "NaN",
        "٣",
    ],
)
def test_what_is_no_int32_fails_at_its_line(judge: Judged, value: str) -> None:
    quoted = f'"{value}"' if "," in value else value
    report = judge("t.csv", HEADER + ROW + row(size=quoted) + ROW)
    assert found(report) == {("size", "type"): [3]}
    assert report.violations[0].examples[0].value == value
    assert report.violations[0].pointer == "/properties/size/type"


@pytest.mark.parametrize(
    "value", ["0005", "-5", "+5", "5.", "100.0", "1e2", "12.50e1", "2147483647.000", "-2147483648"]
)
def test_what_is_an_int32_is_read(judge: Judged, value: str) -> None:
    assert judge("t.csv", HEADER + row(size=value)).verdict == "conforms"


@pytest.mark.parametrize("value", ["NaN", "nan", "inf", "-Infinity", "1e999", "x", " 1", "1,5"])
def test_what_is_no_number_fails(judge: Judged, value: str) -> None:
    quoted = f'"{value}"' if "," in value else value
    assert found(judge("t.csv", HEADER + ROW + row(price=quoted))) == {("price", "type"): [3]}


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-05T09:30:00Z",
        "2026-01-05t09:30:00z",
        "2026-01-05T09:30:00.123456Z",
        "2026-01-05T09:30:00.123456000Z",
        "2026-01-05T09:30:00+02:00",
        "2026-01-05 09:30:00.000000",
        "2026-01-05 09:30:00",
        "2026-01-05 09:30:00.000000Z",
        "2026-01-05T09:30:00",
        "2026-01-05T09:30:00.123",
        "2026-01-05",
        "2026-01-05T09:30:00+0200",
        "2026-01-05T09:30:00.000000+0000",
        "2026-01-05 09:30:00-05",
        "0000-01-01T00:00:00Z",
    ],
)
def test_a_timestamp_is_taken_in_every_spelling_that_is_exact(judge: Judged, value: str) -> None:
    assert judge("t.csv", HEADER + row(ts=value) + ROW).verdict == "conforms"
    assert judge("t.csv", HEADER + row(ts=value)).verdict == "conforms"


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-05T09:30Z",
        "2026-01-05Z",
        "2026-01-05T",
        "2026-01-05T09:30:00+2",
        "2026-01-05T09:30:00 +02:00",
        "2026-01-05T09:30:00+02:60",
        "2026-13-05T09:30:00Z",
        "2026-02-30T09:30:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T09:30:60Z",
        "2026-01-05T09:30:00.1234567Z",
        "9999-12-31T23:59:59-00:01",
        "1767605400",
        "05/01/2026 09:30:00",
    ],
)
def test_any_other_timestamp_fails_its_format(judge: Judged, value: str) -> None:
    report = judge("t.csv", HEADER + ROW + row(ts=value))
    assert found(report) == {("ts", "format"): [3]}
    assert report.violations[0].examples[0].value == value


def test_a_value_late_in_a_large_file_is_judged_as_an_early_one(judge: Judged) -> None:
    rows = 150_000
    assert len(ROW) * rows > 5 << 20
    report = judge("t.csv", HEADER + ROW * rows + row(size="x") + ROW * 10 + row(price="", side="X"))
    assert found(report) == {
        ("size", "type"): [rows + 2],
        ("price", "required"): [rows + 13],
        ("side", "enum"): [rows + 13],
    }
    assert (report.rows, report.rows_failing) == (rows + 12, 2)
    assert report.violations[1].examples[0].row == rows


def test_lines_are_counted_through_quoted_line_ends_and_empty_lines(judge: Judged) -> None:
    report = judge("t.csv", HEADER + b"\n" + row(symbol='"A\nB"') + b"\r\n" + row(side="X"))
    assert found(report) == {("side", "enum"): [6]}
    assert report.rows == 2


def test_a_header_after_many_empty_lines(judge: Judged) -> None:
    report = judge("t.csv", b"\n" * 70_000 + HEADER + ROW + row(side="X"))
    assert found(report) == {("side", "enum"): [70_003]}


def test_a_quoted_quote_and_comma_are_part_of_the_text(judge: Judged) -> None:
    assert judge("t.csv", HEADER + row(symbol='"A,""B"""') + ROW).verdict == "conforms"


def test_windows_line_ends_and_a_byte_order_mark(judge: Judged) -> None:
    data = b"\xef\xbb\xbf" + (HEADER + ROW + row(side="X")).replace(b"\n", b"\r\n")
    assert found(judge("t.csv", data)) == {("side", "enum"): [3]}


def test_bytes_that_are_no_utf8_fail_where_they_stand(judge: Judged) -> None:
    report = judge("t.csv", HEADER + ROW + ROW.replace(b"A,", b"\xff,"))
    assert found(report) == {("symbol", "type"): [3]}


def test_bytes_that_are_no_utf8_are_judged_by_no_format(judge: Judged) -> None:
    document = {
        "$id": "f_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": "string", "format": "email"}, "b": {"type": "string"}},
    }
    report = judge("t.csv", b"a,b\n\xff,1\nx@y.z,2\nno,3\n", compile_contract(parse(json.dumps(document).encode())))
    assert found(report) == {("a", "type"): [2], ("a", "format"): [4]}


def test_a_short_row_of_bytes_that_are_no_utf8_is_undecided_quietly(
    judge: Judged, capfd: pytest.CaptureFixture[str]
) -> None:
    report = judge("t.csv", HEADER + ROW + b"\xff,A\n")
    assert report.error is not None
    assert (report.verdict, report.error.reason) == ("undecided", "NOT_CSV")
    assert capfd.readouterr() == ("", "")


def test_a_column_of_empty_lines_is_a_column_of_nulls(judge: Judged) -> None:
    report = judge("t.csv", b"price\n1.5\n\n2.5\n")
    assert report.rows == 3
    assert [example.line for item in report.violations if item.column == "price" for example in item.examples] == [3]


def test_a_header_alone_has_no_rows(judge: Judged) -> None:
    header = judge("t.csv", HEADER)
    assert (header.verdict, header.rows) == ("conforms", 0)
    assert "no rows" in header.notes[0]


def test_an_extra_column_and_a_missing_one(judge: Judged) -> None:
    report = judge("t.csv", HEADER.replace(b"price", b"px") + ROW * 2)
    assert found(report) == {("price", "required"): [2, 3], ("px", "additionalProperties"): [2, 3]}


def test_a_row_with_too_few_fields_is_undecided_at_its_line(judge: Judged) -> None:
    report = judge("t.csv", HEADER + ROW + b"\n" + b"2026-01-05T09:30:00Z,A\n" + ROW)
    assert (report.verdict, report.exit_code) == ("undecided", 3)
    assert report.error is not None
    assert (report.error.reason, report.error.line) == ("NOT_CSV", 4)
    assert report.error.offset == len(HEADER + ROW) + 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (HEADER + ROW + ROW[:25], "NOT_CSV"),
        (HEADER + ROW + ROW.replace(b",A", b',"A'), "UNCLOSED_QUOTE"),
        (b"a,a\n1,2\n", "DUPLICATE_COLUMN"),
        (HEADER + ROW.replace(b"\n", b"\r") * 3, "NOT_CSV"),
        (b"ts,\xff\n1,2\n", "NOT_UTF8"),
    ],
)
def test_what_is_no_csv_is_undecided(judge: Judged, data: bytes, reason: str) -> None:
    report = judge("t.csv", data)
    assert report.error is not None
    assert (report.verdict, report.error.reason) == ("undecided", reason)


def test_gzip_and_zstd_are_read(judge: Judged) -> None:
    data = HEADER + ROW * 1000 + row(side="X")
    for name, packed in (("t.csv.gz", gzip.compress(data)), ("t.csv.zst", pa.compress(data, "zstd", asbytes=True))):
        assert found(judge(name, packed)) == {("side", "enum"): [1002]}


def test_a_gzip_that_is_cut_off_is_undecided(judge: Judged) -> None:
    packed = gzip.compress(HEADER + ROW * 1000)
    report = judge("t.csv.gz", packed[:-20])
    assert report.error is not None
    assert (report.verdict, report.error.reason) == ("undecided", "CORRUPT")


def test_a_gzip_bomb_is_undecided_before_it_is_unpacked(judge: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BOMB_BYTES", 8 << 20)
    report = judge("t.csv.gz", gzip.compress(HEADER + b"\n" * (16 << 20)))
    assert report.error is not None
    assert report.error.reason == "DECOMPRESSION_BOMB"


def test_a_record_without_an_end_is_undecided_before_it_fills_the_memory(
    judge: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST", 8 << 20)
    report = judge("t.csv", HEADER + ROW + b"0" * (16 << 20))
    assert report.error is not None
    assert (report.error.reason, report.error.line, report.error.offset) == ("RECORD_TOO_LONG", 3, len(HEADER + ROW))
