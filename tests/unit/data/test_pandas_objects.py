"""Columns of Python objects in a pandas frame: no value is changed on its way to the check."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, Report, load, rows_of
from schemaregistry.document import Document, parse

DATE, NOON = dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 5, 30)  # noqa: DTZ001
EAST = dt.timezone(dt.timedelta(hours=5))
NANOS = pd.Timestamp("2024-01-01 00:00:00.000000001")
TYPES = {
    "date32": {"type": "string", "format": "date"},
    "time64": {"type": "string", "format": "time"},
    "timestamp": {"type": "string", "format": "date-time"},
    "float64": {"type": "number"},
    "int64": {"type": "integer"},
    "uint64": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
    "binary": {"type": "string"},
}


def document(kind: str, **parameters: Any) -> Document:
    rule = {"type": "object", "properties": {"c": TYPES[kind]}}
    arrow = {"fields": [{"name": "c", "type": {"name": kind, **parameters}}]}
    return parse(json.dumps({"$id": "o_v1", "version": "1.0.0", **rule, "arrow": arrow}).encode())


def judged(values: list[Any], kind: str, **parameters: Any) -> Report:
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object)})
    return schemaregistry.check(frame, document(kind, **parameters))


def shown(report: Report) -> list[tuple[str, int, Any]]:
    return [(each.rule, one.row, one.value) for each in report.violations for one in each.examples]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NOON, "2024-01-01T05:30:00"),
        (pd.Timestamp("2024-01-01 05:30", tz="US/Eastern"), "2024-01-01T05:30:00-05:00"),
        (NANOS, "2024-01-01T00:00:00.000000001"),
        (dt.datetime(2024, 1, 1, tzinfo=EAST), "2024-01-01T00:00:00+05:00"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_time_of_day_beside_dates_fails(value: Any, text: str, first: bool) -> None:
    report = judged([value, DATE] if first else [DATE, value], "date32")
    assert shown(report) == [("format", 0 if first else 1, text)]


def test_a_midnight_beside_dates_is_a_date() -> None:
    assert judged([DATE, dt.datetime(2024, 1, 2), None, pd.NaT], "date32").verdict == "conforms"  # noqa: DTZ001


@pytest.mark.parametrize("kind", [{"dtype": object}, {"dtype": "category"}])
def test_categories_are_objects_too(kind: dict[str, Any]) -> None:
    frame = pd.DataFrame({"c": pd.Series([DATE, NOON], **kind)})
    assert schemaregistry.check(frame, document("date32")).rows_failing == 1


def test_an_index_of_objects_is_a_column_like_the_others() -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index([DATE, NOON], dtype=object, name="c"))
    assert schemaregistry.check(frame, document("date32")).rows_failing == 1


def test_a_time_with_another_offset_fails() -> None:
    values = [dt.time(1, tzinfo=EAST), dt.time(2), dt.time(3, tzinfo=dt.UTC)]
    assert shown(judged(values, "time64", unit="us")) == [("format", 0, "01:00:00+05:00")]


def test_times_with_and_without_an_offset_arent_one_column() -> None:
    values = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 1)]  # noqa: DTZ001
    assert shown(judged(values, "timestamp", unit="us", tz="UTC")) == [("format", 1, "2024-01-01T00:00:00")]
    assert shown(judged(values, "timestamp", unit="us")) == [("format", 0, "2024-01-01T00:00:00+00:00")]


@pytest.mark.parametrize("other", [NOON, NANOS, dt.datetime(9999, 1, 1)])  # noqa: DTZ001
def test_nanoseconds_are_no_microseconds(other: dt.datetime) -> None:
    report = judged([NANOS, other], "timestamp", unit="us")
    assert ("format", 0, "2024-01-01T00:00:00.000000001") in [(rule, row, value) for rule, row, value in shown(report)]
    conforming = judged([NANOS, NOON], "timestamp", unit="ns")
    assert conforming.verdict == "conforms"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("float64", [1.5, True]),
        ("int64", [1, np.True_]),
        ("int64", [np.True_, 1]),
        ("binary", [b"a", "b"]),
        ("date32", [DATE, np.datetime64("2024-01-01", "ns")]),
        ("date32", [DATE, "2024-01-01"]),
    ],
)
def test_kinds_that_no_type_holds_are_named_with_column_and_row(kind: str, values: list[Any]) -> None:
    report = judged(values, kind)
    assert report.error is not None
    assert (report.error.reason, report.verdict) == ("NOT_ARROW", "undecided")
    assert 'column "c", row 1: ' in report.error.message


@pytest.mark.parametrize("values", [[[DATE, NOON]], [{"a": DATE}, {"a": NOON}], [[dt.time(1, tzinfo=EAST)]], [[NANOS]]])
def test_what_would_change_within_lists_and_dicts_is_named(values: list[Any]) -> None:
    report = judged(values, "int64")
    assert report.error is not None
    assert 'column "c' in report.error.message


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ([1, 10**76, None], 1),
        ([np.datetime64("2024-01-01T00:00", "m")], 0),
        ([pa.scalar(1), 1], 1),
        (["a", "\ud800"], 1),
        ([1.5, 2**53 + 1], 1),
    ],
)
def test_a_value_that_arrow_cant_hold_is_named_with_column_and_row(values: list[Any], row: int) -> None:
    report = judged(values, "int64")
    assert report.error is not None
    assert f'column "c", row {row}: ' in report.error.message
    assert "one name and one type" not in report.error.message


def test_good_rows_go_on_and_the_other_is_set_aside_as_it_was(tmp_path: Path) -> None:
    schema = document("date32")
    frame = pd.DataFrame({"c": pd.Series([DATE, NOON, None], dtype=object)})
    into: Callable[[pa.Schema], Directory] = lambda schema: Directory(tmp_path / "out", schema, "rows")  # noqa: E731
    loaded = load(rows_of(frame), compile_contract(schema), into, policy=lambda: Quarantine(tmp_path / "aside", "rows"))
    assert pq.read_table(str(loaded.place)).column("c").to_pylist() == [DATE, None]
    (aside,) = Path(str(loaded.quarantine)).glob("*.parquet")
    assert pq.read_table(aside).column("c").to_pylist() == ["2024-01-01T05:30:00"]


def test_a_period_of_pandas_is_no_number() -> None:
    frame = pd.DataFrame({"c": pd.period_range("2024-01", periods=2, freq="M")})
    report = schemaregistry.check(frame, document("int64"))
    assert report.error is not None
    assert "pandas' period[M]" in report.error.message


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (pd.interval_range(0, 2), "pandas' interval[int64, right]"),
        (pd.cut([1, 2], 2), "pandas' category of interval[float64, right]"),
        (pd.Categorical(pd.period_range("2024-01", periods=2, freq="M")), "pandas' category of period[M]"),
        (pd.Categorical(pd.arrays.SparseArray([1.0, 0])), "pandas' category of Sparse[float64, nan]"),
        (np.array([1j, 2]), "pandas' complex128, which Arrow has no type for: give its real and its imaginary part"),
        (pd.arrays.SparseArray([1j, 2]), "pandas' complex128"),
        (np.array([1, 2], np.longdouble), f"pandas' {np.dtype(np.longdouble)}"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_type_of_pandas_that_arrow_lacks_is_named_where_it_is_judged(column: Any, what: str) -> None:
    report = schemaregistry.check(pd.DataFrame({"c": column}), document("float64"))
    assert report.error is not None
    assert (report.error.reason, f'column "c" is {what}' in report.error.message) == ("NOT_ARROW", True)
    assert report.violations == ()
    assert schemaregistry.check(pd.DataFrame({"x": column, "c": [1.0, 2.0]}), document("float64")).verdict == "conforms"


@pytest.mark.parametrize("index", [pd.PeriodIndex(["2024-01"], freq="M", name="c"), pd.Index([1j], name="c")])
def test_such_an_index_is_named_too(index: Any) -> None:
    report = schemaregistry.check(pd.DataFrame({"x": [1]}, index=index), document("int64"))
    assert report.error is not None
    assert (report.error.reason, 'column "c" is pandas\'' in report.error.message) == ("NOT_ARROW", True)


def test_sparse_columns_are_read_as_their_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"c": pd.arrays.SparseArray([0, 5, 0, 7])})
    into: Callable[[pa.Schema], Directory] = lambda schema: Directory(tmp_path, schema, "rows")  # noqa: E731
    loaded = load(rows_of(frame), compile_contract(document("int64")), into)
    assert pq.read_table(str(loaded.place)).column("c").to_pylist() == [0, 5, 0, 7]
    assert isinstance(frame["c"].dtype, pd.SparseDtype)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame([[1, 2]], columns=[5, "5"]), "the columns 5 and '5' are both \"5\" in Arrow"),
        (pd.DataFrame([[1, object()]], columns=[5, "5"]), "the columns 5 and '5' are both \"5\" in Arrow"),
        (pd.DataFrame([[1, 2]], columns=["c", b"c"]), "the columns 'c' and b'c' are both"),
        (pd.DataFrame([[1, 2]], columns=["c", "c"]), "more than one column is named 'c'"),
        (pd.DataFrame({"5": [1]}, index=pd.Index([1], name=5)), "the columns '5' and 5 are both"),
    ],
)
def test_labels_that_are_one_name_are_both_said(frame: Any, said: str) -> None:
    report = schemaregistry.check(frame, document("int64"))
    assert report.error is not None
    assert (report.error.reason, said in report.error.message) == ("DUPLICATE_COLUMN", True)


@pytest.mark.parametrize(
    ("values", "failing"),
    [
        ([2**63, 1], []),
        ([2**64 - 1, None, np.nan, pd.NA], []),
        ([np.uint64(2**63), 2], []),
        ([2**64, 1], [0]),
        ([2**63, -1], [1]),
        ([1, -(2**63) - 1], [1]),
    ],
)
def test_integers_beyond_int64_are_exactly_themselves(values: list[Any], failing: list[int]) -> None:
    schema = document("uint64")
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object)})
    report = schemaregistry.check(frame, schema)
    assert [example.row for each in report.violations for example in each.examples] == failing
    assert report.error is None


@pytest.mark.parametrize("lazy", [False, True])
def test_objects_of_polars_are_refused(lazy: bool) -> None:
    frame = pl.DataFrame({"c": pl.Series([DATE, NOON], dtype=pl.Object)})
    report = schemaregistry.check(frame.lazy() if lazy else frame, document("binary"))
    assert report.error is not None
    assert report.error.reason == "NOT_ARROW"
    assert 'column "c"' in report.error.message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("time64", "'12:00:00+01'::timetz"),
        ("binary", "'101'::bit"),
        ("binary", "[{'a': '101'::bit}]"),
        ("binary", "'5'::bignum"),
        ("int64", "'340282366920938463463374607431768211455'::uhugeint"),
    ],
)
def test_types_that_duckdb_changes_on_their_way_to_arrow_are_refused(kind: str, value: str) -> None:
    parameters = {"unit": "us"} if kind == "time64" else {}
    report = schemaregistry.check(duckdb.sql(f"select {value} c"), document(kind, **parameters))
    assert report.error is not None
    assert report.error.reason == "NOT_ARROW"
    assert 'column "c" is DuckDB\'s' in report.error.message


@pytest.mark.parametrize("value", ["'101'::bit", "'x'"])
def test_a_connection_is_free_for_the_next_query_once_a_relation_is_judged(value: str) -> None:
    with duckdb.connect() as connection:
        first = schemaregistry.check(connection.sql(f"select {value} c from range(10000)"), document("binary"))
        second = schemaregistry.check(connection.sql("select 1::bigint c"), document("int64"))
        assert (first.verdict, second.verdict) == ("undecided" if "bit" in value else "violates", "conforms")


def test_a_column_that_isnt_judged_may_be_of_any_type() -> None:
    relation = duckdb.sql(
        "select 1::bigint c, '12:00:00+01'::timetz x, 'BIT'::enum('BIT', 'b') e, {'BIT': [1]::int[1]} s"
    )
    assert schemaregistry.check(relation, document("int64")).verdict == "conforms"


@pytest.mark.parametrize("lazy", [False, True])
def test_a_type_of_polars_that_pyarrow_lacks_is_named(lazy: bool) -> None:
    frame = pl.DataFrame({"c": [1], "x": pl.Series([1], dtype=pl.Int128)})
    report = schemaregistry.check(frame.lazy() if lazy else frame, document("int64"))
    assert report.error is not None
    assert report.error.reason == "NOT_ARROW"
    assert 'column "x" is polars\' Int128' in report.error.message


@pytest.mark.parametrize(
    "column", [pl.Series("c", [1]), pd.Series([1], name="c"), pa.array([1]), pa.chunked_array([[1]])]
)
def test_one_column_is_no_table(column: Any) -> None:
    report = schemaregistry.check(column, document("int64"))
    assert report.error is not None
    assert (report.error.reason, "one column and no table" in report.error.message) == ("NOT_ARROW", True)


def test_a_reader_that_raises_shows_its_error_and_no_traceback() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1])], ["c"])
        raise KeyError("boom")

    report = schemaregistry.check(
        pa.RecordBatchReader.from_batches(pa.schema([("c", pa.int64())]), batches()), document("int64")
    )
    assert report.error is not None
    assert report.error.message == "Key error: 'boom'"


@pytest.mark.parametrize("kind", ["timestamp", "date32", "int64", "float64"])
@pytest.mark.parametrize(
    "values",
    [[pd.NaT], [pd.NaT, None, pd.NA, np.nan], [np.datetime64("NaT")], [np.timedelta64("NaT")]],
    ids=["NaT", "several", "NaT of numpy", "NaT of a duration"],
)
def test_what_pandas_takes_for_missing_is_null(values: list[Any], kind: str) -> None:
    nullable = json.loads(document(kind, **({"unit": "us"} if kind == "timestamp" else {})).raw)
    nullable["properties"]["c"]["type"] = [nullable["properties"]["c"]["type"], "null"]
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object), "outside": pd.Series(values, dtype=object)})
    report = schemaregistry.check(frame, parse(json.dumps(nullable).encode()))
    assert (report.error, report.verdict) == (None, "conforms")


def test_a_missing_value_beside_times_is_null(tmp_path: Path) -> None:
    frame = pd.DataFrame({"c": pd.Series([np.datetime64("NaT"), pd.Timestamp(NOON), pd.NaT], dtype=object)})
    nullable = json.loads(document("timestamp", unit="us").raw)
    nullable["properties"]["c"]["type"] = ["string", "null"]
    contract = compile_contract(parse(json.dumps(nullable).encode()))
    load(rows_of(frame), contract, lambda schema: Directory(tmp_path, schema, "o"))
    assert pq.read_table(tmp_path)["c"].to_pylist() == [None, NOON, None]


def test_a_missing_value_in_a_list_is_null() -> None:
    numbers = {"type": "array", "items": {"type": ["integer", "null"]}}
    listed = {"$id": "l_v1", "version": "1.0.0", "type": "object", "properties": {"c": numbers}}
    frame = pd.DataFrame({"c": pd.Series([[pd.NaT], [1, pd.NA]], dtype=object)})
    assert schemaregistry.check(frame, parse(json.dumps(listed).encode())).verdict == "conforms"


def _deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


def _endless() -> list[Any]:
    nested: list[Any] = []
    nested.append({"a": nested})
    return nested


@pytest.mark.parametrize("rule", ['{"type": "array", "items": {"type": "integer"}}', "{}", None])
@pytest.mark.parametrize(
    ("value", "what"),
    [
        (_deep(5000), "it is nested more than 200 levels deep, or contains itself"),
        (_endless(), "it is nested more than 200 levels deep, or contains itself"),
        (Decimal("sNaN"), "the Decimal sNaN is no value: make it None"),
        ([Decimal("sNaN")], "the Decimal sNaN is no value: make it None"),
        (
            np.timedelta64(5, "h"),
            (
                "the timedelta64 np.timedelta64(5,'h') has no Arrow type (Unsupported timedelta64 time unit: "
                "give it the unit s, ms, us or ns)"
            ),
        ),
    ],
    ids=["5,000 levels", "within itself", "a signaling NaN", "one in a list", "hours"],
)
def test_what_nothing_can_read_is_named_with_column_and_row(value: Any, what: str, rule: str | None) -> None:
    name = "c" if rule else "outside"
    declared = f'{{"$id": "d_v1", "version": "1.0.0", "type": "object", "properties": {{"c": {rule or "{}"}}}}}'
    frame = pd.DataFrame({name: pd.Series([None, value], dtype=object)})
    report = schemaregistry.check(frame, parse(declared.encode()))
    assert report.error is not None
    assert report.error.reason == "NOT_ARROW"
    if not (rule == "{}" and isinstance(value, np.timedelta64)):
        assert report.error.message == f'column "{name}", row 1: {what}'
