"""CSV that isn't RFC 4180 in UTF-8: as options, the document or the file say; lines are those of the file."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.readers import lines
from schemaregistry.document import parse
from schemaregistry.document.csv_dialect import csv_dialect
from schemaregistry.document.model import PLAIN_CSV, CsvDialect
from schemaregistry.errors import InvalidArgument

Judge = Callable[..., Report]
DOCUMENT: dict[str, Any] = {
    "$id": "made_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "symbol": {"type": "string", "minLength": 1},
        "price": {"type": "number"},
    },
    "required": ["symbol", "price"],
}
SEMICOLONS = "day;symbol;price\n2024-01-02;A,B;1.5\n2024-01-03;C;x\n"


def contract(**members: Any) -> Any:
    return compile_contract(parse(json.dumps(DOCUMENT | members).encode()))


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def judge(data: bytes | str, said: CsvDialect = PLAIN_CSV, name: str = "t.csv", **members: Any) -> Report:
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return check(find([str(tmp_path / name)], csv=said), contract(**members))

    return judge


def failing(report: Report) -> dict[str | None, list[int | None]]:
    assert report.error is None, report.error
    found: dict[str | None, list[int | None]] = {}
    for each in report.violations:
        found.setdefault(each.column, []).extend(example.line for example in each.examples)
    return {column: sorted(at, key=lambda line: line or 0) for column, at in found.items()}


def test_a_delimiter_is_said_by_option_or_document_or_name(judge: Judge) -> None:
    semicolon = CsvDialect(delimiter=";")
    assert failing(judge(SEMICOLONS, semicolon)) == {"price": [3]}
    assert failing(judge(SEMICOLONS, **{"x-csv": {"delimiter": ";"}})) == {"price": [3]}
    tabs = SEMICOLONS.replace(";", "\t")
    for name in ("t.tsv", "t.TAB", "t.tsv.gz"):
        data = gzip.compress(tabs.encode()) if name.endswith("gz") else tabs.encode()
        assert failing(judge(data, name=name, **{"x-csv": {"delimiter": ";"}})) == {"price": [3]}
    assert failing(judge(SEMICOLONS, semicolon, name="t.tsv", **{"x-csv": {"delimiter": "|"}})) == {"price": [3]}


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "^", ".", "\x01", "-"])
def test_any_mark_may_stand_between_fields(delimiter: str, judge: Judge) -> None:
    text = SEMICOLONS.replace("2024-01-02;", ";").replace("2024-01-03;", ";").replace("1.5", '"1.5"')
    assert failing(judge(text.replace(";", delimiter), CsvDialect(delimiter=delimiter))) == {"price": [3]}


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [
        ("utf-16", None),
        ("utf-16", "utf-16"),
        ("utf-16le", "utf-16le"),
        ("utf-16be", "utf-16be"),
        ("iso-8859-1", "iso-8859-1"),
        ("windows-1252", "windows-1252"),
        ("utf-8-sig", None),
        ("utf-8", "utf-8"),
    ],
)
def test_an_encoding_is_read_whatever_the_block(
    encoding: str, stated: str | None, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 64)
    text = "symbol,price\n" + "ÄÖü,1.5\n" * 200 + "ÄÖü,x\n"
    report = judge(
        text.encode(encoding),
        CsvDialect(encoding=stated),
        properties={"symbol": {"type": "string", "enum": ["ÄÖü"]}, "price": {"type": "number"}},
    )
    assert failing(report) == {"price": [202]}


def test_a_mark_of_utf16_be_is_recognised(judge: Judge) -> None:
    data = b"\xfe\xff" + "symbol,price\r\nA,x\r\n".encode("utf-16be")
    assert failing(judge(data)) == {"price": [2]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfea", PLAIN_CSV),
        (b"\xff\xfea\x00\x00\xd8a\x00", PLAIN_CSV),
        ("symbol,price\n".encode("utf-32"), PLAIN_CSV),
        ("symbol,price\n".encode("utf-16le"), CsvDialect(encoding="utf-16")),
        (b"symbol,price\n\x81,1\n", CsvDialect(encoding="windows-1252")),
        (b"\xfe\xff" + "symbol,price\n".encode("utf-16be"), CsvDialect(encoding="utf-16le")),
        (b"\xff\xfe" + "symbol,price\n".encode("utf-16le"), CsvDialect(encoding="utf-8")),
        ("symbol,price\n".encode("utf-8-sig"), CsvDialect(encoding="windows-1252")),
        ("symbol,price\n".encode("utf-32"), CsvDialect(encoding="utf-16le")),
    ],
)
def test_bytes_that_an_encoding_has_not_halt(data: bytes, said: CsvDialect, judge: Judge) -> None:
    report = judge(data, said)
    assert report.error is not None
    assert report.error.reason == "BAD_ENCODING"


@pytest.mark.parametrize(
    ("data", "encoding", "offset", "line", "said"),
    [
        (b"s,t\n" + b"abc,d\n" * 40000 + b"\x81,z\n" + b"q,z\n" * 5, "windows-1252", 240_004, 40_002, "another --enc"),
        (("s,t\n" + "abc,d\n" * 40000).encode("utf-16") + b"\x00\xdca\x00", None, 480_010, 40_002, "byte order mark"),
        ("s,t\n".encode("utf-16le") + b"\x00\xd8", "utf-16le", 8, 2, "another --enc"),
    ],
)
def test_what_is_not_in_its_encoding_is_placed(
    data: bytes, encoding: str | None, offset: int, line: int, said: str, judge: Judge
) -> None:
    error = judge(data, CsvDialect(encoding=encoding)).error
    assert error is not None
    assert (error.reason, error.offset, error.line) == ("BAD_ENCODING", offset, line)
    assert said in error.message


COMMENTED = '# it\'s "made"\nsymbol,price\n#A,1\nA,1.5\n"# no\n# comment",2\n# "\nB,x\n#\nC,#1\n# the end'


@pytest.mark.parametrize("size", [1, 3, 1 << 17])
def test_comments_are_passed_over_and_lines_counted(size: int, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemaregistry.data.readers.csv_text._CHUNK", size)
    report = judge(COMMENTED, CsvDialect(comment="#"))
    assert failing(report) == {"price": [8, 10]}
    assert report.rows == 4


@pytest.mark.parametrize("size", [1, 2, 1 << 17])
def test_lines_before_the_header_are_passed_over(size: int, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemaregistry.data.readers.csv_text._CHUNK", size)
    text = '\ufeffMade by "a tool\r\n\r\nsymbol,price\r\nA,1.5\r\n# B\r\nB,x\r\n'
    report = judge(text, CsvDialect(skip_lines=2, comment="#"))
    assert failing(report) == {"price": [6]}


def test_more_lines_to_pass_over_than_there_are(judge: Judge) -> None:
    report = judge("symbol,price\nA,1\n", CsvDialect(skip_lines=9))
    assert (report.verdict, report.error and report.error.reason) == ("undecided", "MISSING_HEADER")


def test_what_stands_for_null_is_null_without_quotes(judge: Judge) -> None:
    text = 'day,symbol,price\nNA,A,1\n,B,NA\nNA,"NA",2\n-,C,-\n'
    assert failing(judge(text, CsvDialect(null=("NA", "-")))) == {"price": [3, 5]}
    assert failing(judge(text)) == {"day": [2, 4, 5], "price": [3, 5]}
    assert failing(judge(text, **{"x-csv": {"null": ["NA"]}})) == {"day": [5], "price": [3, 5]}


@pytest.mark.parametrize("size", [1, 2, 5, 1 << 17])
def test_a_backslash_before_a_quote_is_an_escape(size: int, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemaregistry.data.readers.csv_text._CHUNK", size)
    values = ['a"b', "c\\", "d\\n", 'e\\"', "f\n#g", 'h""i', "C:\\x", "j"]
    fields = [r'"a\"b"', r'"c\\"', r'"d\n"', r'"e\\\""', '"f\n#g"', '"h""""i"', r"C:\x", "j"]
    text = "symbol,price\n" + "".join(f"{field},1\n# x\n" for field in fields) + "k,x\n"
    report = judge(
        text,
        CsvDialect(escape="\\", comment="#"),
        properties={"symbol": {"type": "string", "enum": [*values, "k"]}, "price": {"type": "number"}},
    )
    assert failing(report) == {"price": [19]}


