"""Certificates that are renewed under a client that goes on: it shows the new ones, and nothing is lost meanwhile."""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemaregistry.client import AsyncClient, Client, Credentials
from tests.support.patience import PATIENCE

Renew = Callable[[str], None]


@pytest.fixture
def files(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")


def paths(credentials: Credentials) -> tuple[Path, Path, Path]:
    return credentials.ca, credentials.cert, credentials.key


@pytest.fixture
def renew(running, files: Credentials) -> Renew:
    """Replace the files by those of an identity, each by a rename, as whoever issues certificates does."""

    def place(identity: str) -> None:
        for new, path in zip(paths(Credentials.dev(running.data, identity)), paths(files), strict=True):
            shutil.copy(new, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)

    place("reader")
    return place


def test_the_next_call_shows_the_renewed_certificate(running, files, renew):
    with Client(running.target, credentials=files) as client:
        assert not client.whoami().can_publish
        renew("ci-bot")
        assert client.whoami().can_publish


def test_files_written_in_place_are_taken_too(running, files, renew):
    with Client(running.target, credentials=files) as client:
        assert not client.whoami().can_publish
        for new, path in zip(paths(Credentials.dev(running.data, "ci-bot")), paths(files), strict=True):
            path.write_bytes(new.read_bytes())
        assert client.whoami().can_publish


def test_half_a_renewal_changes_nothing_until_it_is_whole(running, files, renew):
    with Client(running.target, credentials=files) as client:
        bot = Credentials.dev(running.data, "ci-bot")
        shutil.copy(bot.cert, files.cert)
        assert not client.whoami().can_publish
        files.key.unlink()
        assert not client.whoami().can_publish
        shutil.copy(bot.key, files.key)
        assert client.whoami().can_publish


def test_no_call_fails_while_files_are_renewed(running, files, renew):
    done = threading.Event()

    def ask(client: Client) -> int:
        asked = 0
        while not done.is_set():
            client.whoami()
            asked += 1
        return asked

    with Client(running.target, credentials=files, timeout=10) as client, ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask, client) for _ in range(3)]
        for identity in ("ci-bot", "reader") * 3:
            time.sleep(0.1)
            renew(identity)
        done.set()
        assert all(each.result() > 0 for each in asking)
        assert not client.whoami().can_publish


def test_a_watch_goes_on_when_its_connection_is_replaced(running, files, renew, publisher, document, schema_id):
    publisher.register(document("1.0.0"))
    with Client(running.target, credentials=files, timeout=0.5) as client, client.watch(ids=[schema_id]) as watch:
        assert [next(watch).version, next(watch).kind] == ["1.0.0", "progress"]
        renew("ci-bot")
        assert client.whoami().can_publish
        time.sleep(0.6)
        client.whoami()  # closes the connection that was replaced
        publisher.register(document("1.1.0"))
        assert next(event for event in watch if event.kind == "change").version == "1.1.0"


async def test_the_asyncio_client_goes_on_too(running, files, renew, publisher, document, schema_id):
    publisher.register(document("1.0.0"))
    async with (
        AsyncClient(running.target, credentials=files, timeout=0.5) as client,
        client.watch(ids=[schema_id]) as watch,
    ):
        assert [(await anext(watch)).version, (await anext(watch)).kind] == ["1.0.0", "progress"]
        assert not (await client.whoami()).can_publish
        renew("ci-bot")
        assert (await client.whoami()).can_publish
        await asyncio.sleep(0.6)
        await client.whoami()
        await asyncio.to_thread(publisher.register, document("1.1.0"))
        async with asyncio.timeout(PATIENCE):
            async for event in watch:
                if event.kind == "change":
                    assert event.version == "1.1.0"
                    break
