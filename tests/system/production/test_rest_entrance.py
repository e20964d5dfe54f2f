"""REST in production lets nobody in without a certificate or a token that counts, whatever else they bring."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devtools.servers import Server, launch
from schemaregistry.v1.registry_pb2 import DESCRIPTOR
from schemaregistry_server.security import pki
from schemaregistry_server.transport.transcoding import http_rules
from tests.support.publishing_tokens import ISSUER, TokenMaker
from tests.system.production.issuing import issue

MAKER = TokenMaker()
ROUTES = sorted(
    {(rule.http_method, rule.template) for rule in http_rules(DESCRIPTOR.services_by_name["SchemaRegistry"])}
)

Answered = tuple[int, str, str]
"""A status, the reason of a refusal or the name of the caller, and the WWW-Authenticate header."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes certificates and tokens."""
    folder = tmp_path_factory.mktemp("entrance")
    (folder / "revoked").write_text("spiffe://prod/mallory\n")
    settings = {
        "store": "sqlite",
        "rest": "127.0.0.1:0",
        "revoked": str(folder / "revoked"),
        "token-key": str(MAKER.public(folder / "exchanger.pub")),
        "token-issuer": ISSUER,
    }
    started = launch(folder, settings)
    issue(started.tls, "mallory", "spiffe://prod/mallory")
    issue(started.tls, "expired", "spiffe://prod/desk", seconds=-60)
    issue(started.tls, "as-server", "spiffe://prod/desk", server=True)
    pki.ensure(folder / "other")
    issue(folder / "other", "stranger", "spiffe://dev/ci-bot")
    yield started.wait()
    started.stop()


@pytest.fixture(scope="module")
def by_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes certificates alone."""
    started = launch(tmp_path_factory.mktemp("by-certificate"), {"store": "sqlite", "rest": "127.0.0.1:0"}).wait()
    yield started
    started.stop()


def ask(
    server: Server, certificate: Path | None, *tokens: str, method: str = "GET", path: str = "/whoami"
) -> Answered | None:
    """What a caller is answered; None where TLS itself refuses."""
    context = ssl.create_default_context(cafile=server.tls / "ca.pem")
    if certificate:
        context.load_cert_chain(certificate, certificate.with_name(f"{certificate.stem}-key.pem"))
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    with closing(http.client.HTTPSConnection(host, int(port), context=context, timeout=20)) as connection:
        try:
            connection.putrequest(method, path)
            for token in tokens:
                connection.putheader("Authorization", f"Bearer {token}")
            connection.endheaders()
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (ssl.SSLError, ConnectionError):
            return None
        return answer.status, told.get("reason") or told["identity"], answer.headers.get("www-authenticate", "")


def test_a_certificate_or_a_token_is_enough(server: Server) -> None:
    assert ask(server, server.tls / "reader.pem") == (200, "spiffe://dev/reader", "")
    assert ask(server, None, MAKER.token("*", sub="token:ci")) == (200, "token:ci", "")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_path_answers_who_has_neither(server: Server, method: str, path: str) -> None:
    assert ask(
        server, None, method=method, path=path.format(id="x", version="1", from_version="1", to_version="2")
    ) == (
        401,
        "NO_IDENTITY",
        "Bearer",
    )


def test_without_tokens_a_connection_needs_a_certificate(by_certificate: Server) -> None:
    assert ask(by_certificate, None) is None
    assert ask(by_certificate, None, MAKER.token("*")) is None
    assert ask(by_certificate, by_certificate.tls / "reader.pem") == (200, "spiffe://dev/reader", "")


@pytest.mark.parametrize("file", ["expired", "as-server", "../other/stranger"])
def test_a_bad_certificate_is_refused_by_tls_with_a_good_token_too(server: Server, file: str) -> None:
    certificate = server.tls / f"{file}.pem"
    assert ask(server, certificate) is None
    assert ask(server, certificate, MAKER.token("*")) is None


def test_a_revoked_certificate_is_refused_with_a_good_token_too(server: Server) -> None:
    certificate = server.tls / "mallory.pem"
    assert ask(server, certificate) == (403, "REVOKED", "")
    assert ask(server, certificate, MAKER.token("*")) == (403, "REVOKED", "")


BAD_TOKENS = {
    "for another audience": (MAKER.token("*", aud="etcd"), "TOKEN_"),
    "by another issuer": (MAKER.token("*", iss="exchanger.evil"), "TOKEN_"),
    "by another key": (TokenMaker().token("*"), "TOKEN_"),
    "that is none": ("x.y.z", "TOKEN_"),
    "that is empty": ("", "BAD_AUTHORIZATION"),
}


@pytest.mark.parametrize("case", BAD_TOKENS)
def test_a_bad_token_is_refused_with_a_good_certificate_too(server: Server, case: str) -> None:
    token, reason = BAD_TOKENS[case]
    for certificate in (None, server.tls / "ci-bot.pem"):
        answer = ask(server, certificate, token)
        assert answer
        assert (answer[0], answer[1].startswith(reason)) == (401, True)
        assert answer[2] == f'Bearer error="invalid_token", error_description="{answer[1]}"'


def test_two_tokens_are_none(server: Server) -> None:
    answer = ask(server, server.tls / "ci-bot.pem", MAKER.token("*"), MAKER.token("*"))
    assert answer
    assert answer[:2] == (401, "BAD_AUTHORIZATION")


def test_a_token_in_the_query_counts_for_nothing(server: Server) -> None:
    answer = ask(server, None, path=f"/whoami?access_token={MAKER.token('*')}")
    assert answer
    assert answer[:2] == (401, "NO_IDENTITY")


def test_plain_http_is_answered_with_what_to_do_and_nothing_else(server: Server) -> None:
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=20)) as connection:
        connection.request("GET", "/whoami", headers={"Authorization": f"Bearer {MAKER.token('*')}"})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["reason"]) == (400, "NOT_TLS")


def test_health_on_this_port_tells_no_more_than_on_its_own(server: Server) -> None:
    """`/healthz` and `/readyz` are the only paths that need neither."""
    context = ssl.create_default_context(cafile=server.tls / "ca.pem")
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    for path in ("/healthz", "/readyz"):
        with closing(http.client.HTTPSConnection(host, int(port), context=context, timeout=20)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read().decode().strip()) in {(200, "ok"), (200, "ready")}
