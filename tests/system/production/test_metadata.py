"""Calls with more metadata than a call may have: frames of the test's own, since gRPC's clients look at the limit."""

import socket
import ssl

import pytest

from devtools.http2_frames import END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, field_lines, frame, grpc_fields
from devtools.servers import Server
from schemaregistry.v1 import registry_pb2 as pb
from tests.system.production.conftest import Start
from tests.system.production.issuing import issue

CALL = "/schemaregistry.v1.SchemaRegistry/ListSchemas"
LARGE = field_lines({f"x-{number}": "a" * 120 for number in range(120)})
"""17 KB as HTTP/2 counts it: gRPC refuses some of them itself, and hands them on all the same."""


@pytest.fixture
def server(start: Start) -> Server:
    return start({"store": "sqlite", "trusted-proxies": ["spiffe://prod/envoy"]})


def ends(server: Server, name: str, calls: int) -> bool:
    """Whether the server ends a connection that makes so many calls with too much metadata."""
    context = ssl.create_default_context(cafile=server.tls / "ca.pem")
    context.load_cert_chain(server.tls / f"{name}.pem", server.tls / f"{name}-key.pem")
    context.set_alpn_protocols(["h2"])
    host, _, port = server.target.rpartition(":")
    with context.wrap_socket(socket.create_connection((host, int(port)), timeout=5), server_hostname=host) as peer:
        peer.sendall(PREFACE + frame(SETTINGS, 0, 0))
        fields = grpc_fields(CALL) + LARGE
        try:
            for stream in range(1, 2 * calls, 2):
                peer.sendall(frame(HEADERS, END_HEADERS | END_STREAM, stream, fields[:16_384]))
            while peer.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
    return True


def test_a_connection_of_calls_with_too_much_metadata_is_ended_and_logged(server: Server) -> None:
    assert ends(server, "reader", 100)
    lines = [line for line in server.output().splitlines() if "HEADERS_TOO_LARGE" in line]
    assert len(lines) == 1
    assert '"who": "spiffe://dev/reader"' in lines[0]
    assert server.stub("reader").ListSchemas(pb.ListSchemasRequest(), timeout=20) is not None


def test_few_such_calls_end_no_connection(server: Server) -> None:
    assert not ends(server, "reader", 5)


def test_a_trusted_proxys_connection_is_not_ended_for_what_a_client_sends(server: Server) -> None:
    issue(server.tls, "envoy", "spiffe://prod/envoy")
    assert not ends(server, "envoy", 100)
