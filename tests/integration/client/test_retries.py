"""Calls over a line that breaks: a relay stands between client and registry, and hangs up on its first callers."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import grpc
import pytest

from schemaregistry.client import AsyncClient, Client, Credentials
from schemaregistry.client.channel import OPTIONS
from schemaregistry.errors import ResourceExhausted, Unavailable
from schemaregistry.v1 import registry_pb2
from schemaregistry.v1.registry_pb2_grpc import (
    SchemaRegistryServicer,
    SchemaRegistryStub,
    add_SchemaRegistryServicer_to_server,
)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def serve(server: socket.socket, port: int, hang_ups: int) -> None:
    with suppress(OSError):
        for _ in range(hang_ups):
            server.accept()[0].close()
        while True:
            caller, registry = server.accept()[0], socket.create_connection(("localhost", port))
            for ends in ((caller, registry), (registry, caller)):
                threading.Thread(target=pump, args=ends, daemon=True).start()


@contextmanager
def relay(target: str, hang_ups: int) -> Iterator[str]:
    server = socket.create_server(("127.0.0.1", 0))
    port = int(target.rpartition(":")[2])
    threading.Thread(target=serve, args=(server, port, hang_ups), daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.close()


def test_a_call_is_tried_again_when_the_line_breaks(running):
    with (
        relay(running.target, hang_ups=2) as target,
        Client(target, credentials=Credentials.dev(running.data), timeout=10) as client,
    ):
        assert client.whoami().transport == "mtls"


def test_a_call_is_not_tried_again_for_ever(running):
    with (
        relay(running.target, hang_ups=1000) as target,
        Client(target, credentials=Credentials.dev(running.data), timeout=60) as client,
        pytest.raises(Unavailable),
    ):
        client.whoami()


def test_a_write_tried_again_is_written_once(running, document, schema_id):
    with (
        relay(running.target, hang_ups=2) as target,
        Client(target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=20) as client,
    ):
        registered = client.register(document())
        assert [version.revision for version in client.list_versions(schema_id)] == [registered.revision]


class Limited:
    """The sending of a call that is over the registry's limit a few times; `calls` counts the attempts."""

    def __init__(self, send: Callable[..., Any], *, times: int, wait: float, reason: str = "RATE_LIMITED") -> None:
        self.calls = 0
        self._send = send
        self._times = times
        self._error = ResourceExhausted("too many", reason=reason)
        self._error.retry_after = wait

    def __call__(self, *told: Any) -> Any:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return self._send(*told)


def test_a_call_over_a_limit_is_sent_again_after_the_wait_that_is_asked_for(running, monkeypatch):
    with Client(running.target, credentials=Credentials.dev(running.data), timeout=30) as client:
        monkeypatch.setattr(client, "_send_once", sending := Limited(client._send_once, times=3, wait=0.01))
        assert client.whoami().identity
    assert sending.calls == 4


async def test_an_asynchronous_one_too(running, monkeypatch):
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data), timeout=30) as client:
        monkeypatch.setattr(client, "_send_once", sending := Limited(client._send_once, times=3, wait=0.01))
        assert (await client.whoami()).identity
    assert sending.calls == 4


@pytest.mark.parametrize("limited", [{"wait": 3600}, {"wait": 0}, {"wait": 0.01, "reason": "TOO_COSTLY"}])
def test_it_is_not_where_the_wait_is_too_long_or_waiting_would_not_help(running, monkeypatch, limited):
    with Client(running.target, credentials=Credentials.dev(running.data), timeout=30) as client:
        monkeypatch.setattr(client, "_send_once", sending := Limited(client._send_once, times=1, **limited))
        with pytest.raises(ResourceExhausted):
            client.whoami()
    assert sending.calls == 1


class Cancelling(SchemaRegistryServicer):
    """A server that cancels its first calls, as one does that stops before it has begun them."""

    def __init__(self, cancelled: int) -> None:
        self.calls = 0
        self._cancelled = cancelled

    def WhoAmI(self, request, context):  # noqa: N802 (the proto's name)
        self.calls += 1
        if self.calls <= self._cancelled:
            context.abort(grpc.StatusCode.CANCELLED, "")
        return registry_pb2.WhoAmIResponse(identity="me")

    def GetSchema(self, request, context):  # noqa: N802
        self.calls += 1
        threading.Event().wait(1)


@contextmanager
def called(servicer: Cancelling) -> Iterator[SchemaRegistryStub]:
    server = grpc.server(ThreadPoolExecutor(4))
    add_SchemaRegistryServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", OPTIONS) as channel:
        yield SchemaRegistryStub(channel)
    server.stop(0)


def test_a_call_that_a_stopping_server_cancelled_is_tried_again():
    servicer = Cancelling(cancelled=2)
    with called(servicer) as stub:
        assert stub.WhoAmI(registry_pb2.WhoAmIRequest(), timeout=10).identity == "me"
    assert servicer.calls == 3


def test_a_call_that_its_caller_cancelled_is_not():
    servicer = Cancelling(cancelled=0)
    with called(servicer) as stub:
        call = stub.GetSchema.future(registry_pb2.GetSchemaRequest(), timeout=10)
        while not servicer.calls:
            threading.Event().wait(0.01)
        call.cancel()
        threading.Event().wait(1)
    assert servicer.calls == 1
