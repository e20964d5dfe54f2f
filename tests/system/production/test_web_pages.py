"""What a browser is told, and what a web page of this or that origin may do over REST in production."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from devtools.servers import Server, launch
from schemaregistry_server.transport.origins import RESPONSE_HEADERS

PAGE = "https://catalog.example"
OTHER = "https://evil.example"
DOCUMENT = json.dumps({"$id": "page_v1", "type": "object", "version": "1.0.0"}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for pages of two origins."""
    settings = {"store": "sqlite", "rest": "127.0.0.1:0", "cors-origin": [PAGE, "http://localhost:3000"]}
    started = launch(tmp_path_factory.mktemp("pages"), settings).wait()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for no pages, as it is unless it is said otherwise."""
    settings = {"store": "sqlite", "rest": "127.0.0.1:0"}
    started = launch(tmp_path_factory.mktemp("no-pages"), settings).wait()
    yield started
    started.stop()


@dataclass(frozen=True)
class Answer:
    """A response: `cors` has the headers that begin with access-control, without that."""

    status: int
    cors: dict[str, str]
    vary: set[str]
    body: bytes
    names: set[str]


def ask(server: Server, method: str, path: str, *headers: tuple[str, str], body: bytes | None = None) -> Answer:
    context = ssl.create_default_context(cafile=server.tls / "ca.pem")
    context.load_cert_chain(server.tls / "ci-bot.pem", server.tls / "ci-bot-key.pem")
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    with closing(http.client.HTTPSConnection(host, int(port), context=context, timeout=20)) as connection:
        connection.putrequest(method, path)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        found = [(name.lower(), value) for name, value in answer.getheaders()]
        cors = {name.removeprefix("access-control-"): value for name, value in found if "access-control" in name}
        vary = {word.strip().lower() for name, value in found if name == "vary" for word in value.split(",")}
        return Answer(answer.status, cors, vary, answer.read(), {name for name, _ in found})


def preflight(server: Server, origin: str, method: str = "POST", headers: str = "authorization") -> Answer:
    told = ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers)
    return ask(server, "OPTIONS", "/schema/page_v1", ("Origin", origin), *told)


def test_a_page_that_is_named_may_read_and_write(server: Server) -> None:
    written = ask(server, "POST", "/schema/page_v1", ("Origin", PAGE), body=DOCUMENT)
    assert (written.status, written.cors["allow-origin"]) == (201, PAGE)
    read = ask(server, "GET", "/schema/page_v1", ("Origin", PAGE))
    assert (read.status, read.cors["allow-origin"], read.cors["allow-credentials"]) == (200, PAGE, "true")
    assert {"origin", "accept-encoding"} <= read.vary
    assert "etag" in read.cors["expose-headers"]


def test_each_origin_is_answered_with_itself(server: Server) -> None:
    assert ask(server, "GET", "/whoami", ("Origin", "http://localhost:3000")).cors["allow-origin"] == (
        "http://localhost:3000"
    )


def test_a_page_may_read_every_header_that_is_the_registrys_own(server: Server) -> None:
    ask(server, "POST", "/schema/page_v1", body=DOCUMENT)
    state = json.dumps({"state": "deprecated", "reason": "old", "sunset": "2099-01-01T00:00:00Z"}).encode()
    assert ask(server, "POST", "/schema/page_v1/1.0.0/state", body=state).status == 200
    read = ask(server, "GET", "/schema/page_v1")
    usual = {"cache-control", "content-length", "content-type", "date", "vary", "connection"}
    assert read.names - usual <= set(RESPONSE_HEADERS)
    assert {"deprecation", "sunset", "x-schema-state"} <= read.names


def test_refusals_can_be_read_too(server: Server) -> None:
    refused = ask(server, "GET", "/schema/none_v1", ("Origin", PAGE))
    assert (refused.status, refused.cors["allow-origin"], "origin" in refused.vary) == (404, PAGE, True)


def test_a_preflight_is_answered(server: Server) -> None:
    asked = preflight(server, PAGE, headers="authorization, content-type, if-none-match")
    assert (asked.status, asked.cors["allow-origin"], asked.cors["max-age"]) == (200, PAGE, "600")
    assert asked.cors["allow-credentials"] == "true"
    assert set(asked.cors["allow-methods"].split(", ")) == {"GET", "HEAD", "POST"}
    assert "origin" in asked.vary


@pytest.mark.parametrize(("method", "headers"), [("DELETE", "authorization"), ("POST", "x-forwarded-client-cert")])
def test_a_preflight_for_what_pages_may_not_send_is_refused(server: Server, method: str, headers: str) -> None:
    assert preflight(server, PAGE, method, headers).status == 400


OTHERS = [
    OTHER,
    "null",
    "*",
    f"{PAGE}.evil.example",
    f"{PAGE}:8443",
    PAGE.upper(),
    f"{PAGE}/",
    "http://catalog.example",
    "https://sub.catalog.example",
    f"{PAGE}, {OTHER}",
    "",
]


@pytest.mark.parametrize("origin", OTHERS)
def test_a_page_of_another_origin_is_told_nothing_and_writes_nothing(server: Server, origin: str) -> None:
    read = ask(server, "GET", "/whoami", ("Origin", origin))
    assert (read.status, read.cors, "origin" in read.vary) == (200, {}, True)
    written = ask(server, "POST", "/schema/evil_v1", ("Origin", origin), body=DOCUMENT.replace(b"page", b"evil"))
    assert (written.status, json.loads(written.body)["reason"], written.cors) == (403, "ORIGIN_NOT_ALLOWED", {})
    asked = preflight(server, origin)
    assert (asked.status, asked.cors) == (405, {})


def test_two_origins_are_none(server: Server) -> None:
    assert ask(server, "GET", "/whoami", ("Origin", PAGE), ("Origin", OTHER)).cors == {}


def test_programs_are_answered_as_before_and_caches_are_told(server: Server) -> None:
    read = ask(server, "GET", "/whoami")
    assert (read.status, read.cors, "origin" in read.vary) == (200, {}, True)


def test_no_page_is_let_in_unless_it_is_named(closed: Server) -> None:
    read = ask(closed, "GET", "/whoami", ("Origin", PAGE))
    assert (read.status, read.cors, "origin" in read.vary) == (200, {}, False)
    written = ask(closed, "POST", "/schema/page_v1", ("Origin", PAGE), body=DOCUMENT)
    assert (written.status, json.loads(written.body)["reason"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert preflight(closed, PAGE).status == 405


def test_a_page_of_the_registrys_own_origin_may_write(closed: Server) -> None:
    written = ask(closed, "POST", "/schema/page_v1", ("Origin", closed.rest), body=DOCUMENT)
    assert written.status == 201
