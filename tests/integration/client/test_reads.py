"""What a reader gets, and how little of it travels."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import numpy
import pytest

from schemaregistry.client import Client, Credentials
from schemaregistry.document import parse
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, NotFound


def test_a_document_comes_back_byte_for_byte_with_what_the_registry_knows_of_it(publisher, reader, document, schema_id):
    raw = document()
    registered = publisher.register(raw)
    fetched = reader.get(schema_id)
    assert fetched.raw == raw
    assert (fetched.id, fetched.version, fetched.revision) == (schema_id, "1.0.0", registered.revision)
    assert fetched.fingerprint == registered.fingerprint == parse(raw).fingerprint
    assert fetched.etag
    assert fetched.stale_seconds is None


@pytest.mark.parametrize("spelling", ["1.0.0", "v1.0.0"])
def test_a_version_is_named_with_or_without_v(publisher, reader, document, schema_id, spelling):
    publisher.register(document("1.0.0"))
    publisher.register(document("1.1.0"))
    assert reader.get(schema_id, spelling).version == "1.0.0"


def test_a_version_is_asked_for_once_however_it_is_spelled(publisher, wire, document, schema_id, reader):
    publisher.register(document())
    answers = [reader.get(schema_id, spelling) for spelling in ("1.0.0", "v1.0.0", "1.0.0")]
    assert [method for method, _ in wire.calls] == ["GetSchema"]
    assert answers[0] == answers[1] == answers[2]


def test_the_latest_is_asked_for_each_time_but_travels_once(publisher, wire, document, schema_id, reader):
    publisher.register(document(description="x" * 5000))
    first, second = reader.get(schema_id), reader.get(schema_id)
    assert [method for method, _ in wire.calls] == ["GetSchema", "GetSchema"]
    assert wire.calls[0][1] > 5000
    assert wire.calls[1][1] < 100
    assert first == second


def test_a_new_version_is_the_latest_at_once(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0"))
    assert reader.get(schema_id).version == "1.0.0"
    written = publisher.register(document("1.1.0"))
    assert reader.get(schema_id, min_revision=written.revision).version == "1.1.0"


@pytest.mark.parametrize("reference", ["1", "^1.0", "~1", "latest"])
def test_a_reference_is_asked_for_each_time_and_follows_its_line(
    publisher, wire, document, schema_id, reader, reference
):
    publisher.register(document("1.0.0"))
    assert [reader.get(schema_id, reference).version for _ in range(2)] == ["1.0.0", "1.0.0"]
    publisher.register(document("2.0.0-rc.1"))
    written = publisher.register(document("1.1.0"))
    assert reader.get(schema_id, reference, min_revision=written.revision).version == "1.1.0"
    assert reader.contract(schema_id, reference).contract.version == "1.1.0"
    assert [method for method, _ in wire.calls] == [*["GetSchema"] * 4, "GetContract"]


def test_the_version_that_a_reference_meant_is_stored_on_disk_by_the_reference(
    start_server, document, schema_id, tmp_path
):
    server = start_server()
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=20) as client:
        client.register(document("1.0.0"))
        client.register(document("1.1.0"))
    server_credentials = Credentials.dev(server.data)
    with Client(server.target, credentials=server_credentials, cache_dir=tmp_path / "cache") as client:
        client.get(schema_id, "^1.0")
    server.stop()
    with Client(server.target, credentials=server_credentials, cache_dir=tmp_path / "cache", timeout=1) as client:
        assert client.get(schema_id, "^1.0", max_staleness=3600).version == "1.1.0"


def test_a_document_is_parsed_once(publisher, reader, document, schema_id):
    publisher.register(document(title="Ticks"))
    assert reader.document(schema_id).title == "Ticks"
    assert reader.document(schema_id) is reader.document(schema_id, "1.0.0")


def test_a_read_waits_for_a_revision_no_longer_than_its_deadline(running, reader, publisher, document, schema_id):
    publisher.register(document())
    with (
        Client(running.target, credentials=reader.credentials, timeout=3) as hasty,
        pytest.raises(DeadlineExceeded, match="not 1000000000 yet") as late,
    ):
        hasty.get(schema_id, min_revision=10**9)
    assert late.value.reason == "REVISION_NOT_REACHED"


def test_an_unknown_id_is_not_found_and_near_names_are_given(publisher, reader, document, schema_id):
    publisher.register(document())
    with pytest.raises(NotFound) as caught:
        reader.get(f"{schema_id}x")
    assert schema_id in caught.value.metadata["near"]


def test_an_unknown_version_is_not_found(publisher, reader, document, schema_id):
    publisher.register(document())
    with pytest.raises(NotFound, match=r"2\.0\.0"):
        reader.get(schema_id, "2.0.0")


@pytest.mark.parametrize(
    ("name", "version", "reason"), [("../etc", "latest", "BAD_ID"), ("ticks_v1", "one", "BAD_VERSION")]
)
def test_what_can_not_be_a_name_is_refused(reader, name, version, reason):
    with pytest.raises(InvalidArgument) as caught:
        reader.get(name, version)
    assert caught.value.reason == reason


def test_threads_share_a_client(publisher, reader, document, schema_id):
    raw = document()
    publisher.register(raw)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: reader.get(schema_id, ("latest", "1.0.0")[number % 2]).raw, range(200)))
    assert answers == [raw] * 200


def test_schemas_are_found_by_text_property_and_tag(publisher, reader, document, schema_id):
    publisher.register(document(title="Odd Lots", properties={"odd_lot": {"type": "boolean"}}, **{"x-tags": ["odd"]}))
    for choice in ({"text": "odd lots"}, {"field": "odd_lot"}, {"tag": "odd"}):
        assert schema_id in [summary.id for summary in reader.list_schemas(**choice)]
    assert schema_id not in [summary.id for summary in reader.list_schemas(tag="even")]


def test_versions_are_listed_oldest_first(publisher, reader, document, schema_id):
    for version in ("1.0.0", "1.1.0", "1.10.0"):
        publisher.register(document(version))
    versions = list(reader.list_versions(schema_id))
    assert [version.version for version in versions] == ["1.0.0", "1.1.0", "1.10.0"]
    assert versions[0].registered_by == publisher.whoami().identity


def test_consumers_are_listed_with_what_they_read(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0"))
    publisher.register(document("1.0.1"))
    for version in ("1.0.0", "latest"):
        reader.get(schema_id, version)
    [found] = reader.list_consumers(schema_id)
    assert (found.identity, found.versions, found.reads) == (reader.whoami().identity, ["1.0.0", "1.0.1"], 2)


def test_a_list_is_read_to_its_last_page(publisher, wire, document, schema_id, reader):
    for patch in range(101):
        publisher.register(document(f"1.0.{patch}"))
    assert [version.version for version in reader.list_versions(schema_id)] == [f"1.0.{n}" for n in range(101)]
    assert [method for method, _ in wire.calls] == ["ListVersions", "ListVersions"]


def test_two_versions_are_compared(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0", {"size": {"type": "integer"}}))
    publisher.register(document("2.0.0", {"size": {"type": "string"}}))
    verdict = reader.compare(schema_id, "1.0.0", "2.0.0", "backward")
    assert (verdict.verdict, verdict.old_version, verdict.new_version) == ("incompatible", "1.0.0", "2.0.0")
    assert verdict.witness_json


def test_a_few_records_are_judged(publisher, reader, document, schema_id):
    publisher.register(document(properties={"size": {"type": "integer"}}))
    answer = reader.validate(schema_id, [{"size": 1}, {"size": "one"}])
    assert not answer.valid
    assert [(error.index, error.pointer, error.rule) for error in answer.errors] == [(1, "/size", "type")]


def test_a_record_that_json_can_not_hold_is_refused(reader):
    cyclic: list[object] = []
    cyclic.append(cyclic)
    faults = {
        "record 0, /price: nan is no number": [{"price": float("nan")}],
        "record 1, /a/0/dec: a decimal.Decimal is no value": [{}, {"a": [{"dec": Decimal(1)}]}],
        "record 0, /day: a datetime.date is no value": [{"day": date(2026, 1, 2)}],
        "record 0, /n: a numpy.int64 is no value": [{"n": numpy.int64(1)}],
        "record 0, /t: a text with half of a surrogate pair": [{"t": "\ud800"}],
        "record 0, /t: a key with half of a surrogate pair": [{"t": {"\udfff": 1}}],
        "record 1: a set is no value": [{}, set()],
        "record 0, /0/0/.*: something within itself": [cyclic],
    }
    for said, records in faults.items():
        with pytest.raises(InvalidArgument, match=said) as refused:
            reader.validate("ticks_v1", records)
        assert refused.value.reason == "NOT_JSON"


@pytest.mark.parametrize("key", [1, None, True, 1.5])
def test_a_key_that_is_no_text_is_refused_by_its_value(reader, key):
    """`json.dumps` makes text of each of these, so what was judged would be another record."""
    with pytest.raises(InvalidArgument, match=rf"record 1, /of/0/0: the key {key!r} is of type {type(key).__name__}"):
        reader.validate("ticks_v1", [{"size": 1}, {"of": [({key: 1},)]}])


def test_a_record_that_is_nested_too_deep_is_refused(reader):
    record = []
    for _ in range(100_000):
        record = [record]
    with pytest.raises(InvalidArgument, match="nested too deep"):
        reader.validate("ticks_v1", record)


def test_a_client_is_told_who_it_is(reader, publisher):
    assert not reader.whoami().can_publish
    assert publisher.whoami().can_publish
    assert reader.whoami().identity.endswith("reader")
