"""Messages that begin to arrive and stop: by HTTP/2 frames of the test's own, since a client sends messages whole."""

import select
import socket
import ssl
import struct
from dataclasses import dataclass, field

import pytest

from devtools.http2_frames import (
    ACK,
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    PREFACE,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    frames_of,
    grpc_fields,
)
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.transport.arrivals import ARRIVING
from tests.conftest import Server

STREAMS = 100
MESSAGE = 3_900_000
"""Bytes of each message that are sent, of MESSAGE + 100 that it is said to have."""
WINDOW = 65_535
"""Bytes that may be sent on a stream before the peer asks for more (RFC 9113, section 6.9.2)."""
QUIET = 2.0
"""Seconds after which a server that asks for nothing is taken to have enough."""


@dataclass
class Sender:
    """One connection whose streams send as much as the server asks for."""

    peer: ssl.SSLSocket
    whole: int = WINDOW
    windows: dict[int, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    sent: int = 0
    unread: bytearray = field(default_factory=bytearray)

    def begin(self, stream: int, path: str) -> None:
        self.peer.sendall(frame(HEADERS, END_HEADERS, stream, grpc_fields(path)))
        self.windows[stream], self.left[stream] = WINDOW, MESSAGE
        self._data(stream, b"\0" + struct.pack("!I", MESSAGE + 100))

    def send_what_is_asked_for(self) -> None:
        while True:
            for stream in self.windows:
                while (size := min(self.whole, self.windows[stream], self.left[stream], 16_384)) > 0:
                    self._data(stream, bytes(size))
            if not (self.peer.pending() or select.select([self.peer], [], [], QUIET)[0]):
                return
            self._read()

    def _data(self, stream: int, data: bytes) -> None:
        self.peer.sendall(frame(DATA, 0, stream, data))
        self.windows[stream] -= len(data)
        self.left[stream] -= len(data)
        self.whole -= len(data)
        self.sent += len(data)

    def _read(self) -> None:
        self.unread += self.peer.recv(1 << 16)
        for kind, flags, stream, payload in frames_of(self.unread):
            if kind == WINDOW_UPDATE and stream in self.windows:
                self.windows[stream] += int.from_bytes(payload)
            elif kind == WINDOW_UPDATE:
                self.whole += int.from_bytes(payload)
            elif kind in (SETTINGS, PING) and not flags & ACK:
                self.peer.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))


@pytest.mark.parametrize("path", ["/schemaregistry.v1.SchemaRegistry/ValidateRecords", "/grpc.health.v1.Health/Check"])
def test_many_messages_that_stop_half_way_hold_little(running: Server, path: str) -> None:
    tls = running.data / "tls"
    context = ssl.create_default_context(cafile=tls / "ca.pem")
    context.load_cert_chain(tls / "reader.pem", tls / "reader-key.pem")
    context.set_alpn_protocols(["h2"])
    host, _, port = running.target.rpartition(":")
    with context.wrap_socket(socket.create_connection((host, int(port)), timeout=30), server_hostname=host) as peer:
        peer.sendall(PREFACE + frame(SETTINGS, 0, 0))
        sender = Sender(peer)
        for stream in range(1, 2 * STREAMS, 2):
            sender.begin(stream, path)
        sender.send_what_is_asked_for()
        assert MESSAGE < sender.sent <= ARRIVING * (MESSAGE + WINDOW) + STREAMS * WINDOW
        # Another caller's message finds its turn meanwhile.
        assert running.stub("ci-bot").GetSchema(pb.GetSchemaRequest(id="ticks_v1"), timeout=60).data
