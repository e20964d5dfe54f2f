"""Turn a failed gRPC call into one of the errors in `schemaregistry.errors`.

`unreachable.py` finds out why a connection failed.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar, cast

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from schemaregistry.client.credentials import Credentials
from schemaregistry.client.proxy import proxy_for
from schemaregistry.client.unreachable import explain
from schemaregistry.errors import (
    AlreadyExists,
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    RegistryError,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from schemaregistry.v1 import registry_pb2

_KINDS: dict[str, type[RegistryError]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        NotFound,
        AlreadyExists,
        FailedPrecondition,
        OutOfRange,
        Unauthenticated,
        PermissionDenied,
        Unavailable,
        DeadlineExceeded,
        ResourceExhausted,
        DataLoss,
        Unimplemented,
    )
}
_DETAILS_KEY: Final = "grpc-status-details-bin"
_DEFAULT_RETRY: Final = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1))

MessageT = TypeVar("MessageT", bound=Message)


class VersionRefused(FailedPrecondition):
    """The registry refused a version because of its verdict, which is in `verdict`."""

    verdict: registry_pb2.Verdict


def describe(failure: grpc.RpcError, target: str, credentials: Credentials, timeout: float) -> RegistryError:
    """Return the error for a failed call; `timeout` is the call's, in seconds.

    Where the registry wasn't reached, this connects once to find out why, which may block for two seconds.
    """
    code = failure.code()
    if _details(failure) is None and code is grpc.StatusCode.UNAVAILABLE:
        return explain(target, credentials, failure.details() or "the connection broke")
    if _details(failure) is None and code is grpc.StatusCode.DEADLINE_EXCEEDED:
        proxy = proxy_for(target)
        way = f" by way of {proxy}" if proxy else ""
        message = (
            f"{target} gave no answer{way} within {timeout:g} s: it is busy or can't be reached; try again, or allow "
            "more (timeout=)"
        )
        return DeadlineExceeded(message, reason=code.name, metadata={"target": target})
    return to_error(failure)


def to_error(failure: grpc.RpcError) -> RegistryError:
    """Return the error of a gRPC status, with the reason, pointer and verdict from its `google.rpc` details.

    A code without a class in `schemaregistry.errors` (CANCELLED, UNKNOWN, INTERNAL, …) becomes a plain RegistryError
    whose reason is the code's name.
    """
    code = failure.code().name
    details = _details(failure) or ()
    info = _find(details, error_details_pb2.ErrorInfo())
    places = _find(details, error_details_pb2.BadRequest()).field_violations
    error = _kind(code, details)(
        failure.details() or f"the call ended with {code} and no reason",
        reason=info.reason or code,
        pointer=places[0].field if places else None,
        metadata=info.metadata,
    )
    if isinstance(error, VersionRefused):
        error.verdict = _find(details, registry_pb2.Verdict())
    if isinstance(error, Unavailable | ResourceExhausted):
        usual = _DEFAULT_RETRY if isinstance(error, Unavailable) else error_details_pb2.RetryInfo()
        error.retry_after = _find(details, usual).retry_delay.ToTimedelta().total_seconds()
    return error


def pause_of(error: ResourceExhausted, left: float) -> float:
    """Return the seconds to wait before a call that has `left` seconds is sent again; 0 where it isn't.

    It is where it was over a limit on calls a second (RATE_LIMITED) and the wait that the registry asks for leaves time
    for it. Some more is waited, at random, so that callers don't all come back at once.
    """
    pause = error.retry_after * random.uniform(1, 1.5)  # noqa: S311 (spreading load, not keeping a secret)
    return pause if error.reason == "RATE_LIMITED" and pause < left else 0.0


def _kind(code: str, details: Sequence[Any]) -> type[RegistryError]:
    if code == FailedPrecondition.code and any(detail.Is(registry_pb2.Verdict.DESCRIPTOR) for detail in details):
        return VersionRefused
    return _KINDS.get(code, RegistryError)


def _details(failure: grpc.RpcError) -> Sequence[Any] | None:
    """Return the `google.rpc.Status` details, or None where the failure isn't an answer of the registry."""
    # typeshed promises named pairs; grpc gives plain ones, and None where the call was never sent.
    trailers = cast("Iterable[tuple[str, bytes]]", failure.trailing_metadata() or ())
    for key, value in trailers:
        if key == _DETAILS_KEY:
            details: Sequence[Any] = status_pb2.Status.FromString(value).details
            return details
    return None


def _find(details: Sequence[Any], default: MessageT) -> MessageT:
    """Return the first detail of the same message type as `default`, or else `default`."""
    found = type(default)()
    return next((found for detail in details if detail.Unpack(found)), default)
