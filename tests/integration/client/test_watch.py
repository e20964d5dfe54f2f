"""What a watch delivers, through everything that can happen to its connection."""

import signal
import threading
import time
from itertools import islice

import pytest

from schemaregistry.client import Client, Credentials, Event, Watch
from schemaregistry.errors import OutOfRange, Unavailable


def versions(events: list[Event]) -> list[str]:
    return [event.version for event in events if event.kind != "progress"]


def until(watch: Watch, version: str) -> list[Event]:
    """The events up to a version's."""
    events: list[Event] = []
    while version not in versions(events[-1:]):
        events.append(next(watch))
    return events


def test_what_is_there_comes_first_then_a_mark_then_each_change(publisher, reader, document, schema_id):
    first = publisher.register(document("1.0.0"))
    with reader.watch(ids=[schema_id]) as watch:
        snapshot, mark = islice(watch, 2)
        second = publisher.register(document("1.1.0"))
        change = until(watch, "1.1.0")[-1]
    assert (snapshot.kind, mark.kind, change.kind) == ("snapshot", "progress", "change")
    assert (snapshot.id, snapshot.version, snapshot.revision) == (schema_id, "1.0.0", first.revision)
    assert (change.revision, change.fingerprint) == (second.revision, second.fingerprint)
    assert mark.revision >= first.revision
    assert snapshot.document is None


def test_documents_come_along_where_they_are_asked_for(publisher, reader, document, schema_id):
    raw = document()
    publisher.register(raw)
    with reader.watch(ids=[schema_id], include_documents=True) as watch:
        assert next(watch).document == raw


def test_a_watch_begins_after_the_revision_given(publisher, reader, document, schema_id):
    first = publisher.register(document("1.0.0"))
    publisher.register(document("1.1.0"))
    with reader.watch(first.revision, [schema_id]) as watch:
        assert next(watch).version == "1.1.0"


def test_a_revision_that_the_registry_has_not_reached_is_out_of_range(reader):
    with reader.watch(10**9) as watch, pytest.raises(OutOfRange):
        next(watch)


def test_a_registry_that_can_not_be_reached_is_an_error_rather_than_a_silence(reader):
    with (
        Client("localhost:1", credentials=reader.credentials) as away,
        away.watch() as watch,
        pytest.raises(Unavailable, match="localhost:1"),
    ):
        next(watch)


@pytest.mark.parametrize("whole", [False, True], ids=["the watch", "its client"])
def test_closing_from_another_thread_ends_the_iteration(running, reader, whole):
    client = Client(running.target, credentials=reader.credentials)
    watch = client.watch()
    events: list[Event] = []
    thread = threading.Thread(target=lambda: events.extend(watch))
    thread.start()
    time.sleep(0.3)
    (client if whole else watch).close()
    thread.join(5)
    client.close()
    assert not thread.is_alive()


def test_each_change_comes_once_and_in_order_through_restarts(start_server, document, schema_id):
    server = start_server()
    address = server.target
    credentials = Credentials.dev(server.data, "ci-bot")
    written = [f"1.0.{patch}" for patch in range(12)]
    with Client(address, credentials=credentials, timeout=20) as client, client.watch(ids=[schema_id]) as watch:
        client.register(document(written[0]))
        seen = [*until(watch, written[0]), next(watch)]
        for number, version in enumerate(written[1:]):
            if number in {3, 7}:
                server.stop(signal.SIGKILL)
                server = start_server("--grpc", address, data=server.data)
            client.register(document(version))
        seen += until(watch, written[-1])
    assert versions(seen) == written
    revisions = [event.revision for event in seen]
    assert revisions == sorted(revisions)
    assert [event.kind for event in seen[:2]] == ["snapshot", "progress"]
    assert {event.kind for event in seen[2:]} <= {"change", "progress"}


def test_a_restored_store_ends_the_watch(start_server, document, schema_id):
    server = start_server()
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot")) as client, client.watch() as watch:
        client.register(document())
        until(watch, "1.0.0")
        server.stop()
        for file in server.data.glob("registry.db*"):
            file.unlink()
        start_server("--grpc", server.target, data=server.data)
        with pytest.raises(OutOfRange):
            until(watch, "2.0.0")
