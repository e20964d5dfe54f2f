"""States of versions over both transports and both stores: deprecated, retracted, and back."""

# ruff: noqa: A001, A002 (the field's term)

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from devtools.servers import Server, credentials, register
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from tests.conftest import start

_numbers = count()


@pytest.fixture(scope="module", params=["sqlite", "etcd"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "etcd":
        request.getfixturevalue("etcd_built")
    running = start(tmp_path_factory.mktemp("states") / "data", "--store", request.param)
    yield running
    running.stop()


@pytest.fixture
def id() -> str:
    return f"state_{next(_numbers)}"


def document(id: str, version: str, **members: object) -> bytes:
    value = {
        "$id": id,
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "version": version,
    }
    return json.dumps(value | members).encode()


@pytest.fixture
def publish(server: Server, id: str) -> Callable[..., int]:
    stub = server.stub("ci-bot")

    def put(version: str, **members: object) -> int:
        return register(stub, id, document(id, version, **members))

    return put


Answer = tuple[int, dict[str, str], Any]


def call(url: str, body: object = None, **headers: str) -> Answer:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=20) as done:
            return done.status, {k.lower(): v for k, v in done.headers.items()}, json.loads(done.read())
    except urllib.error.HTTPError as failed:
        text = failed.read()
        return failed.code, {k.lower(): v for k, v in failed.headers.items()}, json.loads(text) if text else None


@pytest.fixture
def put_state(server: Server, id: str) -> Callable[..., Answer]:
    def put(version: str, state: str, reason: str = "a typo", **more: object) -> Answer:
        return call(f"{server.rest}/schema/{id}/{version}/state", {"state": state, "reason": reason} | more)

    return put


@pytest.fixture
def get(server: Server, id: str) -> Callable[..., Answer]:
    return lambda version="latest", **headers: call(f"{server.rest}/schema/{id}/{version}", **headers)


def metadata(call: grpc.Call) -> dict[str, str]:
    return {str(key): str(value) for key, value in call.initial_metadata()}


def test_a_deprecated_version_is_served_with_the_dates_of_both_rfcs(server, id, publish, put_state, get) -> None:
    publish("1.0.0")
    code, _, answer = put_state("v1.0.0", "deprecated", "use 2.0.0", sunset="2027-01-31T00:00:00Z")
    assert (code, answer["changed"], answer["previous_state"]) == (200, True, "active")
    assert (answer["version"]["state"], answer["version"]["state_reason"]) == ("deprecated", "use 2.0.0")
    code, headers, _ = get()
    assert (code, headers["sunset"], headers["x-schema-state"]) == (200, "Sun, 31 Jan 2027 00:00:00 GMT", "deprecated")
    assert headers["x-schema-state-reason"] == "use 2.0.0"
    assert headers["deprecation"].startswith("@")
    assert int(headers["deprecation"][1:]) > 1_700_000_000
    _, over_grpc = server.stub().GetSchema.with_call(pb.GetSchemaRequest(id=id))
    assert metadata(over_grpc)["deprecation"] == headers["deprecation"]
    assert metadata(over_grpc)["sunset"] == headers["sunset"]


def test_a_sunset_that_has_passed_is_no_earlier_than_the_deprecation(publish, put_state, get) -> None:
    publish("1.0.0")
    put_state("1.0.0", "deprecated", "use 2.0.0", sunset="2020-01-31T00:00:00Z")
    headers = get()[1]
    assert (headers["sunset"], headers["deprecation"]) == ("Fri, 31 Jan 2020 00:00:00 GMT", "@1580428800")


def test_an_active_version_has_none_of_these_headers(publish, get) -> None:
    publish("1.0.0")
    assert not {"deprecation", "sunset", "x-schema-state"} & get()[1].keys()


def test_a_change_of_state_is_answered_with_200_and_a_304_then_carries_it(publish, put_state, get) -> None:
    publish("1.0.0")
    active = get()[1]["etag"]
    put_state("1.0.0", "deprecated")
    code, headers, body = get(If_None_Match=active)
    assert (code, headers["x-schema-state"], body["version"]) == (200, "deprecated", "1.0.0")
    code, again, _ = get(If_None_Match=headers["etag"])
    assert (code, again["etag"], again["x-schema-state"]) == (304, headers["etag"], "deprecated")
    put_state("1.0.0", "deprecated", "another reason")
    assert get(If_None_Match=headers["etag"])[0] == 200


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_a_cache_forgets_the_state_of_a_version_that_came_back(publish, put_state, encoding, server, id) -> None:
    def status_and_headers(**more: str) -> tuple[int, dict[str, str]]:
        headers = {"Accept-Encoding": encoding} | {name.replace("_", "-"): value for name, value in more.items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{server.rest}/schema/{id}", None, headers)) as done:
                return done.status, {k.lower(): v for k, v in done.headers.items()}
        except urllib.error.HTTPError as failed:
            return failed.code, {k.lower(): v for k, v in failed.headers.items()}

    publish("1.0.0")
    active = status_and_headers()[1]["etag"]
    put_state("1.0.0", "deprecated", "use 2.0.0", sunset="2027-01-31T00:00:00Z")
    deprecated = status_and_headers()[1]["etag"]
    assert status_and_headers(If_None_Match=deprecated)[0] == 304
    put_state("1.0.0", "active", "a mistake")
    code, headers = status_and_headers(If_None_Match=deprecated)
    assert (code, headers["etag"]) == (200, active)
    assert not {"deprecation", "sunset", "x-schema-state"} & headers.keys()


def test_over_grpc_a_change_of_state_brings_the_document_again(server, id, publish, put_state) -> None:
    publish("1.0.0")
    stub = server.stub()
    _, first = stub.GetSchema.with_call(pb.GetSchemaRequest(id=id))
    put_state("1.0.0", "deprecated")
    asked = pb.GetSchemaRequest(id=id, if_none_match=metadata(first)["etag"])
    body, then = stub.GetSchema.with_call(asked)
    assert body.data
    asked.if_none_match = metadata(then)["etag"]
    assert not stub.GetSchema(asked).data


@pytest.mark.parametrize("character", ["理", "%", "a", "\N{GRINNING FACE}"])
def test_long_reasons_and_origins_are_cut_in_headers_and_whole_in_lists(server, id, put_state, character) -> None:
    origin = pb.Origin(repository=character * 512, commit="a" * 64, path=character * 512, pull_request=character * 512)
    body = HttpBody(content_type="application/json", data=document(id, "1.0.0"))
    server.stub("ci-bot").RegisterSchema(pb.RegisterSchemaRequest(id=id, document=body, origin=origin))
    assert put_state("1.0.0", "deprecated", character * 1024)[0] == 200
    plain = SchemaRegistryStub(grpc.secure_channel(server.target, credentials(server.tls, "reader")))
    for ask in (
        lambda: plain.GetSchema.with_call(pb.GetSchemaRequest(id=id, version="1.0.0"), timeout=20),
        lambda: plain.GetContract.with_call(pb.GetContractRequest(id=id, version="1.0.0"), timeout=20),
    ):
        _, answered = ask()
        told = metadata(answered)
        assert sum(len(name) + len(value) + 32 for name, value in told.items()) < 7_000
        for name, value in told.items():
            whole = urllib.parse.unquote(value, errors="strict")
            if name in ("x-schema-state-reason", "x-schema-path", "x-schema-repository", "x-schema-pull-request"):
                assert len(value) <= 1024
                assert set(whole) == {character} or (whole.endswith("…") and set(whole[:-1]) == {character})
    (version,) = plain.ListVersions(pb.ListVersionsRequest(id=id), timeout=20).versions
    assert (version.state_reason, version.origin) == (character * 1024, origin)


def test_the_other_answers_about_a_version_carry_its_state(server, id, publish, put_state) -> None:
    publish("1.0.0")
    put_state("1.0.0", "retracted")
    assert call(f"{server.rest}/contract/{id}/1.0.0")[1]["x-schema-state"] == "retracted"
    url = f"{server.rest}/schema/{id}/validate?version=1.0.0"
    assert call(url, [{"size": 1}])[1]["x-schema-state"] == "retracted"


def test_a_typo_in_a_version_can_be_retracted_and_the_next_one_published(publish, put_state, get) -> None:
    publish("1.1.0")
    publish("2.0.0", title="a typo")
    assert put_state("2.0.0", "retracted")[2]["latest_version"] == "1.1.0"
    assert get()[1]["x-schema-version"] == "1.1.0"
    publish("1.2.0", title="the right one")
    assert get()[1]["x-schema-version"] == "1.2.0"
    code, headers, body = get("2.0.0")
    assert (code, headers["x-schema-state"], body["title"]) == (200, "retracted", "a typo")
    missing = get("%5E2")[2]
    assert missing["reason"] == "NO_SUCH_VERSION"
    assert "2.0.0 is retracted: ask for it by its whole number." in missing["detail"]


def test_so_can_a_first_version_of_99999(publish, put_state, get) -> None:
    publish("99999.0.0")
    put_state("99999.0.0", "retracted")
    publish("1.2.0", properties={"size": {"type": "string"}})
    assert get()[1]["x-schema-version"] == "1.2.0"


def test_the_number_of_a_retracted_version_is_not_free_for_other_content(server, id, publish, put_state) -> None:
    publish("1.0.0")
    put_state("1.0.0", "retracted")
    url = f"{server.rest}/schema/{id}"
    assert call(url, document(id, "1.0.0", title="other"))[2]["reason"] == "VERSION_EXISTS"
    code, _, same = call(url, document(id, "1.0.0"))
    assert (code, same["created"]) == (200, False)
    assert "retracted: a typo" in same["warnings"][-1]


def test_where_everything_is_retracted_latest_is_not_found_and_says_so(server, id, publish, put_state, get) -> None:
    publish("1.0.0")
    assert put_state("1.0.0", "retracted")[2]["latest_version"] == ""
    code, _, problem = get()
    assert (code, problem["reason"]) == (404, "ALL_RETRACTED")
    assert "Every version" in problem["detail"]
    assert get("1.0.0")[0] == 200
    assert get("1.0.1")[2]["reason"] == "NO_SUCH_VERSION"
    listed = [each for each in server.stub().ListSchemas(pb.ListSchemasRequest(text=id)).schemas if each.id == id]
    assert [(each.latest_version, each.versions) for each in listed] == [("", 1)]
    publish("0.1.0", properties={"size": {"type": "string"}})
    assert get()[1]["x-schema-version"] == "0.1.0"


def test_the_same_state_again_changes_nothing(server, publish, put_state) -> None:
    publish("1.0.0")
    first = put_state("1.0.0", "deprecated")[2]
    again = put_state("1.0.0", "deprecated", " a typo ", expected_revision=1)[2]
    assert again["changed"] is False
    assert again["version"] == first["version"]


def test_who_has_seen_an_older_state_is_told_and_changes_nothing(server, id, publish, put_state) -> None:
    seen = publish("1.0.0")
    put_state("1.0.0", "deprecated", "the one publisher", expected_revision=seen)
    code, _, problem = put_state("1.0.0", "retracted", "the other publisher", expected_revision=seen)
    assert (code, problem["reason"]) == (409, "STATE_CHANGED")
    (version,) = server.stub().ListVersions(pb.ListVersionsRequest(id=id)).versions
    assert (version.state, version.state_reason) == ("deprecated", "the one publisher")
    again = put_state("1.0.0", "retracted", expected_revision=version.state_revision)
    assert again[0] == 200


def test_a_retracted_version_can_come_back(publish, put_state, get) -> None:
    publish("1.0.0")
    publish("1.1.0")
    put_state("1.1.0", "retracted")
    assert get()[1]["x-schema-version"] == "1.0.0"
    put_state("1.1.0", "active", "")
    headers = get()[1]
    assert headers["x-schema-version"] == "1.1.0"
    assert "x-schema-state" not in headers


def test_not_beside_a_version_that_was_published_without_regard_to_it(publish, put_state, get) -> None:
    publish("1.0.0")
    publish("1.1.0")
    put_state("1.1.0", "retracted")
    publish("1.2.0", title="judged without 1.1.0")
    code, _, problem = put_state("1.1.0", "active")
    assert (code, problem["reason"]) == (409, "JUDGED_APART")
    put_state("1.2.0", "retracted")
    assert put_state("1.1.0", "deprecated")[0] == 200
    assert put_state("1.2.0", "active")[2]["reason"] == "JUDGED_APART"


def test_a_reader_may_not_change_a_state(server, id, publish) -> None:
    publish("1.0.0")
    with pytest.raises(grpc.RpcError) as refused:
        server.stub("reader").SetVersionState(
            pb.SetVersionStateRequest(id=id, version="1.0.0", state="retracted", reason="x")
        )
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"state": "withdrawn", "reason": "x"}, "BAD_STATE"),
        ({"state": "retracted"}, "NO_REASON"),
        ({"state": "deprecated", "reason": "  "}, "NO_REASON"),
        ({"state": "retracted", "reason": "two\nlines"}, "BAD_REASON"),
        ({"state": "retracted", "reason": "x" * 1025}, "FIELD_TOO_LONG"),
        ({"state": "retracted", "reason": "x", "sunset": "2027-01-31T00:00:00Z"}, "BAD_SUNSET"),
        ({"state": "deprecated", "reason": "x", "sunset": "2027-01-31T00:00:00.5Z"}, "BAD_SUNSET"),
        ({"state": "deprecated", "reason": "x", "sunset": "1969-01-31T00:00:00Z"}, "BAD_SUNSET"),
        ({"state": "deprecated", "reason": "x", "sunset": "next week"}, "BAD_BODY"),
        ({"state": "deprecated", "reason": "x", "until": "2027"}, "BAD_BODY"),
        ({"state": "deprecated", "reason": "x", "expected_revision": -1}, "BAD_REVISION"),
        ({"state": "deprecated", "reason": "x", "version": "2.0.0"}, "BAD_BODY"),
        (["retracted"], "BAD_BODY"),
        (b"", "NOT_JSON"),
        (b"state=retracted", "NOT_JSON"),
        (b'{"state": "active", "state": "retracted"}', "DUPLICATE_KEY"),
    ],
)
def test_a_request_that_is_not_right_is_refused_with_its_reason(server, id, publish, body, reason) -> None:
    publish("1.0.0")
    code, _, problem = call(f"{server.rest}/schema/{id}/1.0.0/state", body)
    assert (code, problem["reason"]) == (400, reason)


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (
            {"sunset": "2027-01-01"},
            """`sunset` can't be "2027-01-01": write a time with its offset, as in "2027-01-01T""",
        ),
        ({"sunset": "2027-01-01T00:00:00"}, """write a time with its offset, as in "2027-01-01T00:00:00Z"."""),
        ({"sunset": 5}, "`sunset` can't be 5: write a time with its offset"),
        ({"state": 4}, "`state` can't be 4: write a text in quotation marks"),
        ({"expected_revision": "x"}, """`expected_revision` can't be "x": write an integer, as in 10."""),
        ({"nope": 1}, "a member `nope`: it takes `state`, `reason`, `sunset`, `expected_revision`."),
    ],
)
def test_a_member_that_is_not_right_is_named_with_the_form_that_is(server, id, publish, member, sentence) -> None:
    publish("1.0.0")
    code, _, problem = call(f"{server.rest}/schema/{id}/1.0.0/state", {"state": "deprecated", "reason": "a"} | member)
    assert (code, problem["reason"]) == (400, "BAD_BODY")
    assert sentence in problem["detail"]


