"""etcd with authentication: what `etcd-auth init` sets up, seen by whoever has one of its certificates or a token."""

import http.client
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from typer.testing import CliRunner

from devtools.etcd_cluster import EtcdCluster, running
from devtools.etcd_tls import kept
from devtools.servers import Server, launch
from schemaregistry.cli.app import app
from schemaregistry.client import Client, Credentials
from schemaregistry.errors import Unauthenticated
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.audit_log import log_check
from schemaregistry_server.etcd.endpoints import EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts, reads
from schemaregistry_server.etcd.etcd_failures import EtcdRefused
from schemaregistry_server.etcd.v3 import auth_pb2, rpc_pb2
from schemaregistry_server.etcd.v3.rpc_pb2 import AuthUserAddRequest, DeleteRangeRequest, RequestOp, TxnRequest
from schemaregistry_server.security import pki
from schemaregistry_server.store import etcd_layout
from schemaregistry_server.store.verified_claims import VerifiedClaims
from tests.integration.etcd.test_connection import free_place, identity
from tests.support.grpc_refusals import refusal
from tests.support.publishing_tokens import ISSUER, TokenMaker
from tests.support.token_server import token_server
from tests.system.production.issuing import issue

USERS = ("root", "registry", "exchanger", "auditor", "stranger")


