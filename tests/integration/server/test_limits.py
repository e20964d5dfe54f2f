"""The limits on fields: the proto's comments and the server agree for every field of every request."""

import base64
import json
import re
import urllib.parse
from pathlib import Path

import grpc
import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.any_pb2 import Any
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from schemaregistry.errors import ResourceExhausted
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import limits
from schemaregistry_server.rpc.limits import Quota
from tests.support.grpc_refusals import Refusal

SERVICE = pb.DESCRIPTOR.services_by_name["SchemaRegistry"]
PROTO = (Path(__file__).parents[3] / "proto/schemaregistry/v1/registry.proto").read_text()
ROW = re.compile(r"^//   (?P<names>[a-z_, ]+?)  +(?P<limit>.+)$", re.M)
TABLE = {name: row["limit"] for row in ROW.finditer(PROTO) for name in row["names"].split(", ")}

LONG = {
    "id": "a" * 129,
    "ids": ["a"] * 1001,
    "version": "1" * 66,
    "from_version": "1" * 66,
    "to_version": "1" * 66,
    "direction": "x" * 33,
    "if_none_match": '"' + "x" * 4096,
    "page_token": "x" * 1025,
    "text": "x" * 1025,
    "field": "x" * 1025,
    "tag": "x" * 257,
    "fingerprint": "x" * 72,
    "state": "x" * 33,
    "reason": "x" * 1025,
    "sunset": Timestamp(nanos=1),
    "expected_revision": -1,
    "min_revision": -1,
    "after_revision": -1,
    "page_size": -1,
    "include_documents": None,
    "document": HttpBody(data=b"[" + b" " * (1 << 20)),
    "records": HttpBody(data=b"[" + b" " * (1 << 20)),
    "origin": pb.Origin(path="x" * 513),
}
"""A value over each field's limit; None where there is none."""

FIELDS = [(rpc, field) for rpc in SERVICE.methods for field in rpc.input_type.fields]


def request_of(rpc, **members: object):
    """A valid request, except for `members`."""
    usual: dict[str, object] = {"id": "ticks_v1", "version": "1.1.0", "from_version": "1.0.0", "to_version": "1.1.0"}
    names = {field.name for field in rpc.input_type.fields}
    return GetMessageClass(rpc.input_type)(**{k: v for k, v in (usual | members).items() if k in names})


def send(channel: grpc.Channel, path: str, kind: str, raw: bytes) -> None:
    """Call with bytes as the message and take the first answer."""
    call = getattr(channel, kind)(path)
    if kind == "unary_unary":
        call(raw, timeout=20)
    else:
        next(call(iter([raw]) if kind == "stream_stream" else raw, timeout=20))


def refused(running, rpc, raw: bytes, identity: str = "ci-bot") -> tuple[grpc.StatusCode, str]:
    """The status and the reason with which bytes are refused."""
    path = f"/{SERVICE.full_name}/{rpc.name}"
    with pytest.raises(grpc.RpcError) as caught:
        send(running.channel(identity), path, "unary_stream" if rpc.server_streaming else "unary_unary", raw)
    seen = Refusal(caught.value)
    assert seen.status.message
    return seen.code, seen.reason


def test_the_table_in_the_proto_has_every_field_of_every_request() -> None:
    assert set(TABLE) == {field.name for _, field in FIELDS} == set(LONG)


def test_the_table_in_the_proto_is_the_servers() -> None:
    numbers = {name: [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)] for name, text in TABLE.items()}
    for name, most in limits.CHARACTERS.items():
        assert numbers[name] == [most]
    assert numbers["id"] == [limits.MAX_ID]
    assert numbers["ids"] == [limits.MAX_IDS, limits.MAX_ID]
    assert numbers["origin"] == [64, limits.MAX_ORIGIN]
    assert numbers["document"] == numbers["records"] == [limits.MAX_BODY, limits.MAX_CONTENT_TYPE]


LIMITED = [(rpc, field) for rpc, field in FIELDS if LONG[field.name] is not None]


@pytest.mark.parametrize(("rpc", "field"), LIMITED, ids=[f"{rpc.name}.{field.name}" for rpc, field in LIMITED])
def test_a_field_over_its_limit_is_refused(running, rpc, field) -> None:
    request = request_of(rpc, **{field.name: LONG[field.name]})
    code, reason = refused(running, rpc, request.SerializeToString())
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason in {
        "FIELD_TOO_LONG",
        "TOO_MANY_IDS",
        "BAD_ID",
        "BAD_REVISION",
        "BAD_PAGE_SIZE",
        "BAD_SUNSET",
        "TOO_LARGE",
    }


