"""The table from an error's canonical code to its gRPC and HTTP status, and the gRPC error details of an error.

`grpc_calls.py` and `problems.py` send them.
"""

import errno
from typing import Final

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from schemaregistry.errors import RegistryError, ResourceExhausted, TooLarge, Unavailable
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc.verdicts import Rendered
from schemaregistry_server.transport.encodings import UnsupportedEncoding

DOMAIN: Final = "schemaregistry"

MESSAGE: Final = 500
"""Bytes of an error message in gRPC. A status travels in trailing metadata, of which clients accept 8 KiB in all, with
the message in it three times; and messages quote a document's names, which may have any length."""

MEMBER: Final = 300
"""Bytes of a pointer or of a member of `metadata` in a status."""

TABLE: Final = {
    "INVALID_ARGUMENT": (grpc.StatusCode.INVALID_ARGUMENT, 400),
    "NOT_FOUND": (grpc.StatusCode.NOT_FOUND, 404),
    "ALREADY_EXISTS": (grpc.StatusCode.ALREADY_EXISTS, 409),
    "FAILED_PRECONDITION": (grpc.StatusCode.FAILED_PRECONDITION, 409),
    "OUT_OF_RANGE": (grpc.StatusCode.OUT_OF_RANGE, 400),
    "UNAUTHENTICATED": (grpc.StatusCode.UNAUTHENTICATED, 401),
    "PERMISSION_DENIED": (grpc.StatusCode.PERMISSION_DENIED, 403),
    "UNAVAILABLE": (grpc.StatusCode.UNAVAILABLE, 503),
    "DEADLINE_EXCEEDED": (grpc.StatusCode.DEADLINE_EXCEEDED, 504),
    "RESOURCE_EXHAUSTED": (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
    "DATA_LOSS": (grpc.StatusCode.DATA_LOSS, 500),
    "UNIMPLEMENTED": (grpc.StatusCode.UNIMPLEMENTED, 501),
    "INTERNAL": (grpc.StatusCode.INTERNAL, 500),
}
"""Canonical code → gRPC status, HTTP status: those of google/rpc/code.proto, but 409 for FAILED_PRECONDITION, the code
of a refused write."""


OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOBUFS})
"""Errors of the operating system that mean a lack of descriptors, memory, processes or buffers."""


def refusal(error: BaseException) -> RegistryError:
    """The error to send: a RegistryError itself, else a generic one, whose details the transports log."""
    if isinstance(error, RegistryError):
        return error
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OUT_OF_RESOURCES):
        return ResourceExhausted(
            "This server has no descriptors, processes or memory left for this: try again later, or another server.",
            reason="SERVER_EXHAUSTED",
        )
    return RegistryError("The registry failed to answer; its log says why.", reason="INTERNAL")


def grpc_status(error: RegistryError) -> grpc.StatusCode:
    return TABLE[error.code][0]


def cut(text: str, limit: int = MESSAGE) -> str:
    """The beginning of `text`, at most `limit` bytes of UTF-8."""
    return text.encode(errors="replace")[:limit].decode(errors="ignore")


def http_status(error: RegistryError) -> int:
    """The HTTP status of an error; 413 for TooLarge, 415 for UnsupportedEncoding (RFC 9110, 15.5.14 and 15.5.16)."""
    if isinstance(error, UnsupportedEncoding):
        return 415
    return 413 if isinstance(error, TooLarge) else TABLE[error.code][1]


def retry_after(error: RegistryError) -> float:
    """The seconds after which to try again, 0 where the error says none."""
    return error.retry_after if isinstance(error, Unavailable | ResourceExhausted) else 0.0


def verdict_of(error: RegistryError) -> Rendered | None:
    """The verdict of a RefusedWrite, None for other errors."""
    verdict = getattr(error, "verdict", None)
    return verdict if isinstance(verdict, Rendered) else None


def to_status(error: RegistryError) -> status_pb2.Status:
    """Make the rich status (google/rpc/status.proto) of an error.

    Its details: ErrorInfo, BadRequest for an error with a pointer, RetryInfo for one that passes, the verdict of a
    refused write.
    """
    number: int = grpc_status(error).value[0]  # the value of a grpc.StatusCode is its number and its name
    status = status_pb2.Status(code=number, message=cut(error.message))
    for detail in _details(error):
        status.details.add().Pack(detail)
    return status


def _details(error: RegistryError) -> list[Message]:
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=error.reason,
            domain=DOMAIN,
            metadata={name: cut(value, MEMBER) for name, value in error.metadata.items()},
        )
    ]
    if error.pointer is not None:
        at_fault = error_details_pb2.BadRequest.FieldViolation(
            field=cut(error.pointer, MEMBER), description=cut(error.message), reason=error.reason
        )
        details.append(error_details_pb2.BadRequest(field_violations=[at_fault]))
    if seconds := retry_after(error):
        details.append(error_details_pb2.RetryInfo(retry_delay=_duration(seconds)))
    if (verdict := verdict_of(error)) is not None:
        details.append(pb.Verdict.FromString(verdict.short))
    return details


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
