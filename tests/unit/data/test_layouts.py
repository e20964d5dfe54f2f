"""The same values in every layout that Arrow has for them, and columns that no contract names."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.arrow.arrays import numbers, plain
from schemaregistry.data.engine.batch_evaluation import evaluate_batch
from schemaregistry.document import parse

Found = dict[str, list[Any]]
Judge = Callable[..., Report]


@pytest.fixture
def judge_array(tmp_path: Path) -> Judge:
    """`judge_array(schema, array)`: the report on a file whose only column is `a`, by a document of one property."""

    def judge(
        schema: dict[str, Any], array: pa.Array, arrow: dict[str, Any] | None = None, *, named: str = "a"
    ) -> Report:
        document: dict[str, Any] = {"$id": "a_v1", "version": "1.0.0", "type": "object", "properties": {named: schema}}
        if arrow:
            document["arrow"] = {"fields": [{"name": "a", "type": arrow}]}
        with pa.ipc.new_file(tmp_path / "a.arrow", pa.schema([("a", array.type)])) as writer:
            writer.write_batch(pa.RecordBatch.from_arrays([array], names=["a"]))
        return check(find([str(tmp_path / "a.arrow")]), compile_contract(parse(json.dumps(document).encode())))

    return judge


def found(report: Report) -> Found:
    assert report.error is None
    return {item.rule: [example.value for example in item.examples] for item in report.violations}


LISTS = [[1, 2], None, [3], []]
LIST_RULES = {"type": "array", "items": {"type": "integer", "minimum": 2}}
LAYOUTS_OF_LISTS = [pa.list_, pa.large_list, pa.list_view, pa.large_list_view]


@pytest.mark.parametrize("layout", LAYOUTS_OF_LISTS, ids=lambda layout: layout.__name__)
def test_lists(judge_array: Judge, layout: Callable[[pa.DataType], pa.DataType]) -> None:
    assert found(judge_array(LIST_RULES, pa.array(LISTS, layout(pa.int64())))) == {"minimum": [1]}
    assert found(judge_array(LIST_RULES, pa.array(LISTS * 3, layout(pa.int64())).slice(2, 4))) == {"minimum": [1]}


def test_lists_of_a_fixed_size(judge_array: Judge) -> None:
    array = pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2))
    assert found(judge_array(LIST_RULES, array)) == {"minimum": [1]}


TEXTS = pa.array(["x", "yy", None, "x"])
LAYOUTS_OF_TEXTS = {
    "large": TEXTS.cast(pa.large_string()),
    "view": TEXTS.cast(pa.string_view()),
    "dictionary": TEXTS.dictionary_encode(),
    "large dictionary": TEXTS.cast(pa.large_string()).dictionary_encode(),
    "dictionary with null": pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0]), pa.array(["x", "yy", None])),
    "dictionary with more": pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array(["x", "yy", "zz"])),
    "runs": pc.run_end_encode(TEXTS),
}


@pytest.mark.parametrize("layout", LAYOUTS_OF_TEXTS)
def test_texts(judge_array: Judge, layout: str) -> None:
    for rules in ({"maxLength": 1}, {"pattern": "^x$"}, {"enum": ["x"]}):
        report = judge_array({"type": "string", **rules}, LAYOUTS_OF_TEXTS[layout])
        assert found(report) == {next(iter(rules)): ["yy"]}


def test_texts_within_lists(judge_array: Judge) -> None:
    rules = {"type": "array", "items": {"type": "string", "maxLength": 1}}
    for kind in (pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        array = pa.array([["x", "yy"], None], pa.list_(pa.string())).cast(pa.list_(kind))
        assert found(judge_array(rules, array)) == {"maxLength": ["yy"]}


def test_numbers(judge_array: Judge) -> None:
    integers = pa.array([1, 2, None])
    for array in (integers.dictionary_encode(), pc.run_end_encode(integers), integers.cast(pa.uint8())):
        assert found(judge_array({"type": "integer", "minimum": 2}, array)) == {"minimum": [1]}
    halves = pa.array([1.5, 2.5], pa.float16())
    assert found(judge_array({"type": "number", "minimum": 2}, halves)) == {"minimum": [1.5]}
    decimal = {"name": "decimal128", "precision": 10, "scale": 2}
    for kind in (pa.decimal256(50, 2), pa.decimal64(10, 2)):
        array = pa.array([Decimal("1.5"), Decimal("2.5")], kind)
        assert found(judge_array({"type": "number", "minimum": 2}, array, decimal)) == {"minimum": ["1.50"]}


def test_bytes(judge_array: Judge) -> None:
    for kind in (pa.large_binary(), pa.binary_view(), pa.binary(4)):
        report = judge_array({"type": "string", "maxLength": 7}, pa.array([b"abcd", None], kind), {"name": "binary"})
        assert found(report) == {"maxLength": ["YWJjZA=="]}


OTHERS = [
    pa.array([1], pa.duration("s")),
    pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array(["a"])]),
    pa.array([b"0" * 16], pa.uuid()),
]


@pytest.mark.parametrize("array", OTHERS, ids=lambda array: str(array.type))
def test_a_type_that_no_contract_names_is_refused(judge_array: Judge, array: pa.Array) -> None:
    report = judge_array({"type": "string"}, array)
    assert (report.verdict, report.rows_failing) == ("violates", 1)
    json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize("array", OTHERS[:-1], ids=lambda array: str(array.type))
def test_a_column_of_any_json_refuses_such_a_type(judge_array: Judge, array: pa.Array) -> None:
    report = judge_array({}, array)
    assert (report.verdict, report.rows_failing) == ("violates", 1)


@pytest.mark.parametrize("array", OTHERS, ids=lambda array: str(array.type))
def test_such_a_column_beside_the_contract_s_is_let_be(judge_array: Judge, array: pa.Array) -> None:
    assert judge_array({}, array, named="b").verdict == "conforms"


def test_structs(judge_array: Judge) -> None:
    rules = {"type": "object", "properties": {"p": {"type": "integer"}}, "required": ["p"]}
    array = pa.array([{"p": 1}, None, {"p": None}], pa.struct([("p", pa.int64())]))
    assert found(judge_array(rules, array)) == {"required": [None]}
    assert found(judge_array(rules, pa.array([{}, None], pa.struct([])))) == {"required": [None]}


WIDE = {"name": "decimal128", "precision": 38, "scale": 38}


def test_decimals_whose_scales_are_far_apart_are_judged_without_a_cast(judge_array: Judge) -> None:
    """Arrow's cast reads beyond its table of powers of ten."""
    array = pa.array([Decimal("1E38"), Decimal(0), None], pa.decimal128(38, -38))
    assert found(judge_array({"type": "number"}, array, WIDE)) == {"type": [str(10**38)]}