@pytest.mark.parametrize("version", ["latest", "1", "^1.0", "1.0"])
def test_a_state_is_that_of_a_numbered_version(server, id, publish, version) -> None:
    publish("1.0.0")
    assert call(f"{server.rest}/schema/{id}/{version}/state", {"state": "active"})[0] == 400


def test_an_unknown_version_or_id_is_not_found(server, id, publish) -> None:
    publish("1.0.0")
    assert call(f"{server.rest}/schema/{id}/2.0.0/state", {"state": "active"})[2]["reason"] == "NO_SUCH_VERSION"
    assert call(f"{server.rest}/schema/none_of_it/2.0.0/state", {"state": "active"})[2]["reason"] == "NO_SUCH_SCHEMA"


def test_a_reason_in_another_script_is_escaped_in_headers_and_whole_in_lists(
    server, id, publish, put_state, get
) -> None:
    publish("1.0.0")
    put_state("1.0.0", "retracted", "größer als 100 %")
    assert get("1.0.0")[1]["x-schema-state-reason"] == "gr%C3%B6%C3%9Fer als 100 %25"
    (version,) = server.stub().ListVersions(pb.ListVersionsRequest(id=id)).versions
    assert version.state_reason == "größer als 100 %"


def test_watchers_are_told_at_once_and_when_they_come_later(server, id, publish, put_state) -> None:
    publish("1.0.0")
    watching = server.stub().WatchSchemas(pb.WatchSchemasRequest(ids=[id], include_documents=True), timeout=20)
    assert next(watching).snapshot.state == "active"
    assert next(watching).HasField("progress")
    put_state("1.0.0", "retracted")
    event = next(each for each in watching if not each.HasField("progress"))
    assert event.state_change.version == "1.0.0"
    assert (event.state_change.state, event.state_change.state_reason) == ("retracted", "a typo")
    assert event.revision == event.state_change.state_revision
    assert event.document == b""
    watching.cancel()
    later = server.stub().WatchSchemas(pb.WatchSchemasRequest(ids=[id]), timeout=20)
    assert [next(later).WhichOneof("event") for _ in range(3)] == ["snapshot", "state_change", "progress"]
    resumed = server.stub().WatchSchemas(
        pb.WatchSchemasRequest(ids=[id], after_revision=event.revision - 1), timeout=20
    )
    assert next(resumed).state_change.state == "retracted"
    later.cancel()
    resumed.cancel()


def test_candidates_are_not_judged_against_a_retracted_version(server, id, publish, put_state) -> None:
    publish("1.0.0")
    publish("2.0.0", properties={"size": {"type": "string"}})
    put_state("2.0.0", "retracted")
    request = pb.CheckCompatibilityRequest(id=id, document=HttpBody(data=document(id, "1.0.1", title="better")))
    verdict = server.stub().CheckCompatibility(request)
    assert (verdict.old_version, verdict.verdict) == ("1.0.0", "compatible")
