"""A client's life: closed, forked, pickled into another process, taken into another event loop; and a call's time."""

import asyncio
import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from copy import copy
from pathlib import Path

import pytest

from schemaregistry.client import AsyncClient, Cache, Client, Credentials, Event, Keepalive, VersionRefused
from schemaregistry.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument, NotFound, Unavailable

CALLS: dict[str, Callable[[Client], object]] = {
    "get": lambda client: client.get("ticks_v1"),
    "get a version had before": lambda client: client.get("ticks_v1", "1.1.0"),
    "document": lambda client: client.document("ticks_v1"),
    "whoami": lambda client: client.whoami(),
    "list": lambda client: list(client.list_schemas()),
    "watch": lambda client: next(client.watch()),
    "follow": lambda client: client.follow(),
}


@pytest.fixture
def client(running):
    with Client(running.target, credentials=Credentials.dev(running.data), timeout=20) as client:
        yield client


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(FailedPrecondition) as caught:
        call()
    return caught.value.reason


@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_asked_of_a_closed_client_says_that_it_is_closed(client, call):
    client.get("ticks_v1", "1.1.0")
    client.close()
    assert refused(lambda: CALLS[call](client)) == "CLIENT_CLOSED"


def test_closing_twice_is_closing(client):
    client.close()
    client.close()


def test_what_was_followed_says_that_it_is_closed(client):
    cache = client.follow(["ticks_v1"], timeout=20)
    cache.close()
    assert refused(lambda: read_for_ever(cache)) == "CLIENT_CLOSED"


def read_for_ever(cache: Cache) -> None:
    while cache.get("ticks_v1"):
        pass


async def test_a_closed_client_of_a_task_says_so_too(running):
    client = AsyncClient(running.target, credentials=Credentials.dev(running.data))
    await client.whoami(timeout=20)
    cache = await client.follow(["ticks_v1"], timeout=20)
    watch = client.watch()
    await client.close()
    for call in (client.whoami(), client.get("ticks_v1"), client.follow()):
        with pytest.raises(FailedPrecondition) as caught:
            await call
        assert caught.value.reason == "CLIENT_CLOSED"
    assert [event async for event in watch] == []
    async with asyncio.timeout(20):
        while not cache._latest.failure:  # noqa: ASYNC110 (its task ends by itself)
            await asyncio.sleep(0.01)
    assert refused(lambda: cache.get("ticks_v1")) == "CLIENT_CLOSED"


def test_a_client_of_tasks_may_be_made_before_their_loop(running):
    client = AsyncClient(running.target, credentials=Credentials.dev(running.data), timeout=20)

    async def use() -> str:
        async with client:
            return (await client.whoami()).identity

    assert asyncio.run(use()).endswith("reader")


def test_a_second_event_loop_is_refused_with_what_to_do(running):
    client = AsyncClient(running.target, credentials=Credentials.dev(running.data), timeout=20)
    asyncio.run(client.whoami())

    async def again() -> list[str]:
        reasons = []
        for call in (client.whoami(), client.get("ticks_v1"), client.follow(), anext(client.watch())):
            with pytest.raises(FailedPrecondition, match=r"asyncio\.run") as caught:
                await call
            reasons.append(caught.value.reason)
        await client.close()
        return reasons

    assert asyncio.run(again()) == ["OTHER_LOOP"] * 4


def test_a_call_has_a_timeout_of_its_own(client):
    with pytest.raises(DeadlineExceeded, match="1e-06 s"):
        client.get("ticks_v1", timeout=0.000_001)
    assert client.get("ticks_v1").version == "1.1.0"
    with Client(client.target, credentials=client.credentials, timeout=0.000_001) as hasty:
        assert hasty.get("ticks_v1", timeout=20).version == "1.1.0"
        assert hasty.document("ticks_v1", "1.0.0", timeout=20).id == "ticks_v1"
        assert list(hasty.list_versions("ticks_v1", timeout=20))
        with hasty.follow(["ticks_v1"], timeout=20) as cache:
            assert cache.get("ticks_v1").version == "1.1.0"


async def test_a_call_of_a_task_has_one_too(running):
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data)) as client:
        with pytest.raises(DeadlineExceeded, match="1e-06 s"):
            await client.whoami(timeout=0.000_001)
        assert (await client.get("ticks_v1", timeout=20)).version == "1.1.0"


TOO_LONG = [
    pytest.param(10**9 + 1, id="over"),
    pytest.param(10**400, id="no float"),
    pytest.param(10**5000, id="no text"),
]


