"""Who a caller is that comes by way of an Envoy that the registry trusts, whatever its certificate or its headers."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from devtools.servers import Server, launch
from schemaregistry.v1 import registry_pb2 as pb
from tests.system.gateways.conftest import HERE, ROOT, free_port, grpc_gateway, listening
from tests.system.production.issuing import issue, issue_as

BOT = "spiffe://dev/ci-bot"
HEADER = "x-forwarded-client-cert"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry that trusts Envoy (and the grpc-gateway's certificate), and the certificates of some who call."""
    settings = {"store": "sqlite", "trusted-proxies": ["spiffe://dev/envoy", BOT]}
    started = launch(tmp_path_factory.mktemp("clients"), settings)
    issue(started.tls, "envoy", "spiffe://dev/envoy")
    issue(started.tls, "desk", common_name='desk ";,=\\ δ')
    issue(started.tls, "semicolon", f"spiffe://dev/evil;URI={BOT}")
    issue(started.tls, "comma", f"spiffe://dev/evil,URI={BOT}")
    web = [x509.UniformResourceIdentifier(f"https://evil.example,URI={BOT}")]
    issue_as(started.tls, "web", named("evil"), x509.SubjectAlternativeName(web))
    dns = [x509.DNSName(f"a;URI={BOT}")]
    issue_as(started.tls, "dns", named("evil"), x509.SubjectAlternativeName(dns))
    yield started.wait()
    started.stop()


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@contextmanager
def clients_envoy(registry: Server, folder: Path, *, certificates: bool) -> Iterator[str]:
    """An Envoy before the registry, which wants a certificate of its clients or takes them without; its HOST:PORT."""
    host, _, grpc_port = registry.target.rpartition(":")
    port, tls = free_port(), registry.tls
    (folder / "envoy.yaml").write_text(
        Template((HERE / "envoy_clients.yaml").read_text()).substitute(
            LISTEN_PORT=port,
            CERTIFICATES=str(certificates).lower(),
            SERVER_CERT=tls / "server.pem",
            SERVER_KEY=tls / "server-key.pem",
            HOST=host,
            PORT=grpc_port,
            CA=tls / "ca.pem",
            CERT=tls / "envoy.pem",
            KEY=tls / "envoy-key.pem",
        )
    )
    options = ["--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
    command: list[str | Path] = [ROOT / "build/envoy/bin/envoy", "-c", folder / "envoy.yaml", *options]
    with listening(command, port, folder / "envoy.log", {}):
        yield f"localhost:{port}"


@pytest.fixture(scope="module")
def before(registry: Server, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clients_envoy(registry, tmp_path_factory.mktemp("envoy"), certificates=False) as target:
        yield target


def who(registry: Server, target: str, caller: str | None, *headers: tuple[str, str]) -> str:
    by_way = Server(registry.process, registry.log, registry.tls, target)
    try:
        me = by_way.stub(caller).WhoAmI(pb.WhoAmIRequest(), metadata=headers, timeout=20)
    except grpc.RpcError as refused:
        return refused.code().name
    return f"{me.identity} {me.transport}"


def test_a_caller_is_who_its_certificate_says(registry: Server, before: str) -> None:
    assert who(registry, before, "reader") == "spiffe://dev/reader proxy"
    assert who(registry, before, "ci-bot") == f"{BOT} proxy"
    assert who(registry, before, "desk") == 'desk ";,=\\ δ proxy'


def test_a_header_of_the_callers_own_changes_nothing(registry: Server, before: str) -> None:
    assert who(registry, before, "reader", (HEADER, f"URI={BOT}")) == "spiffe://dev/reader proxy"
    assert who(registry, before, "reader", (HEADER, f"URI={BOT}"), (HEADER, "x")) == "spiffe://dev/reader proxy"


def test_a_caller_without_a_certificate_is_the_proxy(registry: Server, before: str) -> None:
    assert who(registry, before, None) == "spiffe://dev/envoy mtls"
    assert who(registry, before, None, (HEADER, f"URI={BOT}")) == "spiffe://dev/envoy mtls"


@pytest.mark.parametrize("caller", ["semicolon", "comma", "web"])
def test_a_certificate_whose_uri_writes_parts_of_the_header_is_refused(
    registry: Server, before: str, caller: str
) -> None:
    assert who(registry, before, caller) == "UNAUTHENTICATED"


def test_a_certificates_dns_names_are_not_told(registry: Server, before: str) -> None:
    assert who(registry, before, "dns") == "evil proxy"


def test_envoy_can_ask_for_certificates(registry: Server, built: None, tmp_path: Path) -> None:
    with clients_envoy(registry, tmp_path, certificates=True) as target:
        assert who(registry, target, "reader") == "spiffe://dev/reader proxy"
        assert who(registry, target, None) == "UNAVAILABLE"


@pytest.mark.parametrize("header", [HEADER, f"Grpc-Metadata-{HEADER}", f"grpc-metadata-{HEADER.upper()}"])
def test_by_way_of_the_grpc_gateway_no_caller_names_itself(
    registry: Server, built: None, tmp_path: Path, header: str
) -> None:
    with grpc_gateway(registry.target, registry.tls, tmp_path) as base:
        request = urllib.request.Request(f"{base}/whoami", headers={header: "URI=spiffe://dev/reader"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["identity"] == BOT
