"""ListConsumers: who reads which versions, as clients see it over gRPC and REST."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody

from devtools.servers import Server, until
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from schemaregistry_server.security import pki
from tests.support.patience import PATIENCE

READER, BOT = pki.IDENTITIES["reader"], pki.IDENTITIES["ci-bot"]
Publish = Callable[..., None]


@pytest.fixture
def publish(running: Server, document: Callable[..., bytes]) -> Publish:
    """Register versions of an id that has no reader yet."""

    def register(id: str, *versions: str) -> None:  # noqa: A002 (the field's term)
        for version in versions or ("1.0.0",):
            body = HttpBody(data=document(id, version))
            running.stub("ci-bot").RegisterSchema(pb.RegisterSchemaRequest(id=id, document=body), timeout=PATIENCE)

    return register


@pytest.fixture
def reader(running: Server) -> SchemaRegistryStub:
    return running.stub("reader")


def consumers(stub: SchemaRegistryStub, id: str) -> list[tuple[str, list[str], int]]:  # noqa: A002
    found = stub.ListConsumers(pb.ListConsumersRequest(id=id), timeout=PATIENCE).consumers
    return [(each.identity, list(each.versions), each.reads) for each in found]


def test_a_read_is_counted_by_identity_and_version(running, reader, publish) -> None:
    publish("read_v1", "1.0.0", "1.0.1")
    reader.GetSchema(pb.GetSchemaRequest(id="read_v1"))
    reader.GetContract(pb.GetContractRequest(id="read_v1", version="1.0.0"))
    reader.ValidateRecords(pb.ValidateRecordsRequest(id="read_v1", records=HttpBody(data=b"[]")))
    running.stub("ci-bot").GetSchema(pb.GetSchemaRequest(id="read_v1", version="1.0.0"))
    assert consumers(reader, "read_v1") == [(BOT, ["1.0.0"], 1), (READER, ["1.0.0", "1.0.1"], 3)]


def test_an_answer_without_bytes_is_a_read_too(reader, publish) -> None:
    publish("unchanged_v1")
    _, call = reader.GetSchema.with_call(pb.GetSchemaRequest(id="unchanged_v1"))
    etag = dict(call.initial_metadata())["etag"]
    assert not reader.GetSchema(pb.GetSchemaRequest(id="unchanged_v1", if_none_match=etag)).data
    assert consumers(reader, "unchanged_v1") == [(READER, ["1.0.0"], 2)]


def test_a_refused_read_is_none(reader, publish) -> None:
    publish("refused_v1")
    for request in (
        lambda: reader.GetSchema(pb.GetSchemaRequest(id="refused_v1", version="9.9.9")),
        lambda: reader.ValidateRecords(pb.ValidateRecordsRequest(id="refused_v1", records=HttpBody(data=b"{"))),
    ):
        with pytest.raises(grpc.RpcError):
            request()
    assert consumers(reader, "refused_v1") == []


def test_lists_and_comparisons_are_no_reads(reader, publish) -> None:
    publish("compared_v1", "1.0.0", "1.0.1")
    reader.ListVersions(pb.ListVersionsRequest(id="compared_v1"))
    reader.CompareVersions(pb.CompareVersionsRequest(id="compared_v1", from_version="1.0.0", to_version="1.0.1"))
    assert consumers(reader, "compared_v1") == []


def test_a_watch_of_an_id_with_documents_reads_its_latest_and_each_change(reader, publish) -> None:
    publish("watched_v1", "1.0.0", "1.0.1")
    watch = reader.WatchSchemas(pb.WatchSchemasRequest(ids=["watched_v1"], include_documents=True), timeout=PATIENCE)
    assert [next(watch).WhichOneof("event") for _ in range(3)] == ["snapshot", "snapshot", "progress"]
    assert consumers(reader, "watched_v1") == [(READER, ["1.0.1"], 1)]
    publish("watched_v1", "1.0.2")
    next(each for each in watch if each.HasField("change"))
    assert consumers(reader, "watched_v1") == [(READER, ["1.0.1", "1.0.2"], 2)]
    watch.cancel()


@pytest.mark.parametrize(
    "request_", [pb.WatchSchemasRequest(include_documents=True), pb.WatchSchemasRequest(ids=["followed_v1"])]
)
def test_a_watch_of_everything_or_without_documents_is_no_read(reader, publish, request_) -> None:
    publish("followed_v1")
    watch = reader.WatchSchemas(request_, timeout=PATIENCE)
    next(each for each in watch if each.HasField("progress"))
    watch.cancel()
    assert consumers(reader, "followed_v1") == []


def test_consumers_come_in_pages(running, reader, publish) -> None:
    publish("paged_readers_v1")
    for identity in ("reader", "ci-bot"):
        running.stub(identity).GetSchema(pb.GetSchemaRequest(id="paged_readers_v1"))
    found, token = [], ""
    while True:
        page = reader.ListConsumers(pb.ListConsumersRequest(id="paged_readers_v1", page_size=1, page_token=token))
        assert len(page.consumers) == 1
        found += [each.identity for each in page.consumers]
        if not (token := page.next_page_token):
            break
    assert found == [BOT, READER]


def test_rest_shows_them_at_a_path_of_their_own(running, reader, publish) -> None:
    publish("rest_readers_v1")
    reader.GetSchema(pb.GetSchemaRequest(id="rest_readers_v1"))
    httpx.get(f"{running.rest}/schema/rest_readers_v1/latest")
    answer = httpx.get(f"{running.rest}/schema/rest_readers_v1/consumers")
    assert answer.status_code == 200
    # In dev mode REST on loopback acts as the publisher.
    bot, other = answer.json()["consumers"]
    assert (bot["identity"], other["identity"]) == (BOT, READER)
    assert (other["versions"], other["reads"], other["kind"]) == (["1.0.0"], "1", "observed")
    assert other["first_seen"] == other["last_seen"]


def test_the_consumers_of_an_unknown_schema_are_not_found(running) -> None:
    answer = httpx.get(f"{running.rest}/schema/nobody_v1/consumers")
    assert (answer.status_code, answer.json()["reason"]) == (404, "NO_SUCH_SCHEMA")


def test_counts_are_there_after_a_restart_and_grow(start_server, document, tmp_path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/kept_v1.json").write_bytes(document("kept_v1"))
    for run in (1, 2, 3):
        server = start_server("--publish", str(tmp_path / "schemas"))
        server.stub("reader").GetSchema(pb.GetSchemaRequest(id="kept_v1"))
        assert consumers(server.stub("ci-bot"), "kept_v1") == [(READER, ["1.0.0"], run)]
        assert server.stop() == 0


def test_counts_are_saved_while_the_server_runs(start_server, document, tmp_path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/kept_v1.json").write_bytes(document("kept_v1"))
    server = start_server("--publish", str(tmp_path / "schemas"), "--reads-seconds", "0.05")
    server.stub("reader").GetSchema(pb.GetSchemaRequest(id="kept_v1"))
    until(lambda: _stored(server.data / "registry.db") == [("kept_v1", READER, 1)], PATIENCE)


def _stored(file: Path) -> list[tuple[str, str, int]]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'observed'").fetchone():
            return []
        return connection.execute("SELECT id, identity, reads FROM observed").fetchall()


def test_a_store_that_takes_no_counts_fails_no_read_and_is_said_once(start_server, document, tmp_path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/kept_v1.json").write_bytes(document("kept_v1"))
    options = ("--publish", str(tmp_path / "schemas"), "--reads-seconds", "0.05")
    server = start_server(*options)
    with closing(sqlite3.connect(server.data / "registry.db", timeout=PATIENCE)) as connection:
        connection.execute("DROP TABLE IF EXISTS observed")
        connection.execute("CREATE VIEW observed AS SELECT 1")  # which nothing can be written to
    stub, waiting = server.stub("reader"), "counts of reads can't be saved, they wait in memory"
    for read in range(1, 4):
        stub.GetSchema(pb.GetSchemaRequest(id="kept_v1"))
        until(lambda: waiting in server.output(), PATIENCE)
        time.sleep(0.2 if read == 1 else 0)  # for further saves that fail
    assert server.output().count(waiting) == 1
    with closing(sqlite3.connect(server.data / "registry.db", timeout=PATIENCE)) as connection:
        connection.execute("DROP VIEW observed")
    until(lambda: _stored(server.data / "registry.db") == [("kept_v1", READER, 3)], PATIENCE)
    assert consumers(stub, "kept_v1") == [(READER, ["1.0.0"], 3)]
    until(lambda: "counts of reads are saved again" in server.output(), PATIENCE)
