"""Proxies of the environment: never for a registry on this machine, and named where another one isn't reached."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from schemaregistry.client import AsyncClient, Client, Credentials
from schemaregistry.client.proxy import Proxy, is_local, proxy_for
from schemaregistry.errors import RegistryError

VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in (*VARIABLES, "no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def forbidding() -> Iterator[int]:
    """The port of a proxy that lets nobody through."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                caller = server.accept()[0]
                caller.recv(4096)
                caller.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                caller.close()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("target", ["localhost:{port}", "127.0.0.1:{port}", "dns:///localhost:{port}"])
def test_a_registry_on_this_machine_is_asked_directly(running, monkeypatch, variable, target):
    monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    target = target.format(port=running.target.rpartition(":")[2])
    with Client(target, credentials=Credentials.dev(running.data), timeout=20) as client:
        assert client.whoami().identity.endswith("reader")


async def test_by_a_task_as_well(running, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data), timeout=20) as client:
        assert (await client.whoami()).identity.endswith("reader")


@pytest.mark.parametrize("variable", VARIABLES)
def test_the_proxy_is_named_where_a_registry_is_not_reached(running, monkeypatch, variable):
    port = free_port()
    monkeypatch.setenv(variable, f"http://user:secret@127.0.0.1:{port}")
    with (
        Client("registry.invalid:50051", credentials=Credentials.dev(running.data)) as client,
        pytest.raises(RegistryError) as caught,
    ):
        client.whoami()
    message = caught.value.message
    assert f"the proxy 127.0.0.1:{port} (the environment's {variable})" in message
    assert "no_proxy" in message
    assert "secret" not in str(caught.value.__dict__)


def test_a_proxy_that_refuses_is_named_with_what_it_said(running, monkeypatch, forbidding):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{forbidding}")
    with (
        Client("registry.invalid:50051", credentials=Credentials.dev(running.data)) as client,
        pytest.raises(RegistryError, match="403") as caught,
    ):
        client.whoami()
    assert f"127.0.0.1:{forbidding}" in caught.value.message
    assert caught.value.reason == "PROXY"


@pytest.mark.parametrize(
    "target",
    [
        *("localhost:1", "LOCALHOST.:1", "a.localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"),
        *("dns:///localhost:1", "dns:localhost:1", "ipv4:127.0.0.1:1", "ipv6:[::1]:1"),
        *("unix:/run/registry", "unix-abstract:registry"),
    ],
)
def test_what_is_on_this_machine_by_its_name(target):
    assert is_local(target)
    assert proxy_for(target, {"https_proxy": "http://proxy:3128"}) is None


@pytest.mark.parametrize("target", ["registry:1", "10.0.0.1:1", "localhost.example.com:1", "[fe80::1]:1", "dns:///a:1"])
def test_what_is_not(target):
    assert not is_local(target)
    assert proxy_for(target, {"https_proxy": "http://proxy:3128"}) == Proxy("https_proxy", "proxy", 3128)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"http_proxy": "http://a:1", "https_proxy": "http://b:2"}, Proxy("https_proxy", "b", 2)),
        ({"http_proxy": "http://a:1", "grpc_proxy": "http://c"}, Proxy("grpc_proxy", "c", 80)),
        ({"grpc_proxy": "", "http_proxy": "http://a:1"}, None),
        ({"http_proxy": "http://a:1", "no_proxy": "example.com"}, None),
        ({"http_proxy": "http://a:1", "no_proxy": "other, .example.com"}, None),
        ({"http_proxy": "http://a:1", "no_proxy": "other"}, Proxy("http_proxy", "a", 1)),
        (
            {"http_proxy": "http://a:1", "no_grpc_proxy": "other", "no_proxy": "example.com"},
            Proxy("http_proxy", "a", 1),
        ),
        ({"http_proxy": "http://a:nonsense"}, None),
    ],
)
def test_a_proxy_is_chosen_as_grpc_chooses_it(environment, proxy):
    assert proxy_for("registry.example.com:50051", environment) == proxy


def test_a_network_may_be_excepted():
    environment = {"http_proxy": "http://a:1", "no_proxy": "10.0.0.0/8"}
    assert proxy_for("10.1.2.3:50051", environment) is None
    assert proxy_for("11.1.2.3:50051", environment) is not None
