"""What a caller sees that calls too often, over gRPC and REST, and that others don't.

The server lets one read, one write and one call over a connection through in 100 s. Identities are subjects of tokens.
"""

import http.client
import json
import secrets
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from devtools.servers import Server, launch
from schemaregistry.client import Client, Credentials
from schemaregistry.errors import ResourceExhausted
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from tests.support.publishing_tokens import ISSUER, TokenMaker
from tests.system.production.issuing import issue

MAKER = TokenMaker()
HEADER = "x-forwarded-client-cert"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("rates")
    settings = {
        "store": "sqlite",
        "rest": "127.0.0.1:0",
        "token-key": str(MAKER.public(folder / "exchanger.pub")),
        "token-issuer": ISSUER,
        "read-rate": 0.01,
        "write-rate": 0.01,
        "connection-rate": 0.01,
        "trusted-proxies": ["spiffe://prod/envoy"],
        "cors-origin": ["https://catalog.example"],
    }
    started = launch(folder, settings)
    issue(started.tls, "envoy", "spiffe://prod/envoy")
    yield started.wait()
    started.stop()


@dataclass(frozen=True)
class Refused:
    """A refusal: its code or status, its reason, which limit it is of, and the seconds to wait."""

    code: str
    reason: str
    limit: str
    seconds: float


def caller(name: str = "") -> str:
    """The Authorization header of an identity, one that hasn't called yet where it isn't named."""
    return f"Bearer {MAKER.token('*', sub=name or f'token:{secrets.token_hex(4)}')}"


def connected(server: Server, certificate: str = "") -> http.client.HTTPSConnection:
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    context = ssl.create_default_context(cafile=server.tls / "ca.pem")
    if certificate:
        context.load_cert_chain(server.tls / f"{certificate}.pem", server.tls / f"{certificate}-key.pem")
    return http.client.HTTPSConnection(host, int(port), context=context, timeout=20)


def ask(
    connection: http.client.HTTPSConnection, path: str, headers: dict[str, str], body: bytes | None = None
) -> Refused | None:
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status < 300:
        return None
    problem = json.loads(content)
    wait = float(answer.headers.get("retry-after", 0))
    return Refused(str(answer.status), problem["reason"], problem.get("limit", ""), wait)


def call(stub: SchemaRegistryStub, shown: str, request: bytes | None = None, *, header: str = "") -> Refused | None:
    """WhoAmI, or RegisterSchema with the bytes of a request."""
    metadata = [("authorization", shown), *([(HEADER, header)] if header else [])]
    try:
        if request is None:
            stub.WhoAmI(pb.WhoAmIRequest(), metadata=metadata, timeout=20)
        else:
            stub.RegisterSchema(pb.RegisterSchemaRequest.FromString(request), metadata=metadata, timeout=20)
    except grpc.RpcError as refused:
        status = rpc_status.from_call(refused)
        assert status
        info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
        for detail in status.details:
            assert detail.Unpack(info) or detail.Unpack(retry) or detail.Is(error_details_pb2.BadRequest.DESCRIPTOR)
        wait = retry.retry_delay.ToTimedelta().total_seconds()
        return Refused(refused.code().name, info.reason, info.metadata.get("limit", ""), wait)
    return None


def by_grpc(server: Server, shown: str, write: bytes | None = None) -> Refused | None:
    """A call over a connection of its own."""
    request = None if write is None else pb.RegisterSchemaRequest(id="x_v1", document=HttpBody(data=write))
    return call(server.stub("reader"), shown, request and request.SerializeToString())


def by_rest(server: Server, shown: str, write: bytes | None = None) -> Refused | None:
    with closing(connected(server)) as connection:
        return ask(connection, "/whoami" if write is None else "/schema/x_v1", {"authorization": shown}, write)


By = Callable[..., Refused | None]
EXHAUSTED = {by_grpc: "RESOURCE_EXHAUSTED", by_rest: "429"}


@pytest.mark.parametrize("by", EXHAUSTED)
def test_who_calls_too_often_is_told_to_wait_and_others_are_answered(server: Server, by: By) -> None:
    one, other = caller(), caller()
    assert by(server, one) is None
    refused = by(server, one)
    assert refused
    assert (refused.code, refused.reason, refused.limit) == (EXHAUSTED[by], "RATE_LIMITED", "reads")
    assert 50 < refused.seconds <= 100
    assert by(server, other) is None


def test_both_transports_count_together(server: Server) -> None:
    one = caller()
    assert by_grpc(server, one) is None
    refused = by_rest(server, one)
    assert refused
    assert refused.reason == "RATE_LIMITED"


@pytest.mark.parametrize("by", EXHAUSTED)
def test_writes_are_counted_apart_and_refused_before_they_are_read(server: Server, by: By) -> None:
    one = caller()
    first = by(server, one, b"no document")
    assert first
    assert first.reason not in {"RATE_LIMITED", ""}, "it was read"
    second = by(server, one, b"no document")
    assert second
    assert (second.reason, second.limit) == ("RATE_LIMITED", "writes")
    assert by(server, one) is None, "a read"


