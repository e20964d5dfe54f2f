"""What is wrong with text that isn't JSON: the shared texts, each with its sentence and the byte."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.contract import compile_contract
from schemaregistry.data import Fault, check, find
from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.json_fault import fault_of
from schemaregistry.document import parse

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "not_json.json").read_text())
CONTRACT = compile_contract(parse(json.dumps(CORPUS["document"]).encode()))
GOOD = b'{"id":"A","n":1}'
EACH = pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["name"])
Case = dict[str, Any]


def text_of(case: Case) -> bytes:
    return case["text"].encode() if "text" in case else bytes.fromhex(case["hex"])


@pytest.fixture
def fault(tmp_path: Path) -> Callable[[bytes, str], Fault | None]:
    def judge(text: bytes, name: str) -> Fault | None:
        (tmp_path / name).write_bytes(text)
        return check(find([str(tmp_path / name)]), CONTRACT).error

    return judge


@EACH
@pytest.mark.parametrize("name", ["t.ndjson", "t.json"])
def test_a_line_that_isnt_json(case: Case, name: str, fault: Callable[[bytes, str], Fault | None]) -> None:
    found = fault(GOOD + b"\n" + text_of(case) + b"\n" + GOOD + b"\n", name)
    assert found
    assert (found.reason, found.line, found.offset) == ("NOT_JSON", 2, len(GOOD) + 1)
    assert found.message.removeprefix("not JSON: ").partition(";")[0] == case["fault"]


IN_ARRAYS = [case for case in CORPUS["cases"] if case["name"] != "text after the value"]


@pytest.mark.parametrize("case", IN_ARRAYS, ids=lambda case: case["name"])
def test_a_record_of_an_array_that_isnt_json(case: Case, fault: Callable[[bytes, str], Fault | None]) -> None:
    found = fault(b"[" + GOOD + b",\n" + text_of(case) + b"]", "t.json")
    assert found
    assert (found.reason, found.line, found.offset) == ("NOT_JSON", 2, len(GOOD) + 3)
    cut = case["name"] in ("a string without an end", "an open array")
    assert (case["fault"] in found.message) != cut
    assert ("cut off" in found.message) == cut


@pytest.mark.parametrize("text", ["01", "truefalse", "null0", "1x", "1.5.5", "[1:2]", "NaN1"])
def test_a_value_that_goes_on_isnt_two_records(text: str, fault: Callable[[bytes, str], Fault | None]) -> None:
    found = fault(text.encode(), "t.json")
    assert found
    assert (found.reason, found.offset) == ("NOT_JSON", int(text.startswith("[")))


def test_a_number_ends_where_a_record_begins(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(b'0{"id":"A"}null')
    report = check(find([str(path)]), CONTRACT)
    assert (report.verdict, report.rows, report.rows_failing) == ("violates", 3, 2)


@given(st.text('{}[]":,\\/u0019aeE+-.tfnrl \n\x01ü', max_size=12))
def test_a_fault_is_found_in_just_the_texts_that_are_refused(text: str) -> None:
    try:
        json_text.read(text)
    except ValueError:
        assert fault_of(text.encode()) is not None
    else:
        assert fault_of(text.encode()) is None
