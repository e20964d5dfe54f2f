"""Every row of the table of errors over gRPC: code, reason, pointer and details."""

# ruff: noqa: A002 (the field's term)

import json
import time

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.v1 import registry_pb2 as pb
from tests.support.grpc_refusals import Refusal
from tests.support.patience import at_most_tenfold

Code = grpc.StatusCode


def refused(call, request) -> Refusal:
    with pytest.raises(grpc.RpcError) as error:
        call(request, timeout=20)
    return Refusal(error.value)


def register(id: str, data: bytes) -> pb.RegisterSchemaRequest:
    return pb.RegisterSchemaRequest(id=id, document=HttpBody(data=data))


@pytest.fixture(scope="module")
def bot(running):
    return running.stub("ci-bot")


@pytest.fixture(scope="module")
def reader(running):
    return running.stub("reader")


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


BAD_TEXT = {
    "not JSON": (b'{"$id": ', "NOT_JSON"),
    "no JSON object": (b"[]", "NOT_AN_OBJECT"),
    "a key twice": (b'{"$id": "bad_v1", "$id": "bad_v1"}', "DUPLICATE_KEY"),
    "NaN": (b'{"$id": NaN}', "NOT_A_NUMBER"),
    "a number that no double reaches": (b'{"$id": 1e999999}', "NUMBER_OUT_OF_RANGE"),
    "a lone surrogate": (b'{"$id": "\\ud800"}', "LONE_SURROGATE"),
    "not UTF-8": (b'{"$id": "\xff"}', "NOT_UTF8"),
    "too deep": (nested(100_000), "TOO_DEEP"),
    "a 10 MB pattern": (b'{"pattern": "' + b"(a|b)*" * (10**7 // 6) + b'"}', "TOO_LARGE"),
    "over 1 MiB": (b'{"description": "' + b"x" * (1 << 20) + b'"}', "TOO_LARGE"),
}


@pytest.mark.parametrize(("data", "reason"), BAD_TEXT.values(), ids=BAD_TEXT)
def test_text_that_is_no_document_is_invalid_argument(bot, data: bytes, reason: str) -> None:
    with at_most_tenfold(1, time.monotonic):
        refusal = refused(bot.RegisterSchema, register("bad_v1", data))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, reason)


BAD_DOCUMENTS = {
    "another draft": ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "NOT_DRAFT07", "/$schema"),
    "another id": ({"$id": "bad_v2"}, "ID_MISMATCH", "/$id"),
    "a bad version": ({"version": "1.0"}, "BAD_VERSION", "/version"),
    "a remote $ref": (
        {"definitions": {"x": {"$ref": "http://169.254.169.254/"}}},
        "REMOTE_REF",
        "/definitions/x/$ref",
    ),
    "a file $ref": ({"definitions": {"x": {"$ref": "file:///etc/passwd"}}}, "REMOTE_REF", "/definitions/x/$ref"),
    "too many refs": (
        {"definitions": {f"x{n}": {"$ref": "#/properties/ts"} for n in range(1025)}},
        "TOO_MANY_REFS",
        None,
    ),
    "an unbounded pattern": ({"properties": {"ts": {"pattern": "(a)\\1"}}}, "BAD_PATTERN", "/properties/ts/pattern"),
    "arrow against JSON": ({"arrow": {"fields": []}}, "ARROW_MISMATCH", "/properties/ts"),
}


@pytest.mark.parametrize(("members", "reason", "pointer"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_a_wrong_document_is_invalid_argument_at_its_place(bot, document, members, reason, pointer) -> None:
    refusal = refused(bot.RegisterSchema, register("bad_v1", document("bad_v1", **members)))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, reason)
    if pointer is not None:
        assert refusal.pointer == pointer


def test_a_name_of_any_length_at_fault_still_reaches_the_caller(bot, document) -> None:
    """Trailing metadata is bounded: a client would see another error in place of the refusal."""
    refusal = refused(
        bot.RegisterSchema, register("bad_v1", document("bad_v1", properties={"é" * 50_000: {"type": "x"}}))
    )
    assert refusal.code is Code.INVALID_ARGUMENT
    assert refusal.pointer is not None
    assert refusal.pointer.startswith("/properties/ééé")


def test_an_empty_document_is_invalid_argument(bot) -> None:
    assert refused(bot.RegisterSchema, pb.RegisterSchemaRequest(id="bad_v1")).code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("id", ["", "..", "../../etc/passwd", "a\0b", "Ticks", "t\u0456cks_v1", "a" * 200])
@pytest.mark.parametrize("rpc", ["GetSchema", "ListVersions", "CompareVersions", "GetContract", "ValidateRecords"])
def test_what_is_no_id_is_invalid_argument(reader, rpc: str, id: str) -> None:
    method = pb.DESCRIPTOR.services_by_name["SchemaRegistry"].methods_by_name[rpc]
    refusal = refused(getattr(reader, rpc), getattr(pb, method.input_type.name)(id=id))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, "BAD_ID")


