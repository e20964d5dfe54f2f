"""The limits of an HTTP connection, for what a peer sends and for what it leaves waiting, on each listener."""

import asyncio
import contextlib
import json
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from devtools.servers import Server, launch, launch_dev
from schemaregistry_server.catalog.readiness import ReadinessState
from schemaregistry_server.transport import descriptors, health, http_connection
from schemaregistry_server.transport.http_connection import (
    MAX_HEAD,
    MAX_HEADERS,
    MAX_PIPELINED,
    MAX_TARGET,
    SECONDS,
    BoundedConnection,
    Stage,
)
from schemaregistry_server.transport.listener import HttpListener

Connect = Callable[[], socket.socket]
CUT = (ConnectionError, ssl.SSLError)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with a health port, and REST with mutual TLS; REST without is the session's server's."""
    directory = tmp_path_factory.mktemp("bounded")
    started = launch(directory, {"store": "sqlite", "rest": "127.0.0.1:0"}).wait()
    yield started
    started.stop()


@pytest.fixture(params=["health", "rest", "rest with mutual TLS"])
def connect(request: pytest.FixtureRequest, server: Server, running: Server) -> Connect:
    """Opens a connection to a listener."""
    bases = {"health": server.health, "rest": running.rest, "rest with mutual TLS": server.rest}
    address = ("127.0.0.1", int(bases[request.param].rpartition(":")[2]))
    plain: Connect = partial(socket.create_connection, address, timeout=30)
    if request.param != "rest with mutual TLS":
        return plain
    context = ssl.create_default_context(cafile=str(server.tls / "ca.pem"))
    context.load_cert_chain(server.tls / "reader.pem", server.tls / "reader-key.pem")
    return lambda: context.wrap_socket(plain(), server_hostname="localhost")


def sent(connect: Connect, *parts: bytes) -> bytes:
    """What comes back for bytes that are sent until the server reads no more, up to its end or a whole refusal."""
    with connect() as peer:
        with contextlib.suppress(*CUT):
            for part in parts:
                peer.sendall(part)
        received = b""
        with contextlib.suppress(*CUT):
            while (more := peer.recv(65536)) and not (received := received + more).endswith(b'"}'):
                pass
        return received


def answers(connect: Connect, requests: bytes) -> bytes:
    """All that comes back for bytes that are sent at once, up to the end of the connection."""
    with connect() as peer:
        peer.sendall(requests)
        received = b""
        with contextlib.suppress(*CUT):
            while more := peer.recv(65536):
                received += more
        return received


def refusal(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    problem = json.loads(body)
    assert problem["detail"]
    assert head.startswith(b"HTTP/1.1 %d " % problem["status"])
    return problem["status"], problem["reason"]


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


def test_a_header_without_end_is_refused(connect: Connect) -> None:
    assert refusal(sent(connect, GET + b"X: ", *[b"x" * 65536] * 40)) == (431, "HEADERS_TOO_LARGE")


def test_headers_without_end_are_refused(connect: Connect) -> None:
    lines = [b"X-%d: y\r\n" % n for n in range(600_000)]
    assert refusal(sent(connect, GET, *(b"".join(lines[n : n + 10_000]) for n in range(0, 600_000, 10_000))))[0] == 431


def test_more_headers_than_a_request_may_have_are_refused(connect: Connect) -> None:
    assert refusal(sent(connect, GET + b"X: y\r\n" * MAX_HEADERS + b"\r\n")) == (431, "HEADERS_TOO_LARGE")


def test_a_head_may_have_just_the_bytes_that_the_refusal_names(connect: Connect) -> None:
    def head(size: int) -> bytes:
        start, end = GET + b"Connection: close\r\nX: ", b"\r\n\r\n"
        return start + b"x" * (size - len(start) - len(end)) + end

    assert sent(connect, head(MAX_HEAD)).startswith(b"HTTP/1.1 200")
    refused = sent(connect, head(MAX_HEAD + 1))
    assert refusal(refused) == (431, "HEADERS_TOO_LARGE")
    assert f"{MAX_HEAD:,} bytes".encode() in refused
    assert b" 431 " in sent(connect, GET + b"\r\n" + head(MAX_HEAD + 1))


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked", b"identity, chunked"])
def test_a_transfer_encoding_other_than_chunked_is_refused(connect: Connect, coding: bytes) -> None:
    post = (
        b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    assert refusal(sent(connect, post)) == (501, "UNKNOWN_TRANSFER_ENCODING")


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (b"Content-Length: 2\r\nContent-Length: 2\r\n", b"Duplicate Content-Length"),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"present with Content-Length"),
        (b"no colon\r\n", b"header token"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(connect: Connect, lines: bytes, wrong: bytes) -> None:
    answer = sent(connect, b"POST /nothing HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n{}")
    assert refusal(answer) == (400, "NOT_HTTP")
    assert wrong in answer


def test_idle_connections_do_not_hold_up_the_end_of_a_server(tmp_path: Path) -> None:
    """Nor does a log line of it say that something was cut off."""
    started = launch(tmp_path, {"store": "sqlite", "rest": "127.0.0.1:0", "grace-seconds": "60"}).wait()
    context = ssl.create_default_context(cafile=str(started.tls / "ca.pem"))
    context.load_cert_chain(started.tls / "reader.pem", started.tls / "reader-key.pem")
    address = ("127.0.0.1", int(started.rest.rpartition(":")[2]))
    with context.wrap_socket(socket.create_connection(address, timeout=30), server_hostname="localhost") as idle:
        idle.sendall(GET + b"\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        started.process.terminate()
        started.process.wait(50)
    assert "graceful shutdown exceeded" not in started.output()


def test_a_url_without_end_is_refused(connect: Connect) -> None:
    assert refusal(sent(connect, b"GET /", *[b"x" * 65536] * 40)) == (414, "URL_TOO_LONG")


def test_a_long_url_is_answered(connect: Connect) -> None:
    url = b"/healthz?" + b"x" * (MAX_TARGET - 100)
    assert sent(connect, b"GET " + url + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )


def test_trailers_without_end_are_refused(connect: Connect) -> None:
    post = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
    assert len(sent(connect, post, *[b"x" * 65536] * 40)) < 2000


@pytest.mark.parametrize(
    "trailer",
    [
        b"Content-Encoding: gzip",
        b"Host: evil.example",
        b"Origin: http://evil.example",
        b'If-Match: "x"',
        b"If-None-Match: *",
        b"Authorization: Bearer x",
        b"X-Forwarded-Client-Cert: URI=spiffe://dev/ci-bot",
        b"Connection: keep-alive",
    ],
)
def test_a_trailer_is_no_header(connect: Connect, trailer: bytes) -> None:
    head = b"POST /schema/ticks_v1/validate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    post = head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n"
    assert (
        sent(connect, post + trailer + b"\r\n\r\n").split(b"\r\n")[0] == sent(connect, post + b"\r\n").split(b"\r\n")[0]
    )


def test_a_chunk_extension_without_end_is_refused(connect: Connect) -> None:
    post = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;x="
    assert len(sent(connect, post, *[b"x" * 65536] * 40)) < 2000


def test_what_is_no_http_is_refused(connect: Connect) -> None:
    assert refusal(sent(connect, b"\x16\x03\x01\x02\x00\x01")) == (400, "NOT_HTTP")


def test_a_method_in_small_letters_is_said_to_be(connect: Connect) -> None:
    answer = sent(connect, b"get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert refusal(answer) == (400, "NOT_HTTP")
    assert b"The method is 'get': methods are in upper case, GET." in answer


@pytest.mark.parametrize("target", [b"http://evil.example/healthz", b"http://localhost@evil.example/", b"http://evil"])
def test_a_url_of_another_host_than_the_header_is_refused(connect: Connect, target: bytes) -> None:
    answer = sent(connect, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert refusal(answer) == (400, "BAD_HOST")


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: evil.example\r\n"], ids=["none", "two"])
def test_a_request_names_one_host(connect: Connect, hosts: bytes) -> None:
    assert refusal(sent(connect, b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n")) == (400, "BAD_HOST")


def test_a_whole_url_is_answered(connect: Connect) -> None:
    whole = b"GET HTTP://Localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert sent(connect, whole).startswith(b"HTTP/1.1 200")
    no_path = b"GET http://localhost?x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert sent(connect, no_path).startswith(b"HTTP/1.1 404")


def test_a_path_that_is_not_ascii_is_told_how_to_be(connect: Connect) -> None:
    answer = sent(connect, "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert refusal(answer) == (400, "BAD_TARGET")


def test_pipelined_requests_are_bounded(connect: Connect) -> None:
    """A few are answered in order; of very many the first ones are, and then comes a refusal."""
    few = sent(connect, (GET + b"\r\n") * 5 + GET + b"Connection: close\r\n\r\n")
    assert few.count(b"HTTP/1.1 200") == 6
    many = answers(connect, (GET + b"\r\n") * 1000)
    assert MAX_PIPELINED <= many.count(b"HTTP/1.1 200 ") < 1000
    assert refusal(many[many.rindex(b"HTTP/1.1 ") :]) == (503, "TOO_MANY_REQUESTS")


@pytest.mark.parametrize(
    "junk", [b"\0\1", b"junk\r\n\r\n", GET + b"no colon\r\n\r\n", GET + b"X: " + b"x" * 2 * MAX_HEAD]
)
def test_a_request_is_answered_whatever_follows_it(connect: Connect, junk: bytes) -> None:
    """As where Content-Length is too small: the writer still learns that its document is registered."""
    received = answers(connect, GET + b"\r\n" + GET + b"\r\n" + junk)
    assert received.count(b"HTTP/1.1 200 ") == 2
    assert refusal(received[received.rindex(b"HTTP/1.1 4") :])[0] in {400, 431}


def test_a_queued_request_with_a_broken_body_is_refused_after_the_answer_before_it(connect: Connect) -> None:
    broken = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"
    received = answers(connect, GET + b"\r\n" + broken)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert refusal(received[received.rindex(b"HTTP/1.1 4") :]) == (400, "NOT_HTTP")


def test_an_offer_of_another_protocol_is_answered_in_this_one(connect: Connect) -> None:
    offered = GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    answer = sent(connect, offered)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer


def test_a_flood_of_the_health_port_is_another_process_than_the_calls(server: Server) -> None:
    pids = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids]
    assert sum(b"schemaregistry_server.runtime.health_process" in line for line in lines) == 1


@pytest.fixture
async def listening() -> AsyncIterator[tuple[HttpListener, int]]:
    """A listener in this process for three connections, whose clock is the test's."""
    bound = socket.create_server(("127.0.0.1", 0))
    app = health.create_app(lambda: ReadinessState(True, "ready"), lambda: True)
    listener = HttpListener(app, bound, grace=0, most=3)
    listener.start()
    yield listener, bound.getsockname()[1]
    await listener.stop()
    listener.close()


