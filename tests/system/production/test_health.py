"""The health port: what a server waits for, that its memory is old, and that it leaves before it ends."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from devtools.etcd_cluster import EtcdCluster
from devtools.servers import Server, answer, launch, register, until
from schemaregistry.v1 import registry_pb2 as pb
from tests.system.production.relay import Relay


@pytest.fixture
def relay(etcd_cluster: EtcdCluster) -> Iterator[Relay]:
    """A line to one member of etcd, cut."""
    relay = Relay(etcd_cluster.endpoints[0])
    yield relay
    relay.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def test_a_server_waits_for_its_store_and_reads_on_while_that_is_away(
    begin: Callable[..., Server], etcd_store: dict[str, object], relay: Relay, document: Callable[..., bytes]
) -> None:
    health = f"127.0.0.1:{free_port()}"
    server = begin(etcd_store | {"store": f"etcd://{relay.address}", "health": health, "workers": 1})
    server.health = f"http://{health}"
    until(lambda: "its store: " in server.output() or "not listening yet" in server.output())
    status, text = server.ready()
    assert status == 503
    assert text.startswith("waits for its store: etcd is away (")
    assert answer(f"{server.health}/healthz") == (200, "ok\n")

    relay.mend()
    server.wait()
    assert server.ready() == (200, "ready\n")
    register(server.stub("ci-bot"), "kept_v1", document("kept_v1"))

    relay.cut()
    reader = server.stub()
    until(lambda: server.ready()[1].startswith("ready; stale since 20"))
    body, call = reader.GetSchema.with_call(pb.GetSchemaRequest(id="kept_v1"), timeout=10)
    assert body.data == document("kept_v1")
    assert dict(call.initial_metadata())["x-schema-stale"] == "true"
    with pytest.raises(grpc.RpcError) as refused:
        register(server.stub("ci-bot"), "lost_v1", document("lost_v1"))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

    relay.mend()
    until(lambda: server.ready() == (200, "ready\n"))
    assert server.output().count("the store is away") == 1, "one line for one outage"
    assert server.output().count("the store is back") == 1


def test_a_signal_ends_a_server_that_still_waits(
    begin: Callable[..., Server], etcd_store: dict[str, object], relay: Relay
) -> None:
    server = begin(etcd_store | {"store": f"etcd://{relay.address}", "workers": 1})
    until(lambda: "not listening yet" in server.output())
    assert server.stop(seconds=10) == 0
    assert "Traceback" not in server.output()


def test_health_says_no_while_calls_in_flight_finish(start: Callable[..., Server]) -> None:
    server = start({"store": "sqlite"})
    waiting = server.stub().GetSchema.future(pb.GetSchemaRequest(id="none_v1", min_revision=1), timeout=4)
    server.stub().WhoAmI(pb.WhoAmIRequest(), timeout=10)
    server.process.send_signal(signal.SIGTERM)
    until(lambda: server.ready() == (503, "waits for its end: it is stopping\n"))
    assert not waiting.done()
    assert waiting.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED, "its own end"
    assert server.process.wait(20) == 0


def test_the_health_port_has_three_paths(start: Callable[..., Server]) -> None:
    server = start({"store": "sqlite"})
    assert answer(f"{server.health}/healthz")[0] == 200
    assert answer(f"{server.health}/metrics")[0] == 200
    for path in ("", "/", "/schemas", "/schema/ticks_v1", "/whoami", "/metrics/"):
        assert answer(f"{server.health}{path}")[0] == 404


@pytest.mark.parametrize("setting", ["grpc", "health", "rest"])
def test_an_address_in_use_is_one_sentence(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = launch(tmp_path, {"store": "sqlite", setting: address})
        assert server.process.wait(30) == 2
    *_, line = server.output().strip().splitlines()
    assert line.startswith(f"schemaregistry: The server can't listen on {address} (")
    assert f"--{setting}" in line


def test_a_tls_file_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    server = launch(tmp_path, {"store": "sqlite", "tls-key": str(tmp_path / "none.pem")})
    assert server.process.wait(30) == 2
    (line,) = server.output().strip().splitlines()
    assert f"{tmp_path / 'none.pem'} can't be used for TLS" in line
