"""The audit log of a server in production: who was refused what over both transports, and the rights of each start."""

import http.client
import json
import resource
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from devtools.servers import Server, launch, until
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.audit_log import log_check
from schemaregistry_server.security import pki
from tests.support.publishing_tokens import ISSUER, TokenMaker

Document = Callable[..., bytes]
Line = dict[str, object]


@dataclass
class Audited:
    """A server with an audit log, and the signer of its tokens."""

    server: Server
    log: Path
    maker: TokenMaker

    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.log.read_bytes().split(b"\n")[:-1]]

    def last(self, event: str, **members: object) -> Line:
        """The last line about an event with these members, once there is one."""

        def found() -> list[Line]:
            return [line for line in self.lines() if {**line, "event": line["event"], **members} == line]

        until(lambda: any(line["event"] == event for line in found()))
        return [line for line in found() if line["event"] == event][-1]


def settings(directory: Path, maker: TokenMaker) -> dict[str, object]:
    (directory / "revoked").touch()
    return {
        "store": "sqlite",
        "rest": "localhost:0",
        "token-key": str(maker.public(directory / "exchanger.pub")),
        "token-issuer": ISSUER,
        "revoked": str(directory / "revoked"),
        "audit-log": str(directory / "audit.log"),
    }


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    directory, maker = tmp_path_factory.mktemp("audited"), TokenMaker()
    server = launch(directory, settings(directory, maker)).wait()
    yield Audited(server, directory / "audit.log", maker)
    server.stop()


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(grpc.RpcError):
        call()


def register(server: Server, name: str, data: bytes, token: str = "", identity: str = "reader") -> object:
    request = pb.RegisterSchemaRequest(id=name, document=HttpBody(data=data))
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    return server.stub(identity).RegisterSchema(request, metadata=metadata, timeout=10)


def test_a_refused_token_is_a_line_with_its_run(audited: Audited, document: Document) -> None:
    token = audited.maker.token("bars_*", jti="jti-1", repository="acme/schemas", workflow="publish.yml", run="7")
    refused(lambda: register(audited.server, "ticks_v1", document("ticks_v1"), token))
    line = audited.last("refused", id="ticks_v1")
    assert (line["rpc"], line["transport"], line["code"], line["reason"]) == (
        "RegisterSchema",
        "mtls",
        "PERMISSION_DENIED",
        "NOT_YOUR_SCHEMA",
    )
    assert (line["jti"], line["repository"], line["workflow"], line["run"]) == (
        "jti-1",
        "acme/schemas",
        "publish.yml",
        "7",
    )
    assert line["who"] == "github:repo:acme/schemas:ref:refs/heads/main"
    assert line["certificate"] == "spiffe://dev/reader", "whose connection it was"
    assert not any(part in audited.log.read_text() for part in token.split("."))
    assert "draft-07" not in audited.log.read_text()


def test_a_token_that_proves_nothing_is_a_line_with_the_certificate_and_the_address(audited: Audited) -> None:
    token = TokenMaker().token("*", jti="forged")
    refused(lambda: register(audited.server, "ticks_v2", b"{}", token))
    line = audited.last("refused", code="UNAUTHENTICATED")
    assert (line["who"], line["rpc"]) == ("spiffe://dev/reader", "RegisterSchema")
    assert str(line["peer"]).rpartition(":")[0] in {"127.0.0.1", "[::1]"}
    assert "jti" not in line


def test_a_document_that_is_refused_is_a_line_too(audited: Audited) -> None:
    refused(lambda: register(audited.server, "bad_v1", b"{", audited.maker.token("*")))
    assert audited.last("refused", id="bad_v1")["code"] == "INVALID_ARGUMENT"


def over_rest(server: Server, method: str, path: str, **headers: str) -> int:
    context = ssl.create_default_context(cafile=server.tls / "ca.pem")
    context.load_cert_chain(server.tls / "reader.pem", server.tls / "reader-key.pem")
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
    connection.request(method, path, b"{}" if method == "POST" else None, headers)
    return connection.getresponse().status


def test_refusals_over_rest_are_lines(audited: Audited) -> None:
    assert over_rest(audited.server, "POST", "/schema/rest_v1") == 403
    line = audited.last("refused", id="rest_v1")
    assert (line["who"], line["reason"]) == ("spiffe://dev/reader", "NOT_A_PUBLISHER")
    assert over_rest(audited.server, "GET", "/whoami", authorization="Basic x") == 401
    assert audited.last("refused", rpc="WhoAmI")["reason"] == "BAD_AUTHORIZATION"


