"""pyarrow's datasets: filtered ones, those with a narrower schema, and files that aren't what they seem."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import schemaregistry
from schemaregistry.document import parse
from tests.unit.data.test_concatenated_files import ipc, parquet

INTEGER, TEXT = {"type": "integer", "maximum": 5}, {"type": "string"}


def document(**properties: object) -> schemaregistry.document.Document:
    fields = {"$id": "d_v1", "version": "1.0.0", "type": "object", "properties": properties}
    return parse(json.dumps({**fields, "additionalProperties": False}).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, values in enumerate(([1, 9], [3])):
        pq.write_table(pa.table({"a": values, "s": ["x"] * len(values)}), tmp_path / f"{number}.parquet")
    return tmp_path


@pytest.mark.parametrize(("least", "verdict", "rows"), [(0, "violates", 3), (9, "violates", 1), (10, "conforms", 0)])
def test_a_filtered_dataset_is_its_filtered_rows(folder: Path, least: int, verdict: str, rows: int) -> None:
    filtered = ds.dataset(folder).filter(ds.field("a") >= least)
    report = schemaregistry.check(filtered, document(a=INTEGER, s=TEXT))
    assert (report.error, report.verdict, report.rows) == (None, verdict, rows)


def test_a_filter_that_would_cast_a_column_is_refused(folder: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([4], pa.int32()), "s": ["x"]}), folder / "2.parquet")
    filtered = ds.dataset(folder).filter(ds.field("s") == "x")
    report = schemaregistry.check(filtered, document(a=INTEGER, s=TEXT))
    assert report.error is not None
    assert (report.error.reason, Path(report.error.file).name) == ("NOT_ARROW", "2.parquet")
    assert report.error.message == (
        'column "a" is int32 in the file, and int64 in the filtered dataset: '
        "check the dataset without its filter, or the filtered rows as a table"
    )


def test_a_dataset_has_the_columns_of_its_schema_alone(folder: Path) -> None:
    narrow = ds.dataset(folder, schema=pa.schema([("s", pa.string())]))
    report = schemaregistry.check(narrow, document(s=TEXT))
    assert (report.error, report.verdict, report.rows) == (None, "conforms", 3)
    assert report.notes == ("not in the dataset's schema, so not read: a",)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("filtered", [False, True])
def test_two_files_one_after_another_are_refused(kind: str, filtered: bool, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes((parquet if kind == "parquet" else ipc)() * 2)
    dataset = ds.dataset(tmp_path / "c", format=kind)
    chosen = dataset.filter(ds.field("a") > 0) if filtered else dataset
    report = schemaregistry.check(chosen, document(a=INTEGER, s=TEXT))
    assert report.error is not None
    assert report.error.message == "two files one after another: give each a file of its own"
