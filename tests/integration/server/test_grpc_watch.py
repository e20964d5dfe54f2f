"""WatchSchemas over real sockets."""

# ruff: noqa: ASYNC110 (waiting for what another task does; a test may wait for the disk)

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc.aio
import pytest
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub


def register(stub, name: str, data: bytes) -> int:
    return stub.RegisterSchema(pb.RegisterSchemaRequest(id=name, document=HttpBody(data=data)), timeout=20).revision


def events(stub, until: int, **request: object) -> list[pb.WatchSchemasResponse]:
    """The events of a watch up to a revision."""
    call = stub.WatchSchemas(pb.WatchSchemasRequest(**request), timeout=30)
    seen = []
    for event in call:
        seen.append(event)
        if event.revision >= until and event.WhichOneof("event") == "progress":
            break
    call.cancel()
    return seen


def test_a_watch_brings_the_snapshot_then_each_change_with_its_bytes(running, document) -> None:
    bot, reader = running.stub("ci-bot"), running.stub("reader")
    raw = document("watched_from_its_snapshot")
    first = register(bot, "watched_from_its_snapshot", raw)
    watch = reader.WatchSchemas(
        pb.WatchSchemasRequest(ids=["watched_from_its_snapshot"], include_documents=True), timeout=30
    )
    snapshot, progress = next(watch), next(watch)
    assert (snapshot.snapshot.version, snapshot.revision, snapshot.document) == ("1.0.0", first, raw)
    assert progress.WhichOneof("event") == "progress"
    later = document("watched_from_its_snapshot", "1.0.1", title="Another title")
    second = register(bot, "watched_from_its_snapshot", later)
    change = next(event for event in watch if event.WhichOneof("event") != "progress")
    assert (change.change.version, change.revision, change.document) == ("1.0.1", second, later)
    watch.cancel()


def test_resumed_watches_lose_and_repeat_nothing(start_server, document) -> None:
    """With concurrent writers, and readers that stop and resume after every few events."""
    server = start_server("--progress-seconds", "0.05")
    bots = [server.stub("ci-bot") for _ in range(4)]
    finished = threading.Event()

    def write(place: int) -> list[int]:
        return [register(bots[place], f"w{place}_{n}", document(f"w{place}_{n}")) for n in range(25)]

    def read(break_after: int) -> list[int]:
        stub, seen, at = server.stub("reader"), [], 0
        while not (finished.is_set() and at >= last[0]):
            call = stub.WatchSchemas(pb.WatchSchemasRequest(after_revision=at), timeout=30)
            for count, event in enumerate(call, start=1):
                if event.WhichOneof("event") != "progress":
                    seen.append(event.revision)
                at = event.revision
                if count >= break_after:
                    break
            call.cancel()
        return seen

    last = [0]
    with ThreadPoolExecutor(8) as pool:
        reading = [pool.submit(read, break_after) for break_after in (1, 3, 10)]
        try:
            written = sorted(revision for revisions in pool.map(write, range(4)) for revision in revisions)
            last[0] = written[-1]
        finally:
            finished.set()
        for seen in reading:
            assert seen.result(60) == written


def test_progress_comes_while_nothing_changes(start_server) -> None:
    server = start_server("--progress-seconds", "0.05")
    watch = server.stub("reader").WatchSchemas(pb.WatchSchemasRequest(), timeout=10)
    assert [next(watch).WhichOneof("event") for _ in range(4)] == ["progress"] * 4
    watch.cancel()


async def test_five_thousand_watchers_that_come_at_once_each_get_a_change(running, document) -> None:
    files = [(running.tls / f"{name}.pem").read_bytes() for name in ("ca", "reader-key", "reader")]
    own = [("grpc.use_local_subchannel_pool", 1)]
    credentials = grpc.ssl_channel_credentials(*files)
    channels = [grpc.aio.secure_channel(running.target, credentials, options=own) for _ in range(5)]
    watching: list[int] = []
    request = pb.WatchSchemasRequest(ids=["many_v1"])

    async def first_change(channel: grpc.aio.Channel) -> int:
        async for event in SchemaRegistryStub(channel).WatchSchemas(request, timeout=60):
            if event.WhichOneof("event") != "progress":
                return event.revision
            watching.append(event.revision)
        raise AssertionError("the watch ended")

    changes = [asyncio.create_task(first_change(channels[n % 5])) for n in range(5000)]
    while len(watching) < 5000 and not any(change.done() for change in changes):
        await asyncio.sleep(0.05)
    revision = await asyncio.to_thread(register, running.stub("ci-bot"), "many_v1", document("many_v1"))
    assert set(await asyncio.gather(*changes)) == {revision}
    for channel in channels:
        await channel.close()


def test_a_reader_that_reads_nothing_is_dropped_and_others_go_on(start_server, document) -> None:
    server = start_server("--slow-seconds", "0.5")
    bot, brisk = server.stub("ci-bot"), server.stub("reader")
    slow = SchemaRegistryStub(server.channel("reader", ("grpc.http2.bdp_probe", 0)))  # its window must not grow
    for n in range(40):
        register(bot, f"big_{n}", document(f"big_{n}", description="x" * 200_000))
    watch = slow.WatchSchemas(pb.WatchSchemasRequest(include_documents=True), timeout=60)
    next(watch)
    assert len(events(brisk, 40, include_documents=True)) == 41
    threading.Event().wait(2)
    with pytest.raises(grpc.RpcError) as dropped:
        list(watch)
    assert dropped.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "after_revision" in dropped.value.details()


def test_a_watch_says_how_often_it_marks_its_progress(start_server) -> None:
    watch = start_server("--progress-seconds", "0.5").stub("reader").WatchSchemas(pb.WatchSchemasRequest(), timeout=30)
    next(watch)
    assert dict(watch.initial_metadata())["x-schema-progress-seconds"] == "0.5"
    watch.cancel()
