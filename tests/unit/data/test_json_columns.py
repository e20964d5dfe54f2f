"""Members that no one Arrow type fits: JSON text in columns, judged by the document whatever the format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.checking import check as check_table
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, Report, check, find, load
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

Judged = Callable[..., Report]
JSON = pa.json_()
NO_ONE_TYPE = {"enum": [["so that no one type fits"], "another"]}
SEVERAL = {"type": ["integer", "string", "null"], "minimum": 2, "minLength": 2}


def contract(rule: Any, **rest: Any) -> Contract:
    """The contract of a document with one member `v`."""
    document = {"$id": "j_v1", "version": "1.0.0", "type": "object", "properties": {"v": rule}, **rest}
    return compile_contract(parse(json.dumps(document).encode()))


def found(report: Report) -> dict[tuple[str | None, str], list[int]]:
    """Column and rule of what is broken, and the rows shown."""
    return {(item.column, item.rule): [example.row for example in item.examples] for item in report.violations}


def as_json(*texts: str | None) -> pa.Array:
    return pa.ExtensionArray.from_storage(JSON, pa.array(texts, pa.string()))


def table(array: pa.Array) -> pa.Table:
    return pa.table({"v": array})


def test_a_record_of_a_member_without_a_type_conforms(judge: Judged) -> None:
    lines = b'{"v": 3}\n{"v": "ab"}\n{"v": null}\n{"v": [{"a": 1}]}\n'
    assert judge("t.ndjson", lines, contract({"minLength": 2}, required=["v"])).verdict == "conforms"


def test_what_a_record_breaks_is_counted_at_its_row(judge: Judged) -> None:
    report = judge("t.ndjson", b'{"v": 3}\n{"v": "a"}\n{}\n', contract({"minLength": 2}, required=["v"]))
    assert found(report) == {("v", "minLength"): [1], ("v", "required"): [2]}
    assert (report.rows, report.rows_failing) == (3, 2)


def test_a_member_that_only_required_names_is_there(judge: Judged) -> None:
    judged = contract({"type": "integer"}, required=["w"])
    assert found(judge("t.ndjson", b'{"v": 1, "w": {}}\n{"v": 1}\n', judged)) == {("w", "required"): [1]}


def test_a_nested_member_that_only_required_names_is_there(judge: Judged) -> None:
    judged = contract({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["w"]})
    assert found(judge("t.ndjson", b'{"v": {"a": 1, "w": {}}}\n{"v": {"a": 1}}\n', judged)) == {("v", "required"): [1]}


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (True, "[1]", None),
        (False, None, "1"),
        (SEVERAL, '"ab"', '"a"'),
        (SEVERAL, "2", "1"),
        (SEVERAL, "null", "1.5"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "3", "3.5"),
        ({"type": ["integer", "string"]}, "1", "null"),
        ({"type": "array"}, '[1, "a", {}]', "{}"),
        ({"type": "object"}, '{"a": [1]}', "[]"),
        ({"type": "array", "items": {"type": ["integer", "string"]}}, '[1, "a"]', "[1, 1.5]"),
        ({"type": "array", "items": {}, "uniqueItems": True}, '[1, "1", null]', "[1, 1.0]"),
        ({"type": "object", "properties": {"x": {"minLength": 2}}}, '{"x": 1}', '{"x": "a"}'),
        ({"type": "object", "properties": {"x": {}}, "required": ["x"]}, '{"x": null}', "{}"),
        ({"type": "object", "properties": {"x": {"not": {"type": "null"}}}}, "{}", '{"x": null}'),
        ({"maximum": 1e300}, "1e300", "1e400"),
        ({"maximum": 1e300, "minimum": 1e30}, "1e30", "1e301"),
        ({"minimum": 1e30}, "1e4299", "-1e4299"),
        ({"exclusiveMinimum": 0}, "1e-400", "0"),
        ({"enum": [1, "a", {"b": [None]}]}, '{"b": [null]}', '{"b": []}'),
        ({"minLength": 1}, '"\\ud83d\\ude00"', '""'),
    ],
)
class TestAlikeInEveryFormat:
    """A value in NDJSON, and as the text that it is loaded as in every format of columns."""

    def test_in_json_lines(self, judge: Judged, rule: Any, good: str | None, bad: str | None) -> None:
        judged = contract(rule)
        if good:
            assert judge("t.ndjson", f'{{"v": {good}}}\n'.encode(), judged).verdict == "conforms"
        if bad:
            assert judge("t.ndjson", f'{{"v": {bad}}}\n'.encode(), judged).verdict == "violates"

    def test_once_loaded(self, tmp_path: Path, rule: Any, good: str | None, bad: str | None) -> None:
        judged = contract(rule)
        lines = [line for line in (good and f'{{"v": {good}}}', bad and f'{{"v": {bad}}}', "{}") if line]
        (tmp_path / "t.ndjson").write_text("\n".join(lines))
        loaded = load(
            find([str(tmp_path / "t.ndjson")]),
            judged,
            lambda schema: Directory(tmp_path / "lake", schema, "t"),
            policy=lambda: Quarantine(tmp_path / "aside", "t"),
        )
        assert loaded.place
        again = check(find([loaded.place]), judged)
        assert (again.verdict, again.rows) == ("conforms", len(lines) - bool(bad))

    @pytest.mark.parametrize("kind", [JSON, pa.string(), pa.large_string(), pa.string_view()], ids=str)
    def test_in_columns(self, rule: Any, good: str | None, bad: str | None, kind: Any) -> None:
        judged = contract({"anyOf": [rule, NO_ONE_TYPE]})
        for text, verdict in ((good, "conforms"), (bad, "violates")):
            if text:
                array = as_json(text) if kind == JSON else pa.array([text], kind)
                assert check_table(table(array), judged).verdict == verdict

    def test_in_csv(self, judge: Judged, rule: Any, good: str | None, bad: str | None) -> None:
        judged = contract({"anyOf": [rule, NO_ONE_TYPE]})
        for text, verdict in ((good, "conforms"), (bad, "violates")):
            if text:
                quoted = text.replace('"', '""')
                assert judge("t.csv", f'v,w\n"{quoted}",1\n'.encode(), judged).verdict == verdict


@pytest.mark.parametrize(
    "text", ["", "ab", "NaN", "[1", "1 2", '{"a": 1, "a": 2}', '"\\ud800"', "01", "[-Infinity]", "[" * 100_000]
)
def test_text_that_is_not_json_fails_and_is_shown(text: str) -> None:
    report = check_table(table(as_json("1", text)), contract({}))
    (violation,) = report.violations
    assert (violation.pointer, violation.rule, violation.expected) == ("/properties/v", "arrow", "JSON text")
    assert found(report) == {("v", "arrow"): [1]}
    assert str(violation.examples[0].value)[:50] == text[:50]


def test_bytes_that_are_not_utf8_are_no_json() -> None:
    texts = pa.array([b'"\xff"'], pa.binary()).view(pa.string())
    assert found(check_table(table(texts), contract({}))) == {("v", "arrow"): [0]}


def test_the_value_of_a_text_is_shown_as_in_json_lines(judge: Judged) -> None:
    judged = contract({"type": ["integer", "null"], "enum": [{}]})
    by_line = judge("t.ndjson", b'{"v": {"a": "b"}}\n', judged).violations
    by_column = check_table(table(as_json('{"a": "b"}')), judged).violations
    assert [(item.rule, item.examples[0].value) for item in by_line] == [
        (item.rule, item.examples[0].value) for item in by_column
    ]


def test_values_within_one_another_end_at_200(judge: Judged) -> None:
    for depth, verdict in ((200, "conforms"), (201, "undecided")):
        line = '{"v": ' + "[" * (depth - 1) + "1" + "]" * (depth - 1) + "}"
        assert judge("t.ndjson", line.encode(), contract({})).verdict == verdict


class TestNull:
    """JSON's null is the text `null`; a null of the column is absent, or null where the member can't be absent."""

    def test_a_null_of_the_column_is_an_absent_member(self) -> None:
        report = check_table(table(as_json("1", None)), contract({"type": ["integer", "string"]}, required=["v"]))
        assert found(report) == {("v", "required"): [1]}

    def test_a_null_of_an_optional_column_conforms(self) -> None:
        assert check_table(table(as_json("1", None)), contract({"type": ["integer", "string"]})).verdict == "conforms"

    def test_the_text_null_is_a_value(self) -> None:
        report = check_table(table(as_json("null")), contract({"type": ["integer", "string"]}))
        assert found(report) == {("v", "type"): [0]}

    def test_a_required_member_that_may_be_null_can_only_be_null(self) -> None:
        judged = contract({"type": ["integer", "string", "null"]}, required=["v"])
        assert check_table(table(as_json("null", None)), judged).verdict == "conforms"

    def test_null_of_a_record_is_a_value(self, judge: Judged) -> None:
        report = judge("t.ndjson", b'{"v": null}\n{}\n', contract({"type": ["integer", "string"]}))
        assert found(report) == {("v", "type"): [0]}

    def test_an_empty_field_of_csv_is_absent_and_an_empty_text_no_json(self, judge: Judged) -> None:
        report = judge("t.csv", b'v,w\n,1\n"",1\nnull,1\n', contract({"type": ["integer", "string"]}))
        assert found(report) == {("v", "arrow"): [1], ("v", "type"): [2]}

    def test_null_and_absent_are_told_apart_once_loaded(self, tmp_path: Path) -> None:
        rows = loaded(tmp_path, contract({}), b'{"v": null}\n{}\n{"v": [null]}\n')
        assert rows.column("v").to_pylist() == ["null", None, "[null]"]


def loaded(folder: Path, judged: Contract, data: bytes, name: str = "t.ndjson") -> pa.Table:
    """The rows that a load hands on."""
    (folder / name).write_bytes(data)
    done = load(find([str(folder / name)]), judged, lambda schema: Directory(folder / "lake", schema, "t"))
    assert done.place, done.report
    return pq.read_table(done.place)


def test_loaded_text_is_as_the_line_has_it(tmp_path: Path) -> None:
    values = ["1e400", "123456789012345678901234567890.10", "-0", "1E5", '{ "b":1.00,  "a": "\\u00e9é" }', '"\\/"']
    rows = loaded(tmp_path, contract({}), "".join(f'{{"w": 1, "v": {value} }}\n' for value in values).encode())
    assert rows.schema.field("v").type == JSON
    assert rows.column("v").to_pylist() == values


def test_loaded_text_within_lists_and_structs_is_as_the_line_has_it(tmp_path: Path) -> None:
    rule = {
        "type": "object",
        "properties": {
            "x": {},
            "n": {"type": "integer"},
            "l": {"type": "array", "items": {"type": "object", "properties": {"y": {}}}},
        },
    }
    line = b'{"v": {"n": 1, "l": [{"y": 1.0}, {}, {"y": null}], "x": 1.10}}\n{"v": {"n": 2}}\n{}\n'
    rows = loaded(tmp_path, contract(rule), line)
    assert rows.column("v").to_pylist() == [
        {"x": "1.10", "n": 1, "l": [{"y": "1.0"}, {"y": None}, {"y": "null"}]},
        {"x": None, "n": 2, "l": None},
        None,
    ]


def test_csv_cells_are_loaded_as_they_are(tmp_path: Path) -> None:
    rows = loaded(tmp_path, contract({}), b'v,w\n"{ ""a"": 1.0 }",1\n,2\n', "t.csv")
    assert rows.column("v").to_pylist() == ['{ "a": 1.0 }', None]


@pytest.mark.parametrize("number", ["9" * 4301, "1e5001", "1e-5001", "1e99999999999999999999"])
def test_a_number_that_nobody_reads_is_said(judge: Judged, number: str) -> None:
    report = judge("t.ndjson", f'{{"v": {number}}}\n'.encode(), contract({}))
    assert report.error is not None
    assert (report.error.reason, report.error.line) == ("NOT_JSON", 1)
    assert found(check_table(table(as_json(number)), contract({}))) == {("v", "arrow"): [0]}


@pytest.mark.parametrize(
    ("array", "rows"),
    [
        (pa.array([1, 3, None]), [0]),
        (pa.array([1.0, float("nan"), 3.5]), [0, 1]),
        (pa.array([[1, 2], [1]]), []),
        (pa.array([{"a": float("inf")}, {"a": 1.0}]), [0]),
        (pa.array([True, False]), []),
        (pa.array([b"\x00", b""]), [1]),
        (pa.array(["1", "3"]).dictionary_encode(), [0]),
    ],
    ids=str,
)
def test_columns_of_other_types_are_the_values_that_they_have(array: pa.Array, rows: list[int]) -> None:
    report = check_table(table(array), contract({"minimum": 2, "minLength": 1}))
    assert sorted(example.row for item in report.violations for example in item.examples) == rows


def test_columns_of_other_types_are_loaded_as_their_json_text(tmp_path: Path) -> None:
    pq.write_table(table(pa.array([{"a": [1, None]}, None])), tmp_path / "t.parquet")
    done = load(
        find([str(tmp_path / "t.parquet")]), contract({}), lambda schema: Directory(tmp_path / "lake", schema, "t")
    )
    assert done.place
    assert pq.read_table(done.place).column("v").to_pylist() == ['{"a":[1,null]}', None]


def test_a_type_that_json_has_no_value_for_is_refused() -> None:
    report = check_table(table(pa.array([1], pa.duration("s"))), contract({}))
    assert found(report) == {("v", "arrow"): [0]}


class TestFrames:
    """pandas and polars."""

    def test_objects_of_pandas_are_values_and_texts_json_texts(self) -> None:
        frame = pd.DataFrame({"v": pd.Series([3, '"ab"', None, {"a": [1.5]}, True, float("nan")], dtype=object)})
        assert check_table(frame, contract({"minimum": 2, "minLength": 2})).verdict == "conforms"
        frame = pd.DataFrame({"v": pd.Series([1, '"a"', "ab", {"a": 1}], dtype=object)})
        report = check_table(frame, contract({"minimum": 2, "minLength": 2}))
        assert found(report) == {("v", "arrow"): [2], ("v", "minimum"): [0], ("v", "minLength"): [1]}

    def test_dicts_of_pandas_keep_their_own_members(self) -> None:
        frame = pd.DataFrame({"v": [{"a": 1}, {"b": 1}]})
        assert check_table(frame, contract({"type": "object", "maxProperties": 1})).verdict == "conforms"

    def test_texts_of_pandas_are_json_texts(self) -> None:
        report = check_table(pd.DataFrame({"v": ["1", "ab"]}), contract({}))
        assert found(report) == {("v", "arrow"): [1]}

    def test_an_object_that_json_has_no_value_for_is_undecided(self) -> None:
        report = check_table(pd.DataFrame({"v": pd.Series([object(), 1], dtype=object)}), contract({}))
        assert report.error is not None
        assert report.error.reason == "NOT_ARROW"

    def test_texts_of_polars_are_json_texts(self) -> None:
        report = check_table(pl.DataFrame({"v": ["1", "ab", None]}), contract({}))
        assert found(report) == {("v", "arrow"): [1]}


def test_the_block_may_say_json(judge: Judged) -> None:
    arrow = {"fields": [{"name": "v", "type": {"name": "json"}}]}
    judged = contract({"type": "integer", "minimum": 10**30}, arrow=arrow)
    assert judge("t.ndjson", b'{"v": 1000000000000000000000000000000}\n', judged).verdict == "conforms"
    assert found(judge("t.ndjson", b'{"v": 1.5}\n', judged)) == {("v", "type"): [0], ("v", "minimum"): [0]}


def test_a_rule_across_columns_sees_the_value(judge: Judged) -> None:
    across = {"if": {"properties": {"v": {"type": "integer"}}, "required": ["v"]}, "then": {"required": ["w"]}}
    judged = contract({}, properties={"v": {}, "w": {"type": "integer"}}, **across)
    lines = b'{"v": 1, "w": 1}\n{"v": 1}\n{"v": "1"}\n{}\n'
    columns = pa.table({"v": as_json("1", "1", '"1"', None), "w": pa.array([1, None, None, None])})
    assert found(judge("t.ndjson", lines, judged)) == found(check_table(columns, judged)) == {("w", "required"): [1]}


def test_a_rule_over_the_row_sees_the_value(judge: Judged) -> None:
    judged = contract({}, additionalProperties={"type": "integer"}, patternProperties={"^v": {"maxItems": 1}})
    assert found(judge("t.ndjson", b'{"v": [1]}\n{"v": [1, 2]}\n', judged)) == {("v", "maxItems"): [1]}
    assert found(check_table(table(as_json("[1]", "[1, 2]")), judged)) == {("v", "maxItems"): [1]}


def test_quarantine_has_the_text(tmp_path: Path) -> None:
    (tmp_path / "t.ndjson").write_bytes(b'{"v": "a"}\n{"v": "ab"}\n')
    done = load(
        find([str(tmp_path / "t.ndjson")]),
        contract({"minLength": 2}),
        lambda schema: Directory(tmp_path / "lake", schema, "t"),
        policy=lambda: Quarantine(tmp_path / "aside", "t"),
    )
    assert done.quarantine
    assert pq.read_table(Path(done.quarantine) / "t.ndjson.parquet").column("v").to_pylist() == ['"a"']


def test_clean_keeps_the_text_of_a_renamed_member(tmp_path: Path) -> None:
    (tmp_path / "t.ndjson").write_bytes(b'{"old": 1.10, "w": "1"}\n{"v": 1e400}\n')
    judged = contract({}, properties={"v": {}, "w": {"type": "integer"}})
    done = clean(
        find([str(tmp_path / "t.ndjson")]),
        judged,
        lambda schema: Directory(tmp_path / "lake", schema, "t"),
        lambda: Quarantine(tmp_path / "aside", "t"),
        aliases={"v": ["old"]},
    )
    assert done.loaded.place
    assert pq.read_table(done.loaded.place).to_pydict() == {"v": ["1.10", "1e400"], "w": [1, None]}


def test_clean_takes_json_texts_as_they_are(tmp_path: Path) -> None:
    pq.write_table(table(pa.array(['{"a": 1.0}', "ab"])), tmp_path / "t.parquet")
    done = clean(
        find([str(tmp_path / "t.parquet")]),
        contract({}),
        lambda schema: Directory(tmp_path / "lake", schema, "t"),
        lambda: Quarantine(tmp_path / "aside", "t"),
    )
    assert done.loaded.place
    assert pq.read_table(done.loaded.place).column("v").to_pylist() == ['{"a": 1.0}']
    assert done.repairs == ()
