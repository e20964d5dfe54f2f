"""A connection is ended by its peer's address, and no other."""

import socket

import pytest

from schemaregistry_server.transport.ended_connections import end_connection


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_peer_reads_its_end(family: socket.AddressFamily, host: str) -> None:
    with socket.create_server((host, 0), family=family) as listening:
        address = listening.getsockname()
        with socket.create_connection(address[:2]) as one, socket.create_connection(address[:2]) as other:
            accepted = [listening.accept()[0] for _ in range(2)]
            name, port = one.getsockname()[:2]
            assert end_connection(f"[{name}]:{port}" if ":" in name else f"{name}:{port}")
            one.settimeout(10)
            assert one.recv(1) == b""
            other.settimeout(0.1)
            with pytest.raises(TimeoutError):
                other.recv(1)
            for each in accepted:
                each.close()


def test_an_address_without_a_connection_ends_none() -> None:
    assert not end_connection("127.0.0.1:1")
