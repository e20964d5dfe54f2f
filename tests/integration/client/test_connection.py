"""Each way in which a registry can't be reached, as the sentence that a user sees."""

import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from schemaregistry.client import Client, Credentials
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, Unavailable


def issue(folder: Path, openssl: str) -> Credentials:
    """A CA of someone else's, and a certificate that it issued."""
    folder.mkdir()
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
        ["req", "-x509", *new_key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=other"],
        ["req", *new_key, "-keyout", "reader-key.pem", "-out", "reader.csr", "-subj", "/CN=reader"],
        ["x509", "-req", "-in", "reader.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-out", "reader.pem"],
    ):
        subprocess.run([openssl, *command], cwd=folder, check=True, capture_output=True)
    return Credentials(folder / "ca.pem", folder / "reader.pem", folder / "reader-key.pem")


@pytest.fixture
def ours(running) -> Credentials:
    return Credentials.dev(running.data)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, toolchain) -> Credentials:
    return issue(tmp_path_factory.mktemp("other") / "tls", toolchain("openssl"))


def failure(target: str, credentials: Credentials, timeout: float = 5.0) -> Unavailable | DeadlineExceeded:
    with (
        Client(target, credentials=credentials, timeout=timeout) as client,
        pytest.raises((Unavailable, DeadlineExceeded)) as caught,
    ):
        client.whoami()
    assert target in caught.value.message
    return caught.value


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_nothing_listens_there(ours):
    error = failure(f"localhost:{free_port()}", ours)
    assert error.reason == "CONNECTION_REFUSED"
    assert "schemaregistry serve" in error.message


def test_the_name_is_unknown(ours):
    error = failure("registry.invalid:50051", ours)
    assert error.reason == "NAME_UNKNOWN"
    assert "registry.invalid is unknown" in error.message


def test_the_registry_is_not_of_our_ca(running, ours, theirs):
    error = failure(running.target, replace(ours, ca=theirs.ca))
    assert error.reason == "TLS_HANDSHAKE"
    assert str(theirs.ca) in error.message


def test_our_certificate_is_not_of_its_ca(running, ours, theirs):
    error = failure(running.target, replace(theirs, ca=ours.ca))
    assert error.reason == "TLS_HANDSHAKE"
    assert str(theirs.cert) in error.message


def test_the_port_is_the_rest_one(running, ours):
    error = failure(running.rest.removeprefix("http://"), ours)
    assert error.reason == "TLS_HANDSHAKE"
    assert "gRPC port" in error.message


def test_the_port_says_nothing(ours):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"127.0.0.1:{silent.getsockname()[1]}", ours, timeout=0.5)
    assert isinstance(error, DeadlineExceeded)
    assert "0.5 s" in error.message


def test_the_deadline_is_too_short(running, ours):
    assert isinstance(failure(running.target, ours, timeout=0.000_001), DeadlineExceeded)


@pytest.mark.parametrize(
    "target", ["localhost", "http://localhost:50051", "localhost:0", "localhost:65536", "[::1]", ""]
)
def test_what_is_no_host_and_port_is_refused(ours, target):
    with pytest.raises(InvalidArgument, match="HOST:PORT") as caught:
        Client(target, credentials=ours)
    assert caught.value.reason == "BAD_TARGET"


@pytest.mark.parametrize("target", ["dns:///localhost:{port}", "127.0.0.1:{port}", "ipv4:127.0.0.1:{port}"])
def test_other_names_for_it_are_taken(running, ours, target):
    port = running.target.rpartition(":")[2]
    with Client(target.format(port=port), credentials=ours) as client:
        assert client.whoami().transport == "mtls"


@pytest.mark.parametrize("missing", ["ca", "cert", "key"])
def test_a_missing_file_is_named_with_what_to_do(ours, missing):
    away = getattr(ours, missing).parent / "nothing.pem"
    with pytest.raises(InvalidArgument, match="serve --dev") as caught:
        Client(credentials=replace(ours, **{missing: away}))
    assert caught.value.reason == "CREDENTIALS_UNREADABLE"
    assert str(away) in caught.value.message


@pytest.mark.parametrize("part", ["ca", "cert", "key"])
def test_a_file_that_is_not_pem_is_named(ours, tmp_path, part):
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"-----BEGIN CERTIFICATE-----\nnot base64\n")
    with pytest.raises(InvalidArgument) as caught:
        Client(credentials=replace(ours, **{part: junk}))
    assert caught.value.reason == "CREDENTIALS_UNSOUND"
    assert str(junk) in caught.value.message


def test_a_key_of_another_certificate_is_refused(ours, theirs):
    with pytest.raises(InvalidArgument, match="its own"):
        Client(credentials=replace(ours, key=theirs.key))


def test_the_environment_names_registry_and_files(running, ours, monkeypatch):
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    for name in ("ca", "cert", "key"):
        monkeypatch.setenv(f"SCHEMAREGISTRY_{name.upper()}", str(getattr(ours, name)))
    with Client.from_environment() as client:
        assert client.whoami().identity.endswith("reader")


def test_the_environment_names_the_data_directory_of_the_dev_certificates(running, monkeypatch):
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    with Client.from_environment("ci-bot") as client:
        assert client.whoami().can_publish


def test_a_certificate_without_its_key_is_refused(ours, monkeypatch):
    monkeypatch.setenv("SCHEMAREGISTRY_CERT", str(ours.cert))
    with pytest.raises(InvalidArgument, match="SCHEMAREGISTRY_KEY"):
        Client.from_environment()
