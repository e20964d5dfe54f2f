"""A watch's position: whatever the connections do, each version is delivered once and in order."""

from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.client.position import Position
from schemaregistry.errors import OutOfRange, RegistryError, ResourceExhausted, Unavailable
from schemaregistry.v1 import registry_pb2


def snapshot(revision: int) -> registry_pb2.WatchSchemasResponse:
    version = registry_pb2.SchemaVersion(id="ticks", version=f"1.{revision}.0", revision=revision)
    return registry_pb2.WatchSchemasResponse(revision=revision, snapshot=version)


def mark(revision: int) -> registry_pb2.WatchSchemasResponse:
    return registry_pb2.WatchSchemasResponse(revision=revision, progress=registry_pb2.Progress())


@given(
    last=st.integers(1, 20),
    connections=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3), st.booleans()), max_size=6),
)
def test_each_version_is_delivered_once_and_in_order(last: int, connections: list[tuple[int, int, bool]]) -> None:
    position = Position(0, ["ticks"], include_documents=False)
    delivered = []
    for length, repeated, marked in [*connections, (last, 0, True)]:
        after = max(0, position.request().after_revision - repeated)
        sent = list(range(after + 1, last + 1))[:length]
        messages = [snapshot(revision) for revision in sent]
        if marked and sent[-1:] == [last]:
            messages.append(mark(last))
        delivered += [event for message in messages if (event := position.accept(message))]
    revisions = [event.revision for event in delivered if event.kind != "progress"]
    assert revisions == list(range(1, last + 1))
    assert position.request().after_revision == last


def test_a_watch_waits_as_long_as_a_limit_asks_for() -> None:
    position = Position(0, (), include_documents=False)
    position.accept(mark(1))
    limited = ResourceExhausted("too many", reason="RATE_LIMITED")
    limited.retry_after = 60.0
    assert position.should_reconnect(limited)
    assert position.pause() >= 60
    assert position.should_reconnect(Unavailable("away", reason="X"))
    assert position.pause() < 6


def test_what_is_new_after_the_first_mark_is_a_change() -> None:
    position = Position(0, (), include_documents=False)
    kinds = [event.kind for message in (snapshot(1), mark(1), snapshot(2)) if (event := position.accept(message))]
    assert kinds == ["snapshot", "progress", "change"]


def test_a_lost_connection_is_survived_once_the_registry_was_heard() -> None:
    position = Position(0, (), include_documents=False)
    lost = Unavailable("gone", reason="UNAVAILABLE")
    assert not position.should_reconnect(lost)
    position.accept(mark(1))
    assert position.should_reconnect(lost)
    assert position.should_reconnect(RegistryError("reset", reason="CANCELLED"))
    assert not position.should_reconnect(OutOfRange("another store", reason="REVISION_UNKNOWN"))


@given(failures=st.integers(0, 2000))
def test_pauses_grow_to_five_seconds_and_no_longer(failures: int) -> None:
    position = Position(0, (), include_documents=False)
    pauses = [position.pause() for _ in range(failures + 1)]
    assert 0 <= pauses[0] <= 0.1
    assert all(0 <= pause <= 5.0 for pause in pauses)
