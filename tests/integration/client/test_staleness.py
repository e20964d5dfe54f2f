"""What a reader may still have while the registry is away."""

import pytest
from google.api.httpbody_pb2 import HttpBody
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.client import Client, Credentials, Fetched, calls
from schemaregistry.client.read_cache import ReadCache
from schemaregistry.errors import InvalidArgument, Unavailable


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture
def connect(server, tmp_path):
    """A new client, as after a restart of its process; its cache directory stays."""
    opened = []

    def begin(identity: str = "reader", cache: str = "cache") -> Client:
        credentials = Credentials.dev(server.data, identity)
        opened.append(Client(server.target, credentials=credentials, cache_dir=tmp_path / cache))
        return opened[-1]

    yield begin
    for client in opened:
        client.close()


@pytest.fixture
def fetched(connect, document, schema_id):
    connect("ci-bot").register(document())
    return connect().get(schema_id)


def test_the_last_answer_serves_for_as_long_as_was_allowed(server, connect, fetched):
    server.stop()
    stale = connect().get(fetched.id, max_staleness=60)
    assert (stale.raw, stale.revision, stale.etag) == (fetched.raw, fetched.revision, fetched.etag)
    assert stale.stale
    assert 0 <= stale.stale_seconds < 60


def test_it_does_not_serve_unless_asked_to(server, connect, fetched):
    server.stop()
    with pytest.raises(Unavailable):
        connect().get(fetched.id)


def test_it_does_not_serve_when_it_is_too_old(server, connect, fetched):
    server.stop()
    with pytest.raises(Unavailable, match="last confirmed"):
        connect().get(fetched.id, max_staleness=0)


def test_it_does_not_serve_for_a_later_revision(server, connect, fetched):
    server.stop()
    with pytest.raises(Unavailable):
        connect().get(fetched.id, min_revision=fetched.revision + 1, max_staleness=60)


def test_the_answer_in_memory_serves_without_a_directory(server, connect, fetched, running):
    with Client(server.target, credentials=Credentials.dev(server.data)) as client:
        client.get(fetched.id)
        server.stop()
        assert client.get(fetched.id, max_staleness=60).raw == fetched.raw


def test_a_version_had_before_is_not_stale(server, connect, fetched):
    client = connect()
    client.get(fetched.id, "1.0.0")
    server.stop()
    assert not client.get(fetched.id, "1.0.0").stale


def test_an_edited_file_is_not_used(server, connect, fetched, tmp_path):
    [file] = (tmp_path / "cache").rglob("*.cached")
    file.write_bytes(file.read_bytes().replace(b'"string"', b'"number"'))
    server.stop()
    with pytest.raises(Unavailable):
        connect().get(fetched.id, max_staleness=60)


def test_a_torn_file_is_not_used(server, connect, fetched, tmp_path):
    [file] = (tmp_path / "cache").rglob("*.cached")
    file.write_bytes(file.read_bytes()[:-20])
    server.stop()
    with pytest.raises(Unavailable):
        connect().get(fetched.id, max_staleness=60)


def test_another_registry_s_answer_is_not_used(connect, fetched, running, tmp_path):
    credentials = Credentials.dev(running.data)
    with (
        Client("localhost:1", credentials=credentials, cache_dir=tmp_path / "cache") as other,
        pytest.raises(Unavailable),
    ):
        other.get(fetched.id, max_staleness=60)


def test_a_kept_answer_is_confirmed_rather_than_sent_again(wire, connect, fetched):
    again = connect().get(fetched.id)
    assert again == fetched
    assert wire.calls[-1][1] < 100


def test_an_id_can_not_lead_out_of_the_directory(server, connect, tmp_path):
    with pytest.raises(InvalidArgument):
        connect().get("../../outside", max_staleness=60)
    assert not list(tmp_path.rglob("*outside*"))


def test_a_directory_that_can_not_be_written_is_named(connect, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InvalidArgument, match="taken"):
        connect(cache="taken/cache")


def test_an_answer_that_the_registry_gave_without_its_store_is_marked_and_not_kept():
    headers = {"x-schema-id": "ticks", "x-schema-version": "1.0.0", "x-schema-revision": "7", "x-schema-stale": "true"}
    fetched = calls.get("ticks", "latest", 0, None).read(HttpBody(data=b"{}"), headers)
    assert (fetched.stale, fetched.revision) == (True, 7)
    shelf = ReadCache("localhost:50051", None)
    assert shelf.keep("ticks", "latest", fetched) is fetched
    assert shelf.known("ticks", "latest") is None


@given(elapsed=st.floats(-100, 100), allowed=st.floats(0, 100))
def test_an_answer_ages_whichever_way_the_clock_goes(elapsed, allowed):
    clock = iter((0.0, elapsed))
    shelf = ReadCache("localhost:50051", None, lambda: next(clock))
    shelf.keep("ticks", "latest", Fetched(b"{}", "ticks", "1.0.0", 7, "sha256:"))
    away = Unavailable("no registry answers", reason="CONNECTION_REFUSED")
    if abs(elapsed) <= allowed:
        assert shelf.stale("ticks", "latest", 0, allowed, away).stale_seconds == abs(elapsed)
    else:
        with pytest.raises(Unavailable, match="no registry answers; ticks latest was last confirmed"):
            shelf.stale("ticks", "latest", 0, allowed, away)


def test_a_cache_s_path_that_can_not_be_one_is_refused(running):
    with pytest.raises(InvalidArgument) as caught:
        Client(running.target, credentials=Credentials.dev(running.data), cache_dir="a\0b")
    assert caught.value.reason == "CACHE_UNWRITABLE"
