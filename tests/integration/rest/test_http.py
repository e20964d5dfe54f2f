"""What HTTP adds to the RPCs (RFC 9110): conditions, content negotiation, encodings, and bodies that aren't JSON."""

import gzip
import http.client
import json
import socket
import zlib
from pathlib import Path

import httpx
import pytest

from schemaregistry_server.transport import encodings
from schemaregistry_server.transport.negotiation import chosen_encoding, prefers_text

TICKS = (Path(__file__).parents[3] / "schemas/ticks_v1.json").read_bytes()
PLAIN = {"Accept-Encoding": "identity"}


def ask(running, method: str, path: str, *headers: tuple[str, str], body: bytes = b"") -> http.client.HTTPResponse:
    """Send one request with exactly these header lines."""
    connection = http.client.HTTPConnection(running.rest.removeprefix("http://"), timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.content = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


# --- conditions


def test_several_lines_of_if_none_match_are_one_list(running) -> None:
    etag = httpx.get(f"{running.rest}/schema/ticks_v1", headers=PLAIN).headers["etag"]
    lines = [("If-None-Match", '"other"'), ("If-None-Match", f'W/"more", {etag}')]
    assert ask(running, "GET", "/schema/ticks_v1", *lines).status == 304
    assert ask(running, "GET", "/schema/ticks_v1", *lines[:1]).status == 200


CONDITIONS = [
    ("POST", "/schema/ticks_v1", "If-None-Match", "*"),
    ("POST", "/schema/ticks_v1", "If-Match", '"other"'),
    ("POST", "/schema/ticks_v1", "If-Match", "*"),
    ("POST", "/schema/ticks_v1/compat", "If-None-Match", '"other"'),
    ("POST", "/schema/ticks_v1/validate", "If-Match", '"other"'),
    ("GET", "/schema/ticks_v1", "If-Match", '"other"'),
    ("HEAD", "/schemas", "If-Match", "*"),
    ("GET", "/schemas:watch", "If-Match", "*"),
]


@pytest.mark.parametrize(("method", "path", "name", "value"), CONDITIONS)
def test_a_condition_that_is_not_judged_is_refused(running, method: str, path: str, name: str, value: str) -> None:
    """If it were ignored, a write that depends on the condition would happen anyway (RFC 9110, section 13.2)."""
    answer = ask(running, method, path, (name, value), body=TICKS if method == "POST" else b"")
    assert answer.status == 400
    if method != "HEAD":
        problem = json.loads(answer.content)  # type: ignore[attr-defined]
        assert (problem["reason"], problem["code"]) == ("UNSUPPORTED_PRECONDITION", "INVALID_ARGUMENT")
        assert problem["detail"].startswith(f"{name} is not judged on a {method}: ")


def test_a_write_under_a_condition_writes_nothing(running) -> None:
    body = TICKS.replace(b'"ticks_v1"', b'"only_if_v1"')
    assert ask(running, "POST", "/schema/only_if_v1", ("If-Match", "*"), body=body).status == 400
    assert ask(running, "GET", "/schema/only_if_v1").status == 404


# --- Accept


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("", False),
        ("text/plain", True),
        ("TEXT/Plain", True),
        ("text/plain; charset=utf-8", True),
        ("text/plain;charset=UTF-8 ; q=0.5, application/json;q=0.4", True),
        ("text/plain;Q=0.3, application/json;q=0.4", False),
        ("text/plain;q=0", False),
        ("text/*, application/json;q=0.9", True),
        ("text/*;q=0.5, text/plain;q=0.1, application/json;q=0.3", False),
        ("*/*", False),
        ("text/plain, */*", True),
        ("application/json, text/plain", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ('text/plain;format="a,b;c", application/json;q=0.1', False),
        ('application/json;q=0.1;x="text/plain,", text/plain;q=0.2', True),
        ("application/json;q=0, text/plain;q=0.001", True),
        (",, text/plain ,", True),
    ],
)
def test_text_is_preferred_as_rfc_9110_says(accept: str, text: bool) -> None:
    assert prefers_text(accept) is text


def test_several_lines_of_accept_are_one_list(running) -> None:
    lines = [("Accept", "application/json;q=0.5"), ("Accept", "Text/Plain")]
    answer = ask(running, "GET", "/compat/ticks_v1/1.0.0/1.1.0", *lines)
    assert answer.content == b"compatible"  # type: ignore[attr-defined]
    assert "accept" in answer.headers["vary"].split(", ")


# --- paths


