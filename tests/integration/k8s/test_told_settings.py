"""What the manifests tell the registry and the exchanger, read by their own parsers."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from schemaregistry_server.config.options import EtcdAuth
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.exchanger.config.configuration import ExchangerConfig, read_config
from schemaregistry_server.runtime import main
from scripts.manifests.rendering import Manifest, PodTemplate, of_kind, pod_templates

ETCD = Path(__file__).resolve().parents[3] / "build/etcd/bin/etcd"


def file_of(manifests: list[Manifest], name: str, folder: Path) -> Path:
    """A file of a ConfigMap, written into `folder`."""
    [text] = [
        each.content["data"][name] for each in of_kind(manifests, "ConfigMap") if name in each.content.get("data", {})
    ]
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture
def settings(manifests: list[Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The registry's effective settings, as `serve --config` reads and completes them."""
    got: list[Settings] = []
    monkeypatch.setattr(main, "_run", got.append)
    serve = typer.Typer(rich_markup_mode=None)
    serve.command()(main.serve)
    done = CliRunner().invoke(serve, ["--config", str(file_of(manifests, "registry.toml", tmp_path))])
    assert done.exit_code == 0, done.output
    return got[0]


@pytest.fixture
def exchanger(prod: list[Manifest], tmp_path: Path) -> ExchangerConfig:
    return read_config(file_of(prod, "exchanger.toml", tmp_path))


def pod_of(manifests: list[Manifest], component: str) -> PodTemplate:
    [pod] = [each for each in pod_templates(manifests) if each.labels["app.kubernetes.io/component"] == component]
    return pod


def option(pod: PodTemplate, name: str) -> str:
    [value] = [each.partition("=")[2] for each in pod.containers[0]["args"] if each.startswith(f"--{name}=")]
    return str(value)


def test_the_registry_listens_where_its_ports_are(manifests: list[Manifest], settings: Settings) -> None:
    ports = pod_of(manifests, "registry").ports
    assert (settings.grpc, settings.health) == (f"0.0.0.0:{ports['grpc']}", f"0.0.0.0:{ports['health']}")


def test_a_pod_outlives_the_grace_of_its_server(manifests: list[Manifest], settings: Settings) -> None:
    pod = pod_of(manifests, "registry")
    wait = pod.containers[0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod.spec["terminationGracePeriodSeconds"] >= wait + settings.grace_seconds + 5


def test_the_gateway_is_the_proxy_that_the_registry_trusts(prod: list[Manifest], tmp_path: Path) -> None:
    [certificate] = [each for each in of_kind(prod, "Certificate") if each.name == "gateway-registry-tls"]
    told = tomllib.loads(file_of(prod, "registry.toml", tmp_path).read_text())
    assert told["trusted-proxies"] == certificate.spec["uris"]


def test_the_registry_has_a_worker_for_each_cpu(manifests: list[Manifest], settings: Settings) -> None:
    limit = pod_of(manifests, "registry").containers[0]["resources"]["limits"]["cpu"]
    assert settings.workers == int(limit)


def test_tokens_of_the_exchanger_are_taken(prod: list[Manifest], exchanger: ExchangerConfig, tmp_path: Path) -> None:
    told = file_of(prod, "registry.toml", tmp_path).read_text()
    assert f'token-issuer = "{exchanger.name}"' in told
    assert exchanger.audience == Settings().token_audience
    assert Settings().etcd_auth is not EtcdAuth.OFF


def test_the_exchanger_listens_where_its_port_is(prod: list[Manifest], exchanger: ExchangerConfig) -> None:
    assert exchanger.listen == f"0.0.0.0:{pod_of(prod, 'exchanger').ports['https']}"


@pytest.mark.parametrize(
    ("role", "secret"),
    [("server", "registry-etcd-tls"), ("exchanger", "exchanger-etcd-tls"), ("auditor", "auditor-etcd-tls")],
)
def test_the_users_of_etcd_are_common_names_of_certificates(prod: list[Manifest], role: str, secret: str) -> None:
    [certificate] = [each for each in of_kind(prod, "Certificate") if each.spec["secretName"] == secret]
    assert option(pod_of(prod, "etcd-auth"), role) == certificate.spec["commonName"]


@pytest.mark.parametrize(
    "flag",
    [
        "--client-cert-auth=true",
        "--cert-file=/etc/etcd/server/tls.crt",
        "--key-file=/etc/etcd/server/tls.key",
        "--trusted-ca-file=/etc/etcd/server/ca.crt",
        "--peer-client-cert-auth=true",
        "--peer-cert-file=/etc/etcd/peer/tls.crt",
        "--peer-key-file=/etc/etcd/peer/tls.key",
        "--peer-trusted-ca-file=/etc/etcd/peer/ca.crt",
        "--auth-token=jwt,pub-key=/etc/etcd/tokens/exchanger.pub,sign-method=ES256",
    ],
)
def test_etcd_asks_everyone_for_a_certificate_and_believes_the_exchangers_tokens(
    prod: list[Manifest], flag: str
) -> None:
    assert flag in pod_of(prod, "etcd").containers[0]["args"]


def test_etcd_knows_every_flag_that_it_is_given(prod: list[Manifest], etcd_built: None) -> None:
    """`--version` at the end: flags are parsed first, and an unknown one ends it."""
    arguments = pod_of(prod, "etcd").containers[0]["args"]
    done = subprocess.run([ETCD, *arguments, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "etcd Version: 3.7.3")


def test_whoever_administers_etcd_is_root(prod: list[Manifest]) -> None:
    [certificate] = [each for each in of_kind(prod, "Certificate") if each.spec["secretName"] == "root-etcd-tls"]
    assert certificate.spec["commonName"] == "root"
    mounted = [
        str(pod)
        for pod in pod_templates(prod)
        if any(volume.get("secret", {}).get("secretName") == "root-etcd-tls" for volume in pod.spec["volumes"])
    ]
    assert mounted == ["CronJob/etcd-defrag", "CronJob/restore", "Job/etcd-auth"]


@pytest.mark.parametrize("component", ["exchanger", "etcd-auth", "snapshot", "restore"])
def test_the_command_line_takes_what_it_is_given(prod: list[Manifest], component: str) -> None:
    """--help at the end, which click looks at once it knows every option."""
    words = [sys.executable, "-m", "schemaregistry", *pod_of(prod, component).containers[0]["args"], "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
