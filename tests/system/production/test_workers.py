"""Several workers behind one port: they share the calls, one that dies is healed, and all end together."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from devtools.load_generator import loaded
from devtools.servers import Server, alive, command, register, until
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.config.options import EtcdAuth
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.runtime import supervisor
from schemaregistry_server.runtime.supervisor import Supervisor
from schemaregistry_server.security import pki


@pytest.fixture
def server(start: Callable[..., Server], etcd_store: dict[str, object]) -> Server:
    """Two workers."""
    return start(etcd_store | {"workers": 2, "rest": "localhost:0"})


CUT = "Stream removed (Socket closed)"


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [found for child in map(int, own) for found in (child, *children(child))]


@pytest.fixture
def family(server: Server) -> Iterator[Callable[[], list[int]]]:
    """Every process of the server; none is left after the test."""
    seen: set[int] = set()

    def look() -> list[int]:
        seen.update(found := [server.process.pid, *children(server.process.pid)])
        return found

    yield look
    server.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in seen))


def gone(server: Server, pid: int) -> bool:
    return pid not in server.workers()


def test_two_workers_share_the_port_and_the_store(server: Server, document: Callable[..., bytes]) -> None:
    revision = register(server.stub("ci-bot"), "shared_v1", document("shared_v1"))
    request = pb.GetSchemaRequest(id="shared_v1", min_revision=revision)
    for _ in range(16):  # a connection each: the kernel gives them to either worker
        assert server.stub().GetSchema(request, timeout=10).data == document("shared_v1")
    assert server.ready() == (200, "worker 1: ready\nworker 2: ready\n")


def test_reads_of_every_worker_and_server_are_counted(
    start: Callable[..., Server], etcd_store: dict[str, object], document: Callable[..., bytes]
) -> None:
    servers = [start(etcd_store | {"workers": 2, "reads-seconds": 0.1}) for _ in range(2)]
    revision = register(servers[0].stub("ci-bot"), "counted_v1", document("counted_v1"))
    request = pb.GetSchemaRequest(id="counted_v1", min_revision=revision)
    for number in range(30):  # a connection each: the kernel gives them to either worker
        servers[number % 2].stub().GetSchema(request, timeout=10)

    def counted(server: Server) -> list[int]:
        asked = server.stub("ci-bot").ListConsumers(pb.ListConsumersRequest(id="counted_v1"), timeout=10)
        return [each.reads for each in asked.consumers]

    for server in servers:
        until(partial(lambda server: counted(server) == [30], server))
    servers[0].stub().GetSchema(request, timeout=10)
    assert servers[0].stop() == 0  # saves the last read, by whichever worker
    assert counted(servers[1]) == [31]


def test_records_are_judged_without_a_wait_for_imports(
    start: Callable[..., Server], etcd_store: dict[str, object]
) -> None:
    """Their workers, which need pyarrow, start with the server, and not with the first batch."""
    server = start(etcd_store)

    def has_pyarrow(pid: int) -> bool:
        try:
            return "libarrow" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
        except OSError:
            return False

    until(lambda: any(map(has_pyarrow, children(server.process.pid))))


def test_each_worker_gets_connections(server: Server) -> None:
    """Health is watched on each: a worker that ends tells those who watch it."""
    watches = [
        health_pb2_grpc.HealthStub(server.channel("reader")).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        for _ in range(16)
    ]
    for watch in watches:
        next(watch)
    os.kill(server.workers()[0], signal.SIGKILL)
    ended = []

    def read(watch: grpc.Call) -> None:
        try:
            next(watch)
        except grpc.RpcError:
            ended.append(watch)

    threads = [threading.Thread(target=read, args=(watch,), daemon=True) for watch in watches]
    for thread in threads:
        thread.start()
    until(lambda: ended)
    time.sleep(0.5)
    assert 0 < len(ended) < 16, "one worker's watches end, the other's go on"
    for watch in watches:
        watch.cancel()


def test_kill_9_of_one_worker_under_load_is_healed_by_the_other_and_by_its_restart(
    server: Server, family: Callable[[], list[int]], document: Callable[..., bytes]
) -> None:
    """What fails, if anything, is calls of whose answer a part had come: gRPC does not try those again (gRFC A6)."""
    with loaded([server], "healed", document) as load:
        for _ in range(2):
            family()
            load.more(100)
            killed = server.workers()[0]
            os.kill(killed, signal.SIGKILL)
            until(partial(gone, server, killed))
            assert server.ready()[0] == 200, "the other one is ready"
            until(lambda: len(server.workers()) == 2 and server.ready()[1] == "worker 1: ready\nworker 2: ready\n")
            load.more(100)
            family()
    assert len(load.failed) <= 2 * 6, "one call of each client at each kill"
    assert {(error.code(), error.details()) for error in load.failed} <= {(grpc.StatusCode.UNAVAILABLE, CUT)}
    everything = server.stub().WatchSchemas(pb.WatchSchemasRequest(after_revision=0), timeout=30)
    there = {}
    for event in everything:
        if event.HasField("progress") and event.revision >= max(load.written.values()):
            break
        there[event.snapshot.id or event.change.id] = event.revision
    everything.cancel()
    assert load.written.items() <= there.items(), "every acknowledged write is there, at its revision"


async def test_a_worker_that_hangs_is_killed_and_started_again(
    monkeypatch: pytest.MonkeyPatch, etcd_store: dict[str, object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 5)
    others = set(children(os.getpid()))
    stopping, listening = asyncio.Event(), asyncio.Event()
    crew = Supervisor(settings(tmp_path, etcd_store), stopping)
    running = asyncio.create_task(crew.run(lambda _: listening.set()))
    await asyncio.wait_for(listening.wait(), 60)
    hanging = next(pid for pid in children(os.getpid()) if pid not in others and b"spawn_main" in command(pid))
    os.kill(hanging, signal.SIGSTOP)
    async with asyncio.timeout(180):
        while alive(hanging) or "\n".join(["worker 1: ready", "worker 2: ready"]) != crew.state.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert "silent for" in caplog.text
    stopping.set()
    await asyncio.wait_for(running, 30)


def settings(directory: Path, store: dict[str, object]) -> Settings:
    """Two workers on a free port."""
    pki.ensure(directory)
    tls = {name.replace("-", "_"): Path(str(store[name])) for name in ("etcd-ca", "etcd-cert", "etcd-key")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = Settings(
        **tls,  # type: ignore[arg-type]  # etcd's
        store=str(store["store"]),
        etcd_auth=EtcdAuth.OFF,
        grpc=f"127.0.0.1:{port}",
        tls_cert=directory / "server.pem",
        tls_key=directory / "server-key.pem",
        client_ca=directory / "ca.pem",
        publisher=("ci-bot",),
        workers=2,
        judge_seconds=10.0,
    )
    return replace(said.complete(), health=None)


def test_sigterm_ends_all_in_order(server: Server, family: Callable[[], list[int]]) -> None:
    watch = server.stub().WatchSchemas(pb.WatchSchemasRequest(), timeout=60)
    next(watch)
    family()
    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(grpc.RpcError) as ended:
        list(watch)
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "after_revision" in ended.value.details()
    assert server.process.wait(20) == 0
    assert "Traceback" not in server.output()


def test_ctrl_c_in_a_terminal_reaches_all_and_ends_them_cleanly(
    server: Server, family: Callable[[], list[int]]
) -> None:
    family()
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(20) == 0
    assert "Traceback" not in server.output()
    assert "KeyboardInterrupt" not in server.output()


def test_the_workers_end_with_their_supervisor(server: Server, family: Callable[[], list[int]]) -> None:
    watch = server.stub().WatchSchemas(pb.WatchSchemasRequest(), timeout=60)
    next(watch)
    pids = family()
    os.kill(server.process.pid, signal.SIGKILL)
    with pytest.raises(grpc.RpcError) as ended:
        list(watch)
    assert "after_revision" in ended.value.details(), "they end as by SIGTERM"
    until(lambda: not any(alive(pid) for pid in pids[1:]))


JUDGE = """
import asyncio, os, time
from schemaregistry_server.rpc.compat_worker import CompatWorkers, template

