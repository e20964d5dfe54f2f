"""The judge of a run, on runs in which something is known to be wrong."""

import io
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import Entry
from schemaregistry_server.store.sqlite_store import SQLiteStore
from schemaregistry_server.store.store_history import History as Stored
from schemaregistry_server.store.store_history import Write
from tests.system.faults import checker, judging
from tests.system.faults.clients import Clients, Found, Watcher, named
from tests.system.faults.embedded import tear
from tests.system.faults.history import Ack, History
from tests.system.faults.outages import Outage, drawn, judge_seconds, seconds
from tests.system.faults.servers import Server


def ack(id: str = "a", raw: bytes = b"1", revision: int = 1, created: bool = True, at: float = 0) -> Ack:  # noqa: A002
    return Ack(id, "1.0.0", named(raw), revision, "server", created, at)


def stored(*entries: tuple[str, bytes, int]) -> Stored:
    writes = [Entry(id, "1.0.0", raw, "f", "me", 1, revision) for id, raw, revision in entries]  # noqa: A001
    recorded = [Write(each, audit_chain.record(each, sequence=1, previous="")) for each in writes]
    return Stored(entries[-1][2] if entries else 0, tuple(recorded))


def run_of(*acks: Ack) -> History:
    history = History(io.StringIO())
    for each in acks:
        history.written[each.id, each.version].add(each.content)
        history.acknowledged(each)
    return history


def wrong(history: History) -> dict[str, int]:
    return {kind: len(sentences) for kind, sentences in history.wrong.items()}


def test_a_store_that_has_what_was_acknowledged_is_right():
    history = run_of(ack("a", b"1", 1), ack("a", b"1", 1, created=False), ack("b", b"2", 2))
    judging.judge_store(history, stored(("a", b"1", 1), ("b", b"2", 2)))
    assert wrong(history) == {}


@pytest.mark.parametrize(
    ("there", "kind"),
    [
        ([("b", b"2", 2)], "lost"),
        ([("a", b"x", 1), ("b", b"2", 2)], "lost"),
        ([("a", b"1", 3), ("b", b"2", 2)], "duplicated"),
        ([("a", b"1", 1), ("b", b"2", 2), ("b", b"2", 3)], "duplicated"),
        ([("a", b"1", 1), ("b", b"2", 2), ("c", b"3", 3)], "unexpected"),
    ],
)
def test_what_the_store_lost_doubled_or_made_up_is_found(there, kind: str):
    history = run_of(ack("a", b"1", 1), ack("b", b"2", 2))
    judging.judge_store(history, stored(*there))
    assert kind in wrong(history)


def test_a_write_that_was_created_twice_is_found():
    history = run_of(ack("a", b"1", 1), ack("a", b"1", 1))
    judging.judge_store(history, stored(("a", b"1", 1)))
    assert wrong(history) == {"duplicated": 1}


@pytest.fixture
def clients() -> Clients:
    return Clients([], run_of(), random.Random(0), strict=True, pause=0)


@pytest.fixture
def watcher(clients: Clients, tmp_path: Path) -> Callable[..., Watcher]:
    """A factory: a watcher that is sent these revisions, negative ones as marks of progress."""
    server = Server("server", tmp_path)

    def make(*revisions: int) -> Watcher:
        made = Watcher("watcher", clients, server)
        for revision in revisions:
            event = pb.WatchSchemasResponse(revision=abs(revision))
            (event.progress if revision < 0 else event.change).SetInParent()
            made._see(made.parts[-1], event, server)
        return made

    return make


def test_a_watch_that_shows_everything_once_is_right(clients: Clients, watcher):
    assert judging.judge_watches(clients.history, stored(("a", b"1", 1), ("b", b"1", 3)), [watcher(1, -1, 3, -5)]) == 2
    assert wrong(clients.history) == {}


@pytest.mark.parametrize(
    "sent",
    {
        "missed": (3,),
        "repeated": (1, 1, 3),
        "the wrong way round": (3, 1),
        "after a mark that it was past": (1, -3, 3),
        "never written": (1, 2, 3),
    }.values(),
)
def test_a_watch_that_shows_anything_else_is_found(clients: Clients, watcher, sent: tuple[int, ...]):
    judging.judge_watches(clients.history, stored(("a", b"1", 1), ("b", b"1", 3)), [watcher(*sent)])
    assert wrong(clients.history)["disorder"] >= 1


def test_a_read_that_does_not_show_what_was_acknowledged_is_stale(clients: Clients, tmp_path: Path):
    server, of = Server("server", tmp_path), ack("a", b"2", 7)
    clients._must_show(of, "latest", Found("1.0.0", named(b"2"), 7), server)
    clients._must_show(of, "latest", Found("1.1.0", named(b"3"), 9), server)
    assert wrong(clients.history) == {}
    clients._must_show(of, "latest", Found("0.9.0", named(b"1"), 6), server)
    assert wrong(clients.history) == {"stale": 1}


def test_the_checker_is_asked_about_the_operations_that_were_recorded(tmp_path: Path):
    checker.build()
    path = tmp_path / "history.jsonl"
    with path.open("w") as lines:
        history = History(lines)
        call = {"op": "register", "id": "a", "version": "1.0.0", "content": "x"}
        history.operation(1, time.monotonic_ns(), call, {"outcome": "created"})
        history.operation(2, time.monotonic_ns(), {"op": "get", "id": "a", "version": "latest"}, {"outcome": "absent"})
    assert checker.check(path).illegal == ("a",)
    path.write_text(path.read_text().splitlines()[0])
    assert checker.check(path) == checker.Checked(1, 1, 0, (), ())


def test_seconds_are_those_of_the_server_that_waited_longest():
    acks = [Ack("a", "1.0.0", "", 1, server, True, at) for server, at in [("x", 1), ("y", 1), ("x", 2), ("y", 5.5)]]
    assert seconds([Outage("cut", 1.5, 6)], acks) == {"cut": [4]}
    history = run_of()
    judge_seconds(history, {"kill -9 of the leader": [2.9, 3.1], "cut": [9]})
    assert wrong(history) == {"late": 1}


def test_every_kind_of_fault_comes_before_any_comes_again():
    order = drawn(["a", "b", "c"], random.Random(1))
    assert sorted(islice(order, 3)) == ["a", "b", "c"]
    assert set(islice(order, 30)) == {"a", "b", "c"}


async def test_a_log_is_torn_after_its_last_frame_and_nowhere_else(tmp_path: Path):
    store = SQLiteStore(tmp_path / "data/registry.db")
    for n in range(20):
        await store.put(Entry(f"s{n}", "1.0.0", b"x" * 2000, "f", "me", 1), expected_latest=None)
    shutil.copytree(tmp_path / "data", tmp_path / "killed")
    await store.close()
    log = tmp_path / "killed/registry.db-wal"
    before = log.read_bytes()
    tear(log, random.Random(3))
    assert log.read_bytes()[: len(before)] == before
    assert len(log.read_bytes()) > len(before)
    with sqlite3.connect(tmp_path / "killed/registry.db") as connection:
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (20,)
