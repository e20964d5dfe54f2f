"""A peer that vanishes without a word: its connection stays up, and nothing arrives any more.

Times are settings here, far shorter than those that a client has by itself.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from devtools import servers
from devtools.servers import launch_dev
from schemaregistry.client import AsyncClient, Client, Credentials, Keepalive
from schemaregistry.client.channel import options
from schemaregistry.client.silence import Silence
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, RegistryError, Unavailable
from tests.integration.client.silent_line import SilentLine, silent_line

FAST = Keepalive(idle=0.3, wait=0.2)
SLOW = Keepalive(idle=3600, wait=3600)
"""As good as none: then it's the watch itself that has to notice."""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A server whose watches hear a mark of progress every 0.2 s."""
    data = tmp_path_factory.mktemp("quick") / "data"
    server = launch_dev(data, "--grpc", "localhost:0", "--rest", "127.0.0.1:0", "--progress-seconds", "0.2").wait()
    yield server
    server.stop()


@pytest.fixture
def line(quick) -> Iterator[SilentLine]:
    with silent_line(quick.target) as line:
        yield line


@pytest.fixture
def bot(quick) -> Iterator[Client]:
    with Client(quick.target, credentials=Credentials.dev(quick.data, "ci-bot"), timeout=20) as client:
        yield client


def until(holds: Callable[[], bool]) -> None:
    """Return once it holds. The bound is ten times what any of these takes, and far below gRPC's own minute."""
    servers.until(holds, seconds=20)


def test_the_settings_state_what_grpc_goes_by():
    given = dict(options("registry.example:50051", Keepalive()))
    assert given["grpc.keepalive_time_ms"] + given["grpc.http2.ping_timeout_ms"] == 40_000
    assert given["grpc.keepalive_timeout_ms"] == given["grpc.http2.ping_timeout_ms"]
    assert given["grpc.keepalive_permit_without_calls"] == 1


def test_calls_go_by_a_new_connection_once_the_old_one_is_silent(quick, line):
    with Client(line.target, credentials=Credentials.dev(quick.data), timeout=0.5, keepalive=FAST) as client:
        client.whoami(timeout=20)
        line.swallow()

        def answers() -> bool:
            try:
                return bool(client.whoami().identity)
            except (DeadlineExceeded, Unavailable):
                return False

        until(answers)
        assert line.connections == 2


def test_an_idle_connection_that_fell_silent_is_noticed_before_the_next_call(quick, line):
    with Client(line.target, credentials=Credentials.dev(quick.data), timeout=20, keepalive=FAST) as client:
        client.whoami()
        line.swallow()
        threading.Event().wait(2)
        client.whoami(timeout=10)


@pytest.mark.parametrize("keepalive", [FAST, SLOW], ids=["by gRPC's pings", "by the watch"])
def test_a_watch_goes_on_by_a_new_connection(quick, line, bot, document, schema_id, keepalive):
    bot.register(document("1.0.0"))
    with Client(line.target, credentials=Credentials.dev(quick.data), keepalive=keepalive) as client:
        watch = client.watch(ids=[schema_id])
        assert next(watch).version == "1.0.0"
        assert next(watch).kind == "progress"
        line.swallow()
        bot.register(document("1.1.0"))
        assert next(event for event in watch if event.kind != "progress").version == "1.1.0"
        assert line.connections == 2


async def test_a_watch_of_a_task_goes_on_by_a_new_connection(quick, line, bot, document, schema_id):
    bot.register(document("1.0.0"))
    async with AsyncClient(line.target, credentials=Credentials.dev(quick.data), keepalive=SLOW) as client:
        async with client.watch(ids=[schema_id]) as watch:
            assert (await anext(watch)).version == "1.0.0"
            assert (await anext(watch)).kind == "progress"
            line.swallow()
            await asyncio.to_thread(bot.register, document("1.1.0"))
            event = await anext(watch)
            while event.kind == "progress":
                event = await anext(watch)
            assert event.version == "1.1.0"
        assert (await client.whoami()).identity


def test_what_a_reader_does_between_two_events_is_no_silence(quick, line):
    with Client(line.target, credentials=Credentials.dev(quick.data), keepalive=SLOW) as client:
        with client.watch() as watch:
            for _ in range(3):
                next(watch)
                threading.Event().wait(0.8)
        assert line.connections == 1


def test_a_followed_schema_is_never_stale_while_the_registry_is_there(quick, line, bot, document, schema_id):
    bot.register(document("1.0.0"))
    client = Client(line.target, credentials=Credentials.dev(quick.data), timeout=20, keepalive=SLOW)
    with client, client.follow([schema_id], max_staleness=20) as cache:
        line.swallow()
        bot.register(document("1.1.0"))
        until(lambda: cache.get(schema_id).version == "1.1.0")


async def test_a_followed_schema_of_a_task_is_never_stale_either(quick, line, bot, document, schema_id):
    bot.register(document("1.0.0"))
    client = AsyncClient(line.target, credentials=Credentials.dev(quick.data), timeout=20, keepalive=SLOW)
    async with client, await client.follow([schema_id], max_staleness=20) as cache:
        line.swallow()
        await asyncio.to_thread(bot.register, document("1.1.0"))
        await asyncio.to_thread(until, lambda: cache.get(schema_id).version == "1.1.0")


def test_a_cache_that_would_be_stale_between_two_marks_is_refused(running):
    with (
        Client(running.target, credentials=Credentials.dev(running.data), timeout=20) as client,
        pytest.raises(InvalidArgument, match="at least 20 s") as caught,
    ):
        client.follow(max_staleness=5)
    assert caught.value.reason == "STALENESS_TOO_SHORT"


def test_a_registry_that_says_nothing_from_the_start_is_an_error(quick, line, monkeypatch):
    monkeypatch.setattr("schemaregistry.client.silence.INTERVAL", 0.2)
    line.all_silent = True
    with (
        Client(line.target, credentials=Credentials.dev(quick.data), keepalive=SLOW) as client,
        pytest.raises(Unavailable) as caught,
    ):
        next(client.watch())
    assert caught.value.reason == "SILENT"
    assert line.target in caught.value.message


@pytest.mark.parametrize(
    ("said", "allowed"),
    [("0.5", 1.5), (b"2", 6), (None, 30), ("", 30), ("soon", 30), ("nan", 30), ("-1", 30), ("inf", 30), ("0", 30)],
)
def test_three_intervals_pass_before_a_watch_connects_anew(said, allowed):
    silence = Silence()
    silence.read([] if said is None else [("x-schema-progress-seconds", said)])
    assert silence.allowed == allowed


@pytest.mark.parametrize(("max_staleness", "allowed"), [(60, 30), (1000, 30), (40, 24), (20, 12)])
def test_a_cache_connects_anew_while_its_staleness_is_still_allowed(max_staleness, allowed):
    silence = Silence(max_staleness)
    silence.read([])
    assert silence.allowed == pytest.approx(allowed)
    assert silence.allowed < max_staleness


def test_a_keepalive_that_never_asks_fits_what_grpc_takes():
    most = 2**31 - 1
    given = dict(options("localhost:1", Keepalive(1e9, 1e9)))
    assert given["grpc.keepalive_time_ms"] == given["grpc.keepalive_timeout_ms"] == most


@pytest.mark.parametrize("settings", [{"idle": 0}, {"wait": -1}, {"idle": float("nan")}, {"wait": "10"}])
def test_what_is_no_time_is_refused(settings):
    with pytest.raises(RegistryError) as caught:
        Keepalive(**settings)
    assert caught.value.reason == "BAD_TIMEOUT"
