"""The asyncio client: the same answers, errors and watches as the one for threads."""

import asyncio
import signal

import pytest

from schemaregistry.client import AsyncClient, AsyncWatch, Credentials, Event, VersionRefused
from schemaregistry.errors import FailedPrecondition, NotFound, OutOfRange, PermissionDenied, Unavailable
from tests.support.patience import PATIENCE


@pytest.fixture
async def client(running):
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data)) as client:
        yield client


async def until(watch: AsyncWatch, version: str) -> list[Event]:
    events: list[Event] = []
    while not events or events[-1].version != version:
        events.append(await anext(watch))
    return events


async def test_a_document_comes_back_byte_for_byte(publisher, client, document, schema_id):
    raw = document()
    registered = publisher.register(raw)
    fetched = await client.get(schema_id)
    assert (fetched.raw, fetched.revision) == (raw, registered.revision)
    assert (await client.document(schema_id)).id == schema_id
    assert await client.get(schema_id) == fetched
    assert await client.get(schema_id, "v1.0.0") is await client.get(schema_id, "1.0.0")


async def test_a_reference_follows_its_line(publisher, client, document, schema_id):
    publisher.register(document("1.0.0"))
    assert (await client.get(schema_id, "^1.0")).version == "1.0.0"
    written = publisher.register(document("1.1.0"))
    publisher.register(document("2.0.0-rc.1"))
    assert (await client.get(schema_id, "^1.0", min_revision=written.revision)).version == "1.1.0"
    assert (await client.contract(schema_id, "1")).contract.version == "1.1.0"
    assert (await client.get(schema_id)).version == "1.1.0"


async def test_a_cache_keeps_the_latest_beside_a_pre_release_and_a_fix(publisher, client, document, schema_id):
    for version in ("1.0.0", "2.0.0", "3.0.0-rc.1", "1.0.1"):
        publisher.register(document(version))
    async with await client.follow([schema_id]) as cache:
        assert cache.get(schema_id).version == "2.0.0"


async def test_many_reads_are_under_way_at_once(publisher, client, document, schema_id):
    raw = document()
    publisher.register(raw)
    answers = await asyncio.gather(*(client.get(schema_id) for _ in range(100)))
    assert {answer.raw for answer in answers} == {raw}


async def test_errors_are_the_registry_s_own(client, document, schema_id):
    with pytest.raises(NotFound):
        await client.get(schema_id)
    with pytest.raises(PermissionDenied):
        await client.register(document())


async def test_a_version_is_written_listed_and_judged(running, document, schema_id):
    credentials = Credentials.dev(running.data, "ci-bot")
    async with AsyncClient(running.target, credentials=credentials, timeout=20) as client:
        assert (await client.whoami()).can_publish
        assert (await client.register(document("1.0.0", {"size": {"type": "integer"}}))).created
        with pytest.raises(VersionRefused):
            await client.register(document("1.0.1", {"size": {"type": "string"}}))
        assert (await client.register(document("2.0.0", {"size": {"type": "string"}}))).created
        assert [version.version async for version in client.list_versions(schema_id)] == ["1.0.0", "2.0.0"]
        assert schema_id in [summary.id async for summary in client.list_schemas(field="size")]
        assert (await client.compare(schema_id, "1.0.0", "2.0.0")).verdict == "incompatible"
        assert (
            await client.check_compatibility(document("2.0.1", {"size": {"type": "string"}}))
        ).verdict == "compatible"
        assert not (await client.validate(schema_id, [{"size": 1}])).valid
        me = (await client.whoami()).identity
        assert [each.versions async for each in client.list_consumers(schema_id) if each.identity == me] == [["2.0.0"]]


async def test_a_registry_that_can_not_be_reached_is_unavailable(client):
    async with AsyncClient("localhost:1", credentials=client.credentials) as away:
        with pytest.raises(Unavailable, match="localhost:1"):
            await away.whoami()
        with pytest.raises(Unavailable, match="localhost:1"):
            await anext(away.watch())


async def test_the_last_answer_serves_while_the_registry_is_away(start_server, document, schema_id, tmp_path):
    server = start_server()
    credentials = Credentials.dev(server.data, "ci-bot")
    async with AsyncClient(server.target, credentials=credentials, cache_dir=tmp_path / "cache") as client:
        await client.register(document())
        fetched = await client.get(schema_id)
    server.stop()
    async with AsyncClient(server.target, credentials=credentials, cache_dir=tmp_path / "cache") as client:
        assert (await client.get(schema_id, max_staleness=60)).raw == fetched.raw
        with pytest.raises(Unavailable):
            await client.get(schema_id)


async def test_a_watch_delivers_each_change_once_through_a_restart(start_server, document, schema_id):
    server = start_server()
    credentials = Credentials.dev(server.data, "ci-bot")
    async with AsyncClient(server.target, credentials=credentials, timeout=20) as client:
        await client.register(document("1.0.0"))
        async with client.watch(ids=[schema_id]) as watch:
            seen = await until(watch, "1.0.0")
            await client.register(document("1.0.1"))
            server.stop(signal.SIGKILL)
            server = start_server("--grpc", server.target, data=server.data)
            await client.register(document("1.0.2"))
            seen += await until(watch, "1.0.2")
    assert [event.version for event in seen if event.kind != "progress"] == ["1.0.0", "1.0.1", "1.0.2"]


async def test_a_revision_that_the_registry_has_not_reached_is_out_of_range(client):
    async with client.watch(10**9) as watch:
        with pytest.raises(OutOfRange):
            await anext(watch)


@pytest.mark.parametrize("whole", [False, True], ids=["the watch", "its client"])
async def test_closing_from_another_task_ends_the_iteration(running, client, whole):
    other = AsyncClient(running.target, credentials=client.credentials)
    watch = other.watch()

    async def read() -> int:
        return len([event async for event in watch])

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.3)
    await (other if whole else watch).close()
    async with asyncio.timeout(PATIENCE):
        assert await reading > 0
    await other.close()


async def test_cancelling_the_task_that_reads_a_watch_cancels_it(client):
    async def read() -> None:
        async for _ in client.watch():
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.3)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_a_followed_schema_is_kept_up_to_date(publisher, client, document, schema_id):
    publisher.register(document("1.0.0"))
    async with await client.follow([schema_id]) as cache:
        assert cache.get(schema_id).version == "1.0.0"
        written = await asyncio.to_thread(publisher.register, document("1.1.0"))
        async with client.watch(written.revision - 1, [schema_id]) as watch:
            await until(watch, "1.1.0")
        await asyncio.sleep(0.2)
        assert cache.get(schema_id).version == "1.1.0"
        with pytest.raises(NotFound):
            cache.get("another")


async def test_a_watch_is_read_by_one_task_at_a_time(client):
    async with client.watch() as watch:
        found = await asyncio.gather(anext(watch), anext(watch), return_exceptions=True)
        (refused,) = (each for each in found if isinstance(each, FailedPrecondition))
        assert (len(found), refused.reason) == (2, "READ_TWICE")
        assert await anext(watch)
