"""Exchangers beside a real etcd with authentication on: what their tokens are good for, and one use of each of CI's."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from devtools.etcd_cluster import EtcdCluster, running
from devtools.etcd_tls import kept
from devtools.servers import Server, launch
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.etcd import etcd_users
from schemaregistry_server.etcd.endpoints import EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts, reads
from schemaregistry_server.etcd.etcd_failures import EtcdRefused
from schemaregistry_server.etcd.v3.rpc_pb2 import (
    AuthStatusResponse,
    AuthUserAddRequest,
    DeleteRangeRequest,
    LeaseTimeToLiveRequest,
    RequestOp,
    TxnRequest,
)
from schemaregistry_server.exchanger.etcd_state import EtcdState
from schemaregistry_server.ops.etcd_auth import EtcdUserNames, roles
from schemaregistry_server.store.etcd_layout import KeyLayout
from tests.integration.etcd.test_connection import free_place, identity
from tests.support.exchanger_fixtures import GITHUB_RULE, NAME, SIGNING, RunningExchanger, Start, read_token
from tests.support.forged_tokens import public_pem
from tests.support.oidc_issuer import OidcIssuer
from tests.system.production.issuing import issue

WRITE = TxnRequest(success=[puts(b"/schemas/ticks_v1/latest", b"x")])


@dataclass(frozen=True)
class GuardedEtcd:
    """A cluster that takes the exchanger's tokens, and the certificates of everyone."""

    cluster: EtcdCluster
    tls: Path

    def state(self, name: str = "exchanger", endpoint: str = "") -> str:
        """The part of an exchanger's configuration by which it uses the cluster."""
        return f"""
[etcd]
endpoints = ["{endpoint or self.cluster.endpoints[0]}"]
ca = "{self.tls / "ca.pem"}"
certificate = "{self.tls / f"{name}.pem"}"
key = "{self.tls / f"{name}-key.pem"}"
{GITHUB_RULE}"""


@pytest.fixture(scope="module")
def etcd(etcd_built: None, exchanger_tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedEtcd]:
    directory = tmp_path_factory.mktemp("etcd")
    for name in ("root", "exchanger", "registry", "stranger"):
        issue(exchanger_tls, name, common_name=name)
    public = directory / "exchanger.pub"
    public.write_bytes(public_pem(SIGNING))
    served = EtcdTls(exchanger_tls / "ca.pem", exchanger_tls / "server.pem", exchanger_tls / "server-key.pem")
    flags = [f"--auth-token=jwt,pub-key={public},sign-method=ES256"]
    places = {"one": free_place()}
    ours = identity(exchanger_tls, "root")
    with kept(running(directory, places=places, served=served, tls=ours, flags=flags)) as cluster:
        asyncio.run(guard(cluster, ours))
        yield GuardedEtcd(cluster, exchanger_tls)


async def guard(cluster: EtcdCluster, root: EtcdTls) -> None:
    """Make the users and roles of `etcd-auth init`."""
    connection = EtcdConnection(cluster.endpoints, tls=root)
    for step in etcd_users.steps(await etcd_users.read(connection), roles(EtcdUserNames(), KeyLayout())):
        await etcd_users.take(connection, step)
    await connection.close()


Calling = Callable[..., EtcdClient]


@pytest.fixture
async def calling(etcd: GuardedEtcd) -> AsyncIterator[Calling]:
    """A factory: a client with a name's certificate, or a stranger's and a token."""
    clients: list[EtcdClient] = []

    def make(name: str = "stranger", token: str = "") -> EtcdClient:
        files = identity(etcd.tls, name)
        connection = EtcdConnection(etcd.cluster.endpoints, tls=files, token=(lambda: token) if token else None)
        clients.append(EtcdClient(connection))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def exchanger(start_exchanger: Start, etcd: GuardedEtcd) -> RunningExchanger:
    made: RunningExchanger = await start_exchanger(state="", more=etcd.state())
    return made


async def signed(exchanger: RunningExchanger, issuer: OidcIssuer) -> str:
    answer = await exchanger.exchange(issuer.token())
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def move(root: EtcdClient, name: str) -> None:
    """Change etcd's users, so that the revision of its auth store moves."""
    request = AuthUserAddRequest(name=name)
    request.options.no_password = True
    await root.connection.current.auth.UserAdd(request)