@pytest.mark.parametrize("scale", [77, 2**24, 2**31 - 1, -77, -(2**31)])
def test_a_decimal_of_a_scale_that_none_has_is_damage(judge_array: Judge, scale: int) -> None:
    kind = pa.decimal128(12, scale)
    for array in (pa.nulls(1, kind), pa.nulls(1, pa.list_(kind)), pa.nulls(1, pa.struct([("b", kind)]))):
        report = judge_array({}, array)
        assert report.error
        assert report.error.reason == "CORRUPT"


@pytest.mark.parametrize("wanted", ["date32", "date64"])
def test_a_date_that_is_no_whole_day_is_shown_with_its_time(wanted: str) -> None:
    """Only from memory: in a file Arrow takes it for damage."""
    document = {
        "$id": "a_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": "string", "format": "date", "enum": ["2026-01-05"]}},
        "arrow": {"fields": [{"name": "a", "type": {"name": wanted}}]},
    }
    day = 20_458 * 86_400_000
    numbers = pa.array([day, day + 43_200_000, day + 86_400_000, None, 2**63 - 1, -(2**63)], pa.int64())
    array = numbers.view(pa.date64())
    contract = compile_contract(parse(json.dumps(document).encode()))
    for table in (pa.table({"a": array}), pa.table({"a": array.dictionary_encode()}), pa.record_batch({"a": array})):
        report = schemaregistry.check(table, contract)
        values = found(report)
        assert values["enum"] == ["2026-01-06"]
        assert values["format"][0] == "2026-01-05T12:00:00.000"
        assert len(values["format"]) == 3
        json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize("kind", ["list", "fixed"])
