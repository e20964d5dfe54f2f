"""The connection to a cluster: failover, TLS, tokens, and refused releases."""

import asyncio
import base64
import json
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from devtools.etcd_cluster import EtcdCluster, MemberAddress, running
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd import release
from schemaregistry_server.etcd.endpoints import ATTEMPT_SECONDS, EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts
from schemaregistry_server.etcd.etcd_failures import EtcdAway, EtcdRefused
from schemaregistry_server.etcd.v3 import auth_pb2, rpc_pb2, rpc_pb2_grpc
from schemaregistry_server.etcd.v3.rpc_pb2 import TxnRequest
from schemaregistry_server.security import pki
from tests.support.patience import PATIENCE, at_most_tenfold

WRITE = TxnRequest(success=[puts(b"/connection", b"x")])


@pytest.mark.parametrize("version", ["3.6.16", "3.6.17", "3.7.3", "3.8.0", "4.0.0"])
def test_a_release_with_the_fixes_is_let_in(version: str):
    release.check(version, "host:2379")


@pytest.mark.parametrize(
    "version",
    ["", "2.3.8", "3.4.37", "3.5.21", "3.6.0", "3.6.15", "3.7.0", "3.7.1", "3.7.2", "3.7.3-rc.0", "3.6.16-rc"],
)
def test_a_release_without_them_is_refused_by_its_name_and_place(version: str):
    with pytest.raises(FailedPrecondition) as refused:
        release.check(version, "host:2379")
    assert refused.value.reason == "ETCD_TOO_OLD"
    assert version in refused.value.message
    assert "host:2379" in refused.value.message


class Old(rpc_pb2_grpc.MaintenanceServicer):
    async def Status(self, request, context):  # noqa: N802 (etcd's name)
        return rpc_pb2.StatusResponse(version="3.5.1")