async def test_etcd_takes_the_token_for_the_publisher_alone(
    exchanger: RunningExchanger, issuer: OidcIssuer, calling: Calling
) -> None:
    answer = await exchanger.exchange(issuer.token())
    claims = read_token(answer)
    assert claims.username == "publisher"
    assert claims.revision == (await calling().connection.auth_status(seconds=5)).authRevision
    holder = calling(token=answer.json()["access_token"])
    assert (await holder.transact(WRITE)).succeeded
    for beyond in (puts(b"/exchanger/jti/x", b""), puts(b"/other", b""), reads(b"/audit/x")):
        with pytest.raises(EtcdRefused, match="permission denied"):
            await holder.transact(TxnRequest(success=[beyond]))


async def test_a_token_from_before_the_users_changed_is_too_old_and_a_new_one_good(
    exchanger: RunningExchanger, issuer: OidcIssuer, calling: Calling
) -> None:
    old = calling(token=await signed(exchanger, issuer))
    await move(calling("root"), "someone")
    with pytest.raises(EtcdRefused, match="auth store is old"):
        await old.transact(WRITE)
    assert (await calling(token=await signed(exchanger, issuer)).transact(WRITE)).succeeded


async def test_users_that_change_during_an_exchange_are_asked_for_once_more(
    exchanger: RunningExchanger, issuer: OidcIssuer, calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = EtcdState.revision

    async def revision(self: EtcdState) -> int:
        asked.append(await ask(self))
        if len(asked) == 1:
            await move(calling("root"), "another")
        return asked[-1]

    monkeypatch.setattr(EtcdState, "revision", revision)
    token = await signed(exchanger, issuer)
    assert len(asked) == 2
    assert asked[1] > asked[0]
    assert (await calling(token=token).transact(WRITE)).succeeded
    assert exchanger.lines()[-1]["revision"] == asked[1]


async def test_two_exchangers_give_one_token_for_one_of_ci(
    start_exchanger: Start, etcd: GuardedEtcd, issuer: OidcIssuer
) -> None:
    both = [await start_exchanger(state="", more=etcd.state()) for _ in range(2)]
    text = issuer.token()
    answers = await asyncio.gather(*(both[number % 2].exchange(text) for number in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] + 11 * [400]
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 400} == {"TOKEN_USED"}
    assert (await both[1].exchange(text)).json()["reason"] == "TOKEN_USED"


async def test_a_used_token_is_kept_until_it_has_expired(
    exchanger: RunningExchanger, issuer: OidcIssuer, calling: Calling
) -> None:
    root = calling("root")
    before = {pair.key async for page in root.read(b"/exchanger/") for pair in page.pairs}
    jti = read_token(await exchanger.exchange(issuer.token())).jti
    pairs = [pair async for page in root.read(b"/exchanger/") for pair in page.pairs if pair.key not in before]
    assert [pair.value for pair in pairs] == [jti.encode()]
    assert pairs[0].key.startswith(b"/exchanger/jti/")
    lease = await root.connection.current.lease.LeaseTimeToLive(LeaseTimeToLiveRequest(ID=pairs[0].lease))
    assert 300 < lease.grantedTTL <= 331


async def test_a_token_whose_answer_was_lost_is_not_taken_for_anothers(etcd: GuardedEtcd) -> None:
    """The client sends a transaction again where no answer came; the second then finds what the first has written."""
    state = EtcdState(EtcdConnection(etcd.cluster.endpoints, tls=identity(etcd.tls, "exchanger")))
    transact = state._client.transact

    async def twice(request: TxnRequest) -> object:
        if request.compare:
            await transact(request)
        return await transact(request)

    state._client.transact = twice  # type: ignore[method-assign, assignment]
    assert await state.use("lost", time.time() + 60, "ours")
    assert not await state.use("lost", time.time() + 60, "another's")
    await state.close()


async def test_an_exchanger_without_rights_in_etcd_says_so_in_its_log_alone(
    start_exchanger: Start, etcd: GuardedEtcd, issuer: OidcIssuer, calling: Calling
) -> None:
    exchanger = await start_exchanger(state="", more=etcd.state("stranger"))
    token = issuer.token()
    answer = await exchanger.exchange(token)
    assert (answer.status_code, answer.json()["reason"]) == (503, "STATE_UNAVAILABLE")
    assert "etcd" not in answer.text
    assert "needs a user in etcd" in exchanger.lines()[-1]["detail"]


async def test_an_exchanger_starts_without_etcd_and_gives_nothing(
    start_exchanger: Start, etcd: GuardedEtcd, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemaregistry_server.exchanger.serving.START_SECONDS", 0.2)
    monkeypatch.setattr("schemaregistry_server.exchanger.etcd_state.SECONDS", 0.2)
    exchanger = await start_exchanger(state="", more=etcd.state(endpoint=free_place().client))
    token = issuer.token()
    answer = await exchanger.exchange(token)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.json()["reason"] == "STATE_UNAVAILABLE"
    another = await start_exchanger(state="", more=etcd.state())
    assert (await another.exchange(token)).status_code == 200


async def test_an_etcd_without_authentication_gets_no_tokens(
    exchanger: RunningExchanger, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def off(*_: object, **__: object) -> AuthStatusResponse:
        return AuthStatusResponse(enabled=False, authRevision=7)

    monkeypatch.setattr(EtcdConnection, "auth_status", off)
    answer = await exchanger.exchange(issuer.token())
    assert (answer.status_code, answer.json()["reason"]) == (503, "STATE_UNAVAILABLE")
    assert "authentication is off" in exchanger.lines()[-1]["detail"]


async def test_an_etcd_without_authentication_is_named_at_the_start(
    start_exchanger: Start, etcd: GuardedEtcd, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def off(*_: object, **__: object) -> AuthStatusResponse:
        return AuthStatusResponse(enabled=False, authRevision=7)

    monkeypatch.setattr(EtcdConnection, "auth_status", off)
    await start_exchanger(state="", more=etcd.state())
    assert "etcd's authentication is off: no tokens are given" in caplog.text


async def test_a_ci_job_publishes_what_its_token_allows(
    exchanger: RunningExchanger, issuer: OidcIssuer, etcd: GuardedEtcd, calling: Calling, tmp_path: Path
) -> None:
    """The whole way: CI's token, the exchanger, a registry that can't write by itself, and etcd."""
    # What other tests have written there is no schema.
    every = DeleteRangeRequest(key=b"/schemas/", range_end=b"/schemas0")
    await calling("root").transact(TxnRequest(success=[RequestOp(request_delete_range=every)]))
    registry = registry_on(etcd, tmp_path)
    try:
        bearer = (("authorization", f"Bearer {await signed(exchanger, issuer)}"),)

        def register(name: str) -> pb.RegisterSchemaResponse:
            draft = "http://json-schema.org/draft-07/schema#"
            document = {"$id": name, "$schema": draft, "version": "1.0.0", "type": "object"}
            request = pb.RegisterSchemaRequest(id=name, document=HttpBody(data=json.dumps(document).encode()))
            return registry.stub("reader").RegisterSchema(request, metadata=bearer, timeout=20)

        assert (await asyncio.to_thread(register, "ticks_v7")).created
        with pytest.raises(grpc.RpcError) as refused:
            await asyncio.to_thread(register, "bars_v1")
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    finally:
        registry.stop()


def registry_on(etcd: GuardedEtcd, directory: Path) -> Server:
    """A server on the cluster, which takes the exchanger's tokens."""
    (directory / "exchanger.pub").write_bytes(public_pem(SIGNING))
    settings: dict[str, object] = {
        "store": "etcd://" + ",".join(etcd.cluster.endpoints),
        "etcd-ca": str(etcd.tls / "ca.pem"),
        "etcd-cert": str(etcd.tls / "registry.pem"),
        "etcd-key": str(etcd.tls / "registry-key.pem"),
        "workers": 1,
        "publisher": [],
        "operator": [],
        "token-key": str(directory / "exchanger.pub"),
        "token-issuer": NAME,
    }
    return launch(directory / "registry", settings).wait()
