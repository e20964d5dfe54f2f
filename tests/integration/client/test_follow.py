"""The cache that a watch keeps up to date."""

import signal
import time

import pytest

from devtools.servers import until
from schemaregistry.client import Cache, Client, Credentials
from schemaregistry.errors import DeadlineExceeded, NotFound, Unavailable


def wait_for(cache: Cache, schema_id: str, version: str) -> None:
    def came() -> bool:
        try:
            return cache.get(schema_id).version == version
        except (NotFound, Unavailable):
            return False

    until(came)


def reconnected(client: Client, schema_id: str) -> None:
    """Return once a registry answers again, one that does not know the id."""

    def answers() -> bool:
        try:
            client.get(schema_id)
        except NotFound:
            return True
        except Unavailable:
            return False
        raise AssertionError(f"{schema_id} is known")

    until(answers)


def test_what_the_registry_has_is_there_from_the_start(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0"))
    raw = document("1.1.0")
    registered = publisher.register(raw)
    with reader.follow([schema_id]) as cache:
        fetched = cache.get(schema_id)
    assert (fetched.raw, fetched.version) == (raw, "1.1.0")
    assert (fetched.revision, fetched.fingerprint) == (registered.revision, registered.fingerprint)


def test_reading_costs_no_call(publisher, document, schema_id, wire, reader):
    publisher.register(document())
    with reader.follow([schema_id]) as cache:
        for _ in range(1000):
            cache.get(schema_id)
    assert wire.calls == []


def test_neither_a_pre_release_nor_a_fix_to_an_old_line_becomes_the_latest(publisher, reader, document, schema_id):
    for version in ("1.0.0", "2.0.0", "3.0.0-rc.1", "1.0.1"):
        publisher.register(document(version))
    with reader.follow([schema_id]) as cache:
        assert cache.get(schema_id).version == "2.0.0"
        for version in ("3.0.0-rc.2", "1.1.0"):
            publisher.register(document(version))
        publisher.register(document("2.0.1"))
        wait_for(cache, schema_id, "2.0.1")


def test_a_pre_release_is_the_latest_until_there_is_a_release(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0-rc.1"))
    with reader.follow([schema_id]) as cache:
        assert cache.get(schema_id).version == "1.0.0-rc.1"
        publisher.register(document("1.0.0"))
        wait_for(cache, schema_id, "1.0.0")


def test_a_new_version_arrives_by_itself(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0"))
    with reader.follow([schema_id]) as cache:
        publisher.register(document("1.1.0"))
        wait_for(cache, schema_id, "1.1.0")


def test_an_id_that_is_not_there_is_not_found(reader, schema_id):
    with reader.follow([schema_id]) as cache, pytest.raises(NotFound):
        cache.get(schema_id)


def test_a_registry_that_is_away_at_the_start_is_an_error(reader):
    with Client("localhost:1", credentials=reader.credentials) as away, pytest.raises((Unavailable, DeadlineExceeded)):
        away.follow()


def test_a_registry_that_stays_away_makes_reading_an_error(start_server, document, schema_id):
    server = start_server("--progress-seconds", "0.2")
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot")) as client:
        client.register(document())
        with client.follow(max_staleness=6.0) as cache:
            time.sleep(6.5)
            assert cache.get(schema_id).version == "1.0.0"
            server.stop(signal.SIGKILL)
            assert stale(cache, schema_id).reason == "STALE"


def stale(cache: Cache, schema_id: str) -> Unavailable:
    """What reading raises, once it does."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            assert cache.get(schema_id).version == "1.0.0"
        except Unavailable as error:
            return error
        time.sleep(0.01)
    raise AssertionError("it never became stale")


def test_a_restored_store_is_read_anew(start_server, document, schema_id):
    server = start_server()
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=20) as client:
        client.register(document("1.0.0"))
        client.register(document("1.1.0"))
        with client.follow() as cache:
            assert cache.get(schema_id).version == "1.1.0"
            server.stop()
            for file in server.data.glob("registry.db*"):
                file.unlink()
            start_server("--grpc", server.target, data=server.data)
            reconnected(client, schema_id)
            client.register(document("1.0.0"))
            wait_for(cache, schema_id, "1.0.0")
