"""Values of types that no contract names are shown in C++ as they are in Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

DOCUMENT = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"n": {"type": "integer"}}}'
CODES = pa.array([1, 0, 1], pa.int8())
OTHER: dict[str, tuple[pa.Array, list[Any]]] = {
    "duration": (pa.array([1, None, 86_400_000_000_000], pa.duration("ns")), ["1", "86400000000000"]),
    "map": (
        pa.array([[("k", 1)], None, [("x", None), ("y", 2)]], pa.map_(pa.string(), pa.int64())),
        [[{"key": "k", "value": 1}], [{"key": "x", "value": None}, {"key": "y", "value": 2}]],
    ),
    "sparse union": (
        pa.UnionArray.from_sparse(CODES, [pa.array([1, 2, 3]), pa.array(["x", "y", "z"])]),
        ["x", 2, "z"],
    ),
    "dense union": (
        pa.UnionArray.from_dense(CODES, pa.array([0, 0, 1], pa.int32()), [pa.array([7]), pa.array(["x", "y"])]),
        ["x", 7, "y"],
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_value_of_another_type_is_shown_alike(
    name: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    array, expected = OTHER[name]
    path = tmp_path / "t.arrow"
    with pa.ipc.new_file(path, pa.schema([("n", array.type)])) as out:
        out.write(pa.record_batch([array], ["n"]))
    ran = schema_load(path, "--contract", compiled(DOCUMENT), "--json", "--check-only")
    report = json.loads(json.dumps(data.check(data.find([str(path)]), compile_contract(parse(DOCUMENT))).to_json()))
    assert [one["value"] for one in report["violations"][0]["examples"]] == expected
    assert ran.report["violations"] == report["violations"]
