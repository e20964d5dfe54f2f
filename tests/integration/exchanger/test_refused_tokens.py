"""What attackers send for a token, over real TLS: each gets its reason and no more, and has its line in the log."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.exchanger_fixtures import NAME, RunningExchanger
from tests.support.forged_tokens import by, by_hmac, public_pem, token, unsigned
from tests.support.oidc_issuer import EC, RSA, OidcIssuer

OTHER_RSA = rsa.generate_private_key(65537, 2048)
NOW = int(time.time())
RS = {"alg": "RS256", "typ": "JWT", "kid": "rsa"}

Forge = Callable[[OidcIssuer], str]


def claimed(**claims: object) -> Forge:
    """A token by the issuer's own key, with these claims."""
    return lambda issuer: issuer.token(**claims)


def times(iat: int, exp: int) -> Forge:
    return lambda issuer: issuer.token(iat=int(time.time()) + iat, exp=int(time.time()) + exp)


def twice(issuer: OidcIssuer) -> str:
    body = json.dumps(issuer.claims())[:-1] + ',"ref":"refs/heads/main"}'
    return token(RS, body.encode(), by(RSA))


FORGERIES: dict[str, tuple[Forge, str]] = {
    "alg none": (lambda issuer: token({**RS, "alg": "none"}, issuer.claims(), unsigned), "TOKEN_ALGORITHM"),
    "alg none, no kid": (lambda issuer: token({"alg": "none"}, issuer.claims(), unsigned), "TOKEN_ALGORITHM"),
    "HS256 with the public key": (
        lambda issuer: token({**RS, "alg": "HS256"}, issuer.claims(), by_hmac(public_pem(RSA))),
        "TOKEN_ALGORITHM",
    ),
    "RS256 signed by HMAC": (lambda issuer: token(RS, issuer.claims(), by_hmac(public_pem(RSA))), "TOKEN_SIGNATURE"),
    "ES256 named, by the RSA key": (
        lambda issuer: token({**RS, "alg": "ES256"}, issuer.claims(), by(RSA)),
        "TOKEN_SIGNATURE",
    ),
    "the other key's kid": (lambda issuer: token({**RS, "kid": "ec"}, issuer.claims(), by(RSA)), "TOKEN_SIGNATURE"),
    "another's key": (lambda issuer: issuer.token(key=OTHER_RSA), "TOKEN_SIGNATURE"),
    "no signature": (lambda issuer: token(RS, issuer.claims(), unsigned), "TOKEN_SIGNATURE"),
    "an unknown kid": (lambda issuer: issuer.token("new", OTHER_RSA), "TOKEN_KEY_UNKNOWN"),
    "its own key in its header": (
        lambda issuer: token({**RS, "jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}, issuer.claims(), by(OTHER_RSA)),
        "TOKEN_MALFORMED",
    ),
    "its key at an address": (
        lambda issuer: token({**RS, "jku": "https://localhost/keys"}, issuer.claims(), by(OTHER_RSA)),
        "TOKEN_MALFORMED",
    ),
    "a certificate in its header": (
        lambda issuer: token({**RS, "x5c": ["MIIB"]}, issuer.claims(), by(OTHER_RSA)),
        "TOKEN_MALFORMED",
    ),
    "crit": (lambda issuer: token({**RS, "crit": ["x"], "x": 1}, issuer.claims(), by(RSA)), "TOKEN_MALFORMED"),
    "a claim twice": (twice, "TOKEN_MALFORMED"),
    "no token": (lambda _: "a.b.c", "TOKEN_MALFORMED"),
    "claims 500 deep": (lambda _: token(RS, b'{"iss":' + b"[" * 500 + b"]" * 500 + b"}", by(RSA)), "TOKEN_ISSUER"),
    "a number of 4,000 digits": (claimed(iss=10**4000), "TOKEN_ISSUER"),
    "a token and more": (lambda issuer: issuer.token() + ".x", "TOKEN_MALFORMED"),
    "a token of 9,000 bytes": (claimed(more="x" * 9000), "TOKEN_TOO_LARGE"),
    "another issuer": (claimed(iss="https://evil.test"), "TOKEN_ISSUER"),
    "the issuer and a slash": (lambda issuer: issuer.token(iss=f"{issuer.url}/"), "TOKEN_ISSUER"),
    "no issuer": (claimed(iss=None), "TOKEN_ISSUER"),
    "a list of issuers": (lambda issuer: issuer.token(iss=[issuer.url]), "TOKEN_ISSUER"),
    "the wrong audience": (claimed(aud="https://github.com/acme"), "TOKEN_AUDIENCE"),
    "two audiences": (claimed(aud=[NAME, "https://other.test"]), "TOKEN_AUDIENCE"),
    "no audience": (claimed(aud=None), "TOKEN_AUDIENCE"),
    "expired": (times(-600, -31), "TOKEN_EXPIRED"),
    "no exp": (claimed(exp=None), "TOKEN_CLAIMS"),
    "exp as a text": (claimed(exp=str(NOW + 300)), "TOKEN_CLAIMS"),
    "no iat": (claimed(iat=None), "TOKEN_CLAIMS"),
    "no nbf": (claimed(nbf=None), "TOKEN_CLAIMS"),
    "valid for 15 minutes and a second": (times(0, 901), "TOKEN_LIFETIME"),
    "begins after its end": (
        lambda issuer: issuer.token(nbf=int(time.time()) + 20, exp=int(time.time()) + 10),
        "TOKEN_LIFETIME",
    ),
    "issued in the future": (times(90, 300), "TOKEN_NOT_YET_VALID"),
    "not yet valid": (claimed(nbf=NOW + 10_000), "TOKEN_NOT_YET_VALID"),
    "no jti": (claimed(jti=None), "TOKEN_CLAIMS"),
    "a jti that is a number": (claimed(jti=7), "TOKEN_CLAIMS"),
    "no sub": (claimed(sub=None), "TOKEN_CLAIMS"),
    "a sub of two lines": (claimed(sub="a\nb"), "TOKEN_CLAIMS"),
    "another repository of the name": (claimed(repository_id="1002"), "NOT_ALLOWED"),
    "the repository's id as a number": (claimed(repository_id=1001), "NOT_ALLOWED"),
    "the repository in other hands": (claimed(repository_owner_id="2003"), "NOT_ALLOWED"),
    "a fork's pull request": (
        claimed(event_name="pull_request", ref="refs/pull/9/merge", repository_id="1003"),
        "NOT_ALLOWED",
    ),
    "a pull request": (claimed(event_name="pull_request"), "NOT_ALLOWED"),
    "pull_request_target": (claimed(event_name="pull_request_target"), "NOT_ALLOWED"),
    "another branch": (claimed(ref="refs/heads/main2"), "NOT_ALLOWED"),
    "a tag of the branch's name": (claimed(ref="refs/tags/main"), "NOT_ALLOWED"),
    "another environment": (claimed(environment="staging"), "NOT_ALLOWED"),
    "no environment": (claimed(environment=None), "NOT_ALLOWED"),
    "the wrong workflow": (
        claimed(job_workflow_ref="acme/ticks/.github/workflows/test.yaml@refs/heads/main"),
        "NOT_ALLOWED",
    ),
    "the workflow of another branch": (
        claimed(job_workflow_ref="acme/ticks/.github/workflows/publish.yaml@refs/heads/x"),
        "NOT_ALLOWED",
    ),
    "a self-hosted runner": (claimed(runner_environment="self-hosted"), "NOT_ALLOWED"),
    "no event": (claimed(event_name=None), "NOT_ALLOWED"),
    "a list of refs": (claimed(ref=["refs/heads/main"]), "NOT_ALLOWED"),
}


@pytest.fixture(scope="module")
def expected_words() -> tuple[str, ...]:
    """What the exchanger compares with, which no answer may show."""
    return NAME, "1001", "2002", "refs/heads", "publish.yaml", "production", "localhost", "RS256", "ticks"


async def test_each_forgery_is_refused_by_its_reason_and_logged(
    exchanger: RunningExchanger, issuer: OidcIssuer, expected_words: tuple[str, ...]
) -> None:
    # One exchanger for all rows; each is named where it fails.
    found: dict[str, Any] = {}
    for name, (forge, _) in FORGERIES.items():
        text = forge(issuer)
        answer = await exchanger.exchange(text)
        body = answer.json()
        assert answer.status_code == 400, name
        assert body.keys() == {"error", "error_description", "reason"}, name
        assert body["error"] == "invalid_request", name
        assert not [word for word in expected_words if word in answer.text], name
        assert answer.headers["cache-control"] == "no-store", name
        line = exchanger.lines()[-1]
        assert (line["event"], line["error"], line["reason"]) == ("refused", body["error"], body["reason"]), name
        assert not any(len(part) > 8 and part in exchanger.log.read_text() for part in text.split(".")), name
        found[name] = body["reason"]
    assert found == {name: reason for name, (_, reason) in FORGERIES.items()}
    assert len(exchanger.lines()) == len(FORGERIES)


async def test_a_token_that_is_sent_again_is_refused_and_logged(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    text = issuer.token(jti="once")
    assert (await exchanger.exchange(text)).status_code == 200
    same_jti = issuer.token(jti="once", sub="other")
    for again in (text, same_jti):
        answer = await exchanger.exchange(again)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert answer.json()["reason"] == exchanger.lines()[-1]["reason"] == "TOKEN_USED"


async def test_the_log_says_which_claim_was_looked_at_and_what_was_expected(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    await exchanger.exchange(issuer.token(environment=None, event_name=["push", {}, "x" * 900]))
    [line] = exchanger.lines()
    assert line["who"].startswith("github:")
    assert line["looked_at"]["repository_id"] == "1001"
    assert line["looked_at"]["event_name"] == ["push", "…", "x" * 200]
    assert "environment" not in line["looked_at"]
    assert line["nearest"]["rule"] == 1
    assert line["nearest"]["expected"] == {"environment": "production", "event_name": "push"}


async def test_the_log_has_the_audience_of_a_token_for_others(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    await exchanger.exchange(issuer.token(aud=["https://elsewhere.test"] * 50))
    [line] = exchanger.lines()
    assert line["reason"] == "TOKEN_AUDIENCE"
    assert line["stated"]["aud"] == ["https://elsewhere.test"] * 8
    assert line["stated"].keys() == {"aud", "iat", "nbf", "exp"}
    assert line["expected_audience"] == NAME


async def test_what_could_not_be_verified_is_logged_as_claimed_alone(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    await exchanger.exchange(issuer.token(key=OTHER_RSA, sub="x" * 5000, jti='"}\n{"event": "exchanged"'))
    [line] = exchanger.lines()
    assert "who" not in line
    assert line["claimed"] == {
        "iss": issuer.url,
        "sub": "x" * 200,
        "jti": '"}\n{"event": "exchanged"',
        "repository": "acme/ticks",
    }


async def test_claims_2500_deep_are_refused(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    claims = b'{"iss":' + b"[" * 2500 + b"]" * 2500 + b"}"
    answer = await exchanger.exchange(token(RS, claims, by(RSA)))
    # How deep JSON may be nested differs between releases of Python.
    assert answer.json()["reason"] in {"TOKEN_MALFORMED", "TOKEN_ISSUER"}


async def test_an_ec_token_by_another_curve_is_refused(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    issuer.keys["p384"] = ec.generate_private_key(ec.SECP384R1())
    text = token({"alg": "ES256", "kid": "p384"}, issuer.claims(), by(EC))
    assert (await exchanger.exchange(text)).json()["reason"] == "TOKEN_SIGNATURE"
