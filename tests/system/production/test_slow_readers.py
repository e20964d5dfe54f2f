"""A reader of server-sent events that takes nothing: it is cut off, it can resume, and the others don't notice."""

import re
import socket
import time
from collections.abc import Callable

import pytest
from google.api.httpbody_pb2 import HttpBody

from devtools.servers import until
from schemaregistry.v1 import registry_pb2 as pb

DOCUMENTS = 40


@pytest.fixture(params=[0.5])
def server(request: pytest.FixtureRequest, start_server: Callable[..., object], document: Callable[..., bytes]):
    """A server whose documents are more than a connection holds, and that waits half a second for a reader."""
    server = start_server("--slow-seconds", str(request.param))
    bot = server.stub("ci-bot")
    for n in range(DOCUMENTS):
        data = document(f"big_{n}", description="x" * 200_000)
        bot.RegisterSchema(pb.RegisterSchemaRequest(id=f"big_{n}", document=HttpBody(data=data)), timeout=30)
    return server


def asked(rest: str, last_event_id: int = 0, buffer: int = 1 << 20) -> socket.socket:
    """A connection that has asked for all changes, and its own buffer in bytes."""
    host, port = rest.removeprefix("http://").rsplit(":", 1)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((host, int(port)))
    resume = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
    line = "GET /schemas:watch?include_documents=true HTTP/1.1"
    connection.sendall(f"{line}\r\nHost: {host}:{port}\r\n{resume}\r\n".encode())
    return connection


def events(connection: socket.socket) -> list[int]:
    """The revisions of the versions that came whole, until the snapshot or the connection ended."""
    connection.settimeout(20)
    received = bytearray()
    while b"event: progress" not in received[-500:] and (data := connection.recv(1 << 20)):
        received += data
    return whole(bytes(received))


def whole(received: bytes) -> list[int]:
    """The ids of whole events of versions, out of the chunks that HTTP makes of them."""
    body = received.partition(b"\r\n\r\n")[2]
    text = b"".join(re.split(rb"(?:^|\r\n)[0-9a-f]+\r\n", body))
    complete = text.split(b"\n\n")[:-1]
    found = [re.match(rb"id: (\d+)\nevent: snapshot\n", event) for event in complete]
    return [int(match[1]) for match in found if match]


def test_a_reader_that_takes_nothing_is_cut_off_and_resumes(server) -> None:
    slow = asked(server.rest, buffer=16_384)
    time.sleep(0.2)
    with asked(server.rest) as brisk:
        assert len(events(brisk)) == DOCUMENTS, "others get all meanwhile"
    until(lambda: "took no event in time" in server.output())
    assert "Traceback" not in server.output()
    with slow:
        had = events(slow)
    assert 0 < len(had) < DOCUMENTS, "what had left the server before arrives, then the end"
    with asked(server.rest, last_event_id=had[-1]) as again:
        rest = events(again)
    assert [*had, *rest] == sorted({*had, *rest})
    assert len(had) + len(rest) == DOCUMENTS


@pytest.mark.parametrize("server", [600], indirect=True)
def test_reads_go_on_while_readers_that_the_server_waits_for_take_nothing(server) -> None:
    stub = server.stub()
    with asked(server.rest, buffer=16_384), asked(server.rest, buffer=16_384):
        for _ in range(50):
            assert stub.GetSchema(pb.GetSchemaRequest(id="big_0"), timeout=10).data