@pytest.mark.parametrize(
    ("header", "row", "reason", "said"),
    [
        ("day;symbol;price", "2024-01-02;A;1,5", "WRONG_DELIMITER", '--delimiter ";"'),
        ("day\tsymbol\tprice", "2024-01-02\tA\t1.5", "WRONG_DELIMITER", "--delimiter tab"),
        ('"day";"symbol";"price"', '2024-01-02;"A";1,5', "WRONG_DELIMITER", '--delimiter ";"'),
        ("Day|Symbol|Price", "2024-01-02|A|1.5", "WRONG_DELIMITER", '--delimiter "|"'),
        ("2024-01-02,A,1.5", "2024-01-03,A,1.5", "MISSING_HEADER", "put the names of the columns above it"),
        ("A,1,1", "B,1,1", "MISSING_HEADER", "day,symbol,price"),
    ],
)
def test_a_header_that_brings_no_column_says_why(header: str, row: str, reason: str, said: str, judge: Judge) -> None:
    report = judge(f"{header}\n{row}\n", required=[])
    assert report.error is not None
    assert (report.verdict, report.error.reason, report.error.line) == ("undecided", reason, 1)
    assert said in report.error.message


@pytest.mark.parametrize(
    ("mark", "said"), [*((mark, f'"{mark}"') for mark in "^~!#/_-= "), ("\x01", "$'\\x01'"), ("\x1f", "$'\\x1f'")]
)
def test_any_mark_that_separates_the_columns_is_recognized(mark: str, said: str, judge: Judge) -> None:
    report = judge(f"day{mark}symbol{mark}price\n2024{mark}A{mark}1\n", required=[])
    assert report.error is not None
    assert report.error.reason == "WRONG_DELIMITER"
    assert report.error.message.endswith(f"say --delimiter {said}")


