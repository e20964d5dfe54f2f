"""ValidateRecords: what an error says of a value, however large that is, and what a batch may cost."""

import json
from pathlib import Path

import pytest
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.document import parse
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import record_validation


@pytest.fixture
def judged(document):
    def judge(data: bytes, **properties: object) -> list[pb.RecordError]:
        made = parse(document("records_v1", properties=properties, required=[]))
        return list(record_validation.validate(made, data).errors)

    return judge


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
    (error,) = judged(b'[{"size": %b}]' % value, size={"enum": ["x"]})
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
    """It is judged, or refused for its cost; the server's own process does not grow by it."""
    data = b"[[" + b"1e308," * 170_000 + b"1]]"
    before = memory(running.process.pid)
    request = pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=data))
    call = running.stub().ValidateRecords.future(request, timeout=60)
    refused = call.exception()
    assert "can't be told" in refused.details() if refused else len(call.result().errors[0].message) < 200
    assert memory(running.process.pid) - before < 64 << 20


def memory(pid: int) -> int:
    """The most that a process has held, in bytes (proc(5), VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def test_the_first_errors_are_listed(judged) -> None:
    data = json.dumps([{"size": "x"}] * 200).encode()
    errors = judged(data, size={"type": "integer"})
    assert len(errors) == record_validation.MAX_ERRORS
    assert errors[-1].index == record_validation.MAX_ERRORS - 1
