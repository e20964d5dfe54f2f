"""Certificates that are replaced, end or are revoked while servers run: who gets in, and who stays."""

import shutil
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from grpc.experimental.session_cache import ssl_session_cache_lru

from devtools.servers import Server, launch, register, until
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from schemaregistry_server.security import pki
from tests.system.production.issuing import issue, serial


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """One server with both transports. Tests put back what they replace."""
    directory = tmp_path_factory.mktemp("rotated")
    revoked = directory / "revoked"
    revoked.write_text("")
    server = launch(directory, {"store": "sqlite", "rest": "localhost:0", "revoked": str(revoked)}).wait()
    yield server
    server.stop()


@pytest.fixture
def put_back(server: Server, tmp_path: Path) -> None:
    """The directory of TLS files, as it was, once the test is over."""
    shutil.copytree(server.tls, tmp_path / "kept")
    yield
    shutil.copytree(tmp_path / "kept", server.tls, dirs_exist_ok=True)


def who(stub: SchemaRegistryStub) -> str:
    return stub.WhoAmI(pb.WhoAmIRequest(), timeout=10).identity


def connect(server: Server, address: str, identity: str = "reader", ca: bytes | None = None) -> ssl.SSLSocket:
    """A handshake that has been answered: with TLS 1.3 a server's refusal comes only after it."""
    context = ssl.create_default_context(cadata=(ca or (server.tls / "ca.pem").read_bytes()).decode())
    context.load_cert_chain(server.tls / f"{identity}.pem", server.tls / f"{identity}-key.pem")
    if not address.startswith("https"):
        context.set_alpn_protocols(["h2"])
    host, port = address.removeprefix("https://").rsplit(":", 1)
    with closing(socket.create_connection((host, int(port)), timeout=10)) as plain:
        secure = context.wrap_socket(plain, server_hostname=host)
        if address.startswith("https"):
            secure.sendall(b"GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if not secure.recv(1):
            raise ConnectionResetError
        return secure


def served(server: Server, address: str) -> int:
    """The serial number of the certificate that a new handshake shows."""
    with connect(server, address) as secure:
        return serial(secure.getpeercert(binary_form=True) or b"")


@pytest.mark.parametrize("transport", ["target", "rest"])
def test_a_new_certificate_is_served_to_new_connections_and_open_ones_live_on(
    server: Server, put_back: None, transport: str
) -> None:
    address = getattr(server, transport)
    open_one = server.stub()
    who(open_one)
    watch = open_one.WatchSchemas(pb.WatchSchemasRequest(), timeout=60)
    next(watch)
    before = served(server, address)
    issue(server.tls, "server", server=True)
    assert served(server, address) != before
    assert who(open_one) == pki.IDENTITIES["reader"]
    assert watch.is_active()
    watch.cancel()


@pytest.mark.parametrize("transport", ["target", "rest"])
def test_a_new_ca_lets_its_clients_in_and_no_longer_those_of_the_old_one(
    server: Server, put_back: None, tmp_path: Path, transport: str
) -> None:
    address = getattr(server, transport)
    trusted = (server.tls / "ca.pem").read_bytes()
    open_one = server.stub()
    who(open_one)
    other = tmp_path / "other"
    pki.ensure(other)
    shutil.copy(other / "ca.pem", server.tls / "ca.pem")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(server, address, ca=trusted)
    for name in ("reader.pem", "reader-key.pem"):
        shutil.copy(other / name, server.tls / name)
    connect(server, address, ca=trusted).close()
    assert who(open_one) == pki.IDENTITIES["reader"], "what was let in before stays for its connection's life"


def test_half_a_new_pair_changes_nothing(server: Server, put_back: None, tmp_path: Path) -> None:
    before = served(server, server.target)
    other = tmp_path / "other"
    pki.ensure(other)
    shutil.copy(other / "server-key.pem", server.tls / "server-key.pem")
    assert served(server, server.target) == before
    assert "what was read before stays in use" in server.output()


@pytest.mark.parametrize("transport", ["target", "rest"])
def test_an_expired_certificate_is_refused(server: Server, transport: str) -> None:
    issue(server.tls, "late", "spiffe://dev/late", seconds=-5)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(server, getattr(server, transport), "late")


def test_no_session_outlives_the_certificate_that_it_began_with(server: Server) -> None:
    """A client that takes a TLS session up again would not show its certificate, which may have ended."""
    issue(server.tls, "brief", "spiffe://dev/brief", seconds=4)
    sessions = ("grpc.ssl_session_cache", ssl_session_cache_lru(10))
    with closing(server.channel("brief", sessions)) as first:
        assert who(SchemaRegistryStub(first)) == "spiffe://dev/brief"
    time.sleep(4.5)
    with pytest.raises(grpc.RpcError) as refused:
        who(SchemaRegistryStub(server.channel("brief", sessions)))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE, "the handshake itself must fail"


def test_a_session_taken_up_again_with_an_expired_certificate_is_refused_its_calls(server: Server) -> None:
    """While others shake hands all the time, sessions can be taken up again: a certificate's end still counts."""
    issue(server.tls, "brief", "spiffe://dev/brief", seconds=4)
    sessions = ("grpc.ssl_session_cache", ssl_session_cache_lru(10))
    with closing(server.channel("brief", sessions)) as first:
        assert who(SchemaRegistryStub(first)) == "spiffe://dev/brief"
    ends = time.monotonic() + 4.5
    while time.monotonic() < ends:
        connect(server, server.target, "reader")
        time.sleep(0.2)
    with pytest.raises(grpc.RpcError) as refused:
        who(SchemaRegistryStub(server.channel("brief", sessions)))
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "expired at" in refused.value.details()


def test_a_revoked_name_is_refused_at_once_even_on_its_open_connection(server: Server) -> None:
    issue(server.tls, "mallory", "spiffe://dev/mallory")
    stub = server.stub("mallory")
    assert who(stub) == "spiffe://dev/mallory"
    revoked = server.tls.parent / "revoked"
    revoked.write_text("spiffe://dev/mallory\n")
    with pytest.raises(grpc.RpcError) as refused:
        who(stub)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    until(lambda: '"reason": "REVOKED"' in server.output())
    revoked.write_text("")
    assert who(stub) == "spiffe://dev/mallory"


def test_a_connection_ends_with_its_age_and_its_watch_is_told(start: Callable[..., Server]) -> None:
    server = start({"store": "sqlite", "connection-seconds": 1})
    watch = server.stub().WatchSchemas(pb.WatchSchemasRequest(), timeout=60)
    next(watch)
    with pytest.raises(grpc.RpcError) as ended:
        list(watch)
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE, ended.value


def test_rest_knows_its_callers_by_their_certificates(server: Server, document: Callable[..., bytes]) -> None:
    import httpx

    def client(identity: str) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(server.tls / "ca.pem"))
        context.load_cert_chain(server.tls / f"{identity}.pem", server.tls / f"{identity}-key.pem")
        return httpx.Client(base_url=server.rest, verify=context, timeout=20)

    with client("reader") as reader, client("ci-bot") as bot:
        me = reader.get("/whoami").json()
        assert (me["identity"], me["roles"], me["transport"]) == ("spiffe://dev/reader", ["reader"], "mtls")
        assert reader.post("/schema/rest_v1", content=document("rest_v1")).status_code == 403
        assert bot.post("/schema/rest_v1", content=document("rest_v1")).status_code == 201
        assert reader.get("/schema/rest_v1").content == document("rest_v1")
    with pytest.raises((ssl.SSLError, httpx.HTTPError)):
        httpx.get(f"{server.rest}/whoami", verify=ssl.create_default_context(cafile=str(server.tls / "ca.pem")))


def test_new_files_for_etcd_are_used_without_a_pause(
    start: Callable[..., Server],
    etcd_store: dict[str, object],
    etcd_directory: Path,
    tmp_path: Path,
    document: Callable[..., bytes],
) -> None:
    """The certificate that is shown to etcd is renewed while calls go on, then the old one ends."""
    mine = tmp_path / "mine"
    shutil.copytree(etcd_directory / "tls", mine)
    issue(mine, "ours", common_name="registry", seconds=3600)
    names = {"etcd-ca": "ca.pem", "etcd-cert": "ours.pem", "etcd-key": "ours-key.pem"}
    server = start(etcd_store | {name: str(mine / file) for name, file in names.items()} | {"workers": 1})
    bot = server.stub("ci-bot")
    register(bot, "renewed_0", document("renewed_0"))
    issue(mine, "ours", common_name="registry")
    ends, written = time.monotonic() + 5, 0
    while time.monotonic() < ends:
        written += 1
        register(bot, f"renewed_{written}", document(f"renewed_{written}"))
        time.sleep(0.02)
    assert f"read again: {mine / 'ca.pem'}" in server.output()
    assert "the store is away" not in server.output()
    assert server.ready() == (200, "ready\n")