@pytest.fixture
async def old_member() -> AsyncIterator[str]:
    """A server that answers that it is etcd 3.5.1."""
    server = grpc.aio.server()
    rpc_pb2_grpc.add_MaintenanceServicer_to_server(Old(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


async def test_one_member_that_is_too_old_is_enough_not_to_start(etcd_cluster: EtcdCluster, old_member: str):
    connection = EtcdConnection([*etcd_cluster.endpoints, old_member])
    with pytest.raises(FailedPrecondition) as refused:
        await connection.check(seconds=5)
    assert refused.value.metadata == {"endpoint": old_member, "version": "3.5.1"}
    await connection.close()


async def test_a_member_that_was_too_old_when_it_came_back_is_never_asked(etcd_cluster: EtcdCluster, old_member: str):
    for endpoints in ([old_member, etcd_cluster.endpoints[0]], [etcd_cluster.endpoints[0], old_member]):
        client = EtcdClient(EtcdConnection(endpoints))
        assert (await client.transact(WRITE)).header.revision
        assert client.connection.current.address == etcd_cluster.endpoints[0]
        await client.close()
    alone = EtcdConnection([old_member])
    with pytest.raises(EtcdAway, match=r"3\.5\.1"):
        await alone.call(lambda endpoint: endpoint.kv.Txn, WRITE, seconds=1.5)
    await alone.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that accepts connections and never answers, as a stopped process does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        yield f"{host}:{port}"


async def test_an_address_that_says_nothing_is_left_for_the_next(etcd_cluster: EtcdCluster, silent: str):
    for _ in range(3):  # the first one asked is drawn
        client = EtcdClient(EtcdConnection([silent, etcd_cluster.endpoints[0]]))
        with at_most_tenfold(ATTEMPT_SECONDS, time.monotonic):
            await client.transact(WRITE)
        await client.close()


async def test_a_stopped_member_is_left_by_writers_and_by_the_watch(breakable: EtcdCluster, prefix: bytes):
    client = EtcdClient(EtcdConnection(breakable.endpoints))
    revision = (await client.transact(WRITE)).header.revision
    asked = client.connection.current.address
    member = next(member for member in breakable.members.values() if member.address == asked)
    watching = asyncio.create_task(_last(client, prefix, revision))
    await asyncio.sleep(1)
    member.send(signal.SIGSTOP)
    with pytest.raises(EtcdAway, match="no sign of life"):
        await asyncio.wait_for(watching, PATIENCE)
    assert client.connection.current.address != asked
    await client.transact(WRITE)
    await client.close()


async def _last(client: EtcdClient, prefix: bytes, revision: int) -> None:
    async for _ in client.watch(prefix, revision):
        pass


async def test_a_closed_connection_ends_what_is_under_way_and_cancels_nobody(etcd_cluster: EtcdCluster, silent: str):
    client = EtcdClient(EtcdConnection([silent]))
    waiting = asyncio.create_task(client.transact(WRITE))
    await asyncio.sleep(0.2)
    await client.close()
    with pytest.raises(EtcdAway):
        await waiting


def free_place() -> MemberAddress:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        client, peer = (listening.getsockname()[1] for listening in (one, two))
    return MemberAddress(f"127.0.0.1:{client}", f"127.0.0.1:{peer}")


def identity(directory: Path, name: str) -> EtcdTls:
    return EtcdTls(directory / "ca.pem", directory / f"{name}.pem", directory / f"{name}-key.pem")


SIGNER = ec.generate_private_key(ec.SECP256R1())


def jwt(username: str, revision: int) -> str:
    """An ES256 token as etcd wants it (its auth design, `jwt` tokens)."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"username": username, "revision": revision, "exp": int(time.time()) + 600}
    text = part(b'{"alg":"ES256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    r, s = utils.decode_dss_signature(SIGNER.sign(text, ec.ECDSA(hashes.SHA256())))
    return (text + b"." + part(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    pki.ensure(directory)
    public = SIGNER.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (directory / "jwt.pub").write_bytes(public)
    return directory


@pytest.fixture(scope="module")
def guarded(etcd_built: None, certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdCluster]:
    """One member with TLS, client certificates and tokens; `registry` may use the keys under /guarded/."""
    with asyncio.Runner() as runner:
        context = running(
            tmp_path_factory.mktemp("guarded"),
            places={"one": free_place()},
            served=identity(certificates, "server"),
            tls=identity(certificates, "ci-bot"),
            flags=[f"--auth-token=jwt,pub-key={certificates / 'jwt.pub'},sign-method=ES256"],
        )
        cluster = runner.run(context.__aenter__())
        runner.run(guard(EtcdConnection(cluster.endpoints, tls=identity(certificates, "ci-bot"))))
        yield cluster
        runner.run(context.__aexit__(None, None, None))


async def guard(connection: EtcdConnection) -> None:
    """Make users and roles, and turn authorisation on."""
    auth = connection.current.auth
    await auth.RoleAdd(rpc_pb2.AuthRoleAddRequest(name="root"))
    await auth.RoleAdd(rpc_pb2.AuthRoleAddRequest(name="registry"))
    keys = auth_pb2.Permission(permType=auth_pb2.Permission.READWRITE, key=b"/guarded/", range_end=b"/guarded0")
    await auth.RoleGrantPermission(rpc_pb2.AuthRoleGrantPermissionRequest(name="registry", perm=keys))
    for user in ("root", "registry"):
        await auth.UserAdd(rpc_pb2.AuthUserAddRequest(name=user, options=auth_pb2.UserAddOptions(no_password=True)))
        await auth.UserGrantRole(rpc_pb2.AuthUserGrantRoleRequest(user=user, role=user))
    await auth.AuthEnable(rpc_pb2.AuthEnableRequest())
    await connection.close()


Guest = Callable[..., EtcdClient]


@pytest.fixture
async def guest(guarded: EtcdCluster, certificates: Path) -> AsyncIterator[Guest]:
    """A client of the guarded member: `guest(token, endpoints=…, tls=…)`."""
    clients: list[EtcdClient] = []

    def make(
        token: Callable[[], str] | None = None, *, endpoints=guarded.endpoints, tls: EtcdTls | None = None
    ) -> EtcdClient:
        connection = EtcdConnection(endpoints, tls=tls or identity(certificates, "ci-bot"), token=token)
        clients.append(EtcdClient(connection))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def revision(guest: Guest) -> int:
    """The revision of etcd's users and roles, which a token must have; it is told to anyone with a certificate."""
    status = await guest().connection.current.auth.AuthStatus(rpc_pb2.AuthStatusRequest())
    return status.authRevision


GUARDED = TxnRequest(success=[puts(b"/guarded/schemas/a", b"x")])


async def test_a_token_with_the_right_user_writes_and_watches_its_own_keys(guest: Guest, revision: int):
    client = guest(lambda: jwt("registry", revision))
    await client.connection.check(seconds=5)
    written = (await client.transact(GUARDED)).header.revision
    async for seen in client.watch(b"/guarded/", 0):
        assert seen.revision >= written
        break
    assert [len(page.pairs) async for page in client.read(b"/guarded/")] == [1]


async def test_without_a_token_or_beyond_its_keys_etcd_refuses(guest: Guest, revision: int):
    client = guest(lambda: jwt("registry", revision))
    for refused in (guest().transact(GUARDED), client.transact(WRITE), anext(client.watch(b"/other/", 0))):
        with pytest.raises(EtcdRefused, match=r"user name is empty|permission denied"):
            await refused


async def test_a_token_from_before_the_users_changed_is_asked_for_again_once(guest: Guest, revision: int):
    given = iter([revision - 1, revision])
    client = guest(lambda: jwt("registry", next(given, revision)))
    client.connection.current.admitted = True
    await client.transact(GUARDED)
    old = guest(lambda: jwt("registry", revision - 1))
    with pytest.raises(EtcdRefused, match="auth store is old"):
        await old.transact(GUARDED)


async def test_a_name_that_the_certificate_does_not_have_is_not_trusted(guest: Guest, guarded: EtcdCluster):
    port = guarded.endpoints[0].rpartition(":")[2]
    assert (await guest(endpoints=[f"localhost:{port}"]).connection.check(seconds=5)) is None
    async with await asyncio.start_server(forward_to(guarded.endpoints[0]), "127.0.0.2", 0) as elsewhere:
        other = f"127.0.0.2:{elsewhere.sockets[0].getsockname()[1]}"
        with pytest.raises(EtcdAway):
            await guest(endpoints=[other]).connection.check(seconds=2)


def forward_to(address: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def forward(ours: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, out = await asyncio.open_connection(*address.rsplit(":", 1))
        await asyncio.gather(pump(ours, out), pump(answers, back))

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    return forward


async def test_another_authority_or_no_certificate_is_not_let_in(guest: Guest, certificates: Path, tmp_path: Path):
    pki.ensure(tmp_path)
    strangers = [
        EtcdTls(certificates / "ca.pem"),
        EtcdTls(certificates / "ca.pem", tmp_path / "ci-bot.pem", tmp_path / "ci-bot-key.pem"),
        EtcdTls(tmp_path / "ca.pem", certificates / "ci-bot.pem", certificates / "ci-bot-key.pem"),
    ]
    for tls in strangers:
        with pytest.raises(EtcdAway):
            await guest(tls=tls).connection.check(seconds=2)


async def test_a_tls_file_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(FailedPrecondition) as missing:
        EtcdConnection(["127.0.0.1:1"], tls=EtcdTls(tmp_path / "ca.pem"))
    assert str(tmp_path / "ca.pem") in missing.value.message


async def test_a_key_that_every_user_may_read_is_refused(tmp_path: Path):
    pki.ensure(tmp_path)
    (tmp_path / "ci-bot-key.pem").chmod(0o644)
    with pytest.raises(FailedPrecondition, match=r"run: chmod o= .*ci-bot-key\.pem"):
        EtcdConnection(["127.0.0.1:1"], tls=identity(tmp_path, "ci-bot"))


async def test_new_certificates_are_read_without_failing_a_call(
    guest: Guest, guarded: EtcdCluster, certificates: Path, tmp_path: Path, revision: int
):
    for name in ("ca.pem", "used.pem", "used-key.pem"):
        shutil.copy(certificates / name.replace("used", "ci-bot"), tmp_path / name)
    client = guest(lambda: jwt("registry", revision), tls=identity(tmp_path, "used"))
    calls = [asyncio.create_task(client.transact(GUARDED)) for _ in range(50)]
    for name in ("used.pem", "used-key.pem"):
        shutil.copy(certificates / name.replace("used", "reader"), tmp_path / name)
    await client.connection.renew()
    calls += [asyncio.create_task(client.transact(GUARDED)) for _ in range(50)]
    assert len({answer.header.revision for answer in await asyncio.gather(*calls)}) == 100
