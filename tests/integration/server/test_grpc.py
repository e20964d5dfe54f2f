"""The RPCs over real sockets with mTLS, as a client of any language sees them."""

# ruff: noqa: A002 (the field's term)

import json
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from schemaregistry.v1 import registry_pb2 as pb

SCHEMAS = Path(__file__).parents[3] / "schemas"
SERVICE = "schemaregistry.v1.SchemaRegistry"


@pytest.fixture(scope="module")
def bot(running):
    return running.stub("ci-bot")


@pytest.fixture(scope="module")
def reader(running):
    return running.stub("reader")


@pytest.fixture(scope="module")
def register(bot):
    def register(id: str, data: bytes) -> pb.RegisterSchemaResponse:
        return bot.RegisterSchema(pb.RegisterSchemaRequest(id=id, document=HttpBody(data=data)), timeout=20)

    return register


def headers(call: grpc.Call) -> dict[str, str]:
    return dict(call.initial_metadata())


def test_a_document_comes_back_byte_for_byte(reader) -> None:
    raw = (SCHEMAS / "ticks_v1.json").read_bytes()
    assert reader.GetSchema(pb.GetSchemaRequest(id="ticks_v1")).data == raw


def test_headers_say_which_version_an_answer_is(reader, register, document) -> None:
    written = register("headers_v1", document("headers_v1"))
    _, call = reader.GetSchema.with_call(pb.GetSchemaRequest(id="headers_v1"))
    said = headers(call)
    assert said["x-schema-id"] == "headers_v1"
    assert said["x-schema-version"] == "1.0.0"
    assert said["x-schema-revision"] == str(written.revision)
    assert said["x-schema-fingerprint"] == written.fingerprint
    assert "x-schema-stale" not in said


def test_an_origin_is_told_with_the_version(running, bot, reader, document) -> None:
    origin = pb.Origin(repository="acme/data", commit="c0ffee" * 7, path="schemas/ä %.json", pull_request="42")
    request = pb.RegisterSchemaRequest(id="origin_v1", document=HttpBody(data=document("origin_v1")), origin=origin)
    bot.RegisterSchema(request, timeout=20)
    _, call = reader.GetSchema.with_call(pb.GetSchemaRequest(id="origin_v1"))
    told = headers(call)
    assert told["x-schema-registered-by"] == "spiffe://dev/ci-bot"
    assert told["x-schema-repository"] == "acme/data"
    assert told["x-schema-commit"] == "c0ffee" * 7
    assert urllib.parse.unquote(told["x-schema-path"]) == "schemas/ä %.json"
    assert told["x-schema-pull-request"] == "42"
    assert httpx.get(f"{running.rest}/schema/origin_v1").headers["x-schema-path"] == told["x-schema-path"]
    (version,) = reader.ListVersions(pb.ListVersionsRequest(id="origin_v1")).versions
    assert version.origin == origin


def test_curl_states_an_origin_in_the_query(running, reader, document) -> None:
    query = {"origin.commit": "c0ffee0", "origin.pull_request": "https://code.example/pull/7"}
    answer = httpx.post(f"{running.rest}/schema/origin_v2", params=query, content=document("origin_v2"))
    assert answer.status_code == 201
    (version,) = reader.ListVersions(pb.ListVersionsRequest(id="origin_v2")).versions
    assert version.origin == pb.Origin(commit="c0ffee0", pull_request="https://code.example/pull/7")


def test_who_has_the_bytes_gets_none(reader, register, document) -> None:
    register("cached_v1", document("cached_v1"))
    _, call = reader.GetSchema.with_call(pb.GetSchemaRequest(id="cached_v1"))
    etag = headers(call)["etag"]
    for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        request = pb.GetSchemaRequest(id="cached_v1", if_none_match=condition)
        again, call = reader.GetSchema.with_call(request)
        assert (again.data, headers(call)["etag"]) == (b"", etag)
    assert reader.GetSchema(pb.GetSchemaRequest(id="cached_v1", if_none_match='"other"')).data


