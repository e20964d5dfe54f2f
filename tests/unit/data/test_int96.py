"""Timestamps of int96: judged and handed on as they are written, where Arrow's nanoseconds wrap."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Loaded, Quarantine, Report, check, find, load, rows_of
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract
from tests.support.int96 import Stamp, written

NEAR = (19_724, 34_200 * 10**9)
FINE = (19_724, 34_200 * 10**9 + 123_456_789)
LAST = (2_932_896, 0)
LAST_OF_ALL = (2_932_896, 86_399_999_999_999)
FIRST = (-719_528, 0)
BEFORE = (-719_529, 0)
AFTER = (2_932_897, 0)
FAR_AFTER = (20_000_000, 1)

TEXTS = {
    NEAR: "2024-01-02T09:30:00.000000000Z",
    FINE: "2024-01-02T09:30:00.123456789Z",
    LAST: "9999-12-31T00:00:00.000000000Z",
    LAST_OF_ALL: "9999-12-31T23:59:59.999999999Z",
    FIRST: "0000-01-01T00:00:00.000000000Z",
    BEFORE: "-0001-12-31T00:00:00.000000000Z",
    AFTER: "10000-01-01T00:00:00.000000000Z",
    FAR_AFTER: "56728-02-22T00:00:00.000000001Z",
}


def contract(unit: str, shape: str = "plain", **more: Any) -> Contract:
    stamp: Any = {"type": "string", "format": "date-time"}
    arrow: Any = {"name": "timestamp", "unit": unit, **more}
    if shape == "struct":
        stamp = {"type": "object", "properties": {"u": stamp}}
        arrow = {"name": "struct", "fields": [{"name": "u", "type": arrow}]}
    if shape == "list":
        stamp, arrow = {"type": "array", "items": stamp}, {"name": "list", "item": {"name": "item", "type": arrow}}
    document = {
        "$id": "f_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"t": stamp},
        "arrow": {"fields": [{"name": "t", "type": arrow}]},
    }
    return compile_contract(parse(json.dumps(document).encode()))


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def put(*values: Stamp | None, **options: Any) -> str:
        (tmp_path / "t.parquet").write_bytes(written(values, **options))
        return str(tmp_path / "t.parquet")

    return put


def shown(report: Report) -> list[tuple[str, int, Any]]:
    return [(found.rule, one.row, one.value) for found in report.violations for one in found.examples]


def rows(loaded: Loaded) -> list[Any]:
    assert loaded.place is not None
    return pq.read_table(loaded.place)["t"].combine_chunks().cast(pa.int64()).to_pylist()


@pytest.mark.parametrize(
    ("unit", "unheld"),
    [
        ("s", [FINE, LAST_OF_ALL, BEFORE, AFTER, FAR_AFTER]),
        ("ms", [FINE, LAST_OF_ALL, BEFORE, AFTER, FAR_AFTER]),
        ("us", [FINE, LAST_OF_ALL, BEFORE, AFTER, FAR_AFTER]),
        ("ns", [LAST, LAST_OF_ALL, FIRST, BEFORE, AFTER, FAR_AFTER]),
    ],
)
def test_what_the_unit_of_the_contract_does_not_hold_is_out_of_range_and_shown(
    unit: str, unheld: list[Stamp], file: Any
) -> None:
    values = [NEAR, None, *TEXTS]
    report = check(find([file(*values)]), contract(unit))
    assert shown(report) == [("format", values.index(each), TEXTS[each]) for each in unheld]
    assert (report.rows, report.rows_failing) == (len(values), len(unheld))


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_far_days_are_handed_on_as_they_are(unit: str, file: Any, tmp_path: Path) -> None:
    loaded = load(
        find([file(NEAR, None, LAST, FIRST)]), contract(unit), lambda schema: Directory(tmp_path / "out", schema, "t")
    )
    per = {"s": 1, "ms": 1_000, "us": 1_000_000}[unit]
    written = 1_000 if unit == "s" else per
    assert rows(loaded) == [
        None if each is None else (each[0] * 86_400 + each[1] // 10**9) * written for each in (NEAR, None, LAST, FIRST)
    ]
    assert loaded.report.notes == (f"t: timestamp[ns] column read as timestamp[{unit}]: every value is exact",)


def test_many_rows_in_several_row_groups_keep_their_order(file: Any, tmp_path: Path) -> None:
    values = [(day, day) for day in range(0, 20_000, 40)] + [LAST] * 3
    table = pq.read_table(pa.BufferReader(written(values)))
    assert table.num_rows == len(values)
    path = file(*values, row_group_size=7)
    report = check(find([path]), contract("ns"))
    assert [one.row for found in report.violations for one in found.examples] == [500, 501, 502]
    loaded = load(find([path]), contract("ns"), lambda schema: Directory(tmp_path / "out", schema, "t"), policy="warn")
    assert rows(loaded) == [day * 86_400 * 10**9 + nano for day, nano in values[:500]]


@pytest.mark.parametrize("version", ["dictionary", "plain", "zstd"])
def test_however_the_pages_are_written(version: str, file: Any) -> None:
    options = {"dictionary": {"use_dictionary": True}, "plain": {}, "zstd": {}}[version]
    report = check(find([file(NEAR, LAST, FINE, **options)]), contract("ns"))
    assert shown(report) == [("format", 1, TEXTS[LAST])]


def test_a_member_of_an_object(file: Any, tmp_path: Path) -> None:
    def shape(stamps: Any) -> Any:
        return {"t": pa.StructArray.from_arrays([stamps], ["u"])}

    path = file(NEAR, LAST, None, FINE, shape=shape)
    assert shown(check(find([path]), contract("ns", "struct"))) == [("format", 1, TEXTS[LAST])]
    assert shown(check(find([path]), contract("us", "struct"))) == [("format", 3, TEXTS[FINE])]


def test_items_of_lists(file: Any, tmp_path: Path) -> None:
    def shape(stamps: Any) -> Any:
        return {"t": pa.ListArray.from_arrays(pa.array([0, 2, 2, 3]), stamps)}

    far = find([file(NEAR, LAST, FIRST, shape=shape)])
    assert check(far, contract("us", "list")).verdict == "conforms"
    assert [row for _, row, _ in shown(check(far, contract("ns", "list")))] == [0, 2]
    assert shown(check(far, contract("ns", "list")))[0][2][:10] == "9999-12-31"
    loaded = load(far, contract("us", "list"), lambda schema: Directory(tmp_path / "out", schema, "t"))
    assert loaded.place is not None
    items = pq.read_table(loaded.place)["t"].combine_chunks().flatten().cast(pa.int64()).to_pylist()
    assert [each // 86_400_000_000 for each in items] == [NEAR[0], LAST[0], FIRST[0]]
    mixed = check(find([file(FINE, LAST, NEAR, shape=shape)]), contract("us", "list"))
    assert mixed.error is not None
    assert mixed.error.reason == "UNHELD"
    assert TEXTS[FINE] in mixed.error.message


def test_a_column_that_is_refused_shows_what_is_written(file: Any) -> None:
    report = check(find([file(LAST, NEAR)]), contract("us", tz="Europe/Paris"))
    assert [value for _, _, value in shown(report)] == [TEXTS[LAST], TEXTS[NEAR]]


def test_rows_that_are_set_aside_keep_what_is_written(file: Any, tmp_path: Path) -> None:
    path = file(NEAR, LAST, FINE, LAST_OF_ALL)
    into: Any = lambda schema: Directory(tmp_path / "out", schema, "t")  # noqa: E731
    aside: Any = lambda: Quarantine(tmp_path / "aside", "t")  # noqa: E731
    for loaded in (
        load(find([path]), contract("us"), into, policy=aside),
        clean(find([path]), contract("us"), into, aside).loaded,
    ):
        assert [each // 1_000_000 for each in rows(loaded)] == [1_704_187_800, 253_402_214_400]
        assert loaded.quarantine is not None
        refused = pq.read_table(Path(loaded.quarantine) / "t.parquet.parquet").to_pylist()
        assert [(row["_row"], row["t"]) for row in refused] == [(2, TEXTS[FINE]), (3, TEXTS[LAST_OF_ALL])]


def test_a_dataset_whose_nanoseconds_wrap_is_undecided(file: Any) -> None:
    def judged(*values: Stamp | None) -> Report:
        return check(rows_of(ds.dataset(file(*values), format="parquet")), contract("us"))

    assert judged(NEAR, None).verdict == "conforms"
    report = judged(NEAR, LAST)
    assert report.error is not None
    assert report.error.reason == "UNHELD"
    assert TEXTS[LAST] in report.error.message
