"""Inputs for `fuzz_requests.py`: messages of each RPC, HTTP requests, and bytes that are neither, all from one seed."""

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from schemaregistry.v1.registry_pb2 import DESCRIPTOR

SCHEMAS: Final = Path(__file__).parents[1] / "schemas"
SERVICE: Final = DESCRIPTOR.services_by_name["SchemaRegistry"]
IDS: Final = ("ticks_v1", "bars_v1", "fuzz_a", "fuzz_b", "fuzz_c", "none_v1")
"""Few ids, so that the registry doesn't grow with the number of inputs."""

TEXTS: Final = (
    *("", " ", "a", "A", "1.0.0", "v1", "latest", "^1", "~1.0", "1.0.0-rc.1", "9" * 64, "99999999999999999999.0.0"),
    *("backward", "full", "none", "deprecated", "retracted", "active", "sha256:" + "0" * 64, '"etag"', "*", "W/"),
    *("../../etc/passwd", "%2e%2e%2f", "a/b", "a\\b", "\0", "a\0b", "\n", "\r\n", "\u202eticks", "ｔicks", "é", "🙂"),
    *("' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}", "$(id)", "%s%n", "a" * 129, "a" * 5000, "[" * 300),
)
NUMBERS: Final = (0, 1, -1, 2, 50, 51, 1000, 2**31 - 1, -(2**31), 2**53, 2**63 - 1, -(2**63))
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -0.0, 1, 1.5, 2**53 + 1, 10**30, 1e308, "", "a", "x" * 300, "\u0000", "\ud83d\ude00"),
    *([], {}, [[]], {"": None}, "http://169.254.169.254/latest", "file:///etc/passwd", "#", "#/definitions/a"),
)
JUNK: Final = (
    *(b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{", b"[" * 2000, b'{"a":' * 500, b'{"a":1,"a":2}', b"1e999999"),
    *(b'"\\ud800"', b"NaN", b"nul", b"\x1f\x8b\x08\x00", b"<xml/>", b"a=b&c=d", b"%" * 50, b"\r\n\r\n"),
)


@dataclass(frozen=True, slots=True)
class GrpcInput:
    """The bytes of a request to one RPC."""

    rpc: str
    data: bytes


@dataclass(frozen=True, slots=True)
class HttpInput:
    """All bytes that a client sends over one connection before it ends its side."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Http2Input:
    """Frames that a client sends after HTTP/2's preface."""

    data: bytes


def inputs(seed: int) -> Iterator[GrpcInput | HttpInput | Http2Input]:
    """Yield inputs without end: half over gRPC, half over REST, and one in fifty as frames of HTTP/2."""
    chance = random.Random(seed)
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCHEMAS.glob("*.json"))]
    while True:
        kind = chance.random()
        if kind < 0.02:
            yield Http2Input(_frames(chance))
        elif kind < 0.5:
            yield _grpc(chance, documents)
        else:
            yield HttpInput(_http(chance, documents))


def _grpc(chance: random.Random, documents: list[Any]) -> GrpcInput:
    rpc = chance.choice(SERVICE.methods)
    message = GetMessageClass(rpc.input_type)()
    _fill(message, chance, documents)
    data = message.SerializeToString()
    return GrpcInput(rpc.name, _damaged(data, chance) if chance.random() < 0.3 else data)


def _fill(message: Message, chance: random.Random, documents: list[Any]) -> None:
    """Set most fields of a message, each by its name and type."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.3:
            continue
        if field.message_type is not None:
            if not field.is_repeated:
                _fill(getattr(message, field.name), chance, documents)
        elif field.is_repeated:
            getattr(message, field.name).extend(
                _scalar(field, chance, documents) for _ in range(chance.choice((1, 2, 20)))
            )
        else:
            setattr(message, field.name, _scalar(field, chance, documents))


def _scalar(field: Any, chance: random.Random, documents: list[Any]) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return chance.choice(IDS) if field.name in {"id", "ids"} and chance.random() < 0.8 else chance.choice(TEXTS)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _body(chance, documents)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return chance.random() < 0.5
    if field.type == FieldDescriptor.TYPE_ENUM:
        return chance.choice(NUMBERS[:5])
    if field.name == "min_revision":
        return chance.choice((0, 1, -1))  # the server waits for a revision that is still to come
    bits = 32 if field.cpp_type == FieldDescriptor.CPPTYPE_INT32 else 64
    return chance.choice([number for number in NUMBERS if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1)])


def _body(chance: random.Random, documents: list[Any]) -> bytes:
    """A document with some of its parts replaced, records, or junk."""
    kind = chance.random()
    if kind < 0.1:
        return chance.choice(JUNK)
    if kind < 0.3:
        return json.dumps([chance.choice(VALUES) for _ in range(chance.choice((1, 3, 40)))]).encode()
    value = json.loads(json.dumps(chance.choice(documents)))
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        _replace_part(value, chance)
    if isinstance(value, dict) and chance.random() < 0.7:
        value |= {"$id": chance.choice(IDS), "version": chance.choice(("1.0.0", "1.0.1", "2.0.0", "0.0.1"))}
    data = json.dumps(value).encode()
    return _damaged(data, chance) if kind > 0.85 else data


def _replace_part(value: Any, chance: random.Random) -> None:
    """Replace, drop or add one member or item somewhere in `value`."""
    while isinstance(value, (dict, list)) and value:
        key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if chance.random() < 0.35 or not isinstance(value[key], (dict, list)):
            if chance.random() < 0.3:
                del value[key]
            else:
                value[key] = copy.deepcopy(chance.choice(VALUES))  # a list among them is changed later
            return
        value = value[key]


def _damaged(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, repeat or insert bytes at a few places."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(4):
            case 0 if made:
                made[at % len(made)] ^= 1 << chance.randrange(8)
            case 1:
                del made[at : at + chance.choice((1, 4, 100))]
            case 2:
                made[at:at] = made[: chance.choice((1, 16, 200))]
            case _:
                made[at:at] = chance.choice(JUNK)
    return bytes(made)


PATHS: Final = (
    *("/schemas", "/schemas/{id}", "/schemas:watch", "/schema/{id}", "/schema/{id}/{v}", "/schema/{id}/{v}/state"),
    *("/schema/{id}/consumers", "/schema/{id}/compat", "/schema/{id}/validate", "/compat/{id}/{v}/{v}"),
    *("/contract/{id}/{v}", "/whoami", "/healthz", "/readyz", "/", "/{id}", "//", "/schema//", "/schema/{id}/"),
)
METHODS: Final = ("GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "G\0T")
QUERIES: Final = (
    "page_size",
    "page_token",
    "text",
    "field",
    "tag",
    "direction",
    "fingerprint",
    "x",
    "",
)
HEADERS: Final = (
    *("Content-Type: application/json", "Content-Type: text/plain", "Content-Type: multipart/form-data", "Accept: */*"),
    *("Accept: text/plain;q=x", "Accept-Encoding: gzip, zstd;q=0", "Content-Encoding: gzip", "If-None-Match: *"),
    *("If-Match: x", "Last-Event-ID: -1", "Expect: 100-continue", "Authorization: Bearer x", "X-Forwarded-For: ::1"),
    *("Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: 5", "Host: evil.example", ": x", "a\0: b"),
    *("Cookie: " + "a" * 3000, "Range: bytes=0-", "Upgrade: h2c", "Connection: upgrade", "X: \xff\xfe"),
)


def _http(chance: random.Random, documents: list[Any]) -> bytes:
    """One HTTP/1.1 request, mostly well formed, sometimes damaged, sometimes followed by another."""
    if chance.random() < 0.03:
        return _damaged(chance.choice(JUNK) * 3, chance)
    path = re.sub(r"\{(id|v)\}", lambda found: _part(found[1], chance), chance.choice(PATHS))
    if chance.random() < 0.4:
        pairs = [
            f"{chance.choice(QUERIES)}={_quoted(str(chance.choice(TEXTS + NUMBERS)), chance)}"
            for _ in range(chance.choice((1, 2, 9)))
        ]
        path += "?" + "&".join(pairs)
    body = _body(chance, documents) if chance.random() < 0.6 else b""
    lines = [f"{chance.choice(METHODS)} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += chance.sample(HEADERS, chance.choice((0, 0, 1, 2, 5)))
    request = "\r\n".join([*lines, "Connection: close", "", ""]).encode("utf-8", "surrogatepass") + body
    return _damaged(request, chance) if chance.random() < 0.15 else request


def _part(name: str, chance: random.Random) -> str:
    return _quoted(chance.choice(IDS if name == "id" and chance.random() < 0.8 else TEXTS), chance)


def _quoted(text: str, chance: random.Random) -> str:
    """A text as a part of a path: percent-encoded, or, where a socket would take it, as it is."""
    if chance.random() < 0.2 and text.isascii() and text.isprintable() and " " not in text:
        return text
    return "".join(f"%{byte:02x}" if not chr(byte).isalnum() else chr(byte) for byte in text.encode())


def _frames(chance: random.Random) -> bytes:
    """Frames of HTTP/2 (RFC 9113, section 4.1) with any type, flags, stream and payload."""
    made = b"\0\0\0\4\0\0\0\0\0" if chance.random() < 0.8 else b""
    for _ in range(chance.choice((1, 3, 20))):
        payload = chance.randbytes(chance.choice((0, 4, 8, 50, 2000)))
        length = len(payload) if chance.random() < 0.9 else chance.randrange(1 << 24)
        head = length.to_bytes(3, "big") + bytes([chance.choice((*range(11), 255)), chance.choice((0, 1, 4, 5, 255))])
        made += head + chance.choice((0, 1, 2, 3, 2**31)).to_bytes(4, "big") + payload
    return made