def test_a_handshake_over_rest_that_fails_is_a_line(audited: Audited) -> None:
    host, _, port = audited.server.rest.rpartition("//")[2].rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(*other_authority(audited.log.parent))
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)

    def ask() -> None:
        connection.request("GET", "/whoami")
        connection.getresponse()

    with pytest.raises(OSError):  # noqa: PT011 (TLS's alert, or a connection that is gone)
        ask()
    line = audited.last("handshake")
    assert "its certificate is refused" in str(line["reason"])
    assert line["peer"]


def other_authority(directory: Path) -> tuple[Path, Path]:
    """A certificate of another CA, and its key."""
    pki.ensure(directory / "other-tls")
    return directory / "other-tls" / "reader.pem", directory / "other-tls" / "reader-key.pem"


def test_an_answer_that_is_no_matter_of_rights_is_no_line(audited: Audited) -> None:
    before = len(audited.lines())
    assert over_rest(audited.server, "GET", "/schema/none_v1") == 404
    assert over_rest(audited.server, "POST", "/schema/rest_v2") == 403
    audited.last("refused", id="rest_v2")
    assert len(audited.lines()) == before + 1


def test_the_rights_are_the_first_line_and_each_change_of_theirs_is_another(audited: Audited) -> None:
    first = audited.lines()[0]
    assert (first["event"], first["program"], first["publishers"]) == (
        "rights",
        "serve",
        {"spiffe://dev/ci-bot": ["*"]},
    )
    assert (first["token_issuer"], first["readers"], first["revoked"]) == (ISSUER, "anyone", [])
    (audited.log.parent / "revoked").write_text("spiffe://dev/gone\n")
    audited.server.stub("reader").WhoAmI(pb.WhoAmIRequest(), timeout=10)
    until(lambda: audited.last("rights")["revoked"] == ["spiffe://dev/gone"])
    (audited.log.parent / "revoked").write_text("")
    audited.server.stub("reader").WhoAmI(pb.WhoAmIRequest(), timeout=10)
    until(lambda: audited.last("rights")["revoked"] == [])


def test_a_disk_that_takes_no_more_stops_no_call_and_what_was_lost_is_counted(audited: Audited) -> None:
    pid = audited.server.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    size = audited.log.stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 10, limits[1]))
    try:
        for _ in range(3):
            assert over_rest(audited.server, "POST", "/schema/full_v1") == 403
        assert audited.server.stub("reader").WhoAmI(pb.WhoAmIRequest(), timeout=10).identity
        until(lambda: "the audit log can't be written" in audited.server.output())
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert over_rest(audited.server, "POST", "/schema/room_v1") == 403
    audited.last("refused", id="room_v1")
    lost = [line["lost"] for line in audited.lines() if line["event"] == "gap"]
    ids = [line.get("id") for line in audited.lines()]
    assert sum(lost) + ids.count("full_v1") == 3  # type: ignore[arg-type]
    assert lost


def test_the_whole_log_is_one_chain_over_a_restart_with_other_rights(audited: Audited, tmp_path: Path) -> None:
    own = tmp_path / "audit.log"
    own.write_bytes(audited.log.read_bytes())
    before = log_check.check(own).records
    changed = settings(tmp_path, audited.maker) | {"publisher": ["spiffe://dev/other=bars_*"]}
    for _ in range(2):  # the second time nothing has changed
        launch(tmp_path, changed).wait().stop()
    checked = log_check.check(own)
    rights = [json.loads(line) for line in own.read_bytes().splitlines()][before:]
    assert [line["publishers"] for line in rights] == [{"spiffe://dev/other": ["bars_*"]}]
    assert checked.records == before + 1


def test_a_server_does_not_start_with_a_log_that_it_can_not_write(tmp_path: Path) -> None:
    (tmp_path / "audit.log").mkdir()
    server = launch(tmp_path, settings(tmp_path, TokenMaker()))
    assert server.process.wait(60) == 2
    assert f"{tmp_path / 'audit.log'}: the audit log can't be written" in server.output()


def test_the_workers_of_a_server_share_one_chain(
    start: Callable[..., Server], etcd_store: dict[str, object], tmp_path: Path
) -> None:
    log = tmp_path / "audit.log"
    server = start(etcd_store | {"workers": 2, "rest": "localhost:0", "audit-log": str(log)})

    def processes() -> set[object]:
        assert over_rest(server, "POST", "/schema/shared_v1") == 403  # over a connection of its own each time
        return {line.get("pid") for line in map(json.loads, log.read_bytes().split(b"\n")[:-1])}

    until(lambda: len(processes()) == 2)
    server.stop()
    checked = log_check.check(log)
    events = [line.event.members["event"] for line in log_check.read(log)]
    assert (checked.records, events.count("rights")) == (len(events), 1)