@pytest.mark.parametrize("seconds", [1_000_000_000, 1e9])
def test_a_very_long_time_is_one(client, seconds):
    assert client.get("ticks_v1", timeout=seconds).version == "1.1.0"


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", *TOO_LONG])
def test_what_is_no_time_is_refused(client, seconds):
    with pytest.raises(InvalidArgument) as caught:
        client.get("ticks_v1", timeout=seconds)
    assert caught.value.reason == "BAD_TIMEOUT"
    with pytest.raises(InvalidArgument):
        Client(client.target, credentials=client.credentials, timeout=seconds)


def test_a_single_id_is_not_watched_letter_by_letter(client):
    for ask in (client.watch, client.follow):
        with pytest.raises(InvalidArgument, match="list of ids"):
            ask(ids="ticks_v1")
        with pytest.raises(InvalidArgument, match=r"as in \['ticks_v1'\]"):
            ask(ids="")


def test_text_is_a_document_too_and_a_dict_is_none(publisher, document, schema_id):
    assert publisher.register(document().decode()).id == schema_id
    with pytest.raises(InvalidArgument, match=r"json\.dumps"):
        publisher.register({"$id": schema_id})


MISTAKEN: dict[str, Callable[[Client], object]] = {
    "an id that is a number": lambda client: client.get(5),
    "an id of half a character": lambda client: client.get("a\ud800"),
    "a version that is a number": lambda client: client.get("ticks_v1", 1),
    "no version": lambda client: client.get("ticks_v1", None),
    "a revision that is a text": lambda client: client.get("ticks_v1", min_revision="3"),
    "a revision out of range": lambda client: client.get("ticks_v1", min_revision=2**70),
    "ids that are numbers": lambda client: next(client.watch(ids=[1])),
    "a revision to watch from that is a text": lambda client: next(client.watch("5")),
    "a list for an id": lambda client: client.get(["ticks_v1"]),
    "no revision to read at": lambda client: client.get("ticks_v1", min_revision=None),
    "ids that are one number": lambda client: client.watch(ids=5),
    "ids to follow that are one number": lambda client: client.follow(ids=5),
    "no revision to watch from": lambda client: next(client.watch(after_revision=None)),
    "a document of half a character": lambda client: client.check_compatibility("\ud800"),
    "a document to register of half a character": lambda client: client.register("\ud800"),
    "a staleness that is a text": lambda client: client.get("ticks_v1", max_staleness="x"),
    "a staleness that is no number": lambda client: client.contract("ticks_v1", max_staleness=float("nan")),
    "a staleness below zero": lambda client: client.get("ticks_v1", "1.0.0", max_staleness=-1),
    "a version to compare that is none": lambda client: client.compare("ticks_v1", None, "1.1.0"),
    "a filter that is none": lambda client: client.list_schemas(None),
    "a cache directory that is a number": lambda client: Client(
        client.target, credentials=client.credentials, cache_dir=5
    ),
    "a keepalive that is a number": lambda client: Client(client.target, credentials=client.credentials, keepalive=5),
    "one record": lambda client: client.validate("ticks_v1", {"size": "1"}),
    "records as text": lambda client: client.validate("ticks_v1", "[]"),
    "a target that is a number": lambda client: Client(50051, credentials=client.credentials),
    "no target": lambda client: Client(None, credentials=client.credentials),
    "a target with a NUL": lambda client: Client("host\0:1", credentials=client.credentials),
    "no credentials": lambda client: Client(client.target, credentials=None),
    "credentials that are paths": lambda client: AsyncClient(client.target, credentials=("ca", "cert", "key")),
}


@pytest.mark.parametrize("mistake", MISTAKEN)
def test_a_mistake_in_a_program_is_told_as_one(client, mistake):
    with pytest.raises(InvalidArgument):
        MISTAKEN[mistake](client)


def test_a_name_that_is_none_is_unknown(client):
    with Client(f"{'a' * 300}:1", credentials=client.credentials) as away, pytest.raises(Unavailable) as caught:
        away.whoami()
    assert caught.value.reason == "NAME_UNKNOWN"


def version_of(client: Client) -> str:
    return client.get("ticks_v1").version


def failing(client: Client) -> None:
    client.get("ticks_v9")


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_a_client_works_in_other_processes(client, method):
    client.whoami()
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        assert set(pool.map(version_of, [client] * 4)) == {"1.1.0"}
        with pytest.raises(NotFound) as caught:
            pool.submit(failing, client).result()
    assert "ticks_v1" in caught.value.metadata["near"]
    assert version_of(client) == "1.1.0"


def test_a_client_that_watches_works_in_a_process_forked_from_its_own(client):
    with client.follow(["ticks_v1"], timeout=20) as cache, client.watch() as watch:
        next(watch)
        fork = multiprocessing.get_context("fork")
        answers = fork.Queue()
        process = fork.Process(target=in_a_fork, args=(client, cache, watch, answers))
        process.start()
        assert answers.get(timeout=60) == ["1.1.0", "1.1.0", "FORKED", "closed"]
        process.join(60)
        assert process.exitcode == 0
        assert next(watch).revision


