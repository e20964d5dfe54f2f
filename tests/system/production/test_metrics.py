"""What a server tells Prometheus: calls by their methods, the same however many processes answer, and few series."""

import os
import signal
import ssl
import urllib.request
from collections.abc import Callable, Iterator

import grpc
import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from devtools.etcd_cluster import EtcdCluster
from devtools.servers import Server, register, until
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.metrics import shared_files
from tests.system.production.relay import Relay

SERVICE = "schemaregistry.v1.SchemaRegistry"


def samples(server: Server) -> list[Sample]:
    with urllib.request.urlopen(f"{server.health}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(server: Server, name: str, **labels: str) -> float:
    """The sum of the samples with a name and these labels."""
    return sum(each.value for each in samples(server) if each.name == name and labels.items() <= each.labels.items())


def handled(server: Server, method: str, code: str) -> float:
    return value(server, "grpc_server_handled_total", grpc_service=SERVICE, grpc_method=method, grpc_code=code)


@pytest.fixture
def rest(server: Server) -> Iterator[httpx.Client]:
    """REST as the publisher."""
    tls = ssl.create_default_context(cafile=server.tls / "ca.pem")
    tls.load_cert_chain(server.tls / "ci-bot.pem", server.tls / "ci-bot-key.pem")
    with httpx.Client(base_url=server.rest, verify=tls, timeout=30) as client:
        yield client


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    return start({"store": "sqlite", "rest": "localhost:0"})


@pytest.fixture
def pair(start: Callable[..., Server], etcd_store: dict[str, object]) -> Server:
    """Two workers."""
    return start(etcd_store | {"workers": 2})


def test_calls_of_every_worker_are_counted_and_outlive_it(pair: Server, document: Callable[..., bytes]) -> None:
    register(pair.stub("ci-bot"), "metered_v1", document("metered_v1"))
    revision = register(pair.stub("ci-bot"), "metered_v1", document("metered_v1", "1.0.1"))
    for _ in range(16):  # a connection each: the kernel gives them to either worker
        pair.stub().GetSchema(pb.GetSchemaRequest(id="metered_v1", min_revision=revision), timeout=10)
    with pytest.raises(grpc.RpcError):
        pair.stub().GetSchema(pb.GetSchemaRequest(id="unmetered_v1"), timeout=10)
    until(lambda: handled(pair, "GetSchema", "OK") == 16)
    until(lambda: handled(pair, "GetSchema", "NotFound") == 1)
    method = {"grpc_type": "unary", "grpc_service": SERVICE, "grpc_method": "GetSchema"}
    assert value(pair, "grpc_server_started_total", **method) == 17
    assert value(pair, "grpc_server_handling_seconds_count", **method) == 17
    assert value(pair, "schemaregistry_verdict_seconds_count", result="compatible") == 1
    assert value(pair, "schemaregistry_store_seconds_count", operation="put", result="ok") == 2
    until(lambda: value(pair, "schemaregistry_catalog_revision") >= revision)
    until(lambda: value(pair, "schemaregistry_store_revision") >= revision)
    until(lambda: value(pair, "schemaregistry_certificate_days_left", certificate="server"))
    assert 360 < value(pair, "schemaregistry_certificate_days_left", certificate="server") <= 365
    until(lambda: value(pair, "schemaregistry_etcd_up") == 3)

    for pid in pair.workers():
        os.kill(pid, signal.SIGKILL)
    until(lambda: value(pair, "schemaregistry_workers_killed_total", worker="server", reason="ended") == 2)
    until(lambda: pair.ready()[1] == "worker 1: ready\nworker 2: ready\n")
    assert handled(pair, "GetSchema", "OK") == 16
    pair.stub().GetSchema(pb.GetSchemaRequest(id="metered_v1"), timeout=10)
    until(lambda: handled(pair, "GetSchema", "OK") == 17)


def test_watches_are_a_state_and_other_services_are_counted(server: Server) -> None:
    watches = [server.stub().WatchSchemas(pb.WatchSchemasRequest(), timeout=60) for _ in range(3)]
    for watch in watches:
        next(watch)
    assert value(server, "schemaregistry_watchers") == 3
    for watch in watches:
        watch.cancel()
    until(lambda: value(server, "schemaregistry_watchers") == 0)
    until(lambda: handled(server, "WatchSchemas", "Canceled") == 3)
    health_pb2_grpc.HealthStub(server.channel()).Check(health_pb2.HealthCheckRequest(), timeout=10)
    until(lambda: value(server, "grpc_server_handled_total", grpc_service="grpc.health.v1.Health", grpc_code="OK") == 1)


def test_whatever_callers_send_makes_no_new_series(server: Server, rest: httpx.Client) -> None:
    """Ids, versions, paths and methods that callers make up are one label at most."""
    odd = [f"odd_{number}_v1" for number in range(40)]
    stub, channel = server.stub("ci-bot"), server.channel("ci-bot")

    def send(names: list[str]) -> None:
        for name in names:
            for call, request in (
                (stub.GetSchema, pb.GetSchemaRequest(id=name, version=name)),
                (stub.RegisterSchema, pb.RegisterSchemaRequest(id=name, document=HttpBody(data=name.encode()))),
                (channel.unary_unary(f"/{SERVICE}/{name}"), b""),
                (channel.unary_unary(f"/{name}/{name}"), b""),
            ):
                with pytest.raises(grpc.RpcError):
                    call(request, timeout=10)
            rest.get(f"/schema/{name}")
            rest.get(f"/{name}")
            rest.get("/schemas", params={name: name})
            rest.request("PURGE", f"/schema/{name}")

    def seen() -> bool:
        other = {"grpc_service": "other", "grpc_method": "other", "grpc_code": "Unimplemented"}
        return (
            value(server, "grpc_server_handled_total", **other) == count * 2
            and value(server, "http_requests_total", method="other", status="405") == count
            and value(server, "http_requests_total", route="/schema/{id}", method="GET", status="404") == count
            and value(server, "http_requests_total", route="other", status="404") == count
        )

    def series() -> set[tuple[str, frozenset[tuple[str, str]]]]:
        return {(each.name, frozenset(each.labels.items())) for each in samples(server)}

    count = 2
    send(odd[:2])
    until(seen)
    few = series()
    count = len(odd)
    send(odd[2:])
    until(seen)
    assert series() == few
    assert len(few) < 1500
    assert not any("odd" in text.lower() for _, labels in few for _, text in labels)


def test_a_catalog_lags_while_its_store_is_away(
    start: Callable[..., Server], etcd_store: dict[str, object], etcd_cluster: EtcdCluster
) -> None:
    relay = Relay(etcd_cluster.endpoints[0])
    relay.mend()
    try:
        server = start(etcd_store | {"store": f"etcd://{relay.address}", "workers": 1})
        until(lambda: value(server, "schemaregistry_etcd_up") == 1)
        assert value(server, "schemaregistry_catalog_lag_seconds") < 2
        relay.cut()
        until(lambda: value(server, "schemaregistry_catalog_lag_seconds") > 2)
        until(lambda: value(server, "schemaregistry_etcd_up") == 0)
        relay.mend()
        until(lambda: value(server, "schemaregistry_catalog_lag_seconds") < 2)
    finally:
        relay.close()


def test_the_files_of_a_server_are_gone_with_it_and_those_of_a_killed_one_with_the_next(
    start: Callable[..., Server],
) -> None:
    def files() -> set[str]:
        return {each.name for each in shared_files.MEMORY.glob(f"{shared_files.PREFIX}*")}

    before = files()
    killed = start({"store": "sqlite"})
    (left,) = files() - before
    killed.stop(signal.SIGKILL)
    assert left in files()
    following = start({"store": "sqlite"})
    assert left not in files()
    (own,) = files() - before
    following.stop()
    assert own not in files()