@pytest.mark.parametrize("path", ["/schemas/", "/schema/ticks_v1/", "/schema/ticks_v1/1.1.0/", "/whoami/", "//schemas"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_slash_too_many_is_a_problem_and_no_redirect(running, method: str, path: str) -> None:
    answer = ask(running, method, path, ("Content-Length", "0"))
    assert answer.status == 404
    assert answer.headers["location"] is None
    problem = json.loads(answer.content)  # type: ignore[attr-defined]
    assert problem["reason"] == "NO_SUCH_PATH"
    assert "slash" in problem["detail"] or path == "//schemas"


@pytest.mark.parametrize(
    "path", ["/schema/ticks_v1%2f1.1.0", "/schema/ticks_v1%2F1.1.0", "/compat/ticks_v1%2f1.0.0/1.1.0"]
)
def test_an_escaped_slash_separates_nothing(running, path: str) -> None:
    assert ask(running, "GET", path).status in {400, 404}


def test_an_escaped_letter_is_that_letter(running) -> None:
    assert ask(running, "GET", "/schem%61/tick%73_v1").status == 200


def test_a_path_of_two_templates_names_the_methods_of_both(running) -> None:
    answer = ask(running, "DELETE", "/schema/ticks_v1/compat")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


# --- encodings of requests


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("identity", bytes),
        ("zstd", encodings.zstd.compress),
        ("gzip", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
    ],
)
def test_an_encoded_body_is_read(running, name: str, encode) -> None:
    answer = ask(running, "POST", "/schema/ticks_v1", ("Content-Encoding", name), body=encode(TICKS))
    assert answer.status == 200


@pytest.mark.parametrize("name", ["br", "deflate", "gzip, gzip", "aes128gcm"])
def test_another_encoding_is_415_and_says_which_are_read(running, name: str) -> None:
    answer = ask(running, "POST", "/schema/ticks_v1", ("Content-Encoding", name), body=TICKS)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "zstd, gzip")
    assert json.loads(answer.content)["reason"] == "UNSUPPORTED_ENCODING"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("gzip", TICKS, 400),
        ("gzip", gzip.compress(TICKS)[:-9], 400),
        ("gzip", gzip.compress(TICKS) + b"more", 400),
        ("gzip", gzip.compress(b"") * 1000, 400),
        ("gzip", gzip.compress(b" " * (1 << 28)), 413),
        ("zstd", encodings.zstd.compress(b" " * (1 << 28)), 413),
        ("zstd", encodings.zstd.compress(TICKS)[:-1], 400),
        ("zstd", b"\x28\xb5\x2f\xfd\x00\xb0" + b"\0" * 9, 400),
    ],
    ids=[
        "plain",
        "cut",
        "with more",
        "a thousand members",
        "a bomb",
        "a zstd bomb",
        "zstd, cut",
        "a window of gigabytes",
    ],
)
def test_an_encoded_body_is_bounded(running, name: str, body: bytes, code: int) -> None:
    answer = ask(running, "POST", "/schema/ticks_v1", ("Content-Encoding", name), body=body)
    assert answer.status == code
    assert json.loads(answer.content)["reason"] in {"BAD_ENCODING", "TOO_LARGE"}  # type: ignore[attr-defined]


def test_a_bomb_is_undone_up_to_its_bound() -> None:
    assert len(encodings.decoded(gzip.compress(b"x" * (1 << 24)), "gzip", 1000)) == 1001


# --- encodings of answers


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0.5, identity", ""),
        ("*", "zstd"),
        ("*;q=0", ""),
        ("zstd;q=0, *", "gzip"),
        ("br", ""),
        ("", ""),
    ],
)
def test_the_encoding_is_the_callers_choice(accept: str, chosen: str) -> None:
    assert chosen_encoding(accept, encodings.OFFERED) == chosen


