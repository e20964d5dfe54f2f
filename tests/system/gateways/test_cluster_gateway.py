"""The Envoy of `k8s/components/gateway`, with its own files, before a registry on this machine."""

import json
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from google.rpc import error_details_pb2

from devtools.servers import Server, launch, until
from schemaregistry.v1 import registry_pb2
from scripts.descriptor_set import descriptor_set
from tests.system.gateways.conftest import ROOT, free_port, listening
from tests.system.production.issuing import issue

COMPONENT = ROOT / "k8s/components/gateway"


@dataclass(frozen=True)
class Gateway:
    """A gateway's port for REST and that of its metrics, the folder of its files, and the registry behind it."""

    port: int
    metrics: int
    folder: Path
    registry: Server

    def get(self, path: str, caller: str | None) -> dict[str, object]:
        """GET over REST with a caller's certificate."""
        context = ssl.create_default_context(cafile=str(self.registry.tls / "ca.pem"))
        if caller:
            context.load_cert_chain(self.registry.tls / f"{caller}.pem", self.registry.tls / f"{caller}-key.pem")
        with urllib.request.urlopen(f"https://localhost:{self.port}{path}", context=context, timeout=20) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://localhost:{self.metrics}{path}", timeout=20) as answer:
            said: bytes = answer.read()
            return said.decode()

    def shown(self) -> int:
        """The serial number of the certificate that it shows."""
        return x509.load_pem_x509_certificate(
            ssl.get_server_certificate(("localhost", self.port)).encode()
        ).serial_number


def mounted(folder: Path, tls: Path, name: str) -> None:
    """Put a certificate into a folder as the kubelet does: behind a link, which is replaced by another at once."""
    folder.mkdir(exist_ok=True)
    version = folder / f"..{name}"
    version.mkdir()
    for file, source in (("tls.crt", f"{name}.pem"), ("tls.key", f"{name}-key.pem"), ("ca.crt", "ca.pem")):
        shutil.copy(tls / source, version / file)
        if not (folder / file).is_symlink():
            (folder / file).symlink_to(f"..data/{file}")
    (folder / "..new").symlink_to(version.name)
    (folder / "..new").replace(folder / "..data")


@pytest.fixture(scope="module")
def gateway(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("cluster")
    registry = launch(folder, {"store": "sqlite", "trusted-proxies": ["spiffe://dev/envoy"]})
    issue(registry.tls, "envoy", "spiffe://dev/envoy")
    registry.wait()
    mounted(folder / "tls", registry.tls, "server")
    mounted(folder / "registry", registry.tls, "envoy")
    host, _, grpc_port = registry.target.rpartition(":")
    rest, metrics, admin = free_port(), free_port(), free_port()
    here = {"/etc/envoy/": f"{folder}/", "registry-pods": host, "0.0.0.0": "127.0.0.1"}
    ports = {50051: grpc_port, 8443: rest, 8082: metrics, 9901: admin}
    here |= {f"port_value: {old}": f"port_value: {new}" for old, new in ports.items()}
    for part in ("config", "transcoding"):
        (folder / part).mkdir()
    for file in COMPONENT.glob("*.yaml"):
        text = file.read_text()
        for old, new in here.items():
            text = text.replace(old, new)
        (folder / "config" / file.name).write_text(text)
    for name in ("registry.binpb", "transcoding.lua"):
        shutil.copy(COMPONENT / name, folder / "transcoding")
    options = ["--config-path", str(folder / "config/envoy.yaml"), "--concurrency", "1", "--disable-hot-restart"]
    command: list[str | Path] = [ROOT / "build/envoy/bin/envoy", *options, "--log-level", "warning"]
    with listening(command, rest, folder / "envoy.log", {}):
        yield Gateway(rest, metrics, folder, registry)
    registry.stop()


def test_a_caller_is_who_its_certificate_says(gateway: Gateway) -> None:
    me = gateway.get("/whoami", "reader")
    assert (me["identity"], me["transport"]) == ("spiffe://dev/reader", "proxy")


def test_nobody_gets_in_without_a_certificate(gateway: Gateway) -> None:
    with pytest.raises(OSError, match=r"certificate required|Connection reset|Broken pipe|EOF"):
        gateway.get("/whoami", None)


def test_it_says_whether_it_is_ready_and_hides_the_rest_of_its_own_interface(gateway: Gateway) -> None:
    assert gateway.text("/ready").strip() == "LIVE"
    assert "envoy_cluster_upstream_rq" in gateway.text("/stats/prometheus")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        gateway.text("/config_dump")


def test_a_renewed_certificate_is_shown_without_a_restart(gateway: Gateway) -> None:
    before = gateway.shown()
    issue(gateway.registry.tls, "renewed", server=True)
    mounted(gateway.folder / "tls", gateway.registry.tls, "renewed")
    until(lambda: gateway.shown() != before)


def test_the_committed_descriptors_are_those_of_the_proto() -> None:
    made = descriptor_set(registry_pb2.DESCRIPTOR, error_details_pb2.DESCRIPTOR)
    assert (COMPONENT / "registry.binpb").read_bytes() == made.SerializeToString(deterministic=True), (
        "run 'make gateway-descriptor'"
    )
