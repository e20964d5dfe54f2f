"""Publishing tokens: what is signed is read back, and each forgery is refused by its reason."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, KeySet

from schemaregistry.errors import FailedPrecondition, Unauthenticated
from schemaregistry_server.security import token_keys
from schemaregistry_server.security.publishing_token import TokenClaims, sign, verify
from tests.support.forged_tokens import by, by_hmac, part, private_pem, public_pem, token, unsigned

NOW = 1_800_000_000
PRIVATE = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
KEY = ECKey.import_key(PRIVATE, {"use": "sig", "alg": "ES256"})
KEYS = token_keys.public_part(KEY)
KID = KEYS.keys[0].kid
HEADER = {"alg": "ES256", "typ": "JWT", "kid": KID}
CLAIMS = TokenClaims(
    username="publisher",
    revision=7,
    iss="https://exchanger.test",
    aud="schemaregistry",
    sub="github:repo:acme/ticks:ref:refs/heads/main",
    jti="5f1c",
    iat=NOW,
    nbf=NOW,
    exp=NOW + 600,
    publish=("ticks_*",),
    repository="acme/ticks",
    commit="0" * 40,
)
VALUES: dict[str, Any] = {
    "username": "publisher",
    "revision": 7,
    "iss": "https://exchanger.test",
    "aud": "schemaregistry",
    "sub": "x",
    "jti": "5f1c",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 600,
    "publish": ["ticks_*"],
    "operate": [],
}


def read(text: str, keys: KeySet = KEYS, now: float = NOW) -> TokenClaims:
    return verify(text, keys, "https://exchanger.test", "schemaregistry", now)


def reason(text: str, now: float = NOW) -> str:
    with pytest.raises(Unauthenticated) as error:
        read(text, now=now)
    return error.value.reason


def forged(**claims: object) -> str:
    """A token by the right key with other claims; None leaves one out."""
    values = {name: value for name, value in {**VALUES, **claims}.items() if value is not None}
    return token(HEADER, values, by(PRIVATE))


def test_what_is_signed_is_read_back() -> None:
    assert read(sign(CLAIMS, KEY)) == CLAIMS


def test_etcd_s_claims_have_etcd_s_names_and_what_ci_did_not_state_is_left_out() -> None:
    payload = sign(CLAIMS, KEY).split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    assert (claims["username"], claims["revision"], claims["exp"]) == ("publisher", 7, NOW + 600)
    assert claims["publish"] == ["ticks_*"]
    assert claims["operate"] == []
    assert "workflow" not in claims


def test_a_token_with_the_least_claims_is_taken() -> None:
    assert read(forged()).repository == ""


@pytest.mark.parametrize("seconds", [-29, 0, 629])
def test_clocks_may_differ_by_half_a_minute(seconds: int) -> None:
    assert read(forged(), now=NOW + seconds).exp == NOW + 600


FORGERIES: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: token({**HEADER, "alg": "none"}, VALUES, unsigned), "TOKEN_ALGORITHM"),
    "alg None": (lambda: token({**HEADER, "alg": "None"}, VALUES, unsigned), "TOKEN_ALGORITHM"),
    "no alg": (lambda: token({"kid": KID}, VALUES, by(PRIVATE)), "TOKEN_MALFORMED"),
    "alg a list": (lambda: token({**HEADER, "alg": ["ES256"]}, VALUES, by(PRIVATE)), "TOKEN_ALGORITHM"),
    "HS256 by the public key": (
        lambda: token({**HEADER, "alg": "HS256"}, VALUES, by_hmac(public_pem(PRIVATE))),
        "TOKEN_ALGORITHM",
    ),
    "ES256 by HMAC": (lambda: token(HEADER, VALUES, by_hmac(public_pem(PRIVATE))), "TOKEN_SIGNATURE"),
    "another key": (lambda: token(HEADER, VALUES, by(OTHER)), "TOKEN_SIGNATURE"),
    "no signature": (lambda: token(HEADER, VALUES, unsigned), "TOKEN_SIGNATURE"),
    "a signature of zeros": (lambda: token(HEADER, VALUES, lambda _: bytes(64)), "TOKEN_SIGNATURE"),
    "no kid": (lambda: token({"alg": "ES256"}, VALUES, by(PRIVATE)), "TOKEN_KEY_UNKNOWN"),
    "another kid": (lambda: token({**HEADER, "kid": "x"}, VALUES, by(PRIVATE)), "TOKEN_KEY_UNKNOWN"),
    "kid a number": (lambda: token({**HEADER, "kid": 1}, VALUES, by(PRIVATE)), "TOKEN_KEY_UNKNOWN"),
    "its own key": (lambda: token({**HEADER, "jwk": {"kty": "EC"}}, VALUES, by(OTHER)), "TOKEN_MALFORMED"),
    "an address of a key": (lambda: token({**HEADER, "jku": "https://x"}, VALUES, by(OTHER)), "TOKEN_MALFORMED"),
    "crit": (lambda: token({**HEADER, "crit": ["exp"]}, VALUES, by(PRIVATE)), "TOKEN_MALFORMED"),
    "crit a number": (lambda: token({**HEADER, "crit": 1}, VALUES, by(PRIVATE)), "TOKEN_MALFORMED"),
    "b64 false": (lambda: token({**HEADER, "b64": False, "crit": ["b64"]}, VALUES, by(PRIVATE)), "TOKEN_MALFORMED"),
    "another type": (lambda: token({**HEADER, "typ": "at+jwt"}, VALUES, by(PRIVATE)), "TOKEN_MALFORMED"),
    "a header that is text": (lambda: token("alg", VALUES, by(PRIVATE)), "TOKEN_MALFORMED"),
    "a payload that is a list": (lambda: token(HEADER, [VALUES], by(PRIVATE)), "TOKEN_MALFORMED"),
    "a payload that is no JSON": (lambda: token(HEADER, b"\xff{", by(PRIVATE)), "TOKEN_MALFORMED"),
    "a payload 3,000 deep": (lambda: token(HEADER, b"[" * 3000, by(PRIVATE)), "TOKEN_MALFORMED"),
    "a claim twice": (
        lambda: token(HEADER, json.dumps(VALUES)[:-1].encode() + b',"publish":["*"]}', by(PRIVATE)),
        "TOKEN_MALFORMED",
    ),
    "a header twice": (
        lambda: token(json.dumps(HEADER)[:-1].encode() + b',"alg":"ES256"}', VALUES, by(PRIVATE)),
        "TOKEN_MALFORMED",
    ),
    "NaN": (
        lambda: token(HEADER, json.dumps({**VALUES, "exp": float("nan")}).encode(), by(PRIVATE)),
        "TOKEN_MALFORMED",
    ),
    "an empty text": (lambda: "", "TOKEN_MALFORMED"),
    "two parts": (lambda: "a.b", "TOKEN_MALFORMED"),
    "four parts": (lambda: forged() + ".x", "TOKEN_MALFORMED"),
    "a line's end": (lambda: forged() + "\n", "TOKEN_MALFORMED"),
    "junk": (lambda: forged() + "é!", "TOKEN_MALFORMED"),
    "padding": (lambda: forged() + "==", "TOKEN_MALFORMED"),
    "a longer signature": (lambda: forged() + "AAAA", "TOKEN_SIGNATURE"),
    "too large": (lambda: forged(more="x" * 8192), "TOKEN_TOO_LARGE"),
    "a huge header": (lambda: token({**HEADER, "kid": "x" * 600}, VALUES, by(PRIVATE)), "TOKEN_TOO_LARGE"),
    "another issuer": (lambda: forged(iss="https://other.test"), "TOKEN_ISSUER"),
    "no issuer": (lambda: forged(iss=None), "TOKEN_ISSUER"),
    "another audience": (lambda: forged(aud="etcd"), "TOKEN_AUDIENCE"),
    "a list of audiences": (lambda: forged(aud=["schemaregistry"]), "TOKEN_AUDIENCE"),
    "no audience": (lambda: forged(aud=None), "TOKEN_AUDIENCE"),
    "expired": (lambda: forged(iat=NOW - 700, nbf=NOW - 700, exp=NOW - 100), "TOKEN_EXPIRED"),
    "no exp": (lambda: forged(exp=None), "TOKEN_CLAIMS"),
    "exp a text": (lambda: forged(exp=str(NOW + 600)), "TOKEN_CLAIMS"),
    "exp true": (lambda: forged(exp=True), "TOKEN_CLAIMS"),
    "exp infinite": (
        lambda: token(HEADER, json.dumps(VALUES).replace(str(NOW + 600), "1e999").encode(), by(PRIVATE)),
        "TOKEN_CLAIMS",
    ),
    "exp of 400 digits": (lambda: forged(exp=10**400), "TOKEN_CLAIMS"),
    "exp too far": (lambda: forged(exp=NOW + 631), "TOKEN_LIFETIME"),
    "exp before nbf": (lambda: forged(nbf=NOW + 20, exp=NOW + 10), "TOKEN_LIFETIME"),
    "exp before iat": (lambda: forged(iat=NOW + 20, exp=NOW + 10), "TOKEN_LIFETIME"),
    "no iat": (lambda: forged(iat=None), "TOKEN_CLAIMS"),
    "iat in the future": (lambda: forged(iat=NOW + 31), "TOKEN_NOT_YET_VALID"),
    "no nbf": (lambda: forged(nbf=None), "TOKEN_CLAIMS"),
    "not yet valid": (lambda: forged(nbf=NOW + 31), "TOKEN_NOT_YET_VALID"),
    "no jti": (lambda: forged(jti=None), "TOKEN_CLAIMS"),
    "an empty user": (lambda: forged(username=""), "TOKEN_CLAIMS"),
    "revision a fraction": (lambda: forged(revision=1.5), "TOKEN_CLAIMS"),
    "revision negative": (lambda: forged(revision=-1), "TOKEN_CLAIMS"),
    "no ids": (lambda: forged(publish=None), "TOKEN_CLAIMS"),
    "ids a text": (lambda: forged(publish="ticks_*"), "TOKEN_CLAIMS"),
    "a pattern that is none": (lambda: forged(publish=["**"]), "TOKEN_CLAIMS"),
    "a subject of two lines": (lambda: forged(sub="a\nb"), "TOKEN_CLAIMS"),
    "a lone surrogate": (lambda: forged(repository="\ud800"), "TOKEN_CLAIMS"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_by_its_reason(name: str) -> None:
    make, expected = FORGERIES[name]
    assert reason(make()) == expected


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = forged().split(".")
    body = part(json.dumps({**VALUES, "publish": ["*"]}).encode())
    assert reason(f"{head}.{body}.{signature}") == "TOKEN_SIGNATURE"


def test_what_a_refusal_says_has_nothing_of_the_token_or_of_what_was_expected() -> None:
    for text in (forged(aud="secret-audience"), forged(iss="secret-issuer")):
        with pytest.raises(Unauthenticated) as error:
            read(text)
        assert "secret" not in error.value.message
        assert "exchanger.test" not in error.value.message
        assert not error.value.metadata


def test_either_of_two_keys_verifies_while_one_follows_the_other(tmp_path: Path) -> None:
    (tmp_path / "both.pem").write_bytes(public_pem(OTHER) + public_pem(PRIVATE))
    keys = token_keys.verifying_keys(tmp_path / "both.pem")
    for each in (KEY, ECKey.import_key(OTHER)):
        assert read(sign(CLAIMS, each), keys) == CLAIMS


def test_patterns_that_would_not_fit_in_a_token_are_not_signed() -> None:
    many = TokenClaims("u", 0, "i", "a", "s", "j", NOW, NOW, NOW + 1, tuple(f"id_{n}" for n in range(65)))
    with pytest.raises(FailedPrecondition, match="use fewer patterns"):
        sign(many, KEY)


@pytest.mark.parametrize(
    ("data", "mode", "words"),
    [
        (private_pem(PRIVATE), 0o604, "run: chmod o="),
        (private_pem(ec.generate_private_key(ec.SECP384R1())), 0o600, "P-256"),
        (private_pem(rsa.generate_private_key(65537, 2048)), 0o600, "P-256"),
        (public_pem(PRIVATE), 0o600, "no unencrypted private key"),
        (b"", 0o600, "no unencrypted private key"),
    ],
)
def test_a_signing_key_that_is_unfit_is_refused_with_its_file(tmp_path: Path, data: bytes, mode: int, words: str):
    path = tmp_path / "signing.pem"
    path.write_bytes(data)
    path.chmod(mode)
    with pytest.raises(FailedPrecondition) as error:
        token_keys.signing_key(path)
    assert words in error.value.message
    assert str(path) in error.value.message


def test_a_file_of_a_private_key_is_no_file_of_public_keys(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(private_pem(PRIVATE))
    with pytest.raises(FailedPrecondition, match="no public key"):
        token_keys.verifying_keys(tmp_path / "key.pem")


def test_what_is_published_has_no_private_part() -> None:
    assert "d" not in KEYS.as_dict()["keys"][0]
