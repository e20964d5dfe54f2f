"""States of versions as the clients set, show, log and follow them."""

import asyncio
import logging

import pytest

from devtools.servers import until
from schemaregistry.client import AsyncClient, Client, Credentials, Fetched, Origin
from schemaregistry.client.read_cache import ReadCache
from schemaregistry.document.version_state import ACTIVE, VersionState
from schemaregistry.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

DEPRECATED = VersionState("deprecated", "take 2.0.0 – soon", 1_801_353_600)
RETRACTED = VersionState("retracted", "a typo")


def test_a_fetched_version_has_its_state_with_reason_and_sunset(publisher, reader, document, schema_id) -> None:
    publisher.register(document())
    assert reader.get(schema_id).state == ACTIVE
    done = publisher.set_state(schema_id, "1.0.0", DEPRECATED)
    assert (done.changed, done.previous, done.latest_version, done.state) == (True, "active", "1.0.0", DEPRECATED)
    assert reader.get(schema_id).state == DEPRECATED
    assert not publisher.set_state(schema_id, "1.0.0", DEPRECATED).changed


def test_a_deprecated_version_is_logged_once(publisher, reader, document, schema_id, caplog) -> None:
    publisher.register(document())
    publisher.set_state(schema_id, "1.0.0", DEPRECATED)
    with caplog.at_level(logging.WARNING, "schemaregistry.client"):
        for version in ("1.0.0", "latest", "1.0.0"):
            reader.get(schema_id, version)
        reader.contract(schema_id)
    sentence = f"{schema_id} 1.0.0 is deprecated: take 2.0.0 – soon. It may be withdrawn from 2027-01-31 on."
    assert [record.message for record in caplog.records] == [sentence]


async def test_the_async_client_logs_it_too(running, publisher, document, schema_id, caplog) -> None:
    publisher.register(document())
    publisher.set_state(schema_id, "1.0.0", RETRACTED)
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data)) as client:
        with caplog.at_level(logging.WARNING, "schemaregistry.client"):
            for _ in range(3):
                assert (await client.get(schema_id, "1.0.0")).state == RETRACTED
    assert [record.message for record in caplog.records] == [f"{schema_id} 1.0.0 is retracted: a typo."]


def test_a_state_set_since_it_was_seen_is_not_overwritten(publisher, document, schema_id) -> None:
    seen = publisher.register(document()).revision
    first = publisher.set_state(schema_id, "1.0.0", RETRACTED, expected_revision=seen)
    with pytest.raises(FailedPrecondition) as refused:
        publisher.set_state(schema_id, "1.0.0", DEPRECATED, expected_revision=seen)
    assert (refused.value.reason, refused.value.metadata["state"]) == ("STATE_CHANGED", "retracted")
    assert publisher.set_state(schema_id, "1.0.0", ACTIVE, expected_revision=first.revision).changed


def test_a_reader_may_not(publisher, reader, document, schema_id) -> None:
    publisher.register(document())
    with pytest.raises(PermissionDenied):
        reader.set_state(schema_id, "1.0.0", RETRACTED)


async def test_both_watches_tell_of_a_state_and_of_what_is_latest_then(running, publisher, document, schema_id) -> None:
    publisher.register(document())
    revision = publisher.register(document("1.1.0")).revision
    publisher.set_state(schema_id, "1.1.0", RETRACTED)
    with Client(running.target, credentials=Credentials.dev(running.data)) as client:
        event = next(client.watch(revision, [schema_id]))
    assert (event.kind, event.version, event.state, event.is_latest) == ("state", "1.1.0", RETRACTED, False)
    assert event.latest is not None
    assert event.latest.version == "1.0.0"
    other = AsyncClient(running.target, credentials=Credentials.dev(running.data))
    async with other, other.watch(revision, [schema_id]) as watch:
        assert await anext(aiter(watch)) == event


def test_a_cache_follows_what_latest_means(publisher, reader, document, schema_id) -> None:
    publisher.register(document())
    publisher.register(second := document("1.1.0", title="second"))
    with reader.follow([schema_id]) as cache:
        publisher.set_state(schema_id, "1.1.0", RETRACTED)
        until(lambda: cache.get(schema_id).version == "1.0.0")
        assert cache.get(schema_id).raw == document()
        publisher.set_state(schema_id, "1.0.0", DEPRECATED)
        until(lambda: cache.get(schema_id).state == DEPRECATED)
        publisher.set_state(schema_id, "1.0.0", RETRACTED)
        until(lambda: _is_retracted(cache, schema_id))
        publisher.set_state(schema_id, "1.1.0", ACTIVE)
        until(lambda: not _is_retracted(cache, schema_id))
        assert cache.get(schema_id).raw == second


def _is_retracted(cache, schema_id: str) -> bool:
    try:
        cache.get(schema_id)
    except NotFound as error:
        return error.reason == "ALL_RETRACTED"
    return False


async def test_a_cache_that_begins_later_serves_no_retracted_version(running, publisher, document, schema_id) -> None:
    publisher.register(document())
    publisher.register(document("1.1.0"))
    publisher.set_state(schema_id, "1.1.0", RETRACTED)
    client = AsyncClient(running.target, credentials=Credentials.dev(running.data))
    async with client, await client.follow([schema_id]) as cache:
        assert cache.get(schema_id).version == "1.0.0"
        await asyncio.to_thread(publisher.set_state, schema_id, "1.0.0", RETRACTED)
        await asyncio.to_thread(until, lambda: _is_retracted(cache, schema_id))


