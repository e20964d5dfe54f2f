"""Lets a gRPC handler answer bytes that are a message already, which grpc would serialise again. Holds no RPC."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message


class PassingBytes:
    """A server as the generated `add_…Servicer_to_server` takes one."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: tuple[grpc.GenericRpcHandler, ...]) -> None:
        """Nothing: the same handlers come by name, where they can be changed."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
    ) -> None:
        """Add handlers that send bytes as they are."""
        passing = {name: _passing(handler) for name, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, passing),))


def _passing(handler: Any) -> Any:
    serialize: Callable[[Message], bytes] = handler.response_serializer
    return handler._replace(
        response_serializer=lambda answer: answer if isinstance(answer, bytes) else serialize(answer)
    )