def test_what_a_null_list_holds_is_not_judged(judge_array: Judge, kind: str) -> None:
    nulls = pa.array([True, False, False])
    if kind == "list":
        array = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3]), pa.array([0, 1, 2]), mask=nulls)
    else:
        array = pa.FixedSizeListArray.from_arrays(pa.array([0, 1, 2]), 1, mask=nulls)
    assert found(judge_array(LIST_RULES, array)) == {"minimum": [1]}


def test_what_stands_at_a_null_view_is_not_looked_at(judge_array: Judge) -> None:
    """Arrow validates no view at a null, and its cast follows it."""
    array = pa.array(["x", None, "a text of more than twelve bytes"], pa.string_view())
    validity, views, data = array.buffers()
    hostile = bytearray(views.to_pybytes())
    hostile[16:32] = (2**31 - 1).to_bytes(4, "little") + b"abcd" + (2**31 - 1).to_bytes(4, "little") * 2
    broken = pa.Array.from_buffers(array.type, 3, [validity, pa.py_buffer(bytes(hostile)), data])
    assert found(judge_array({"type": "string", "maxLength": 1}, broken)) == {"maxLength": [array[2].as_py()]}
    assert found(judge_array({"type": "string", "maxLength": 1}, broken.slice(1))) == {"maxLength": [array[2].as_py()]}


@pytest.mark.parametrize("size", [16, 17, 24, 31])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.timestamp("us")])
def test_a_buffer_may_be_longer_than_its_values(size: int, kind: pa.DataType) -> None:
    """By any number of bytes, as a damaged IPC file has them."""
    array = pa.Array.from_buffers(kind, 2, [None, pa.py_buffer(bytes(size))])
    assert numbers(array).tolist() == [0, 0]
    assert numbers(array.slice(1)).tolist() == [0]
    assert numbers(array.slice(2)).tolist() == []


def test_views_may_be_followed_by_other_bytes() -> None:
    views = pa.array(["abc", None], pa.string_view()).buffers()
    longer = pa.py_buffer(views[1].to_pybytes()[:32] + b"xyz")
    array = pa.Array.from_buffers(pa.string_view(), 2, [views[0], longer])
    assert plain(array).to_pylist() == ["abc", None]


def test_the_name_of_a_list_s_items_is_text_too(tmp_path: Path) -> None:
    """Nothing is named by it, but a reader of another language may fall over it."""
    kind = pa.list_(pa.field("an_item", pa.int64()))
    with pa.ipc.new_file(tmp_path / "a.arrow", pa.schema([("a", kind)])) as writer:
        writer.write_batch(pa.record_batch([pa.array([[1]], kind)], names=["a"]))
    data = (tmp_path / "a.arrow").read_bytes()
    assert data.count(b"an_item") == 2
    (tmp_path / "a.arrow").write_bytes(data.replace(b"an_item", b"an\xffitem"))
    document = (
        b'{"$id": "a_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "array", "items": {}}}}'
    )
    report = check(find([str(tmp_path / "a.arrow")]), compile_contract(parse(document)))
    assert report.error is not None
    assert report.error.message.startswith("a name in the file's schema isn't UTF-8")


def test_runs_are_evaluated_in_parts_of_bounded_size(judge_array: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[int] = []

    def counting(plan: Any, binding: Any, batch: Any) -> Any:
        parts.append(batch.rows)
        return evaluate_batch(plan, binding, batch)

    monkeypatch.setattr("schemaregistry.data.readers.rows.evaluate_batch", counting)
    ends = pa.array([999_999, 1_000_000], pa.int64())
    runs = pa.RunEndEncodedArray.from_arrays(ends, pa.array([5, 1], pa.int64()))
    report = judge_array({"type": "integer", "minimum": 2}, runs)
    assert found(report) == {"minimum": [1]}
    assert [example.row for example in report.violations[0].examples] == [999_999]
    assert sum(parts) == 1_000_000
    assert max(parts) <= 1 << 16


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("kind", [pa.int16(), pa.int32(), pa.int64()])
def test_a_slice_of_runs_has_its_own_values(start: int, kind: pa.DataType) -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 7], kind), pa.array([5, None, 7], pa.int64()))
    values = [5, 5, None, 7, 7, 7, 7]
    for stop in range(start, 8):
        assert plain(runs.slice(start, stop - start)).to_pylist() == values[start:stop]
