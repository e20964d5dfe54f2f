"""The table from errors to gRPC and HTTP statuses, and the error details."""

import errno

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2

from schemaregistry import errors
from schemaregistry.compat.verdict import Outcome, Verdict, Witness
from schemaregistry.errors import RegistryError
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import verdicts
from schemaregistry_server.transport import status


def every(kind: type[RegistryError]) -> list[type[RegistryError]]:
    return [kind, *(deeper for inner in kind.__subclasses__() for deeper in every(inner))]


def verdict(**changes: object) -> Verdict:
    members = {"outcome": Outcome.INCOMPATIBLE, "message": "no", "direction": "full", "risk": "high"}
    return Verdict(**(members | {"required_bump": "major"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [kind for kind in every(RegistryError) if kind.__module__ == errors.__name__])
def test_every_error_has_a_row(kind: type[RegistryError]) -> None:
    found = status.to_status(kind("a sentence", reason="WHY"))
    assert grpc.StatusCode[code_pb2.Code.Name(found.code)] is status.grpc_status(kind("", reason="WHY"))
    assert 400 <= status.http_status(kind("", reason="WHY")) < 600


def test_a_status_says_reason_place_and_metadata() -> None:
    error = errors.InvalidArgument("wrong", reason="WHY", pointer="/a/b", metadata={"id": "ticks"})
    info, at = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    first, second = status.to_status(error).details
    assert first.Unpack(info)
    assert second.Unpack(at)
    assert (info.reason, info.domain, dict(info.metadata)) == ("WHY", "schemaregistry", {"id": "ticks"})
    assert [(v.field, v.description) for v in at.field_violations] == [("/a/b", "wrong")]


def test_the_whole_document_is_a_place_too() -> None:
    assert len(status.to_status(errors.InvalidArgument("wrong", reason="WHY", pointer="")).details) == 2


def test_unavailable_says_when_to_try_again() -> None:
    error = errors.Unavailable("away", reason="WHY")
    error.retry_after = 2.5
    retry = error_details_pb2.RetryInfo()
    assert status.to_status(error).details[1].Unpack(retry)
    assert retry.retry_delay.ToNanoseconds() == 2_500_000_000


def test_a_refused_write_carries_its_verdict() -> None:
    error = errors.FailedPrecondition("no", reason="INCOMPATIBLE")
    error.verdict = verdicts.render(verdict(witness=Witness({"size": 1.5}, "new")))  # type: ignore[attr-defined]
    found = pb.Verdict()
    assert status.to_status(error).details[-1].Unpack(found)
    assert (found.verdict, found.witness_json, found.witness_valid_under) == ("incompatible", '{"size": 1.5}', "new")
    assert found.witness.struct_value["size"] == 1.5


def test_too_large_is_413() -> None:
    assert status.http_status(errors.TooLarge("big", reason="TOO_LARGE")) == 413


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "RESOURCE_EXHAUSTED"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "RESOURCE_EXHAUSTED"),
        (MemoryError(), "RESOURCE_EXHAUSTED"),
        (OSError(errno.ENOENT, "No such file"), "INTERNAL"),
        (ValueError("a fault"), "INTERNAL"),
    ],
)
def test_a_server_without_descriptors_or_memory_says_that_it_is_exhausted(error: Exception, code: str) -> None:
    assert status.refusal(error).code == code
    assert str(error) not in status.refusal(error).message or not str(error)
