"""JSON files: arrays of records, records over several lines, lines; each at its own line of the file."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.readers import json as jsonfile
from schemaregistry.data.readers import lines, stdin
from schemaregistry.document import parse

DOCUMENT: dict[str, Any] = {
    "$id": "made_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {}},
    "required": ["a"],
}
CONTRACT = compile_contract(parse(json.dumps(DOCUMENT).encode()))
RECORDS: list[dict[str, Any]] = [
    {"a": 1, "b": 'x"]},{[\\'},
    {"a": "x"},
    {"a": 2, "c": [{"d": "\n"}]},
    {"b": "ü"},
]
Judge = Callable[..., Report]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def judge(text: str | bytes, name: str = "t.json") -> Report:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return check(find([str(tmp_path / name)]), CONTRACT)

    return judge


def failing(report: Report) -> list[tuple[str, int, int | None]]:
    assert report.error is None, report.error
    return sorted((each.rule, example.row, example.line) for each in report.violations for example in each.examples)


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("text", "at"),
    [
        (json.dumps(RECORDS), (1, 1)),
        (json.dumps(RECORDS, indent=2), (6, 17)),
        (json.dumps(RECORDS, ensure_ascii=False), (1, 1)),
        ("\ufeff \n" + json.dumps(RECORDS).replace("}, {", "},\r\n{"), (3, 5)),
        ("".join(json.dumps(record) + "\n" for record in RECORDS), (2, 4)),
        ("\n".join(json.dumps(record, indent=1) for record in RECORDS), (5, 16)),
    ],
)
def test_records_are_judged_at_their_lines(
    text: str, at: tuple[int, int], chunk: int, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonfile, "_CHUNK", chunk)
    monkeypatch.setattr(lines, "BLOCK", max(chunk, 64))
    report = judge(text)
    assert (report.rows, report.files[0].format) == (4, "json")
    assert failing(report) == [("required", 3, at[1]), ("type", 1, at[0])]


@pytest.mark.parametrize("text", ["[]", " [ ] \n", "", "\n"])
def test_no_records(text: str, judge: Judge) -> None:
    assert (judge(text).verdict, judge(text).rows) == ("conforms", 0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[{"a": 1},\n{"a": 2}', 2),
        ('[{"a": 1},\n{"a": ', 2),
        ('[{"a": 1},\n', 2),
        ("[", 1),
        ('[{"a": 1}\n{"a": 2}]', 2),
        ('[{"a": 1}]\n]', 2),
        ('[{"a": 1}]\n{"a": 2}', 2),
        ('[\n{"a": 01}]', 2),
        ('[\n{"a": 1, "a": 2}]', 2),
        ('[\n{"a": NaN}]', 2),
        ('[\n{"b": "\n"}]', 2),
        ("[" * 100_000, 1),
        ("nonsense", 1),
        (b'["\xff"]', 1),
    ],
)
def test_what_is_not_json_halts_at_its_line(text: str | bytes, line: int, judge: Judge) -> None:
    report = judge(text)
    assert report.error is not None
    assert (report.verdict, report.error.reason, report.error.line) == ("undecided", "NOT_JSON", line)


def test_an_array_that_is_cut_off_says_so(judge: Judge) -> None:
    report = judge(json.dumps(RECORDS)[:-1])
    assert report.error is not None
    assert "cut off" in report.error.message


def test_a_record_that_never_ends_is_not_kept_in_memory(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonfile, "LONGEST", 1 << 12)
    monkeypatch.setattr(jsonfile, "_CHUNK", 1 << 10)
    report = judge('[{"b": "' + "x" * (1 << 16))
    assert report.error is not None
    assert "longer than" in report.error.message


def test_an_array_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"a": 1, "b": "x"}, {"a": 2}], indent=1))
    loaded = data.load(
        find([str(tmp_path / "t.json")]), CONTRACT, lambda schema: data.Directory(tmp_path / "to", schema, "t")
    )
    assert pq.read_table(str(loaded.place)).select(["a", "b"]).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


@pytest.mark.parametrize("text", ['[{"a": 1}]\n', '[\n{"a": 1}\n]', '[{"a": 1},\n{"a": 2}]'])
def test_an_array_under_the_name_of_lines_says_what_to_do(text: str, judge: Judge) -> None:
    report = judge(text, "t.ndjson")
    assert report.error is not None
    assert (report.error.reason, report.error.line) == ("JSON_ARRAY", 1)
    assert ".json" in report.error.message


def test_a_list_of_numbers_is_a_line_like_another(judge: Judge) -> None:
    assert failing(judge('[1]\n{"a": 1}\n', "t.ndjson")) == [("type", 0, 1)]


@pytest.mark.parametrize(("text", "kind"), [(json.dumps(RECORDS), "json"), ('{"a": 1}\n', "ndjson")])
def test_standard_input_tells_an_array_from_lines(text: str, kind: str) -> None:
    source = stdin.piped(None, io.BytesIO(text.encode()))
    assert check([source], CONTRACT).files[0].format == kind


@pytest.mark.parametrize("text", ['[{"n": "x"},]', '[{"n": "x"}', '[{"n": "x"}][{"n": 1}]', '[{"n": "x"} {"n": 1}]'])
def test_records_before_a_fault_are_judged(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(text)
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"n": {"type": "integer"}}}'
    report = check(find([str(tmp_path / "t.json")]), compile_contract(parse(document)))
    assert report.error is not None
    assert (report.verdict, report.error.reason) == ("undecided", "NOT_JSON")
    assert (report.rows, report.rows_failing) == (1, 1)


RECORD = b'{"a": 1}'
SPACE = b" " * (1 << 20)


@pytest.mark.parametrize(
    "text",
    [
        b"[" + SPACE + RECORD + SPACE + b"," + SPACE + RECORD + SPACE + b"]" + SPACE,
        SPACE + b'{"a":\n1}' + SPACE + RECORD + b"\n" * len(SPACE),
    ],
    ids=["an array", "one after another"],
)
def test_white_space_between_records_is_skipped_in_few_steps(
    text: bytes, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    take = jsonfile._Elements._take
    monkeypatch.setattr(jsonfile._Elements, "_take", lambda self, count: steps.append(count) or take(self, count))
    report = judge(text)
    assert (report.verdict, report.rows) == ("conforms", 2)
    assert len(steps) < 50


def test_lines_of_white_space_are_no_records_of_a_block(judge: Judge) -> None:
    lines = [b" \t ", RECORD, b"", b"\r", b"  " + RECORD + b" ", b"\x0c", b'{"a": "x"}', b" "]
    for name in ("t.json", "t.ndjson"):
        report = judge(b"\n".join([RECORD, *lines]), name)
        assert (report.rows, failing(report)) == (4, [("type", 3, 9 - 1)])


def test_a_line_that_fails_is_quarantined_without_the_white_space_after_it(tmp_path: Path) -> None:
    (tmp_path / "t.ndjson").write_bytes(b'{"a": 1}\n{"a": "x"} \r\n   \n \t\n{"a": 2}\n')
    loaded = data.load(
        find([str(tmp_path / "t.ndjson")]),
        CONTRACT,
        lambda schema: data.Directory(tmp_path / "out", schema, "t"),
        policy=lambda: data.Quarantine(tmp_path / "aside", "t"),
    )
    assert (loaded.rows, loaded.report.rows_failing) == (2, 1)
    aside = [pq.read_table(path).to_pylist() for path in (tmp_path / "aside").rglob("*.parquet")]
    assert [row["_text"] for row in aside[0]] == ['{"a": "x"} ']