def test_a_connection_is_limited_whoever_calls_over_it(server: Server) -> None:
    stub = server.stub("reader")
    assert call(stub, caller()) is None
    refused = call(stub, caller())
    assert refused
    assert (refused.code, refused.limit) == ("RESOURCE_EXHAUSTED", "connection")
    with closing(connected(server)) as connection:
        assert ask(connection, "/whoami", {"authorization": caller()}) is None
        again = ask(connection, "/whoami", {"authorization": caller()})
        assert again
        assert (again.code, again.limit) == ("429", "connection")
        assert again.seconds > 50


def test_a_trusted_proxys_connection_is_limited_for_each_client(server: Server) -> None:
    """Of connections that carry many callers none is used up by one of them."""
    stub = server.stub("envoy")

    def by_way(name: str) -> Refused | None:
        return call(stub, caller(), header=f"URI=spiffe://prod/{name}")

    assert by_way("a") is None
    refused = by_way("a")
    assert refused
    assert refused.limit == "connection"
    assert by_way("b") is None
    with closing(connected(server, "envoy")) as connection:
        told = [
            ask(connection, "/whoami", {"authorization": caller(), HEADER: f"URI=spiffe://prod/{name}"})
            for name in "aab"
        ]
    assert [each and each.limit for each in told] == [None, "connection", None]


def test_no_other_caller_gets_more_by_writing_a_proxys_header(server: Server) -> None:
    stub = server.stub("reader")
    told = [call(stub, caller(), header=f"URI=spiffe://prod/{name}") for name in "ab"]
    assert [each and each.limit for each in told] == [None, "connection"]


def test_who_is_nobody_is_limited_by_connection(server: Server) -> None:
    with closing(connected(server)) as connection:
        reasons = [ask(connection, "/whoami", {"authorization": "Bearer x.y.z"}) for _ in range(3)]
    assert [each and each.code for each in reasons] == ["401", "429", "429"]


@pytest.mark.parametrize("path", ["/nothing", "/schema/"])
def test_paths_that_are_not_there_count_too(server: Server, path: str) -> None:
    with closing(connected(server)) as connection:
        assert [str(each and each.code) for each in (ask(connection, path, {}), ask(connection, path, {}))] == [
            "404",
            "429",
        ]


def test_preflights_of_web_pages_count_too(server: Server) -> None:
    told = {"Origin": "https://catalog.example", "Access-Control-Request-Method": "POST"}
    statuses = []
    with closing(connected(server)) as connection:
        for _ in range(2):
            connection.request("OPTIONS", "/whoami", headers=told)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    assert statuses == [200, 429]


def test_health_is_never_limited(server: Server) -> None:
    channel = server.channel("reader")
    asking = health_pb2_grpc.HealthStub(channel)
    for _ in range(20):
        assert (
            asking.Check(health_pb2.HealthCheckRequest(), timeout=20).status == health_pb2.HealthCheckResponse.SERVING
        )
    with closing(connected(server)) as connection:
        for path in ("/healthz", "/readyz") * 5:
            assert ask(connection, path, {}) is None
        assert ask(connection, "/whoami", {"authorization": caller()}) is None, "they counted for nothing"


def test_reflection_is_limited_by_connection(server: Server) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(server.channel("reader"))
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = stub.ServerReflectionInfo(iter([request] * 3), timeout=20)
    assert next(answers).list_services_response.service
    with pytest.raises(grpc.RpcError) as refused:
        next(answers)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_watch_that_begins_is_a_read_and_goes_on(server: Server) -> None:
    one = [("authorization", caller())]
    watch = server.stub("reader").WatchSchemas(pb.WatchSchemasRequest(), metadata=one, timeout=20)
    assert next(watch).HasField("progress")
    with pytest.raises(grpc.RpcError) as refused:
        next(server.stub("reader").WatchSchemas(pb.WatchSchemasRequest(), metadata=one, timeout=20))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    watch.cancel()


def test_the_python_client_is_told_how_long_to_wait(server: Server) -> None:
    issue(server.tls, "desk", "spiffe://prod/desk")
    files = Credentials(*(server.tls / name for name in ("ca.pem", "desk.pem", "desk-key.pem")))
    with Client(server.target, credentials=files) as client:
        client.whoami()
    with Client(server.target, credentials=files) as client, pytest.raises(ResourceExhausted) as refused:
        client.whoami()
    assert refused.value.reason == "RATE_LIMITED"
    assert refused.value.retry_after > 50


def test_the_log_has_a_few_lines_of_each_identity(server: Server) -> None:
    for _ in range(8):
        by_grpc(server, caller("token:often"))
    lines = [line for line in server.output().splitlines() if '"who": "token:often"' in line]
    assert len(lines) == 3
    assert all('"rpc": "WhoAmI"' in line and '"reason": "RATE_LIMITED"' in line for line in lines)