def decode(answer: http.client.HTTPResponse) -> bytes:
    body: bytes = answer.content  # type: ignore[attr-defined]
    name = answer.headers["content-encoding"]
    if name == "gzip":
        return zlib.decompress(body, wbits=31)
    return encodings.zstd.decompress(body) if name == "zstd" else body


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_document_under_an_encoding_has_an_etag_of_its_own(running, name: str) -> None:
    accept = ("Accept-Encoding", name)
    plain = ask(running, "GET", "/schema/ticks_v1")
    first, second = (ask(running, "GET", "/schema/ticks_v1", accept) for _ in range(2))
    assert (first.headers["content-encoding"], plain.headers["content-encoding"]) == (name, None)
    assert first.content == second.content  # type: ignore[attr-defined]
    assert decode(first) == decode(plain) == TICKS
    assert first.headers["etag"] == plain.headers["etag"][:-1] + f'-{name}"'
    assert plain.headers["vary"] == first.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_condition_is_of_the_encoding_that_would_be_sent(running, name: str) -> None:
    accept = ("Accept-Encoding", name)
    plain = ask(running, "GET", "/schema/ticks_v1").headers["etag"]
    encoded = ask(running, "GET", "/schema/ticks_v1", accept).headers["etag"]

    def status(etag: str, *headers: tuple[str, str]) -> int:
        return ask(running, "GET", "/schema/ticks_v1", ("If-None-Match", etag), *headers).status

    same = ask(running, "GET", "/schema/ticks_v1", ("If-None-Match", f'"x", W/{encoded}'), accept)
    assert (same.status, same.headers["etag"], same.headers["vary"]) == (304, encoded, "accept-encoding")
    assert status(plain, accept) == 200, "the caller has other bytes than these"
    assert status(encoded) == 200
    assert status("*", accept) == status("*") == 304
    assert status(plain) == 304


def test_a_head_has_the_length_under_the_encoding(running) -> None:
    accept = ("Accept-Encoding", "gzip")
    head, get = (ask(running, method, "/schema/ticks_v1", accept) for method in ("HEAD", "GET"))
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))  # type: ignore[attr-defined]


def test_a_long_answer_is_encoded_and_a_short_one_is_not(running) -> None:
    accept = ("Accept-Encoding", "gzip")
    contract = ask(running, "GET", "/contract/ticks_v1/1.1.0", accept)
    assert contract.headers["content-encoding"] == "gzip"
    assert decode(contract) == decode(ask(running, "GET", "/contract/ticks_v1/1.1.0"))
    assert ask(running, "GET", "/whoami", accept).headers["content-encoding"] is None


def test_encoded_documents_are_kept_up_to_a_bound() -> None:
    kept = encodings.Encoder(remembered=100).kept
    for n in range(50):
        kept.put((f'"{n}"', "gzip"), b"x" * 30)
    assert kept.held == 90
    assert kept.get(('"49"', "gzip"))
    assert kept.get(('"0"', "gzip")) is None


# --- bodies that are something else

OTHERS = {
    "nothing": (b"", "empty"),
    "white space": (b" \n", "white space"),
    "a form": (b"title=Ticks&version=1.0.0", "form"),
    "a form of JSON": (b"%7B%22title%22%3A+%22x%22%7D", "form"),
    "a form with a name that begins as JSON does": (b"null=1", "form"),
    "a multipart form": (b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n{}\r\n--xyz--\r\n', "multipart"),
    "a file's name": (b"@schemas/ticks_v1.json", "file's name"),
    "gzip that isn't called so": (gzip.compress(TICKS), "Content-Encoding: gzip"),
    "zstd that isn't called so": (encodings.zstd.compress(TICKS), "Content-Encoding: zstd"),
    "UTF-16": (TICKS.decode().encode("utf-16"), "UTF-16"),
    **{name: (TICKS.decode().encode(name), name[:6]) for name in ("UTF-16-LE", "UTF-16-BE", "UTF-32", "UTF-32-BE")},
    "UTF-32, big end first, marked": (b"\0\0\xfe\xff" + TICKS.decode().encode("UTF-32-BE"), "UTF-32"),
    "HTML": (b"<!doctype html>", "HTML"),
}


@pytest.mark.parametrize("path", ["/schema/ticks_v1", "/schema/ticks_v1/compat", "/schema/ticks_v1/validate"])
@pytest.mark.parametrize(("body", "cause"), OTHERS.values(), ids=OTHERS)
def test_a_body_that_is_something_else_is_told_so(running, path: str, body: bytes, cause: str) -> None:
    answer = httpx.post(running.rest + path, content=body)
    problem = answer.json()
    assert (answer.status_code, problem["reason"]) == (400, "NOT_JSON")
    assert cause in problem["detail"]
    assert "--data-binary" in problem["detail"]


def test_json_is_read_whatever_it_is_called(running) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        answer = httpx.post(f"{running.rest}/schema/ticks_v1", content=TICKS, headers={"Content-Type": kind})
        assert answer.status_code == 200


def test_a_head_of_the_watch_ends(running) -> None:
    answer = ask(running, "HEAD", "/schemas:watch")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_a_peer_that_sends_half_a_body_is_no_error(running) -> None:
    host, port = running.rest.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        peer.sendall(b"POST /schema/ticks_v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
    assert httpx.get(f"{running.rest}/healthz").status_code == 200
    assert "Traceback" not in running.output()
