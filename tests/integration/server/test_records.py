"""ValidateRecords: errors about values of any size, and the cost of a batch."""

import json
import random
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import compat_worker, record_validation


@pytest.fixture
def judged(judged_answer):
    def judge(data: bytes, **properties: object) -> list[pb.RecordError]:
        return list(judged_answer(data, **properties).errors)

    return judge


@pytest.fixture
def judged_answer(document):
    def judge(data: bytes, **properties: object) -> pb.ValidateRecordsResponse:
        made = parse(document("records_v1", properties=properties, required=[]))
        return record_validation.RecordJudge(made).validate(data)

    return judge


@pytest.fixture
def judged_ticks():
    judge = record_validation.RecordJudge(parse(Path("schemas/ticks_v1.json").read_bytes()))
    return lambda odd: list(judge.validate(json.dumps([{**TICK, **odd}]).encode()).errors)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"1e308", "100000… (309 digits)"),
        (b"-1e300", "-100000… (301 digits)"),
        (b"123456789012345678901", "123456789012345678901"),
        (b'"short"', '"short"'),
        (b"[1, 2]", "[1,2]"),
        (b"null", "null"),
        (b"true", "true"),
        (b'{"a": {"b": 1.5}}', '{"a":{"b":1.5}}'),
    ],
)
def test_an_error_shows_the_value_short(judged, value: bytes, shown: str) -> None:
    (error,) = judged(b'[{"size": %b}]' % value, size={"enum": ["x", 1]})
    assert error.message.startswith(f"{shown} is not one of")
    assert (error.index, error.pointer, error.rule) == (0, "/size", "enum")


def test_a_long_number_of_the_document_is_shown_short_too(judged) -> None:
    (error,) = judged(b'[{"size": 1e308}]', size={"maximum": 10**300})
    assert error.message == "100000… (309 digits) is greater than the maximum of 100000… (301 digits)"


def test_what_a_value_is_shown_as_has_an_end() -> None:
    assert len(record_validation.brief([10**308] * 100_000)) <= record_validation.MAX_VALUE
    assert len(record_validation.brief("x" * 1_000_000)) <= record_validation.MAX_VALUE
    assert len(record_validation.brief({str(n): n for n in range(100_000)})) <= record_validation.MAX_VALUE


def test_a_batch_of_large_numbers_costs_a_worker_and_no_more(running) -> None:
    """The batch is judged, or refused for its cost, and the server's own process doesn't grow by it."""
    body = b"[[" + b"1e308," * 170_000 + b"1]]"
    before = memory(running.process.pid)
    request = pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=body))
    call = running.stub().ValidateRecords.future(request, timeout=60)
    refused = call.exception()
    assert "can't be told" in refused.details() if refused else len(call.result().errors[0].message) < 200
    assert memory(running.process.pid) - before < 64 << 20