def in_a_fork(client, cache, watch, answers) -> None:
    said = [client.get("ticks_v1").version, cache.get("ticks_v1").version]
    try:
        next(watch)
    except FailedPrecondition as error:
        said.append(error.reason)
    watch.close()
    cache.close()
    client.close()
    answers.put([*said, "closed"])


def test_a_pickled_client_has_its_settings_and_absolute_paths(running, tmp_path, monkeypatch):
    monkeypatch.chdir(running.data)
    files = Credentials("tls/ca.pem", "tls/reader.pem", "tls/reader-key.pem")
    keepalive = Keepalive(idle=60, wait=5)
    with Client(running.target, credentials=files, timeout=7, cache_dir=tmp_path / "c", keepalive=keepalive) as client:
        data = pickle.dumps(client)
    monkeypatch.chdir("/")
    with pickle.loads(data) as revived:
        assert (revived.target, revived.timeout, revived.keepalive) == (running.target, 7, keepalive)
        assert revived.credentials.ca == Path(running.data, "tls/ca.pem").absolute()
        assert version_of(revived) == "1.1.0"
        assert list((tmp_path / "c").rglob("*.cached"))


def test_a_client_of_tasks_pickles_too(running):
    client = AsyncClient(running.target, credentials=Credentials.dev(running.data), timeout=20)
    asyncio.run(client.whoami())
    revived = pickle.loads(pickle.dumps(client))
    assert asyncio.run(revived.whoami()).identity.endswith("reader")


def test_answers_pickle(client):
    with client.watch() as watch:
        event = next(watch)
    answers = [
        client.get("ticks_v1"),
        client.document("ticks_v1"),
        client.whoami(),
        client.compare("ticks_v1", "1.0.0", "1.1.0"),
        client.validate("ticks_v1", [{"size": "1"}]),
        next(client.list_schemas()),
        next(client.list_versions("ticks_v1")),
        event,
        Event("progress", 7),
    ]
    for answer in answers:
        assert pickle.loads(pickle.dumps(answer)) == answer


def test_errors_pickle_with_all_they_tell(publisher, document):
    publisher.register(document("1.0.0", {"size": {"type": "integer"}}))
    with pytest.raises(VersionRefused) as caught:
        publisher.register(document("1.0.1", {"size": {"type": "string"}}))
    revived = pickle.loads(pickle.dumps(caught.value))
    assert type(revived) is VersionRefused
    assert (revived.message, revived.reason, revived.metadata) == (
        caught.value.message,
        caught.value.reason,
        caught.value.metadata,
    )
    assert revived.verdict == caught.value.verdict


def test_what_belongs_to_one_process_says_so(client):
    with client.watch() as watch, client.follow(["ticks_v1"], timeout=20) as cache:
        for kept in (watch, cache):
            with pytest.raises(TypeError, match="pickle the client"):
                pickle.dumps(kept)
            with pytest.raises(TypeError, match="pickle the client"):
                copy(kept)


@pytest.mark.parametrize("kind", [str, Path, os.fspath], ids=["strings", "paths", "what os.fspath gives"])
def test_credentials_are_paths_or_strings(running, kind):
    tls = running.data / "tls"
    files = Credentials(kind(tls / "ca.pem"), kind(tls / "reader.pem"), kind(tls / "reader-key.pem"))
    assert files == Credentials.dev(running.data)
    assert hash(files) == hash(Credentials.dev(str(running.data)))
    with Client(running.target, credentials=files, timeout=20) as client:
        assert client.whoami().identity.endswith("reader")


def test_a_path_may_begin_at_home(running, monkeypatch):
    monkeypatch.setenv("HOME", str(running.data))
    files = Credentials("~/tls/ca.pem", "~/tls/reader.pem", "~/tls/reader-key.pem")
    assert files.tls()


@pytest.mark.parametrize("given", [None, b"ca.pem", "", 7, "-----BEGIN PRIVATE KEY-----\nMIGH"])
def test_what_is_no_path_is_refused_and_not_repeated(given):
    with pytest.raises(InvalidArgument, match="key is to be the path of a PEM file") as caught:
        Credentials("ca.pem", "reader.pem", given)
    assert "MIGH" not in caught.value.message


def test_an_empty_file_is_named(running, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.touch()
    for part in ("ca", "cert", "key"):
        files = {name: getattr(Credentials.dev(running.data), name) for name in ("ca", "cert", "key")}
        with pytest.raises(InvalidArgument, match=r"empty\.pem is empty"):
            Client(credentials=Credentials(**files | {part: empty}))