def connections(listener: HttpListener) -> list[BoundedConnection]:
    return sorted(listener._server.server_state.connections, key=lambda each: -each.waited)  # type: ignore[arg-type, return-value]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)


def pass_seconds(connection: BoundedConnection, seconds: int) -> None:
    for _ in range(seconds):
        connection.tick()


@pytest.mark.parametrize(
    "begun",
    [b"", GET, b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body, answered already"],
)
async def test_a_connection_that_waits_for_its_peer_ends(listening, begun: bytes) -> None:
    listener, port = listening
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    await until(lambda: connections(listener))
    (connection,) = connections(listener)
    if begun:
        await until(lambda: connection._unparsed or connection.stage is not Stage.HEAD)
    limit = SECONDS[connection.stage]
    pass_seconds(connection, limit - 1 - connection.waited)
    assert connection in connections(listener)
    pass_seconds(connection, 3)
    await asyncio.wait_for(reader.read(), 20)
    await until(lambda: not connections(listener))
    writer.close()


async def test_all_requests_of_a_connection_learn_that_it_is_gone() -> None:
    """Also a watch that other requests wait behind: it would otherwise go on, and write to nobody."""
    begun, ended = [], []

    async def app(scope, receive, send) -> None:
        begun.append(scope["path"])
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.append(scope["path"])

    bound = socket.create_server(("127.0.0.1", 0))
    listener = HttpListener(app, bound, grace=0, most=3)
    listener.start()
    _, writer = await asyncio.open_connection(*bound.getsockname())
    writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n" + GET + b"\r\n")
    await until(lambda: begun)
    writer.close()
    await until(lambda: ended == ["/watch"])
    await listener.stop()
    listener.close()


async def test_an_idle_connection_makes_room_for_a_new_one(listening) -> None:
    listener, port = listening
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    await until(lambda: len(connections(listener)) == 3)
    oldest = connections(listener)[0]
    pass_seconds(oldest, 5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert oldest not in connections(listener)
    assert len(connections(listener)) == 3
    for _, each in (*idle, (reader, writer)):
        each.close()


async def test_a_body_that_stops_after_its_answer_gets_no_second_one(listening) -> None:
    listener, port = listening
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    await until(lambda: any(each.cycle and each.cycle.response_complete for each in connections(listener)))
    (connection,) = connections(listener)
    pass_seconds(connection, SECONDS[Stage.BODY] + 1)
    with contextlib.suppress(ConnectionError):
        assert (await reader.read()).count(b"HTTP/1.1") <= 1
    writer.close()


async def test_a_body_that_stops_before_its_answer_is_408() -> None:
    async def waits(_scope: object, receive: Callable[[], object], _send: object) -> None:
        while (await receive())["type"] != "http.disconnect":  # type: ignore[misc]
            pass

    bound = socket.create_server(("127.0.0.1", 0))
    listener = HttpListener(waits, bound, grace=0)  # type: ignore[arg-type]
    listener.start()
    reader, writer = await asyncio.open_connection(*bound.getsockname())
    writer.write(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    await until(lambda: any(each.stage is Stage.BODY for each in connections(listener)))
    pass_seconds(connections(listener)[0], SECONDS[Stage.BODY] + 1)
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    await listener.stop()
    listener.close()


async def send(writer: asyncio.StreamWriter, size: int) -> None:
    for _ in range(size // 65536):
        writer.write(b"x" * 65536)
        await writer.drain()


async def test_an_unread_body_is_passed_over_up_to_a_bound(listening) -> None:
    _, port = listening
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    size = http_connection.MAX_DISCARDED * 4
    writer.write(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    assert (await reader.readline()).startswith(b"HTTP/1.1 405")
    with pytest.raises(ConnectionError):
        await send(writer, size)
    writer.close()


def test_the_limit_of_descriptors_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 20_000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert descriptors.raise_limit() == 20_000
    assert asked == [(20_000, 20_000)]


def test_a_head_of_the_largest_size_is_answered(connect: Connect) -> None:
    long = b"X: " + b"y" * (MAX_HEAD // 2) + b"\r\n"
    assert sent(connect, GET + long + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_idle_connections_leave_descriptors_for_the_rest(tmp_path: Path) -> None:
    """A server that may have 160 descriptors answers beside 300 connections that never ask."""
    program = ("tests.integration.server.few_descriptors", "160")
    few = launch_dev(tmp_path / "data", "--grpc", "localhost:0", "--rest", "127.0.0.1:0", program=program).wait()
    host, port = few.rest.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), timeout=20) for _ in range(300)]
    assert httpx.get(f"{few.rest}/whoami", timeout=20).status_code == 200
    for each in idle:
        each.close()
    few.stop()
