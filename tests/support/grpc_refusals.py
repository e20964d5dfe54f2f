"""What a caller of gRPC sees of a refused call."""

from collections.abc import Callable

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from schemaregistry.v1 import registry_pb2 as pb


class Refusal:
    """The parts of a failed call that a caller sees."""

    def __init__(self, error: grpc.RpcError) -> None:
        status = rpc_status.from_call(error)
        assert status is not None, error
        self.status: status_pb2.Status = status
        self.code: grpc.StatusCode = error.code()
        info = self._detail(error_details_pb2.ErrorInfo())
        assert info is not None
        assert info.domain == "schemaregistry"
        self.reason: str = info.reason
        self.metadata: dict[str, str] = dict(info.metadata)
        at = self._detail(error_details_pb2.BadRequest())
        self.pointer: str | None = at.field_violations[0].field if at else None
        self.verdict = self._detail(pb.Verdict())

    def _detail(self, kind):
        return next((kind for detail in self.status.details if detail.Unpack(kind)), None)


def refusal(call: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    """The code and the reason with which `call` is refused."""
    with pytest.raises(grpc.RpcError) as refused:
        call()
    seen = Refusal(refused.value)
    return seen.code, seen.reason
