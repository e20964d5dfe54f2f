"""`schemaregistry.check`: one function for every kind of table, with the answer that a file gets."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import narwhals
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import DoesNotConform
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument, NotFound


class OnlyStream:
    """Has Arrow's C stream interface and nothing else, as tables of Ibis and of others have it."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class OnlyArray:
    """Has Arrow's C array interface and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self._batch = table.combine_chunks().to_batches()[0]

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self._batch.__arrow_c_array__(requested_schema)


def lazy(table: pa.Table) -> pl.LazyFrame:
    return pl.DataFrame(table).lazy()


KINDS: dict[str, Callable[[pa.Table], Any]] = {
    "lazy polars": lazy,
    "lazy narwhals": lambda table: narwhals.from_native(lazy(table)),
    "narwhals": lambda table: narwhals.from_native(pl.DataFrame(table)),
    "stream": OnlyStream,
    "array": OnlyArray,
    "duckdb query": lambda table: duckdb.from_arrow(table).filter("price > 0"),
    "pyarrow table": lambda table: table,
    "pyarrow table of many chunks": lambda table: pa.concat_tables([table.slice(i, 1) for i in range(len(table))]),
    "pyarrow batch": lambda table: table.combine_chunks().to_batches()[0],
    "pyarrow reader": lambda table: table.to_reader(max_chunksize=2),
    "pyarrow dataset in memory": ds.dataset,
    "pandas": lambda table: table.to_pandas(),
    "pandas backed by Arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "duckdb": duckdb.from_arrow,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_conforms_as_its_file_does(kind: str, ticks: pa.Table, schema: Path) -> None:
    report = schemaregistry.check(KINDS[kind](ticks), schema)
    assert (report.verdict, report.rows, report.violations) == ("conforms", 3, ())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_is_told_the_row_at_fault(kind: str, bad_ticks: pa.Table, schema: Path) -> None:
    report = schemaregistry.check(KINDS[kind](bad_ticks), schema)
    (violation,) = report.violations
    assert (report.verdict, violation.column, violation.rule, violation.count) == ("violates", "side", "enum", 1)
    assert [(example.row, example.value) for example in violation.examples] == [(1, "X")]


def test_a_path_is_a_table_too(bad_ticks: pa.Table, schema: Path, tmp_path: Path) -> None:
    pq.write_table(bad_ticks, tmp_path / "ticks.parquet")
    for path in (tmp_path / "ticks.parquet", str(tmp_path / "*.parquet"), [tmp_path / "ticks.parquet"]):
        report = schemaregistry.check(path, schema)
        assert (report.rows_failing, report.files[0].format) == (1, "parquet")


def test_a_table_is_named_in_the_report(bad_ticks: pa.Table, schema: Path) -> None:
    report = schemaregistry.check(bad_ticks.to_pandas(), schema)
    assert report.violations[0].examples[0].file == report.files[0].path == "<pandas.DataFrame>"


def test_the_files_of_a_dataset_are_named_and_their_rows_counted_by_file(
    ticks: pa.Table, bad_ticks: pa.Table, schema: Path, tmp_path: Path
) -> None:
    pq.write_table(ticks, tmp_path / "a.parquet")
    pq.write_table(bad_ticks, tmp_path / "b.parquet")
    report = schemaregistry.check(ds.dataset(tmp_path), schema)
    assert [Path(facts.path).name for facts in report.files] == ["a.parquet", "b.parquet"]
    assert [(Path(each.file).name, each.row) for each in report.violations[0].examples] == [("b.parquet", 1)]


def test_a_partition_key_of_a_dataset_is_a_column(bad_ticks: pa.Table, schema: Path, tmp_path: Path) -> None:
    ds.write_dataset(bad_ticks, tmp_path, format="parquet", partitioning=["symbol"], partitioning_flavor="hive")
    report = schemaregistry.check(ds.dataset(tmp_path, partitioning="hive"), schema)
    assert [(each.column, each.rule, each.count) for each in report.violations] == [("side", "enum", 1)]
    assert report.rows == 3


def test_files_of_a_dataset_are_judged_by_their_own_types(ticks: pa.Table, schema: Path, tmp_path: Path) -> None:
    wide = ticks.set_column(3, "size", pa.array([1, 2**31, 3], pa.int64()))
    pq.write_table(ticks, tmp_path / "a.parquet")
    pq.write_table(wide, tmp_path / "b.parquet")
    report = schemaregistry.check(ds.dataset(tmp_path), schema)
    assert [(each.column, each.rule, each.count) for each in report.violations] == [("size", "type", 1)]


def test_nan_in_pandas_is_a_missing_value(ticks: pa.Table, schema: Path) -> None:
    frame = ticks.to_pandas()
    frame.loc[2, "price"] = float("nan")
    (violation,) = schemaregistry.check(frame, schema).violations
    assert (violation.column, violation.rule, violation.count) == ("price", "required", 1)


def test_nan_elsewhere_is_no_number(ticks: pa.Table, schema: Path) -> None:
    frame = pl.from_arrow(ticks.set_column(2, "price", pa.array([1.0, float("nan"), 2.0])))
    (violation,) = schemaregistry.check(frame, schema).violations
    assert (violation.column, violation.rule, violation.count) == ("price", "type", 1)


def test_integers_that_pandas_made_floats_for_want_of_one_are_integers() -> None:
    document = (
        b'{"$id": "t", "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "version": "1.0.0"'
    )
    document += b', "properties": {"n": {"type": "integer"}}}'
    assert schemaregistry.check(pd.DataFrame({"n": [1, None, 3]}), parse(document)).verdict == "conforms"


def test_a_filtered_pandas_frame_has_no_column_for_its_row_numbers(ticks: pa.Table, schema: Path) -> None:
    frame = ticks.to_pandas()
    assert schemaregistry.check(frame[frame.symbol == "AAPL"], schema).verdict == "conforms"


def test_a_named_index_of_pandas_is_a_column(ticks: pa.Table, schema: Path) -> None:
    assert schemaregistry.check(ticks.to_pandas().set_index("ts"), schema).verdict == "conforms"


def test_a_pandas_column_of_mixed_types_cant_be_judged(ticks: pa.Table, schema: Path) -> None:
    frame = ticks.to_pandas()
    frame["size"] = [100, "many", 300]
    report = schemaregistry.check(frame, schema)
    assert report.verdict == "undecided"
    assert report.error is not None
    assert report.error.reason == "NOT_ARROW"
    assert "size" in report.error.message


def test_columns_of_the_same_name_cant_be_judged(ticks: pa.Table, schema: Path) -> None:
    twice = ticks.append_column("size", ticks.column("size"))
    for table in (twice, twice.to_pandas()):
        report = schemaregistry.check(table, schema)
        assert report.verdict == "undecided"


def test_an_empty_table_conforms_if_its_columns_do(ticks: pa.Table, schema: Path) -> None:
    assert schemaregistry.check(ticks.slice(0, 0), schema).verdict == "conforms"
    assert schemaregistry.check(ticks.slice(0, 0).drop_columns(["price"]), schema).verdict == "violates"


def test_a_schema_is_a_path_a_document_or_a_contract(bad_ticks: pa.Table, schema: Path, tmp_path: Path) -> None:
    document = parse(schema.read_bytes())
    contract = compile_contract(document)
    (tmp_path / "ticks.pb").write_bytes(contract.SerializeToString())
    for given in (schema, str(schema), document, contract, tmp_path / "ticks.pb"):
        assert schemaregistry.check(bad_ticks, given).rows_failing == 1


def test_an_id_is_asked_of_the_registry_that_the_environment_names(
    running: Any, bad_ticks: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    report = schemaregistry.check(bad_ticks, "ticks_v1")
    assert report.rows_failing == 1
    assert report.schema.revision is not None
    with pytest.raises(NotFound, match="tick_v1"):
        schemaregistry.check(bad_ticks, "tick_v1")


def test_an_id_is_asked_of_the_client_that_is_given(running: Any, bad_ticks: pa.Table) -> None:
    from schemaregistry.client import Client, Credentials

    with Client(running.target, credentials=Credentials.dev(running.data)) as client:
        assert schemaregistry.check(bad_ticks, "ticks_v1@1.1.0", client=client).schema.version == "1.1.0"


@pytest.mark.parametrize("table", [42, {"ts": [1]}, [], None, object()])
def test_what_is_no_table_is_refused_with_what_would_be_one(table: object, schema: Path) -> None:
    with pytest.raises(InvalidArgument, match="pyarrow, pandas, polars") as refused:
        schemaregistry.check(table, schema)
    assert refused.value.reason == "UNKNOWN_TABLE"


def test_a_query_that_fails_says_why(schema: Path) -> None:
    for query in (
        pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64).alias("price")),
        pl.scan_parquet("there_is_none.parquet"),
        duckdb.sql("select cast(a as integer) as price from (values ('x')) as t(a)"),
        pl.Series([1]),
    ):
        report = schemaregistry.check(query, schema)
        assert report.verdict == "undecided"
        assert report.error is not None


def test_a_lazy_frame_is_asked_for_the_columns_that_are_judged_alone() -> None:
    document = {"$id": "a_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}
    failing = pl.col("b").cast(pl.Int64)
    frame = pl.LazyFrame({"a": [1, 2], "b": ["x", "y"]}).with_columns(failing)
    assert schemaregistry.check(frame, parse(json.dumps(document).encode())).verdict == "conforms"


def test_raise_for_violations_raises_the_report(ticks: pa.Table, bad_ticks: pa.Table, schema: Path) -> None:
    schemaregistry.check(ticks, schema).raise_for_violations()
    report = schemaregistry.check(bad_ticks, schema)
    with pytest.raises(DoesNotConform, match="side") as raised:
        report.raise_for_violations()
    assert raised.value.report is report
    assert raised.value.reason == "DATA_VIOLATE"


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("pyarrow", "numpy", "grpc", "pandas", "polars", "google.protobuf", "rich")
    code = f"import sys, schemaregistry; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_table_is_checked_where_no_library_of_frames_is_installed(schema: Path) -> None:
    code = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in ("pandas", "polars", "duckdb", "grpc"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import pyarrow as pa, schemaregistry
print(schemaregistry.check(pa.table({{"a": [1]}}), {str(schema)!r}).verdict)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "violates\n"


def test_the_package_lists_what_it_exports() -> None:
    assert {"check", "assert_conforms"} <= set(dir(schemaregistry))
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        schemaregistry.chek  # noqa: B018
