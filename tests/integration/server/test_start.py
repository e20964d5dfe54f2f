"""Starting a server: a second start on the same data, and each failure as one sentence with exit code 2."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.v1 import registry_pb2 as pb

FREE = ("--grpc", "localhost:0", "--rest", "127.0.0.1:0")


def fails(*options: str) -> str:
    """Run `serve`; it must end with exit code 2 and one sentence, which is returned."""
    command = [sys.executable, "-m", "schemaregistry", "serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    *_, sentence = done.stderr.strip().splitlines()
    return sentence


@pytest.fixture
def taken():
    """A port that someone listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_rest_port_in_use_is_one_sentence(tmp_path: Path, taken: int) -> None:
    sentence = fails("--dev", "--data", str(tmp_path / "d"), "--grpc", "localhost:0", "--rest", f"127.0.0.1:{taken}")
    assert f"127.0.0.1:{taken}" in sentence
    assert "--rest" in sentence


def test_a_grpc_port_in_use_is_one_sentence(tmp_path: Path, taken: int) -> None:
    sentence = fails("--dev", "--data", str(tmp_path / "d"), "--grpc", f"127.0.0.1:{taken}", "--rest", "127.0.0.1:0")
    assert f"127.0.0.1:{taken}" in sentence
    assert "--grpc" in sentence


