"""The registry's own REST, a grpc-gateway and an Envoy, the gateways with the publisher's certificate.

Holds how they start and how curl asks them; what is asked is in requests.toml.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from string import Template

import pytest

from devtools.servers import until

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def listening(command: list[str | Path], port: int, log: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a gateway that is to listen on `port`; its base URL."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def built() -> None:
    """Both gateways, built or fetched where they are missing."""
    make = shutil.which("make")
    assert make, "`make` is not on PATH"
    subprocess.run([make, "-s", "gateways"], cwd=ROOT, check=True)


@contextmanager
def grpc_gateway(target: str, tls: Path, folder: Path) -> Iterator[str]:
    told = {
        "SCHEMAREGISTRY_TARGET": target,
        "SCHEMAREGISTRY_CA": str(tls / "ca.pem"),
        "SCHEMAREGISTRY_CERT": str(tls / "ci-bot.pem"),
        "SCHEMAREGISTRY_KEY": str(tls / "ci-bot-key.pem"),
    }
    port = free_port()
    command: list[str | Path] = [ROOT / "build/bin/grpc-gateway", "-listen", f"127.0.0.1:{port}"]
    with listening(command, port, folder / "grpc-gateway.log", told) as base:
        yield base


@contextmanager
def envoy(target: str, tls: Path, folder: Path) -> Iterator[str]:
    host, _, grpc = target.rpartition(":")
    port = free_port()
    configuration = folder / "envoy.yaml"
    configuration.write_text(
        Template((HERE / "envoy.yaml").read_text()).substitute(
            LISTEN_PORT=port,
            HOST=host,
            PORT=grpc,
            LUA=ROOT / "k8s/components/gateway/transcoding.lua",
            DESCRIPTORS=ROOT / "build/gateways/registry.binpb",
            CA=tls / "ca.pem",
            CERT=tls / "ci-bot.pem",
            KEY=tls / "ci-bot-key.pem",
        )
    )
    options = ["--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
    command: list[str | Path] = [ROOT / "build/envoy/bin/envoy", "-c", configuration, *options]
    with listening(command, port, folder / "envoy.log", {}) as base:
        yield base


GATEWAYS = {"grpc-gateway": grpc_gateway, "Envoy": envoy}


@pytest.fixture(scope="session", params=GATEWAYS)
def gateway(request: pytest.FixtureRequest) -> str:
    """The name of a gateway; a test that takes it runs once for each."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def transport(gateway: str, running, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the gateway, before the session's server."""
    with GATEWAYS[gateway](running.target, running.tls, tmp_path_factory.mktemp("gateway")) as base:
        yield base


@pytest.fixture
def lonely(gateway: str, running, built: None, tmp_path: Path) -> Iterator[str]:
    """The base URL of the gateway, before a port where no registry is."""
    with GATEWAYS[gateway](f"localhost:{free_port()}", running.tls, tmp_path) as base:
        yield base