@pytest.mark.parametrize("version", ["1.0.0.0", "../1.0.0", "1.0.0\0", "１.0.0", "newest", "1.0.0+build"])
def test_what_is_no_version_is_invalid_argument(reader, version: str) -> None:
    refusal = refused(reader.GetSchema, pb.GetSchemaRequest(id="ticks_v1", version=version))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, "BAD_VERSION")


def test_an_unknown_id_is_not_found_with_near_names(reader) -> None:
    refusal = refused(reader.GetSchema, pb.GetSchemaRequest(id="tick_v1"))
    assert (refusal.code, refusal.reason) == (Code.NOT_FOUND, "NO_SUCH_SCHEMA")
    assert "ticks_v1" in refusal.metadata["near"].split(", ")


def test_an_unknown_version_is_not_found_with_near_ones(reader) -> None:
    refusal = refused(reader.GetSchema, pb.GetSchemaRequest(id="ticks_v1", version="v1.1.9"))
    assert (refusal.code, refusal.reason) == (Code.NOT_FOUND, "NO_SUCH_VERSION")
    assert "1.1.0" in refusal.metadata["near"].split(", ")


def test_a_reader_that_writes_is_denied(reader, document) -> None:
    refusal = refused(reader.RegisterSchema, register("mine_v1", document("mine_v1")))
    assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "NOT_A_PUBLISHER")
    assert refusal.metadata["identity"] == "spiffe://dev/reader"


def test_other_content_for_a_version_shows_both_fingerprints(bot, document) -> None:
    first = bot.RegisterSchema(register("twice_v1", document("twice_v1")))
    refusal = refused(bot.RegisterSchema, register("twice_v1", document("twice_v1", title="Another")))
    assert (refusal.code, refusal.reason, refusal.pointer) == (Code.ALREADY_EXISTS, "VERSION_EXISTS", "/version")
    assert refusal.metadata["fingerprint"] == first.fingerprint
    assert refusal.metadata["your_fingerprint"].startswith("sha256:")
    assert first.fingerprint in refusal.status.message
    assert refusal.metadata["your_fingerprint"] in refusal.status.message


def test_too_small_a_bump_carries_the_verdict(bot, document) -> None:
    bot.RegisterSchema(register("bump_v1", document("bump_v1", "1.0.0")))
    narrower = {"ts": {"type": "string", "format": "date-time"}, "size": {"type": "string"}}
    refusal = refused(bot.RegisterSchema, register("bump_v1", document("bump_v1", "1.0.1", properties=narrower)))
    assert refusal.code is Code.FAILED_PRECONDITION
    assert refusal.verdict is not None
    assert (refusal.verdict.verdict, refusal.verdict.required_bump) == ("incompatible", "major")
    assert (refusal.verdict.old_version, refusal.verdict.new_version) == ("1.0.0", "1.0.1")
    assert json.loads(refusal.verdict.witness_json) is not None


def test_a_verdict_of_many_changes_still_reaches_the_caller(bot, document) -> None:
    """Trailing metadata is bounded: a client would see RESOURCE_EXHAUSTED in place of the refusal."""
    columns = {f"colümn_{n}": {"type": "integer"} for n in range(300)}
    bot.RegisterSchema(register("wide_v1", document("wide_v1", properties=columns, required=[])))
    changed = {name: {"type": "string"} for name in columns}
    refusal = refused(
        bot.RegisterSchema, register("wide_v1", document("wide_v1", "1.0.1", properties=changed, required=[]))
    )
    assert refusal.code is Code.FAILED_PRECONDITION
    assert refusal.verdict is not None
    assert refusal.verdict.required_bump == "major"
    assert 0 < len(refusal.verdict.changes) < 300


def test_a_version_that_does_not_grow_is_failed_precondition(bot, document) -> None:
    bot.RegisterSchema(register("grow_v1", document("grow_v1", "1.1.0")))
    refusal = refused(bot.RegisterSchema, register("grow_v1", document("grow_v1", "1.0.9", title="Older")))
    assert refusal.code is Code.FAILED_PRECONDITION
    assert "1.1.0" in refusal.status.message


