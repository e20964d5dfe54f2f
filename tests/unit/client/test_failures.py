"""What an error's `google.rpc` details become."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError, Metadata

from schemaregistry.client import VersionRefused
from schemaregistry.client.call_errors import to_error
from schemaregistry.errors import FailedPrecondition, NotFound, RegistryError, Unavailable
from schemaregistry.v1 import registry_pb2


def failure(code: grpc.StatusCode, message: str, *details: Message) -> AioRpcError:
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    trailers = Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return AioRpcError(code, Metadata(), trailers, details=message)


def test_reason_pointer_and_metadata_are_read():
    info = error_details_pb2.ErrorInfo(reason="NO_SUCH_SCHEMA", domain="schemaregistry", metadata={"near": "ticks_v1"})
    place = error_details_pb2.BadRequest.FieldViolation(field="/properties/a~1b")
    request = error_details_pb2.BadRequest(field_violations=[place])
    error = to_error(failure(grpc.StatusCode.NOT_FOUND, "No schema tick_v1.", info, request))
    assert type(error) is NotFound
    assert (error.message, error.reason) == ("No schema tick_v1.", "NO_SUCH_SCHEMA")
    assert (error.pointer, error.metadata) == ("/properties/a~1b", {"near": "ticks_v1"})


def test_the_time_to_try_again_is_read():
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))
    error = to_error(failure(grpc.StatusCode.UNAVAILABLE, "The store is away.", retry))
    assert isinstance(error, Unavailable)
    assert error.retry_after == 2.5


def test_a_refused_version_carries_its_verdict():
    verdict = registry_pb2.Verdict(verdict="incompatible", required_bump="major")
    error = to_error(failure(grpc.StatusCode.FAILED_PRECONDITION, "Too small a bump.", verdict))
    assert isinstance(error, VersionRefused)
    assert error.verdict == verdict


def test_a_precondition_without_a_verdict_is_only_that():
    assert type(to_error(failure(grpc.StatusCode.FAILED_PRECONDITION, "Not now."))) is FailedPrecondition


@pytest.mark.parametrize("code", [grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN])
def test_a_code_without_a_class_keeps_its_name(code):
    error = to_error(failure(code, "Something broke."))
    assert type(error) is RegistryError
    assert error.reason == code.name
