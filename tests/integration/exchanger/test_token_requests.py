"""Requests that aren't as RFC 8693 and RFC 6749 have them, and the bounds of size."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from schemaregistry_server.exchanger.exchange_log import ExchangeLog
from tests.support.exchanger_fixtures import EXCHANGE, ID_TOKEN, RunningExchanger, read_token
from tests.support.oidc_issuer import OidcIssuer
from tests.support.patience import PATIENCE

FORM = {"grant_type": EXCHANGE, "subject_token": "a.b.c", "subject_token_type": ID_TOKEN}
pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("fields", "error", "reason"),
    [
        ({"grant_type": ""}, "invalid_request", "GRANT_TYPE"),
        ({"grant_type": "password"}, "unsupported_grant_type", "GRANT_TYPE"),
        ({"subject_token": ""}, "invalid_request", "SUBJECT_TOKEN"),
        ({"subject_token": " \n"}, "invalid_request", "SUBJECT_TOKEN"),
        ({"subject_token_type": ""}, "invalid_request", "SUBJECT_TOKEN_TYPE"),
        ({"subject_token_type": ID_TOKEN.replace("id_token", "saml2")}, "invalid_request", "SUBJECT_TOKEN_TYPE"),
        ({"audience": "etcd"}, "invalid_target", "AUDIENCE"),
        ({"resource": "https://etcd.test"}, "invalid_target", "AUDIENCE"),
        ({"scope": "publish"}, "invalid_scope", "SCOPE"),
        ({"actor_token": "a.b.c"}, "invalid_request", "ACTOR"),
        ({"requested_token_type": ID_TOKEN}, "invalid_request", "REQUESTED_TOKEN_TYPE"),
        ({str(n): "" for n in range(20)}, "invalid_request", "FORM"),
    ],
)
async def test_a_field_that_is_missing_or_asks_for_something_else(
    shared_exchanger: RunningExchanger, fields: dict[str, str], error: str, reason: str
) -> None:
    answer = await (await shared_exchanger.client()).post("/token", data={**FORM, **fields})
    assert answer.status_code == 400
    assert (answer.json()["error"], answer.json()["reason"]) == (error, reason)
    assert shared_exchanger.lines()[-1]["reason"] == reason


async def test_fields_that_are_usual_or_unknown_do_no_harm(
    shared_exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    fields = {"audience": "schemaregistry", "client_id": "x", "hint": "", "requested_token_type": ID_TOKEN[:-8] + "jwt"}
    assert read_token(await shared_exchanger.exchange(issuer.token(), **fields)).publish


async def test_a_token_from_a_file_that_ends_with_a_newline_is_taken(
    shared_exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    assert read_token(await shared_exchanger.exchange(f" {issuer.token()}\r\n")).publish


@pytest.mark.parametrize(
    ("content", "headers", "status", "reason"),
    [
        (urlencode([*FORM.items(), ("grant_type", EXCHANGE)]), {}, 400, "FORM"),
        ("grant_type", {}, 400, "FORM"),
        (b"grant_type=\xff", {}, 400, "FORM"),
        ("grant_type=%ff", {}, 400, "FORM"),
        ("", {}, 400, "GRANT_TYPE"),
        (json.dumps(FORM), {"content-type": "application/json"}, 400, "CONTENT_TYPE"),
        (urlencode(FORM), {"content-type": "multipart/form-data; boundary=x"}, 400, "CONTENT_TYPE"),
        (urlencode(FORM), {"content-type": f"{TYPE}; charset=utf-16"}, 400, "CONTENT_TYPE"),
        (urlencode(FORM), {"content-encoding": "gzip"}, 400, "CONTENT_ENCODING"),
        ("x=" + "y" * 16_384, {}, 413, "TOO_LARGE"),
    ],
)
async def test_a_body_that_is_no_form(
    shared_exchanger: RunningExchanger, content: str | bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    client = await shared_exchanger.client()
    answer = await client.post("/token", content=content, headers={"content-type": TYPE, **headers})
    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")
    assert answer.json()["reason"] == shared_exchanger.lines()[-1]["reason"] == reason


async def test_a_body_of_unknown_length_is_cut_off_at_the_bound(shared_exchanger: RunningExchanger) -> None:
    async def endless():
        for _ in range(64):
            yield b"x" * 1024

    client = await shared_exchanger.client()
    answer = await client.post("/token", content=endless(), headers={"content-type": TYPE})
    assert (answer.status_code, answer.json()["reason"]) == (413, "TOO_LARGE")


async def test_a_token_in_the_address_is_refused(shared_exchanger: RunningExchanger) -> None:
    answer = await (await shared_exchanger.client()).post(f"/token?{urlencode(FORM)}", data=FORM)
    assert (answer.status_code, answer.json()["reason"]) == (400, "QUERY")


async def test_a_huge_header_is_refused(shared_exchanger: RunningExchanger) -> None:
    answer = await (await shared_exchanger.client()).post("/token", data=FORM, headers={"x": "y" * 40_000})
    assert (answer.status_code, answer.headers["content-type"]) == (431, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/token", 405),
        ("PUT", "/token", 405),
        ("POST", "/keys", 405),
        ("GET", "/", 404),
        ("GET", "/token/", 404),
    ],
)
async def test_there_is_nothing_else(shared_exchanger: RunningExchanger, method: str, path: str, status: int) -> None:
    lines = shared_exchanger.lines()
    answer = await (await shared_exchanger.client()).request(method, path)
    assert answer.status_code == status
    assert answer.json()["reason"] == ("NO_SUCH_METHOD" if status == 405 else "NO_SUCH_PATH")
    assert shared_exchanger.lines() == lines
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_caller_that_leaves_is_logged_and_no_fault(
    shared_exchanger: RunningExchanger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = shared_exchanger.url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=shared_exchanger.tls / "ca.pem")
    logged, write = asyncio.Event(), ExchangeLog.write

    async def told(log: ExchangeLog, event: str, facts: Mapping[str, object]) -> None:
        await write(log, event, facts)
        logged.set()

    monkeypatch.setattr(ExchangeLog, "write", told)
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    head = f"POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: {TYPE}\r\ncontent-length: 100\r\n\r\ngrant"
    writer.write(head.encode())
    await writer.drain()
    writer.transport.abort()
    await asyncio.wait_for(logged.wait(), PATIENCE)
    assert shared_exchanger.lines()[-1]["reason"] == "INCOMPLETE"
    assert "Traceback" not in caplog.text
