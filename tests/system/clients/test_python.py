"""Python's clients on both stores: the example, and what is watched and cached while etcd changes its leader.

The rest of what they do is in tests/integration/client, on SQLite.
"""

import asyncio
import sys
from collections.abc import Callable

import pytest

from devtools.servers import until
from schemaregistry.client import AsyncClient, Client, Credentials, Event
from tests.system.clients.conftest import ROOT, Place, versioned


@pytest.fixture
def credentials(place: Place) -> Credentials:
    return Credentials.dev(place.server.data)


def test_its_example_halts_on_a_record_that_a_new_version_refuses(halts: Callable[..., None]) -> None:
    halts("python_halt", sys.executable, ROOT / "examples/halt/halt.py", cwd=".")


def told(event: Event) -> tuple[str, str]:
    return event.kind, event.version


def test_a_watch_and_a_followed_cache_go_on_when_the_store_is_disturbed(place: Place, credentials: Credentials) -> None:
    place.publish(versioned("python_watch", "1.0.0"))
    with (
        Client(place.server.target, credentials=credentials) as client,
        client.follow(["python_watch"]) as cache,
        client.watch(ids=["python_watch"]) as watch,
    ):
        assert told(next(watch)) == ("snapshot", "1.0.0")
        place.disturb()
        assert cache.get("python_watch").version == client.get("python_watch").version == "1.0.0"
        place.publish(versioned("python_watch", "1.1.0", title="Shares"))
        assert next(told(event) for event in watch if event.kind != "progress") == ("change", "1.1.0")
        until(lambda: cache.get("python_watch").version != "1.0.0")
        assert cache.get("python_watch").version == client.get("python_watch").version == "1.1.0"


async def test_asyncio_s_watch_and_cache_go_on_too(place: Place, credentials: Credentials) -> None:
    await asyncio.to_thread(place.publish, versioned("asyncio_watch", "1.0.0"))
    async with (
        AsyncClient(place.server.target, credentials=credentials) as client,
        await client.follow(["asyncio_watch"]) as cache,
        client.watch(ids=["asyncio_watch"]) as watch,
        asyncio.timeout(60),
    ):
        assert told(await anext(watch)) == ("snapshot", "1.0.0")
        await place.disturbed()
        assert cache.get("asyncio_watch").version == (await client.get("asyncio_watch")).version == "1.0.0"
        await asyncio.to_thread(place.publish, versioned("asyncio_watch", "1.1.0", title="Shares"))
        while told(event := await anext(watch)) != ("change", "1.1.0"):
            assert event.kind == "progress"
        while cache.get("asyncio_watch").version == "1.0.0":  # noqa: ASYNC110 (a cache has no event to wait for)
            await asyncio.sleep(0.01)