def test_a_write_is_read_at_once_and_by_any_name(reader, register, document) -> None:
    raw = document("names_v1")
    register("names_v1", raw)
    for name in ("", "latest", "1.0.0", "v1.0.0"):
        assert reader.GetSchema(pb.GetSchemaRequest(id="names_v1", version=name)).data == raw


def test_the_same_content_again_is_the_first_write(register, document) -> None:
    first = register("again_v1", document("again_v1"))
    reordered = json.dumps(dict(reversed(json.loads(document("again_v1")).items()))).encode()
    again = register("again_v1", reordered)
    assert (first.created, again.created) == (True, False)
    assert (again.revision, again.fingerprint) == (first.revision, first.fingerprint)


def test_the_first_bytes_stay_when_the_same_content_comes_otherwise_written(reader, register, document) -> None:
    raw = document("bytes_v1")
    register("bytes_v1", raw)
    register("bytes_v1", json.dumps(json.loads(raw)).encode())
    assert reader.GetSchema(pb.GetSchemaRequest(id="bytes_v1")).data == raw


def test_of_concurrent_writers_of_one_version_one_wins(running, document) -> None:
    stubs = [running.stub("ci-bot") for _ in range(8)]
    barrier = threading.Barrier(8)

    def write(place: int) -> grpc.StatusCode:
        barrier.wait()
        request = pb.RegisterSchemaRequest(
            id="race_v1", document=HttpBody(data=document("race_v1", title=f"Writer {place}"))
        )
        try:
            stubs[place].RegisterSchema(request, timeout=20)
        except grpc.RpcError as lost:
            return lost.code()
        return grpc.StatusCode.OK

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(write, range(8)))
    assert sorted(codes, key=str) == sorted([grpc.StatusCode.OK] + [grpc.StatusCode.ALREADY_EXISTS] * 7, key=str)


def test_a_read_waits_for_its_revision(reader, register, document) -> None:
    written = register("wait_v1", document("wait_v1"))
    request = pb.GetSchemaRequest(id="later_v1", min_revision=written.revision + 1)
    waiting = reader.GetSchema.future(request, timeout=20)
    register("later_v1", document("later_v1"))
    assert waiting.result().data


def test_check_compatibility_judges_and_writes_nothing(reader, register, document) -> None:
    register("check_v1", document("check_v1"))
    narrower = document("check_v1", "2.0.0", properties={"ts": {"type": "integer"}})
    verdict = reader.CheckCompatibility(pb.CheckCompatibilityRequest(id="check_v1", document=HttpBody(data=narrower)))
    assert (verdict.verdict, verdict.required_bump) == ("incompatible", "major")
    assert [v.version for v in reader.ListVersions(pb.ListVersionsRequest(id="check_v1")).versions] == ["1.0.0"]


def test_compare_versions_judges_what_is_registered(reader) -> None:
    request = pb.CompareVersionsRequest(id="ticks_v1", from_version="1.0.0", to_version="v1.1.0", direction="backward")
    verdict = reader.CompareVersions(request)
    assert (verdict.old_version, verdict.new_version, verdict.direction) == ("1.0.0", "1.1.0", "backward")
    assert any(change.pointer == "/properties/venue" for change in verdict.changes)
    assert reader.CompareVersions(request) == verdict


def test_lists_are_paged_and_writes_between_do_not_matter(reader, register, document) -> None:
    for name in ("turned_a", "turned_c", "turned_e"):
        register(name, document(name))
    first = reader.ListSchemas(pb.ListSchemasRequest(text="turned_", page_size=2))
    assert [s.id for s in first.schemas] == ["turned_a", "turned_c"]
    register("turned_b", document("turned_b"))
    register("turned_d", document("turned_d"))
    rest = reader.ListSchemas(pb.ListSchemasRequest(text="turned_", page_size=9, page_token=first.next_page_token))
    assert [s.id for s in rest.schemas] == ["turned_d", "turned_e"]
    assert rest.next_page_token == ""


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"text": "FILTERED"}, True),
        ({"text": "a study of"}, True),
        ({"text": "nothing like it"}, False),
        ({"field": "inner"}, True),
        ({"field": "ts"}, False),
        ({"tag": "filter-test"}, True),
        ({"tag": "filter"}, False),
        ({"text": "filtered", "field": "inner", "tag": "filter-test"}, True),
    ],
)
def test_lists_are_filtered_by_text_field_and_tag(reader, register, document, chosen: dict, found: bool) -> None:
    properties = {"outer": {"type": "object", "properties": {"inner": {"type": "string"}}}}
    members = {"title": "Filtered", "description": "A study of lists", "x-tags": ["filter-test"], "x-owner": "desk"}
    register("narrow_v1", document("narrow_v1", properties=properties, required=[], **members))
    schemas = reader.ListSchemas(pb.ListSchemasRequest(page_size=1000, **chosen)).schemas
    assert ("narrow_v1" in [s.id for s in schemas]) is found
    if found:
        summary = next(s for s in schemas if s.id == "narrow_v1")
        assert (summary.title, summary.owner, list(summary.tags)) == ("Filtered", "desk", ["filter-test"])
        assert (summary.latest_version, summary.versions) == ("1.0.0", 1)


