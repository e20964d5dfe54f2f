"""Stopping a server: with calls in flight, and by kill -9 during writes."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from grpc_health.v1 import health_pb2, health_pb2_grpc

from schemaregistry.v1 import registry_pb2 as pb
from tests.support.patience import PATIENCE


def write(stub, name: str, data: bytes) -> pb.RegisterSchemaResponse:
    return stub.RegisterSchema(pb.RegisterSchemaRequest(id=name, document=HttpBody(data=data)), timeout=30)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(start_server, signum: int) -> None:
    server = start_server()
    assert server.stop(signum) == 0
    assert "Traceback" not in server.output()


def test_ctrl_c_in_a_terminal_reaches_its_workers_too_and_ends_it_cleanly(start_server, document) -> None:
    server = start_server()
    stub = server.stub("ci-bot")
    write(stub, "judged_v1", document("judged_v1"))
    write(stub, "judged_v1", document("judged_v1", "1.0.1", title="Judged by a worker"))
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0
    assert "Traceback" not in server.output()
    assert "KeyboardInterrupt" not in server.output()


def test_a_call_in_flight_finishes(start_server, document) -> None:
    """The read waits for a revision that a write brings while the server is already stopping."""
    server = start_server()
    stub = server.stub("ci-bot")
    write(stub, "first_v1", document("first_v1"))
    waiting = stub.GetSchema.future(pb.GetSchemaRequest(id="first_v1", min_revision=2), timeout=30)
    writes = [
        stub.RegisterSchema.future(
            pb.RegisterSchemaRequest(id=f"w{n}", document=HttpBody(data=document(f"w{n}"))), timeout=30
        )
        for n in range(50)
    ]
    stub.WhoAmI(pb.WhoAmIRequest())
    server.process.send_signal(signal.SIGTERM)
    assert all(future.result().created for future in writes)
    assert waiting.result().data
    assert server.process.wait(30) == 0


def test_a_watcher_is_told_where_to_resume(start_server, document) -> None:
    server = start_server()
    revision = write(server.stub("ci-bot"), "seen_v1", document("seen_v1")).revision
    watch = server.stub("reader").WatchSchemas(pb.WatchSchemasRequest(), timeout=30)
    assert [next(watch).revision, next(watch).revision] == [revision, revision]
    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(grpc.RpcError) as ended:
        next(watch)
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert f"after_revision {revision}" in ended.value.details()
    assert server.process.wait(30) == 0


def test_health_leaves_before_the_calls_in_flight_are_done(start_server) -> None:
    server = start_server("--grace-seconds", "3")
    channel = server.channel("reader")
    health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=30)
    assert next(health).status == health_pb2.HealthCheckResponse.SERVING
    server.process.send_signal(signal.SIGTERM)
    assert next(health).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert server.process.poll() is None
    health.cancel()
    assert server.process.wait(30) == 0


def test_a_second_signal_ends_it_at_once(start_server) -> None:
    server = start_server("--grace-seconds", "60")
    health = health_pb2_grpc.HealthStub(server.channel("reader")).Watch(health_pb2.HealthCheckRequest(), timeout=90)
    next(health)
    server.process.send_signal(signal.SIGINT)
    next(health)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE) == 128 + signal.SIGINT


def test_an_idle_rest_connection_does_not_hold_it_up(start_server) -> None:
    server = start_server("--grace-seconds", "30")
    host, port = server.rest.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))):
        assert server.stop() == 0


def test_kill_9_amid_200_writers_loses_nothing_that_was_acknowledged(start_server, document) -> None:
    """acknowledged ⊆ present ⊆ acknowledged ∪ in flight.

    A write whose answer was lost may be there: it is durable before it is answered. What is there is whole.
    """
    server = start_server()
    stubs = [server.stub("ci-bot") for _ in range(8)]
    documents = {f"k{n}": document(f"k{n}", description=os.urandom(500).hex()) for n in range(2000)}
    acknowledged: dict[str, int] = {}

    def attempt(place: int, name: str) -> None:
        if server.process.poll() is not None:
            return
        try:
            acknowledged[name] = write(stubs[place % 8], name, documents[name]).revision
        except grpc.RpcError:
            return
        if len(acknowledged) >= 60:
            server.process.kill()

    with ThreadPoolExecutor(200) as pool:
        list(pool.map(attempt, range(2000), documents))
    assert server.process.wait(10) == -signal.SIGKILL
    assert 60 <= len(acknowledged) < 1800, "the kill must come amid the writes"
    present = versions(start_server(data=server.data).stub("reader"))
    assert {name: found.revision for name, found in present.items() if name in acknowledged} == acknowledged
    assert present.keys() <= documents.keys()
    assert all(found.document == documents[name] for name, found in present.items())


def versions(stub) -> dict[str, pb.WatchSchemasResponse]:
    """Everything that a server holds, by id."""
    found = {}
    for event in stub.WatchSchemas(pb.WatchSchemasRequest(include_documents=True), timeout=30):
        if event.WhichOneof("event") == "progress":
            return found
        found[event.snapshot.id] = event
    raise AssertionError("the snapshot has no end")