def test_a_state_is_on_disk_with_the_answer(running, publisher, document, schema_id, tmp_path) -> None:
    publisher.register(document())
    publisher.set_state(schema_id, "1.0.0", DEPRECATED)
    credentials = Credentials.dev(running.data)
    with Client(running.target, credentials=credentials, cache_dir=tmp_path) as client:
        client.get(schema_id)
    target = f"localhost:{running.target.rpartition(':')[2]}"
    (folder,) = tmp_path.iterdir()
    assert target.rpartition(":")[2] in folder.name
    with Client(running.target, credentials=credentials, cache_dir=tmp_path) as again:
        assert again._cache.known(schema_id, "latest").state == DEPRECATED


class Hours:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_version_in_the_cache_is_asked_for_its_state_after_a_minute(
    running, publisher, document, schema_id, tmp_path, caplog, on_disk
) -> None:
    publisher.register(document())
    clock = Hours()
    with Client(running.target, credentials=Credentials.dev(running.data)) as client:
        client._cache = ReadCache(running.target, tmp_path if on_disk else None, elapsed=clock)
        first = client.get(schema_id, "1.0.0")
        publisher.set_state(schema_id, "1.0.0", RETRACTED)
        clock.seconds += 59
        assert client.get(schema_id, "1.0.0").state == ACTIVE
        clock.seconds += 1
        with caplog.at_level(logging.WARNING, "schemaregistry.client"):
            again = client.get(schema_id, "1.0.0")
        assert (again.state, again.raw, again.stale) == (RETRACTED, first.raw, False)
        assert [record.message for record in caplog.records] == [f"{schema_id} 1.0.0 is retracted: a typo."]
        publisher.set_state(schema_id, "1.0.0", ACTIVE)
        clock.seconds += 60
        assert client.get(schema_id, "1.0.0") == first


async def test_the_async_client_asks_again_too(running, publisher, document, schema_id) -> None:
    publisher.register(document())
    clock = Hours()
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data)) as client:
        client._cache = ReadCache(running.target, None, elapsed=clock)
        assert (await client.contract(schema_id, "1.0.0")).schema.state == ACTIVE
        publisher.set_state(schema_id, "1.0.0", RETRACTED)
        clock.seconds += 60
        assert (await client.contract(schema_id, "1.0.0")).schema.state == RETRACTED


def test_who_sets_a_state_has_it_at_once(publisher, document, schema_id) -> None:
    publisher.register(document())
    assert publisher.get(schema_id, "1.0.0").state == ACTIVE
    for state in (DEPRECATED, RETRACTED, ACTIVE):
        publisher.set_state(schema_id, "1.0.0", state)
        assert publisher.get(schema_id, "1.0.0").state == state
        assert publisher.get(schema_id, "1.0.0").raw == document()


def test_a_min_revision_asks_for_the_state_of_then(publisher, reader, document, schema_id) -> None:
    publisher.register(document())
    reader.get(schema_id, "1.0.0")
    done = publisher.set_state(schema_id, "1.0.0", RETRACTED)
    assert reader.get(schema_id, "1.0.0", min_revision=done.revision).state == RETRACTED


def test_without_the_registry_a_version_is_served_with_the_age_of_its_state(start_server, document, schema_id) -> None:
    server, clock = start_server(), Hours()
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot")) as client:
        client._cache = ReadCache(server.target, None, elapsed=clock)
        client.register(document())
        raw = client.get(schema_id, "1.0.0").raw
        server.stop()
        clock.seconds += 60
        for _ in range(2):
            served = client.get(schema_id, "1.0.0")
            assert (served.raw, served.stale) == (raw, True)
            assert served.stale_seconds is not None
        assert client.contract(schema_id, "1.0.0").schema.raw == raw


def test_an_unreachable_registry_is_asked_once_a_minute() -> None:
    clock = Hours()
    cache = ReadCache("localhost:50051", None, elapsed=clock)
    cache.keep("ticks", "1.0.0", Fetched(b"{}", "ticks", "1.0.0", 7, "sha256:"))
    clock.seconds += 60
    assert cache.settled("ticks", "1.0.0") is None
    assert cache.unconfirmed("ticks", "1.0.0") is not None
    served = cache.settled("ticks", "1.0.0")
    assert served is not None
    assert served.stale
    clock.seconds += 60
    assert cache.settled("ticks", "1.0.0") is None
    assert cache.unconfirmed("ticks", "latest") is None


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ("deprecated", "VersionState\\("),
        (None, "VersionState\\("),
        ({"name": "deprecated"}, "VersionState\\("),
        (VersionState("deprecated", "a", "2027-01-01"), "give whole seconds"),  # type: ignore[arg-type]
        (VersionState("deprecated", "a", 10**15), "give whole seconds"),
        (VersionState(None, "a"), "give texts as str"),  # type: ignore[arg-type]
    ],
)
async def test_what_is_no_state_is_refused_with_what_to_give(
    running, publisher, document, schema_id, state, hint
) -> None:
    publisher.register(document())
    with pytest.raises(InvalidArgument, match=hint) as refused:
        publisher.set_state(schema_id, "1.0.0", state)
    assert refused.value.reason == "BAD_ARGUMENT"
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data, "ci-bot")) as client:
        with pytest.raises(InvalidArgument, match=hint):
            await client.set_state(schema_id, "1.0.0", state)


@pytest.mark.parametrize("origin", [{"commit": "a" * 40}, None, "a/b", Origin(commit=5)])  # type: ignore[arg-type]
async def test_what_is_no_origin_is_refused_with_what_to_give(running, publisher, document, origin) -> None:
    with pytest.raises(InvalidArgument, match="give ") as refused:
        publisher.register(document(), origin=origin)
    assert refused.value.reason == "BAD_ARGUMENT"
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data, "ci-bot")) as client:
        with pytest.raises(InvalidArgument, match="give "):
            await client.register(document(), origin=origin)