def test_versions_are_listed_oldest_first_in_pages(reader, register, document) -> None:
    for minor in range(5):
        raw = document("list_v1", f"1.{minor}.0", description=f"No {minor}")
        register("list_v1", raw)
    seen, token = [], ""
    while True:
        page = reader.ListVersions(pb.ListVersionsRequest(id="list_v1", page_size=2, page_token=token))
        seen += page.versions
        if not (token := page.next_page_token):
            break
    assert [v.version for v in seen] == [f"1.{minor}.0" for minor in range(5)]
    assert [v.revision for v in seen] == sorted({v.revision for v in seen})
    assert {v.registered_by for v in seen} == {"spiffe://dev/ci-bot"}
    assert seen[-1].size == len(raw)
    assert seen[0].registered_at.seconds > 1_700_000_000


def test_records_are_judged_with_their_formats(reader) -> None:
    records = [
        {"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": 1},
        {"ts": "yesterday", "symbol": "A", "price": 1.5, "size": 1.5},
        {"symbol": "A", "price": 1, "size": 1, "ts": "2026-01-05T09:30:00Z", "new": 1},
    ]
    request = pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=json.dumps(records).encode()))
    answer = reader.ValidateRecords(request)
    assert not answer.valid
    assert {(e.index, e.pointer, e.rule) for e in answer.errors} == {
        (1, "/ts", "format"),
        (1, "/size", "type"),
        (2, "", "additionalProperties"),
    }
    fine = pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=json.dumps(records[:1]).encode()))
    assert reader.ValidateRecords(fine).valid


def test_a_contract_is_of_its_version(reader) -> None:
    contract, call = reader.GetContract.with_call(pb.GetContractRequest(id="ticks_v1", version="1.0.0"))
    assert (contract.id, contract.version) == ("ticks_v1", "1.0.0")
    assert [column.field.name for column in contract.columns] == ["ts", "symbol", "price", "size", "side"]
    assert headers(call)["x-schema-version"] == "1.0.0"


@pytest.mark.parametrize(("identity", "can_publish"), [("ci-bot", True), ("reader", False)])
def test_who_am_i_is_what_the_certificate_says(running, identity: str, can_publish: bool) -> None:
    me = running.stub(identity).WhoAmI(pb.WhoAmIRequest())
    assert (me.identity, me.can_publish, me.transport) == (f"spiffe://dev/{identity}", can_publish, "mtls")


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_serving(running, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(running.channel("reader"))
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def reflected(channel: grpc.Channel) -> set[str]:
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request]), timeout=20)
    return {service.name for service in next(answers).list_services_response.service}


def test_reflection_names_the_services(running) -> None:
    assert {SERVICE, "grpc.health.v1.Health"} <= reflected(running.channel("reader"))


def test_reflection_can_be_turned_off(start_server) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        reflected(start_server("--no-reflection").channel("reader"))
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("symbol", ["schemaregistry.v1.SchemaRegistry.GetSchema", "schemaregistry.v1.Verdict"])
def test_reflection_describes_methods_and_messages(running, symbol: str) -> None:
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel("reader"))
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=20)
    assert answer.file_descriptor_response.file_descriptor_proto
