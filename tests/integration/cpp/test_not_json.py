"""Text that isn't JSON in C++: Python's sentence, byte and line, and the numbers in both languages' messages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as pf
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "not_json.json").read_text())
DOCUMENT = json.dumps(CORPUS["document"]).encode()
GOOD = b'{"id":"A","n":1}'
Compare = Callable[[bytes, str], dict[str, Any]]


@pytest.fixture
def same(tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]) -> Compare:
    """Judge a file in both languages, and return the report of both."""

    def judge(text: bytes, name: str) -> dict[str, Any]:
        path = tmp_path / name
        path.write_bytes(text)
        cpp: dict[str, Any] = schema_load(path, "--contract", compiled(DOCUMENT), "--json", "--check-only").report
        python = json.loads(json.dumps(data.check(data.find([str(path)]), compile_contract(parse(DOCUMENT))).to_json()))
        for member in ("verdict", "rows", "error", "violations"):
            assert cpp[member] == python[member]
        return cpp

    return judge


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
def test_a_record_that_isnt_json(case: dict[str, Any], same: Compare) -> None:
    text = case["text"].encode() if "text" in case else bytes.fromhex(case["hex"])
    found = same(GOOD + b"\n" + text + b"\n" + GOOD + b"\n", "t.ndjson")
    assert case["fault"] in found["error"]["message"]
    same(b"[" + GOOD + b",\n" + text + b"]", "t.json")


@pytest.mark.parametrize(
    "text",
    [
        '0{"id":"A"}',
        '{"id":"A"}0{"id":"A"}null',
        '0["a"]',
        '0"a"',
        "01",
        "truefalse",
        "nullx",
        "1.5.5",
        "1e",
        "NaN{",
        '[0{"id":"A"}]',
        "[1x]",
        "[1:2]",
        "0,1",
        "0}",
        '[{"id":"A"}"]',
        '[{"id":"A"},{"id":"]',
        '[{"id":"A","n":"},{"id":"B","n":1}]',
        '{"id":"A","n":"}{"id":"B"}',
        '[{"id":"A"},{"id:"B"},{"id":"C"}]',
    ],
)
def test_where_a_record_of_json_ends(text: str, same: Compare) -> None:
    same(text.encode(), "t.json")


def test_numbers_in_messages_have_commas(same: Compare) -> None:
    found = same(b"id,n\n" + b",".join([b"x"] * 50_004) + b"\n", "t.csv")
    assert found["error"]["message"].startswith("50,004 fields where the header has 2: ")


@pytest.mark.parametrize("left", [10, 2000, 4000])
def test_an_arrow_file_that_is_cut_off(left: int, same: Compare, tmp_path: Path) -> None:
    pf.write_feather(pa.table({"id": ["A"] * 1000}), tmp_path / "whole.feather", compression="uncompressed")
    found = same((tmp_path / "whole.feather").read_bytes()[:left], "t.feather")
    assert (found["error"]["reason"], found["error"]["offset"]) == ("TRUNCATED", left)
    assert found["error"]["message"].startswith("the file is cut off: it has ")


def test_a_stream_that_lacks_batches(same: Compare) -> None:
    sink = pa.BufferOutputStream()
    schema = pa.schema([("id", pa.string())], metadata={"schemaregistry.rows": "1500"})
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.table({"id": ["A"]}, schema=schema))
    found = same(sink.getvalue().to_pybytes()[:-8], "t.arrows")
    assert (found["error"]["reason"], "1,500" in found["error"]["message"]) == ("TRUNCATED", True)


def test_an_interval_is_shown_alike(same: Compare) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"id": pa.array([pa.MonthDayNano([1, -2, 3]), None], pa.month_day_nano_interval())})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    found = same(sink.getvalue().to_pybytes(), "t.arrow")
    assert [example["value"] for example in found["violations"][0]["examples"]] == ["1M-2d3ns"]