def test_a_mark_within_one_name_separates_no_columns(judge: Judge) -> None:
    assert judge("trade_price,last-price\n1,2\n", required=[]).verdict == "conforms"


@pytest.mark.parametrize("name", ["c{}", "{}"])
def test_a_header_of_thousands_of_other_columns_is_read_in_a_few_steps(
    name: str, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def read(texts: Any, wanted: Any) -> Any:
        calls.append(len(texts))
        return text_parsing.read(texts, wanted)

    monkeypatch.setattr("schemaregistry.data.readers.csv_header.text_parsing", SimpleNamespace(read=read))
    judge(",".join(map(name.format, range(3000))) + "\n", required=[])
    assert len(calls) <= 4
    assert sum(calls) <= 4000


def test_a_comma_where_semicolons_are_said(judge: Judge) -> None:
    report = judge("day,symbol,price\n", CsvDialect(delimiter=";"))
    assert report.error is not None
    assert '--delimiter ","' in report.error.message


def test_a_header_of_other_columns_is_a_header(judge: Judge) -> None:
    assert judge("a,b\n1,2\n").verdict == "violates"


def test_a_header_that_differs_by_case_or_spaces_is_named(judge: Judge) -> None:
    report = judge("Day, symbol,PRICE\n2024-01-02,A,1\n")
    assert report.verdict == "violates"
    (note,) = [note for note in report.notes if "case or spaces" in note]
    assert '"Day" is "day", " symbol" is "symbol", "PRICE" is "price"' in note


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ([], "/x-csv"),
        ({"delimeter": ";"}, "/x-csv/delimeter"),
        ({"delimiter": ";;"}, "/x-csv/delimiter"),
        ({"delimiter": "a"}, "/x-csv/delimiter"),
        ({"delimiter": "\n"}, "/x-csv/delimiter"),
        ({"delimiter": "§"}, "/x-csv/delimiter"),
        ({"delimiter": 1}, "/x-csv/delimiter"),
        ({"encoding": "utf8"}, "/x-csv/encoding"),
        ({"encoding": []}, "/x-csv/encoding"),
        ({"comment": ""}, "/x-csv/comment"),
        ({"skip_lines": -1}, "/x-csv/skip_lines"),
        ({"skip_lines": True}, "/x-csv/skip_lines"),
        ({"null": "NA"}, "/x-csv/null"),
        ({"null": ["NA", "NA"]}, "/x-csv/null"),
        ({"null": [""]}, "/x-csv/null"),
        ({"delimiter": ";", "comment": ";"}, "/x-csv/comment"),
        ({"comment": ","}, "/x-csv/comment"),
        ({"decimal": ";"}, "/x-csv/decimal"),
        ({"decimal": ",", "thousands": ","}, "/x-csv/thousands"),
        ({"thousands": "."}, "/x-csv/thousands"),
        ({"dates": "dym"}, "/x-csv/dates"),
    ],
)
def test_a_dialect_that_there_is_not_is_refused_with_its_pointer(said: Any, pointer: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse(json.dumps(DOCUMENT | {"x-csv": said}).encode())
    assert (refused.value.reason, refused.value.pointer) == ("BAD_CSV", pointer)


def test_a_contract_says_what_the_document_says() -> None:
    said = {
        "delimiter": ";",
        "encoding": "utf-16",
        "comment": "#",
        "skip_lines": 2,
        "null": ["NA"],
        "escape": "\\",
        "decimal": ",",
        "thousands": ".",
        "dates": "dmy",
    }
    made = contract(**{"x-csv": said})
    assert made.plan_version == 2
    assert contract().plan_version == 1
    from schemaregistry.data.engine.plan import Plan

    assert Plan.of(made).csv == csv_dialect(said)
