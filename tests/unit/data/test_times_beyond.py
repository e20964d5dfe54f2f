"""Times of a day and more, and dates within a day: values that violate, wherever they are read from."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse

CPP = Path(__file__).resolve().parents[3] / "build" / "cpp" / "schema-load"
DAY = 86_400
KINDS: dict[str, tuple[pa.DataType, int, dict[str, Any], str, dict[str, Any]]] = {
    "time64 us": (pa.time64("us"), DAY * 10**6, {"name": "time64", "unit": "us"}, "time", {}),
    "time64 ns": (pa.time64("ns"), DAY * 10**9 + 1, {"name": "time64", "unit": "ns"}, "time", {}),
    "time64 below zero": (pa.time64("us"), -1, {"name": "time64", "unit": "us"}, "time", {}),
    "time32 s": (pa.time32("s"), DAY, {"name": "time32", "unit": "s"}, "time", {}),
    "time32 ms": (pa.time32("ms"), 2 * DAY * 10**3, {"name": "time32", "unit": "ms"}, "time", {}),
    "date64": (pa.date64(), 1, {"name": "date32"}, "date", {}),
    "date64 far": (pa.date64(), 2**62, {"name": "date32"}, "date", {}),
}
NESTING = {
    "column": (lambda array: array, lambda text: text, lambda kind: kind),
    "struct": (
        lambda array: pa.StructArray.from_arrays([array], ["m"]),
        lambda text: {"type": "object", "properties": {"m": text}},
        lambda kind: {"name": "struct", "fields": [{"name": "m", "type": kind}]},
    ),
}
Made = tuple[Path, pa.Table]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["column", "struct"])
def made(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """A document, and two rows of which the second is beyond."""
    arrow, beyond, stated, named, _ = KINDS[kind]
    wrap, rules, types = NESTING[request.param]
    array = wrap(pa.array([0, beyond], pa.int32() if arrow.bit_width == 32 else pa.int64()).view(arrow))
    document = {
        "$id": "t_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": rules({"type": "string", "format": named})},
        "arrow": {"fields": [{"name": "a", "type": types(stated)}]},
    }
    (tmp_path / "t_v1.json").write_text(json.dumps(document))
    return tmp_path / "t_v1.json", pa.table({"a": array})


def written(table: pa.Table, name: str, folder: Path) -> str:
    path = folder / name
    new = {"t.arrow": pa.ipc.new_file, "t.arrows": pa.ipc.new_stream}[name]
    with new(path, table.schema) as writer:
        writer.write_table(table)
    return str(path)


@pytest.mark.parametrize("name", ["t.arrow", "t.arrows"])
def test_a_file_says_what_the_table_says(name: str, made: Made, tmp_path: Path) -> None:
    document, table = made
    of_table = schemaregistry.check(table, document)
    of_file = check(find([written(table, name, tmp_path)]), compile_contract(parse(document.read_bytes())))
    assert of_file.error is None
    assert of_table.verdict == of_file.verdict == "violates"
    assert of_table.violations[0].examples[0].value == of_file.violations[0].examples[0].value
    assert of_file.rows_failing == 1


@pytest.mark.skipif(not CPP.exists(), reason="the C++ client isn't built: make cpp")
def test_cpp_says_the_same(made: Made, tmp_path: Path) -> None:
    document, table = made
    contract = compile_contract(parse(document.read_bytes()))
    (tmp_path / "c.pb").write_bytes(contract.SerializeToString(deterministic=True))
    path = written(table, "t.arrow", tmp_path)
    command = [CPP, path, "--contract", tmp_path / "c.pb", "--check-only", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert told["verdict"] == "violates", told
    ours = json.loads(json.dumps(check(find([path]), contract).to_json()))
    assert told["violations"] == ours["violations"]


def test_it_is_shown_as_what_it_is(tmp_path: Path) -> None:
    properties = {"a": {"type": "string", "format": "time"}}
    document = {"$id": "t_v1", "version": "1.0.0", "type": "object", "properties": properties}
    (tmp_path / "t_v1.json").write_text(json.dumps(document))
    times = pa.array([DAY * 10**6, -1], pa.int64()).view(pa.time64("us"))
    report = schemaregistry.check(pa.table({"a": times}), tmp_path / "t_v1.json")
    shown = [example.value for example in report.violations[0].examples]
    assert shown == ["86400000000 us from midnight", "-1 us from midnight"]


def test_parquet_says_the_same(tmp_path: Path) -> None:
    arrow, beyond, stated, named, _ = KINDS["time64 us"]
    document = {
        "$id": "t_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": "string", "format": named}},
        "arrow": {"fields": [{"name": "a", "type": stated}]},
    }
    pq.write_table(pa.table({"a": pa.array([0, beyond], pa.int64()).view(arrow)}), tmp_path / "t.parquet")
    report = check(find([str(tmp_path / "t.parquet")]), compile_contract(parse(json.dumps(document).encode())))
    assert (report.verdict, report.rows_failing) == ("violates", 1)


def test_other_damage_beside_a_time_is_damage(tmp_path: Path) -> None:
    """In the same batch."""
    times = pa.array([DAY * 10**6], pa.int64()).view(pa.time64("us"))
    texts = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xff")]
    )
    path = written(pa.table({"a": times, "b": texts}), "t.arrow", tmp_path)
    document = b'{"$id": "t_v1", "version": "1.0.0", "type": "object", "properties": {"b": {"type": "string"}}}'
    report = check(find([path]), compile_contract(parse(document)))
    assert report.error is not None
    assert report.error.reason == "CORRUPT"