@pytest.mark.parametrize("name", ["version", "direction", "if_none_match", "page_token", "text", "field", "tag"])
def test_a_query_over_its_limit_is_400(running, name: str) -> None:
    path = {"version": "/schema/ticks_v1/{}", "direction": "/compat/ticks_v1/1.0.0/1.1.0?direction={}"}.get(
        name, "/schema/ticks_v1?if_none_match={}" if name == "if_none_match" else f"/schemas?{name}={{}}"
    )
    answer = httpx.get(running.rest + path.format(urllib.parse.quote(str(LONG[name]))))
    assert (answer.status_code, answer.json()["reason"]) == (400, "FIELD_TOO_LONG")
    assert answer.json()["field"] == name


@pytest.mark.parametrize(
    ("member", "text", "reason"),
    [
        ("commit", "main", "BAD_ORIGIN"),
        ("commit", "A" * 40, "BAD_ORIGIN"),
        ("commit", "a" * 65, "BAD_ORIGIN"),
        ("path", "a\nb", "BAD_ORIGIN"),
        ("repository", "r" * 513, "FIELD_TOO_LONG"),
        ("pull_request", "\u202e1", "BAD_ORIGIN"),
    ],
)
def test_an_origin_that_nobody_could_follow_is_refused(running, member: str, text: str, reason: str) -> None:
    answer = httpx.post(f"{running.rest}/schema/ticks_v1", params={f"origin.{member}": text}, json={})
    assert (answer.status_code, answer.json()["reason"], answer.json()["field"]) == (400, reason, f"origin.{member}")


@pytest.mark.parametrize("rpc", list(SERVICE.methods), ids=lambda rpc: rpc.name)
def test_a_message_over_its_limit_is_not_looked_at(running, rpc) -> None:
    code, reason = refused(running, rpc, b"\xff" * (11 << 20))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason in {"MESSAGE_TOO_LARGE", "TOO_LARGE"}


@pytest.mark.parametrize("rpc", list(SERVICE.methods), ids=lambda rpc: rpc.name)
@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\x05ab"], ids=["a tag", "cut off"])
def test_what_is_no_message_is_refused_in_words(running, rpc, raw: bytes) -> None:
    assert refused(running, rpc, raw) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_MESSAGE")
    assert "Traceback" not in running.output()


def test_a_method_of_health_that_is_not_there_is_refused_in_words(running) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        send(running.channel("reader"), "/grpc.health.v1.Health/List", "unary_unary", b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "This server does not answer this method."
    assert "Traceback" not in running.output()


def test_a_text_that_is_not_utf_8_is_no_message(running) -> None:
    rpc = SERVICE.methods_by_name["GetSchema"]
    assert refused(running, rpc, b"\x0a\x02\xff\xfe") == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_MESSAGE")


def test_who_may_not_write_hears_that_before_the_message_is_read(running) -> None:
    register = SERVICE.methods_by_name["RegisterSchema"]
    code, _ = refused(running, register, b"\xff", identity="reader")
    assert code is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/grpc.health.v1.Health/Check", "unary_unary"),
        ("/grpc.health.v1.Health/Watch", "unary_stream"),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "stream_stream"),
    ],
)
@pytest.mark.parametrize("raw", [b"\xff", b"\x0a" + b"\xff\xff\x03" + b"x" * 65535], ids=["no message", "a long one"])
def test_grpcs_own_services_are_bounded_too(running, path: str, kind: str, raw: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        send(running.channel("reader"), path, kind, raw)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Traceback" not in running.output()


@pytest.mark.parametrize("body", [HttpBody(content_type="x" * 257), HttpBody(extensions=[Any()])])
def test_a_body_has_bytes_and_a_short_type(running, body: HttpBody) -> None:
    body.data = b"{}"
    rpc = SERVICE.methods_by_name["CheckCompatibility"]
    assert refused(running, rpc, request_of(rpc, document=body).SerializeToString())[1] == "BAD_BODY"


@pytest.mark.parametrize("brackets", [700, 40_000])
def test_a_page_token_of_brackets_is_refused(running, brackets: int) -> None:
    token = base64.urlsafe_b64encode(b"[" * brackets).decode().rstrip("=")
    rpc = SERVICE.methods_by_name["ListSchemas"]
    code, reason = refused(running, rpc, request_of(rpc, page_token=token).SerializeToString())
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason in {"BAD_PAGE_TOKEN", "FIELD_TOO_LONG"}
    answer = httpx.get(f"{running.rest}/schemas?page_token={token}")
    assert answer.status_code in {400, 414, 431}
    assert json.loads(answer.content)["reason"]


def test_a_caller_holds_a_bounded_part_of_what_all_may_hold() -> None:
    quota = Quota(held=100_000, by_one=50_000)
    with quota.holding("a", 40_000):
        with pytest.raises(ResourceExhausted), quota.holding("a", 20_000):
            pass
        with quota.holding("b", 40_000), pytest.raises(ResourceExhausted), quota.holding("c", 40_000):
            pass
        with quota.holding("a", limits.FREE), quota.holding("c", 40_000):
            pass
    with quota.holding("a", 50_000):
        pass
    assert not quota._held
