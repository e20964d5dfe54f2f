"""Tokens at a server on SQLite, which verifies them itself: who is let in by one, and which are refused."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from devtools.servers import Server, launch
from schemaregistry.v1 import registry_pb2 as pb
from tests.support.forged_tokens import by_hmac, public_pem, token, unsigned
from tests.support.grpc_refusals import refusal
from tests.support.publishing_tokens import ISSUER, TokenMaker

Document = Callable[..., bytes]


@pytest.fixture(scope="module")
def maker() -> TokenMaker:
    return TokenMaker()


@pytest.fixture(scope="module")
def server(maker: TokenMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("tokens")
    revoked = directory / "revoked"
    revoked.write_text("github:repo:acme/gone\n")
    settings = {
        "store": "sqlite",
        "token-key": str(maker.public(directory / "exchanger.pub")),
        "token-issuer": ISSUER,
        "revoked": str(revoked),
    }
    started = launch(directory, settings).wait()
    yield started
    started.stop()


def who(server: Server, shown: str) -> pb.WhoAmIResponse:
    metadata = (("authorization", f"Bearer {shown}"),) if shown else ()
    return server.stub("reader").WhoAmI(pb.WhoAmIRequest(), metadata=metadata, timeout=10)


def test_a_token_publishes_its_ids_for_a_caller_who_may_read_alone(
    server: Server, maker: TokenMaker, document: Document
) -> None:
    shown = (("authorization", f"bearer {maker.token('ticks_*')}"),)
    for name in ("ticks_v1", "quotes_v1"):
        request = pb.RegisterSchemaRequest(id=name, document=HttpBody(data=document(name)))
        publishing = lambda: server.stub("reader").RegisterSchema(request, metadata=shown, timeout=10)  # noqa: B023, E731
        if name == "ticks_v1":
            assert publishing().created
        else:
            assert refusal(publishing) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_SCHEMA")


def test_a_publishers_certificate_still_publishes(server: Server, document: Document) -> None:
    request = pb.RegisterSchemaRequest(id="bars_v1", document=HttpBody(data=document("bars_v1")))
    assert server.stub("ci-bot").RegisterSchema(request, timeout=10).created


REFUSED: dict[str, dict[str, object]] = {
    "another audience": {"aud": "etcd"},
    "another issuer": {"iss": "exchanger.evil"},
    "ended": {"iat": -900, "nbf": -900, "exp": -300},
    "not yet": {"nbf": 300, "exp": 500},
    "for too long": {"exp": 86_400},
}
"""Claims that a token has in place of good ones, times in seconds from now."""


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_that_does_not_count_is_refused_for_reads_too(server: Server, maker: TokenMaker, case: str) -> None:
    now = int(time.time())
    claims = {name: now + value if isinstance(value, int) else value for name, value in REFUSED[case].items()}
    code, reason = refusal(lambda: who(server, maker.token("*", **claims)))
    assert (code, reason[:6]) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_")
    assert who(server, "").identity == "spiffe://dev/reader"


def test_a_token_that_nobody_or_another_signed_is_refused(server: Server, maker: TokenMaker) -> None:
    claims = {
        "iss": ISSUER,
        "aud": "schemaregistry",
        "username": "root",
        "publish": ["*"],
        "exp": int(time.time()) + 60,
    }
    forged = (
        token({"alg": "none"}, claims, unsigned),
        token({"alg": "HS256"}, claims, by_hmac(public_pem(maker.key))),
        TokenMaker().token("*"),
        maker.token("*")[:-4] + "AAAA",
    )
    for each in forged:
        assert refusal(lambda: who(server, each))[0] is grpc.StatusCode.UNAUTHENTICATED  # noqa: B023


def test_a_revoked_subject_is_refused(server: Server, maker: TokenMaker) -> None:
    shown = maker.token("*", sub="github:repo:acme/gone")
    assert refusal(lambda: who(server, shown)) == (grpc.StatusCode.PERMISSION_DENIED, "REVOKED")


def test_a_new_key_beside_the_old_one_counts_without_a_restart(server: Server, maker: TokenMaker) -> None:
    successor, file = TokenMaker(), server.tls.parent / "exchanger.pub"
    file.write_bytes(public_pem(maker.key) + public_pem(successor.key))
    assert who(server, successor.token("ticks_*")).can_publish
    assert who(server, maker.token("ticks_*")).can_publish


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_server_does_not_start_without_a_key_it_can_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    server = launch(tmp_path, {"store": "sqlite", "token-key": str(tmp_path / "key"), "token-issuer": ISSUER})
    assert server.process.wait(60) == 2
    assert f"{tmp_path / 'key'} can't be used" in server.output()
