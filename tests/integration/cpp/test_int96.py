"""Timestamps of int96 in C++: the same violations, values and rows as in Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse
from tests.support.int96 import written

VALUES = (
    (19_724, 34_200 * 10**9),
    None,
    (19_724, 123_456_789),
    (2_932_896, 0),
    (2_932_896, 86_399_999_999_999),
    (-719_528, 0),
    (-719_529, 0),
    (2_932_897, 0),
    (20_000_000, 1),
    (3_000_000_000, 5),
)
STAMP: dict[str, Any] = {"type": "string", "format": "date-time"}
SHAPES: dict[str, tuple[Any, Any, Any]] = {
    "plain": (lambda stamps: {"t": stamps}, STAMP, lambda kind: kind),
    "struct": (
        lambda stamps: {"t": pa.StructArray.from_arrays([stamps], ["u"])},
        {"type": "object", "properties": {"u": STAMP}},
        lambda kind: {"name": "struct", "fields": [{"name": "u", "type": kind}]},
    ),
    "beside others": (
        lambda stamps: {"t": stamps, "s": pa.array(["a", "b"] * 5)},
        STAMP,
        lambda kind: kind,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("options", [{}, {"row_group_size": 3, "use_dictionary": True}])
def test_the_report_is_that_of_python(
    shape: str,
    unit: str,
    options: dict[str, Any],
    tmp_path: Path,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    made, stamp, nested = SHAPES[shape]
    document = {
        "$id": "f_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"t": stamp},
        "arrow": {"fields": [{"name": "t", "type": nested({"name": "timestamp", "unit": unit})}]},
    }
    path = tmp_path / "t.parquet"
    path.write_bytes(written(VALUES, made, **options))
    text = json.dumps(document).encode()
    found = schema_load(path, "--contract", compiled(text), "--json", "--check-only").report
    python = json.loads(json.dumps(check(find([str(path)]), compile_contract(parse(text))).to_json()))
    for name in ("verdict", "rows", "rows_failing", "notes", "violations", "error"):
        assert found[name] == python[name]


def test_items_of_lists_are_told_one_by_one(
    tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    def shape(stamps: Any) -> Any:
        return {"t": pa.ListArray.from_arrays(pa.array([0, 2, 5, 5, len(stamps)]), stamps)}

    document = {
        "$id": "f_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"t": {"type": "array", "items": STAMP}},
        "arrow": {
            "fields": [
                {
                    "name": "t",
                    "type": {"name": "list", "item": {"name": "item", "type": {"name": "timestamp", "unit": "us"}}},
                }
            ]
        },
    }
    path = tmp_path / "t.parquet"
    path.write_bytes(written(VALUES, shape))
    found = schema_load(path, "--contract", compiled(json.dumps(document).encode()), "--json", "--check-only").report
    assert [(one["row"], one["value"]) for one in found["violations"][0]["examples"]] == [
        (1, "2024-01-02T00:00:00.123456789Z"),
        (3, "-0001-12-31T00:00:00.000000000Z"),
    ]
