"""REST over TLS: what a peer and the log are told where a handshake fails."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.servers import Server, launch, until
from schemaregistry_server.security import pki
from schemaregistry_server.transport.tls_handshakes import LOGGED

GET = b"GET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = launch(tmp_path / "server", {"store": "sqlite", "rest": "127.0.0.1:0"}).wait()
    yield started
    started.stop()


def context(server: Server, identity: Path | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(server.tls / "ca.pem"))
    if identity:
        made.load_cert_chain(identity / "reader.pem", identity / "reader-key.pem")
    return made


def address(server: Server) -> tuple[str, int]:
    return "127.0.0.1", int(server.rest.rpartition(":")[2])


def asked(server: Server, tls: ssl.SSLContext) -> tuple[str, bytes]:
    """Ask by HTTPS; give the peer's own address and the answer."""
    with socket.create_connection(address(server), timeout=30) as plain:
        own = "{}:{}".format(*plain.getsockname())
        try:
            with tls.wrap_socket(plain, server_hostname="localhost") as peer:
                peer.sendall(GET)
                return own, peer.recv(65536)
        except ssl.SSLError as failed:
            return own, str(failed.reason).encode()


def test_a_peer_without_a_certificate_is_told_and_so_is_the_log(server: Server) -> None:
    own, answer = asked(server, context(server))
    assert answer == b"TLSV13_ALERT_CERTIFICATE_REQUIRED"
    until(lambda: f"the TLS handshake with {own} failed: peer did not return a certificate" in server.output())


def test_a_certificate_of_another_ca_is_told_and_so_is_the_log(server: Server, tmp_path: Path) -> None:
    pki.ensure(tmp_path / "other")
    own, answer = asked(server, context(server, tmp_path / "other"))
    assert answer in {b"TLSV1_ALERT_UNKNOWN_CA", b"SSLV3_ALERT_BAD_CERTIFICATE", b"TLSV1_ALERT_DECRYPT_ERROR"}
    until(lambda: f"the TLS handshake with {own} failed: its certificate is refused: " in server.output())


def test_an_older_tls_is_told_and_so_is_the_log(server: Server) -> None:
    old = context(server, server.tls)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    own, answer = asked(server, old)
    assert answer == b"TLSV1_ALERT_PROTOCOL_VERSION"
    until(lambda: f"the TLS handshake with {own} failed: unsupported protocol" in server.output())


def test_plain_http_is_told_to_be_https(server: Server) -> None:
    with socket.create_connection(address(server), timeout=30) as peer:
        peer.sendall(GET)
        answer = peer.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"ask with https://" in answer
    until(lambda: "http request" in server.output())


def test_failed_handshakes_fill_no_log_and_others_are_answered(server: Server) -> None:
    for _ in range(3 * LOGGED):
        asked(server, context(server))
    until(lambda: "the TLS handshake with" in server.output())
    _, answer = asked(server, context(server, server.tls))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert server.output().count("the TLS handshake with") == LOGGED