@pytest.mark.parametrize("option", ["--grpc", "--rest", "--health"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_name_of_which_one_address_is_in_use_is_one_sentence(tmp_path: Path, option: str, host: str) -> None:
    """`localhost` is both addresses, so half of its callers would reach the other server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        port = listening.getsockname()[1]
        sentence = fails("--dev", "--data", str(tmp_path / "d"), *FREE, option, f"localhost:{port}")
    assert f"localhost:{port} ({host}: Address already in use)" in sentence
    assert option in sentence


def test_another_registrys_grpc_port_is_in_use_too(running, tmp_path: Path) -> None:
    """By default gRPC would share it, and calls would go to either."""
    sentence = fails("--dev", "--data", str(tmp_path / "d"), "--grpc", running.target, "--rest", "127.0.0.1:0")
    assert running.target in sentence


@pytest.mark.parametrize("address", ["8000", "nowhere.invalid:8000", "localhost:port", "localhost:99999", ""])
@pytest.mark.parametrize("transport", ["--grpc", "--rest"])
def test_what_is_no_address_is_one_sentence(tmp_path: Path, transport: str, address: str) -> None:
    sentence = fails("--dev", "--data", str(tmp_path / "d"), *FREE, transport, address)
    assert transport in sentence or "HOST:PORT" in sentence


def test_an_unknown_store_is_one_sentence(tmp_path: Path) -> None:
    assert "--store" in fails("--dev", "--data", str(tmp_path / "d"), *FREE, "--store", "mysql://localhost")


def test_a_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert str(tmp_path / "file") in fails("--dev", "--data", str(tmp_path / "file"), *FREE)


def test_a_directory_to_publish_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    sentence = fails("--dev", "--data", str(tmp_path / "d"), *FREE, "--publish", str(tmp_path / "none"))
    assert str(tmp_path / "none") in sentence


def test_a_broken_schema_is_one_sentence_with_file_and_place(tmp_path: Path, document) -> None:
    (tmp_path / "good_v1.json").write_bytes(document("good_v1"))
    (tmp_path / "odd_v1.json").write_bytes(document("odd_v1", properties={"ts": {"type": "text"}}))
    sentence = fails("--dev", "--data", str(tmp_path / "d"), *FREE, "--publish", str(tmp_path))
    assert str(tmp_path / "odd_v1.json") in sentence
    assert "/properties/ts/type" in sentence


def test_a_version_that_was_edited_after_it_was_published_is_one_sentence(
    start_server, tmp_path: Path, document
) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "kept_v1.json").write_bytes(document("kept_v1"))
    start_server("--publish", str(schemas)).stop()
    (schemas / "kept_v1.json").write_bytes(document("kept_v1", title="Edited"))
    sentence = fails("--dev", "--data", str(tmp_path / "data"), *FREE, "--publish", str(schemas))
    assert "kept_v1.json" in sentence
    assert "raise `version`" in sentence


def test_two_servers_on_one_store_are_one_too_many(start_server) -> None:
    server = start_server()
    sentence = fails("--dev", "--data", str(server.data), *FREE)
    assert str(server.process.pid) in sentence
    assert "in use by another server" in sentence


def test_a_damaged_store_is_one_sentence_with_its_path(start_server) -> None:
    server = start_server()
    server.stop()
    (server.data / "registry.db").write_bytes(b"\xa5" * 8192)
    sentence = fails("--dev", "--data", str(server.data), *FREE)
    assert str(server.data / "registry.db") in sentence


def test_without_dev_it_says_what_is_missing() -> None:
    command = [sys.executable, "-m", "schemaregistry", "serve"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--dev" in done.stderr
    assert "certificate" in done.stderr


def test_a_second_start_finds_its_data_and_its_certificates(start_server, document) -> None:
    first = start_server()
    raw = document("kept_v1")
    request = pb.RegisterSchemaRequest(id="kept_v1", document=HttpBody(data=raw))
    written = first.stub("ci-bot").RegisterSchema(request, timeout=20)
    certificates = {path.name: path.read_bytes() for path in first.tls.iterdir()}
    first.stop()
    second = start_server(data=first.data)
    body, call = second.stub("reader").GetSchema.with_call(pb.GetSchemaRequest(id="kept_v1"), timeout=20)
    assert body.data == raw
    assert dict(call.initial_metadata())["x-schema-revision"] == str(written.revision)
    assert {path.name: path.read_bytes() for path in second.tls.iterdir()} == certificates


def test_publishing_again_writes_nothing_new(start_server) -> None:
    schemas = str(Path(__file__).parents[3] / "schemas")
    first = start_server("--publish", schemas)
    before = first.stub("reader").ListSchemas(pb.ListSchemasRequest(), timeout=20)
    first.stop()
    second = start_server("--publish", schemas, data=first.data)
    assert second.stub("reader").ListSchemas(pb.ListSchemasRequest(), timeout=20) == before
    assert "0 new versions" in second.output()


def test_history_is_published_oldest_first(start_server, tmp_path: Path, document) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    git = ["git", "-C", str(schemas), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    for patch in range(3):
        (schemas / "old_v1.json").write_bytes(document("old_v1", f"1.0.{patch}", description=f"No {patch}"))
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"No {patch}"], check=True)
    (schemas / "old_v1.json").write_bytes(document("old_v1", "1.0.3", description="Not committed yet"))
    stub = start_server("--publish", str(schemas)).stub("reader")
    versions = stub.ListVersions(pb.ListVersionsRequest(id="old_v1"), timeout=20).versions
    assert [v.version for v in versions] == ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]


def test_a_directory_is_published_by_version_and_not_by_file_name(start_server, tmp_path: Path, document) -> None:
    numbers = ["9.0.0", "10.0.0-rc.2", "10.0.0-rc.10", "10.0.0", "10.1.0"]
    for number in numbers:
        (tmp_path / f"lines_v1@{number}.json").write_bytes(document("lines_v1", number))
    stub = start_server("--publish", str(tmp_path), data=tmp_path / "data").stub("reader")
    versions = stub.ListVersions(pb.ListVersionsRequest(id="lines_v1"), timeout=20).versions
    assert [v.version for v in versions] == numbers


def test_the_greeting_ends_with_commands_that_work(running, toolchain) -> None:
    toolchain("curl")
    *_, greeting = running.output().partition("Listening:")
    assert "in dev mode alone, whoever calls it on this machine acts as the publisher" in greeting
    commands = re.findall(r"^  (curl .*)$", greeting, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        root = Path(__file__).parents[3]
        done = subprocess.run(
            ["bash", "-c", f"{command} --silent --fail"], cwd=root, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == 0, (command, done)
        assert done.stdout.startswith(b"{")
