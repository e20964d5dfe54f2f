"""Numbers and dates as people spell them, repaired by `clean` where it is told how."""

# ruff: noqa: DTZ001 - columns without a time zone
import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse
from schemaregistry.document.csv_dialect import csv_dialect

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "i": ({"type": "integer"}, {"name": "int64"}),
    "f": ({"type": "number"}, {"name": "float64"}),
    "m": ({"type": "number"}, {"name": "decimal128", "precision": 12, "scale": 2}),
    "d": ({"type": "string", "format": "date"}, {"name": "date32"}),
    "t": ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "us"}),
    "z": ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "us", "tz": "UTC"}),
}


def cleaned(folder: Path, name: str, text: str, kind: str, said: dict[str, Any], **more: Any) -> tuple[list[Any], int]:
    document = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": KINDS[kind][0], "b": {"type": "string"}},
        "arrow": {"fields": [{"name": "a", "type": KINDS[kind][1]}, {"name": "b", "type": {"name": "utf8"}}]},
    }
    (folder / name).write_text(text)
    done = clean(
        data.find([str(folder / name)], csv=csv_dialect(said)),
        compile_contract(parse(json.dumps(document).encode())),
        lambda schema: data.Directory(folder / "to", schema, "t"),
        lambda: data.Quarantine(folder / "aside", "t"),
        **more,
    )
    place = done.loaded.place
    return pq.read_table(str(place)).column("a").to_pylist() if place else [], done.loaded.report.rows_failing


@pytest.mark.parametrize(
    ("kind", "text", "said", "value"),
    [
        ("f", "1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("f", "1234,5", {"decimal": ","}, 1234.5),
        ("f", " -1.234.567 ", {"decimal": ",", "thousands": "."}, -1234567.0),
        ("f", "1.500", {"decimal": ",", "thousands": "."}, 1500.0),
        ("f", "1.500", {"decimal": ","}, None),
        ("f", "1.50", {"decimal": ",", "thousands": "."}, None),
        ("f", "12.34,5", {"decimal": ",", "thousands": "."}, None),
        ("i", "1,234", {"thousands": ","}, 1234),
        ("i", "1 234 567", {"thousands": " "}, 1234567),
        ("i", "1,5", {"decimal": ","}, None),
        ("i", "2,0", {"decimal": ","}, 2),
        ("m", "1'234.50", {"thousands": "'"}, Decimal("1234.50")),
        ("d", "02.01.2024", {"dates": "dmy"}, datetime.date(2024, 1, 2)),
        ("d", "1/2/2024", {"dates": "mdy"}, datetime.date(2024, 1, 2)),
        ("d", "2024/1/2", {"dates": "ymd"}, datetime.date(2024, 1, 2)),
        ("d", "31.02.2024", {"dates": "dmy"}, None),
        ("d", "02.01.24", {"dates": "dmy"}, None),
        ("d", "2024-01-02", {"dates": "dmy"}, datetime.date(2024, 1, 2)),
        ("t", "02.01.2024 9:30", {"dates": "dmy"}, datetime.datetime(2024, 1, 2, 9, 30)),
        ("t", "02.01.2024 09:30:01,5", {"dates": "dmy"}, datetime.datetime(2024, 1, 2, 9, 30, 1, 500_000)),
        ("z", "02.01.2024 09:30", {"dates": "dmy"}, None),
    ],
)
def test_a_field_is_read_as_is_said(kind: str, text: str, said: dict[str, Any], value: Any, tmp_path: Path) -> None:
    found, failing = cleaned(tmp_path, "t.csv", f'a,b\n"{text}",x\n,y\n', kind, said)
    assert found == ([None] if value is None else [value, None])
    assert failing == (value is None)


@pytest.mark.parametrize("name", ["t.csv", "t.ndjson"])
@pytest.mark.parametrize(
    ("kind", "number", "unit", "value"),
    [
        ("t", 1704187800123, "ms", datetime.datetime(2024, 1, 2, 9, 30, 0, 123_000)),
        ("t", 1704187800, "s", datetime.datetime(2024, 1, 2, 9, 30)),
        ("d", 1704153600000, "ms", datetime.date(2024, 1, 2)),
        ("z", 1704187800000, "ms", datetime.datetime(2024, 1, 2, 9, 30, tzinfo=datetime.UTC)),
        ("d", 1704153600001, "ms", None),
        ("t", 1704187800000, None, None),
        ("t", 2**70, "ms", None),
    ],
)
def test_a_number_since_1970_is_a_time_where_its_unit_is_said(
    name: str, kind: str, number: int, unit: Any, value: Any, tmp_path: Path
) -> None:
    text = f"a,b\n{number},x\n" if name == "t.csv" else f'{{"a": {number}, "b": "x"}}\n'
    found, failing = cleaned(tmp_path, name, text, kind, {}, epoch=unit)
    assert (found, failing) == (([], 1) if value is None else ([value], 0))