def test_a_revision_that_does_not_come_is_deadline_exceeded(reader) -> None:
    with pytest.raises(grpc.RpcError) as late:
        reader.GetSchema(pb.GetSchemaRequest(id="ticks_v1", min_revision=10**9), timeout=0.2)
    assert late.value.code() is Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    ("rpc", "request_", "reason"),
    [
        ("GetSchema", pb.GetSchemaRequest(id="No id", min_revision=10**9), "BAD_ID"),
        ("GetSchema", pb.GetSchemaRequest(id="ticks_v1", version="one", min_revision=10**9), "BAD_VERSION"),
        ("GetContract", pb.GetContractRequest(id="No id", min_revision=10**9), "BAD_ID"),
        ("ListVersions", pb.ListVersionsRequest(id="No id", min_revision=10**9), "BAD_ID"),
        ("ListConsumers", pb.ListConsumersRequest(id="No id", min_revision=10**9), "BAD_ID"),
        ("CompareVersions", pb.CompareVersionsRequest(id="No id", min_revision=10**9), "BAD_ID"),
        (
            "CompareVersions",
            pb.CompareVersionsRequest(id="ticks_v1", from_version="1", to_version="-", min_revision=10**9),
            "BAD_VERSION",
        ),
    ],
)
def test_a_slip_is_told_before_a_revision_is_waited_for(reader, rpc, request_, reason) -> None:
    refusal = refused(getattr(reader, rpc), request_)
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, reason)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (pb.ListSchemasRequest(page_size=-1), "BAD_PAGE_SIZE"),
        (pb.ListSchemasRequest(page_token="made up"), "BAD_PAGE_TOKEN"),
    ],
)
def test_a_wrong_page_is_invalid_argument(reader, request_: pb.ListSchemasRequest, reason: str) -> None:
    refusal = refused(reader.ListSchemas, request_)
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, reason)


@pytest.mark.parametrize("direction", ["sideways", "full_transitive"])
def test_a_wrong_direction_is_invalid_argument(reader, direction: str) -> None:
    request = pb.CompareVersionsRequest(id="ticks_v1", from_version="1.0.0", to_version="1.1.0", direction=direction)
    assert refused(reader.CompareVersions, request).reason == "BAD_DIRECTION"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"{}", "NOT_AN_ARRAY"), (b"[", "NOT_JSON"), (b"[" + b"1," * 1000 + b"1]", "TOO_MANY_RECORDS")],
)
def test_records_that_are_no_small_array_are_invalid_argument(reader, data: bytes, reason: str) -> None:
    refusal = refused(reader.ValidateRecords, pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=data)))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, reason)


def test_a_watch_from_a_revision_of_another_store_is_out_of_range(reader) -> None:
    with pytest.raises(grpc.RpcError) as ended:
        next(reader.WatchSchemas(pb.WatchSchemasRequest(after_revision=10**9), timeout=20))
    refusal = Refusal(ended.value)
    assert (refusal.code, refusal.reason) == (Code.OUT_OF_RANGE, "REVISION_AHEAD")


def test_a_refusal_leaves_no_traceback_and_the_server_goes_on(running, reader) -> None:
    refused(reader.GetSchema, pb.GetSchemaRequest(id="\0"))
    assert reader.GetSchema(pb.GetSchemaRequest(id="ticks_v1")).data
    assert "Traceback" not in running.output()


@pytest.mark.parametrize("data", [b"[" + b" " * (1 << 20) + b"]", b"\xef\xbb\xbf[]", b"[\xff]", b"[" * 70 + b"]" * 70])
def test_refusals_of_a_batch_speak_of_a_batch(reader, data: bytes) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        reader.ValidateRecords(pb.ValidateRecordsRequest(id="ticks_v1", records=HttpBody(data=data)), timeout=20)
    assert "document" not in (refusal.value.details() or "document")


def test_a_warning_of_the_whole_document_names_no_place(bot) -> None:
    text = b'{"$id": "placeless_v1", "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", '
    text += b'"properties": {"n": {"type": "integer"}}, "version": "1.0.0"}'
    done = bot.RegisterSchema(pb.RegisterSchemaRequest(id="placeless_v1", document=HttpBody(data=text)), timeout=20)
    assert done.warnings
    assert not [warning for warning in done.warnings if "(at )" in warning]