def test_the_server_itself_needs_no_pyarrow() -> None:
    """Only the workers for records do: it takes some 60 MB."""
    program = "import sys, schemaregistry_server.runtime.server_worker; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_worker_for_records_imports_all_that_it_needs_before_its_first_batch() -> None:
    """A batch has few seconds, which imports would use up on a busy machine."""
    names = ", ".join(compat_worker.RECORD_MODULES)
    program = f"""
import sys, pathlib, {names}
before = set(sys.modules)
for path in pathlib.Path("schemas").glob("*_v1.json"):
    # pyarrow's parser reads such a time, from an array of Python values.
    schemaregistry_server.rpc.record_tasks.validate(path.read_bytes(), path.stem, b'[{{"ts": "2026-01-05 09:30:00"}}]')
print(*(name for name in set(sys.modules) - before if name.startswith(("schemaregistry", "pandas"))))
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == ""


def memory(pid: int) -> int:
    """The most that a process has held, in bytes (proc(5), VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def test_every_failing_record_is_named_and_what_is_left_out_is_counted(document) -> None:
    judge = record_validation.RecordJudge(parse(document("records_v1", required=["size", "price", "ts"])))
    answer = judge.validate(b"[" + b"{}," * 999 + b"{}]")
    assert [error.index for error in answer.errors] == list(range(1000))
    assert (answer.valid, answer.records_failing, answer.errors_omitted) == (False, 1000, 2000)


def test_a_few_failing_records_are_listed_with_all_their_errors(document) -> None:
    judge = record_validation.RecordJudge(parse(document("records_v1", required=["size", "price"])))
    answer = judge.validate(b"[" + b'{"size": 1, "price": 1},' * 998 + b"{}, {}]")
    assert [error.index for error in answer.errors] == [998, 998, 999, 999]
    assert (answer.records_failing, answer.errors_omitted) == (2, 0)


def test_long_pointers_end_an_answer_and_are_counted(judged_answer) -> None:
    data = json.dumps([{"x" * 900: [*range(2000)]}]).encode()
    answer = judged_answer(data, **{"x" * 900: {"items": {"type": "string"}}})
    assert answer.records_failing == 1
    assert len(answer.errors) + answer.errors_omitted == 2000
    assert answer.ByteSize() < 2 << 20


TICK = {"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1, "size": 1}
ODD: dict[str, dict[str, object]] = {
    "beyond int32": {"size": 2147483648},
    "a leap second": {"ts": "2026-01-05T23:59:60Z"},
    "finer than microseconds": {"ts": "2026-01-05T23:59:59.1234567Z"},
    "a text for a number": {"price": "1"},
    "a number for a text": {"symbol": 1},
    "a fraction": {"size": 1.5},
    "integral, written as a fraction": {"size": 1.0},
    "null where it may be absent": {"side": None},
    "null where it must be there": {"symbol": None},
    "another member": {"x": 1},
    "another value": {"side": "X"},
    "conforming": {},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_record_is_judged_as_a_check_judges_it_on_a_line(odd: dict[str, object], tmp_path: Path) -> None:
    ticks = parse(Path("schemas/ticks_v1.json").read_bytes())
    record = json.dumps({**TICK, **odd})
    (tmp_path / "ticks.ndjson").write_text(record + "\n")
    report = data.check(data.find([str(tmp_path / "ticks.ndjson")]), compile_contract(ticks))
    answer = record_validation.RecordJudge(ticks).validate(f"[{record}]".encode())
    assert answer.valid == (report.verdict == "conforms")
    assert {error.rule for error in answer.errors} == {each.rule for each in report.violations}


ONES = "1" * 1200
ODD_NUMBERS = (
    "1e-400",
    "-1e-400",
    "1e400",
    "1E+999",
    ONES,
    f"-{ONES}",
    f"0.{ONES}",
    f"{ONES}e-1200",
    "0e-999",
    "5e-324",
)


@pytest.mark.parametrize("kind", ["number", "integer", "string", "undeclared"])
@pytest.mark.parametrize("number", ODD_NUMBERS, ids=lambda number: number[:8])
def test_a_number_that_no_double_is_fails_its_record_alone(document, tmp_path: Path, number: str, kind: str) -> None:
    """As in a check, which reads on: the other records of the batch are judged."""
    properties = {} if kind == "undeclared" else {"x": {"type": kind}}
    made = parse(document("numbers_v1", properties=properties, required=["id"]))
    (tmp_path / "a.ndjson").write_text(f'{{"id": 1, "x": {number}}}\n{{}}\n', encoding="ascii")
    report = data.check(data.find([str(tmp_path / "a.ndjson")]), compile_contract(made))
    answer = record_validation.RecordJudge(made).validate(f'[{{"id": 1, "x": {number}}}, {{}}]'.encode())
    assert report.verdict == "violates"
    assert {error.rule for error in answer.errors} == {each.rule for each in report.violations}
    assert answer.records_failing == report.rows_failing
    assert (1, "required") in {(error.index, error.rule) for error in answer.errors}


def test_a_number_that_no_double_is_is_shown_short(judged) -> None:
    (small, large) = judged(b'[{"x": 1e-400}, {"x": %b}]' % ONES.encode(), x={"type": "number"})
    assert small.message == "1E-400 does not fit number (float64)"
    assert large.message == "111111… (1200 digits) does not fit number (float64)"
    (nested,) = judged(b'[{"x": [1e-400]}]', x={"type": "array", "enum": [[1]]})
    assert nested.message.startswith('["1E-400"] is not one of')


@pytest.mark.parametrize("number", ["1e6000", "1" * 5000, "-1e-99999999999999999999"], ids=len)
def test_a_number_that_a_check_cannot_read_is_refused_with_its_place(judged, number: str) -> None:
    with pytest.raises(InvalidArgument, match=r"line 2, column 7") as refused:
        judged(f'[{{"x": 1}},\n{{"x": {number}}}]'.encode())
    assert refused.value.reason == "NUMBER_OUT_OF_RANGE"


def test_both_transports_judge_the_other_records_of_such_a_batch(running) -> None:
    body = f"[{json.dumps({**TICK, 'price': 7}).replace('7', '1e-400')}, {json.dumps(TICK)}]".encode()
    request = pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=body))
    answer = running.stub().ValidateRecords(request, timeout=60)
    assert [(error.index, error.pointer, error.rule) for error in answer.errors] == [(0, "/price", "type")]
    by_rest = urllib.request.urlopen(f"{running.rest}/schema/ticks_v1/validate", body, timeout=60).read()
    assert json_format.Parse(by_rest, pb.ValidateRecordsResponse()) == answer


VALUES = [
    *(None, True, 0, -1, 1.0, 1.5, 2147483648, 2**53 + 1, 2**63, 1e308, "", "A", "B", "XNAS", "1.25", "€", [], {}, [1]),
    *("2026-01-05T09:30:00Z", "2026-01-05T23:59:60Z", "2026-01-05 09:30:00", "2026-01-05", "09:30:00"),
    *({"a": 1}, [{"price": 1, "size": 2}], "2026-01-05T09:30:00.1234567Z", "0001-01-01T00:00:00Z"),
]


@pytest.mark.parametrize("name", sorted(path.name for path in Path("schemas").glob("*_v1.json")))
def test_as_many_records_fail_as_lines_of_a_file(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    document = parse(Path("schemas", name).read_bytes())
    members = [*document.schema["properties"], "another"]
    records = [{key: chance.choice(VALUES) for key in members if chance.random() < 0.9} for _ in range(300)]
    # Most of them break many rules; these only have one member that is odd.
    records += [{key: chance.choice(VALUES)} for key in members for _ in range(20)]
    (tmp_path / "a.ndjson").write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    report = data.check(data.find([str(tmp_path / "a.ndjson")]), compile_contract(document))
    answer = record_validation.RecordJudge(document).validate(json.dumps(records).encode())
    assert answer.records_failing == report.rows_failing
    rules = {each.rule for each in report.violations}
    assert {error.rule for error in answer.errors} <= rules


def test_a_value_that_its_type_does_not_hold_is_said_with_the_type(judged_ticks) -> None:
    (error,) = judged_ticks({"size": 2147483648})
    assert (error.pointer, error.rule, error.message) == (
        "/size",
        "type",
        "2147483648 does not fit integer (int32)",
    )


def test_the_server_judges_types_over_both_transports(running) -> None:
    body = json.dumps([{**TICK, "size": 2147483648}]).encode()
    request = pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=body))
    answer = running.stub().ValidateRecords(request, timeout=60)
    assert (answer.valid, answer.records_failing, answer.errors[0].pointer) == (False, 1, "/size")
    by_rest = urllib.request.urlopen(f"{running.rest}/schema/ticks_v1/validate", body, timeout=60).read()
    assert json_format.Parse(by_rest, pb.ValidateRecordsResponse()) == answer