@dataclass(frozen=True)
class Guarded:
    """A cluster with authentication on, the certificates of everyone, and the signer of its tokens."""

    cluster: EtcdCluster
    tls: Path
    maker: TokenMaker

    def files(self, name: str) -> EtcdTls:
        return identity(self.tls, name)

    def command(self, name: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """`etcd-auth init` with the certificate of `name`."""
        files = self.files(name)
        store = "etcd://" + ",".join(self.cluster.endpoints)
        place = ["--store", store, "--etcd-ca", files.ca, "--etcd-cert", files.cert, "--etcd-key", files.key]
        words = [sys.executable, "-m", "schemaregistry", "etcd-auth", "init", *place, "--auditor", "auditor", *options]
        return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fresh(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One member whose authentication isn't on yet."""
    directory = tmp_path_factory.mktemp("guarded")
    tls, maker = directory / "tls", TokenMaker()
    pki.ensure(tls)
    for name in USERS:
        issue(tls, name, common_name=name)
    key = maker.public(directory / "exchanger.pub")
    server, ours = (
        EtcdTls(tls / "ca.pem", tls / f"{name}.pem", tls / f"{name}-key.pem") for name in ("server", "root")
    )
    flags = [f"--auth-token=jwt,pub-key={key},sign-method=ES256"]
    with kept(running(directory, places={"one": free_place()}, served=server, tls=ours, flags=flags)) as cluster:
        yield Guarded(cluster, tls, maker)


@pytest.fixture(scope="module")
def guarded(fresh: Guarded) -> Guarded:
    """The member after `etcd-auth init`, whose plan was the same before it and nothing after it."""
    planned = fresh.command("root", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    log = fresh.tls.parent / "audit.log"
    done = fresh.command("root", "--audit-log", str(log))
    assert done.returncode == 0, done.stderr
    plan = [line.strip() for line in planned.stdout.splitlines()[1:]]
    assert [line.removeprefix("done: ") for line in done.stdout.splitlines() if line.startswith("done")] == plan
    assert [str(line.event.members["step"]) for line in log_check.read(log)] == plan
    assert log_check.check(log).records == len(plan)
    assert "turn authentication on" in plan
    return fresh


def test_a_certificate_that_could_not_administer_it_changes_nothing(guarded: Guarded) -> None:
    refused = guarded.command("registry")
    assert (refused.returncode, "common name is root" in refused.stderr) == (2, True), refused.stderr


def test_a_second_run_has_nothing_to_do(guarded: Guarded) -> None:
    again = guarded.command("root")
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stderr


def test_an_etcd_that_asks_nobody_for_certificates_is_refused(fresh: Guarded, tmp_path: Path) -> None:
    server, ours = (
        EtcdTls(fresh.tls / "ca.pem", fresh.tls / f"{name}.pem", fresh.tls / f"{name}-key.pem")
        for name in ("server", "root")
    )
    open_to_all = ["--client-cert-auth=false", "--trusted-ca-file="]
    with kept(running(tmp_path, places={"open": free_place()}, served=server, tls=ours, flags=open_to_all)) as cluster:
        refused = Guarded(cluster, fresh.tls, fresh.maker).command("root")
    assert refused.returncode == 2
    assert "doesn't ask its clients for certificates" in refused.stderr


def test_names_that_are_one_user_are_refused(guarded: Guarded) -> None:
    refused = guarded.command("root", "--server", "publisher")
    assert (refused.returncode, "several users in one" in refused.stderr) == (2, True), refused.stderr


As = Callable[..., EtcdClient]


@pytest.fixture
async def calling(guarded: Guarded) -> AsyncIterator[As]:
    """A factory: a client of etcd with the certificate of a name, and maybe with a token."""
    clients: list[EtcdClient] = []

    def make(name: str, token: str = "") -> EtcdClient:
        connection = EtcdConnection(
            guarded.cluster.endpoints, tls=guarded.files(name), token=(lambda: token) if token else None
        )
        clients.append(EtcdClient(connection))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


async def test_users_that_are_not_named_lose_the_registrys_roles_and_others_are_told(
    guarded: Guarded, calling: As
) -> None:
    async def ask(rpc: str, **members: object) -> None:
        request = getattr(rpc_pb2, f"Auth{rpc}Request")(**members)
        await calling("root").connection.call(lambda endpoint: getattr(endpoint.auth, rpc), request, seconds=20)

    await ask("UserAdd", name="forger", options=auth_pb2.UserAddOptions(no_password=True))
    await ask("UserGrantRole", user="forger", role="registry-publisher")
    await ask("UserGrantRole", user="forger", role="root")
    await ask("RoleAdd", name="wide")
    wide = auth_pb2.Permission(permType=auth_pb2.Permission.WRITE, key=b"/s", range_end=b"/t")
    await ask("RoleGrantPermission", name="wide", perm=wide)

    done = guarded.command("root")
    assert done.returncode == 0, done.stderr
    assert "done: take the role registry-publisher from forger, who isn't named" in done.stdout
    assert "the role wide reaches /schemas/; it is nobody's" in done.stderr
    assert "forger has the role root" in done.stderr

    await ask("UserDelete", name="forger")
    await ask("RoleDelete", role="wide")
    assert guarded.command("root").stderr == ""


def deletes(prefix: bytes) -> RequestOp:
    return RequestOp(request_delete_range=DeleteRangeRequest(key=prefix, range_end=prefix + b"\xff"))


MAY: dict[str, set[str]] = {
    "registry": {"get /schemas/", "get /observed/", "put /observed/", "delete /observed/"},
    "exchanger": {"get /exchanger/", "put /exchanger/", "delete /exchanger/"},
    "auditor": {"get /schemas/", "get /audit/"},
    "stranger": set(),
}
"""What each user may do, of all that could be tried; `stranger` has a certificate of etcd's CA, and no user."""

TRIED = [
    (f"{verb} {prefix}", operation)
    for prefix in ("/schemas/", "/audit/", "/observed/", "/exchanger/", "/other/")
    for verb, operation in (
        ("get", reads(prefix.encode() + b"x")),
        ("put", puts(prefix.encode() + b"x", b"forged")),
        ("delete", deletes(prefix.encode())),
    )
]


@pytest.mark.parametrize("name", MAY)
async def test_a_certificate_may_do_its_own_part_alone(calling: As, name: str) -> None:
    client, done = calling(name), set()
    for words, operation in TRIED:
        for request in (TxnRequest(success=[operation]), nested(operation)):
            try:
                await client.transact(request)
            except EtcdRefused:
                continue
            done.add(words)
    assert done == MAY[name]


def nested(operation: RequestOp) -> TxnRequest:
    """The operation within a transaction within a transaction: older releases of etcd didn't look there."""
    return TxnRequest(success=[RequestOp(request_txn=TxnRequest(success=[operation]))])


@pytest.mark.parametrize("name", ["registry", "exchanger", "auditor", "stranger"])
async def test_no_other_certificate_administers_it(guarded: Guarded, calling: As, name: str) -> None:
    connection = calling(name).connection
    with pytest.raises(EtcdRefused, match=r"permission denied|user name"):
        await connection.call(lambda endpoint: endpoint.auth.UserAdd, AuthUserAddRequest(name="mine"), seconds=5)


async def revision(calling: As) -> int:
    status = await calling("root").connection.auth_status(seconds=5)
    assert status.enabled
    return status.authRevision


async def test_a_token_writes_schemas_and_nothing_else(guarded: Guarded, calling: As) -> None:
    token = guarded.maker.token("*", revision=await revision(calling))
    client, done = calling("registry", token), set()
    for words, operation in TRIED:
        try:
            await client.transact(TxnRequest(success=[operation]))
        except EtcdRefused:
            continue
        done.add(words)
    assert done == {"get /schemas/", "put /schemas/", "delete /schemas/", "put /audit/", "delete /audit/"}
    await calling("root").transact(TxnRequest(success=[deletes(b"/schemas/"), deletes(b"/audit/")]))


@pytest.fixture(scope="module")
def registry(guarded: Guarded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the cluster, whose own certificate is that of the user `registry`."""
    directory = tmp_path_factory.mktemp("registry")
    ours = guarded.files("registry")
    settings: dict[str, object] = {
        "store": "etcd://" + ",".join(guarded.cluster.endpoints),
        "etcd-ca": str(ours.ca),
        "etcd-cert": str(ours.cert),
        "etcd-key": str(ours.key),
        "workers": 1,
        "publisher": [],
        "operator": [],
        "token-key": str(guarded.tls.parent / "exchanger.pub"),
        "token-issuer": ISSUER,
        "readers": "listed",
        "reader": ["spiffe://dev/reader"],
        "rest": "127.0.0.1:0",
    }
    server = launch(directory, settings).wait()
    yield server
    server.stop()


def document(name: str, version: str = "1.0.0") -> HttpBody:
    text = {"$id": name, "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "version": version}
    return HttpBody(content_type="application/json", data=json.dumps(text).encode())


def bearer(token: str) -> tuple[tuple[str, str]]:
    return (("authorization", f"Bearer {token}"),)


def register(registry: Server, name: str, token: str, identity: str = "ci-bot") -> pb.RegisterSchemaResponse:
    request = pb.RegisterSchemaRequest(id=name, document=document(name))
    return registry.stub(identity).RegisterSchema(request, metadata=bearer(token) if token else (), timeout=20)


async def test_a_version_is_written_with_the_callers_token(guarded: Guarded, registry: Server, calling: As) -> None:
    token = guarded.maker.token("ticks_*", revision=await revision(calling), repository="acme/schemas")
    answer = register(registry, "ticks_v1", token)
    assert answer.created
    [version] = registry.stub("reader").ListVersions(pb.ListVersionsRequest(id="ticks_v1"), timeout=10).versions
    assert version.registered_by == "github:repo:acme/schemas:ref:refs/heads/main"
    assert not register(registry, "ticks_v1", token).created
    pair = (await calling("auditor").get(b"/audit/ticks_v1/00000001"))[1][b"/audit/ticks_v1/00000001"]
    claims = VerifiedClaims.read(etcd_layout.audit_record(pair).claims)
    assert (len(claims.jti), claims.repository) == (16, "acme/schemas")


async def test_ids_beyond_the_tokens_are_refused(guarded: Guarded, registry: Server, calling: As) -> None:
    token = guarded.maker.token("ticks_*", revision=await revision(calling))
    refused = refusal(lambda: register(registry, "quotes_v1", token))
    assert refused == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_SCHEMA")


def test_a_certificate_alone_writes_nothing(registry: Server) -> None:
    refused = refusal(lambda: register(registry, "ticks_v2", ""))
    # ci-bot isn't among the readers, either: whoever is in no rule may do nothing.
    assert refused == (grpc.StatusCode.PERMISSION_DENIED, "NOT_A_READER")
    refused = refusal(lambda: register(registry, "ticks_v2", "", "reader"))
    assert refused == (grpc.StatusCode.PERMISSION_DENIED, "TOKEN_NEEDED")


async def test_a_token_of_another_key_is_refused_before_etcd_sees_it(registry: Server, calling: As) -> None:
    token = TokenMaker().token("*", revision=await revision(calling))
    code, _ = refusal(lambda: register(registry, "ticks_v3", token))
    assert code is grpc.StatusCode.UNAUTHENTICATED


async def test_a_token_from_before_etcds_users_changed_is_refused_as_such(
    guarded: Guarded, registry: Server, calling: As
) -> None:
    token = guarded.maker.token("*", revision=await revision(calling) - 1)
    refused = refusal(lambda: register(registry, "ticks_v4", token))
    assert refused == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_OUTDATED")


async def test_a_client_that_exchanges_asks_anew_once_etcds_users_have_changed(
    guarded: Guarded, registry: Server, calling: As, tmp_path: Path
) -> None:
    at, subject = await revision(calling), tmp_path / "subject"
    subject.write_text("a.job.token")
    with token_server(guarded.tls) as exchanger:
        for each in (at - 1, at):
            exchanger.gives(guarded.maker.token("anew_*", revision=each))
        exchanging = own(registry).exchange(exchanger.url, subject_token_file=subject, ca=exchanger.ca)
        with Client(registry.target, credentials=exchanging, timeout=20) as client:
            with pytest.raises(Unauthenticated, match="get a new one"):
                client.register(document("anew_v1").data)
            assert client.register(document("anew_v1").data).created


async def test_commands_publish_and_set_states_with_a_token_file(
    guarded: Guarded, registry: Server, calling: As, tmp_path: Path
) -> None:
    file, token = tmp_path / "commands_v1.json", tmp_path / "token"
    file.write_bytes(document("commands_v1").data)
    token.write_text(guarded.maker.token("commands_*", operate=("commands_v1",), revision=await revision(calling)))
    files = own(registry)
    place = ("--registry", registry.target, "--ca", files.ca, "--cert", files.cert, "--key", files.key)
    for words in (("publish", "--no-history", file), ("deprecate", "commands_v1@1.0.0", "--reason", "old")):
        refused = CliRunner().invoke(app, list(map(str, (*words, *place))))
        assert "schemaregistry login" in str(refused.exception), refused.output
        done = CliRunner().invoke(app, list(map(str, (*words, *place, "--token-file", token))))
        assert done.exit_code == 0, done.output


def own(registry: Server) -> Credentials:
    """The files of the reader, whose certificate may not write."""
    return Credentials(registry.tls / "ca.pem", registry.tls / "reader.pem", registry.tls / "reader-key.pem")


async def test_a_token_for_a_user_without_the_role_is_refused_by_etcd(
    guarded: Guarded, registry: Server, calling: As
) -> None:
    token = guarded.maker.token("*", username="auditor", revision=await revision(calling))
    refused = refusal(lambda: register(registry, "ticks_v5", token))
    assert refused == (grpc.StatusCode.PERMISSION_DENIED, "TOKEN_REFUSED")


async def test_a_state_takes_an_operators_token(guarded: Guarded, registry: Server, calling: As) -> None:
    at = await revision(calling)
    register(registry, "states_v1", guarded.maker.token("states_*", revision=at))
    request = pb.SetVersionStateRequest(id="states_v1", version="1.0.0", state="deprecated", reason="old")

    def deprecate(token: str) -> pb.SetVersionStateResponse:
        return registry.stub("ci-bot").SetVersionState(request, metadata=bearer(token), timeout=20)

    refused = refusal(lambda: deprecate(guarded.maker.token("states_*", revision=at)))
    assert refused == (grpc.StatusCode.PERMISSION_DENIED, "NOT_AN_OPERATOR")
    refused = refusal(lambda: deprecate(guarded.maker.token(operate=("ticks_*",), revision=at)))
    assert refused == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_SCHEMA")
    assert deprecate(guarded.maker.token(operate=("states_v1",), revision=at, jti="jti-7", run="7")).changed
    pair = (await calling("auditor").get(b"/audit/states_v1/00000002"))[1][b"/audit/states_v1/00000002"]
    claims = VerifiedClaims("jti-7", run="7", certificate="spiffe://dev/ci-bot")
    assert etcd_layout.audit_record(pair).claims == claims.text


def test_who_am_i_shows_a_tokens_rights(guarded: Guarded, registry: Server) -> None:
    token = guarded.maker.token("ticks_*", operate=("ticks_v1",))
    me = registry.stub("ci-bot").WhoAmI(pb.WhoAmIRequest(), metadata=bearer(token), timeout=10)
    assert (list(me.roles), list(me.publish_ids), list(me.operate_ids)) == (
        ["reader", "publisher", "operator"],
        ["ticks_*"],
        ["ticks_v1"],
    )
    assert me.identity == "github:repo:acme/schemas:ref:refs/heads/main"
    assert me.HasField("token_expires")


def test_counts_of_reads_are_still_saved(registry: Server) -> None:
    listed = registry.stub("reader").ListConsumers(pb.ListConsumersRequest(id="ticks_v1"), timeout=10)
    assert listed.revision


def over_rest(registry: Server, *headers: str, certificate: str = "") -> tuple[int, dict[str, str], dict[str, object]]:
    context = ssl.create_default_context(cafile=registry.tls / "ca.pem")
    if certificate:
        context.load_cert_chain(registry.tls / f"{certificate}.pem", registry.tls / f"{certificate}-key.pem")
    host, _, port = registry.rest.rpartition("//")[2].rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
    connection.putrequest("GET", "/whoami")
    for header in headers:
        connection.putheader("Authorization", header)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), json.loads(answer.read())


def test_over_rest_a_token_stands_in_for_a_certificate(guarded: Guarded, registry: Server) -> None:
    status, _, me = over_rest(registry, f"bearer {guarded.maker.token('ticks_*')}")
    assert (status, me["transport"], me["publish_ids"]) == (200, "tls", ["ticks_*"])
    status, _, me = over_rest(registry, certificate="reader")
    assert (status, me["transport"], me["roles"]) == (200, "mtls", ["reader"])


def test_over_rest_a_refusal_says_how_to_be_let_in(registry: Server) -> None:
    status, headers, problem = over_rest(registry)
    assert (status, headers["www-authenticate"], problem["reason"]) == (401, "Bearer", "NO_IDENTITY")
    for shown in ("Bearer nonsense", "Basic YTpi", "Bearer"):
        status, headers, problem = over_rest(registry, shown)
        assert (status, problem["code"]) == (401, "UNAUTHENTICATED")
        assert headers["www-authenticate"] == f'Bearer error="invalid_token", error_description="{problem["reason"]}"'


def test_two_tokens_are_none(guarded: Guarded, registry: Server) -> None:
    token = f"Bearer {guarded.maker.token('*')}"
    assert over_rest(registry, token, token)[2]["reason"] == "BAD_AUTHORIZATION"


def test_a_server_does_not_start_on_an_etcd_that_asks_nobody_who_writes(
    etcd_cluster: EtcdCluster, tmp_path: Path
) -> None:
    maker, settings = TokenMaker(), {"store": "etcd://" + ",".join(etcd_cluster.endpoints), "workers": 1}
    settings |= {"publisher": [], "operator": [], "token-key": str(maker.public(tmp_path / "key")), "token-issuer": "x"}
    server = launch(tmp_path, settings)
    assert server.process.wait(60) == 2
    assert "etcd's authentication is off" in server.output()


def test_a_server_that_is_told_it_is_off_does_not_start_where_it_is_on(guarded: Guarded, tmp_path: Path) -> None:
    ours = guarded.files("registry")
    settings: dict[str, object] = {
        "store": "etcd://" + ",".join(guarded.cluster.endpoints),
        "etcd-ca": str(ours.ca),
        "etcd-cert": str(ours.cert),
        "etcd-key": str(ours.key),
        "etcd-auth": "off",
        "workers": 1,
    }
    server = launch(tmp_path, settings)
    assert server.process.wait(60) == 2
    assert "etcd's authentication is on" in server.output()
