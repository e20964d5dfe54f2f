"""Three servers on one etcd cluster: what one wrote the others read, and no restart loses a call or a change."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from devtools.etcd_cluster import EtcdCluster
from devtools.load_generator import Load, loaded
from devtools.servers import Server, launch, register, until
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.etcd.endpoints import EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_client import EtcdClient
from tests.support.patience import at_most_tenfold
from tests.system.production.watcher import Watcher

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def settings(etcd_cluster: EtcdCluster, etcd_directory: Path) -> dict[str, object]:
    from devtools.etcd_tls import settings

    return settings(etcd_cluster, etcd_directory) | {"workers": 1, "progress-seconds": 0.5}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("three")


@pytest.fixture(scope="module")
def servers(directory: Path, settings: dict[str, object]) -> Iterator[list[Server]]:
    """Three servers; a test that restarts one puts the new one in its place."""
    servers = [launch(directory, settings) for _ in range(3)]
    for server in servers:
        server.wait()
    yield servers
    for server in servers:
        server.stop()


def restart(servers: list[Server], place: int, directory: Path, settings: dict[str, object]) -> None:
    """End a server by SIGTERM and start it again where it was."""
    assert servers[place].stop() == 0
    servers[place] = launch(directory, settings | {"grpc": servers[place].target}).wait()


def test_each_server_reads_what_it_wrote(servers: list[Server], document: Make) -> None:
    for place, server in enumerate(servers):
        bot, reader = server.stub("ci-bot"), server.stub()
        for number in range(20):
            name = f"own_{place}_{number}"
            revision = register(bot, name, document(name))
            body, call = reader.GetSchema.with_call(pb.GetSchemaRequest(id=name), timeout=10)
            assert body.data == document(name)
            assert dict(call.initial_metadata())["x-schema-revision"] == str(revision)


def test_another_server_waits_for_a_revision(servers: list[Server], document: Make) -> None:
    bot, others = servers[0].stub("ci-bot"), [server.stub() for server in servers[1:]]
    for number in range(20):
        name = f"waited_{number}"
        revision = register(bot, name, document(name))
        for other in others:
            assert other.GetSchema(pb.GetSchemaRequest(id=name, min_revision=revision), timeout=10).data


def test_a_revision_that_does_not_come_ends_with_the_calls_deadline(servers: list[Server], document: Make) -> None:
    revision = register(servers[0].stub("ci-bot"), "late_v1", document("late_v1"))
    request = pb.GetSchemaRequest(id="late_v1", min_revision=revision + 1_000_000)
    with at_most_tenfold(0.5, time.monotonic), pytest.raises(grpc.RpcError) as late:
        servers[1].stub().GetSchema(request, timeout=0.5)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def arrived(watchers: list[Watcher], load: Load) -> Callable[[], bool]:
    """Whether every watcher has all that was written."""
    last = max(load.written.values())
    return lambda: all(watcher.at >= last or watcher.failed for watcher in watchers)


def assert_each_once_in_order(watchers: list[Watcher], load: Load, prefix: str) -> None:
    written = sorted((revision, name) for name, revision in load.written.items())
    for watcher in watchers:
        assert watcher.failed is None
        revisions = [revision for revision, _ in watcher.seen]
        assert revisions == sorted(set(revisions)), "each once and in order"
        ours = [event for event in watcher.seen if event[1].startswith(prefix) and event[1] in load.written]
        assert ours == written


def test_a_rolling_restart_fails_no_call_and_hides_no_change(
    servers: list[Server], settings: dict[str, object], directory: Path, document: Make
) -> None:
    first = register(servers[0].stub("ci-bot"), "rolling_v1", document("rolling_v1"))
    watchers = [Watcher(servers[place:] + servers[:place], first) for place in range(3)]
    with loaded(servers, "rolled", document, readers=3) as load:
        for place in range(3):
            load.more(100)
            restart(servers, place, directory, settings)
        load.more(100)
    assert [(error.code(), error.details()) for error in load.failed] == []
    until(arrived(watchers, load))
    for watcher in watchers:
        watcher.stop()
    assert all(watcher.connections > 1 for watcher in watchers)
    assert_each_once_in_order(watchers, load, "rolled")


async def test_leader_kill_compaction_and_restarts_hide_no_change(
    breakable: EtcdCluster,
    etcd_directory: Path,
    servers: list[Server],
    settings: dict[str, object],
    directory: Path,
    document: Make,
) -> None:
    first = register(servers[0].stub("ci-bot"), "broken_v1", document("broken_v1"))
    staying = [Watcher([server], first) for server in servers]
    moving = Watcher(servers, first)
    with loaded(servers, "broken", document) as load:
        load.more(100)
        leader = await breakable.leader()
        assert leader
        await leader.kill()
        load.more(100)
        await compact(breakable, etcd_directory, max(load.written.values()))
        restart(servers, 1, directory, settings)
        leader.start()
        load.more(100)
        await compact(breakable, etcd_directory, max(load.written.values()))
        load.more(100)
    until(arrived([*staying, moving], load))
    for watcher in (*staying, moving):
        watcher.stop()
    assert_each_once_in_order([*staying, moving], load, "broken")
    refused = {(error.code(), error.details()) for error in load.failed}
    assert {code for code, _ in refused} <= {grpc.StatusCode.UNAVAILABLE}, refused


async def compact(cluster: EtcdCluster, directory: Path, revision: int) -> None:
    """Let etcd forget what it had before a revision."""
    names = ("ca.pem", "ci-bot.pem", "ci-bot-key.pem")
    client = EtcdClient(EtcdConnection(cluster.endpoints, tls=EtcdTls(*(directory / "tls" / name for name in names))))
    await client.compact(revision)
    await client.close()