async def main():
    judge = CompatWorkers(template(), seconds=60)
    print(await judge._run("me", 60, os.getpid), flush=True)
    await judge._run("me", 60, time.sleep, 60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_judge_ends_with_its_worker_even_amid_a_task(tmp_path: Path) -> None:
    script = tmp_path / "verdict_cache.py"
    script.write_text(JUDGE, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        judge = int(process.stdout.readline())
        time.sleep(1)
        assert alive(judge)
        process.kill()
    until(lambda: not alive(judge), seconds=5)


def test_a_server_whose_workers_refuse_to_start_says_why_once(
    begin: Callable[..., Server], etcd_store: dict[str, object], tmp_path: Path
) -> None:
    server = begin(etcd_store | {"workers": 2, "tls-key": str(tmp_path / "none.pem")})
    assert server.process.wait(30) == 2
    (line,) = server.output().strip().splitlines()
    assert "none.pem can't be used for TLS" in line


def test_another_servers_port_is_in_use_though_it_is_shared(
    server: Server, begin: Callable[..., Server], etcd_store: dict[str, object]
) -> None:
    second = begin(etcd_store | {"workers": 2, "grpc": server.target})
    assert second.process.wait(30) == 2
    assert f"can't listen on {server.target}" in second.output()
    with socket.create_connection(("localhost", int(server.target.rpartition(":")[2]))):
        pass
