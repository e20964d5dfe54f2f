"""An issuer's keys: when they are fetched, which of them are used, and what an issuer that is away does."""

import asyncio
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemaregistry.errors import Unauthenticated, Unavailable
from schemaregistry_server.exchanger.config.providers import KINDS, Provider
from schemaregistry_server.exchanger.issuer_keys import (
    FRESH_SECONDS,
    MAX_KEYS,
    PAUSE_SECONDS,
    RETRY_SECONDS,
    STALE_SECONDS,
    IssuerKeys,
    usable_keys,
)
from tests.support.oidc_issuer import EC, RSA, public_jwk

PROVIDER = Provider("ci", KINDS["oidc"], "https://ci.test", "us")


class Issuer:
    """A stand-in for an issuer, its clock, and the number of times that it was asked."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.published: object = {"keys": [public_jwk("a", EC)]}
        self.keys = IssuerKeys(PROVIDER, self.fetch, lambda: self.now)

    async def fetch(self) -> object:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.published, Exception):
            raise self.published
        return self.published

    def away(self) -> None:
        self.published = Unavailable("It is away.", reason="ISSUER_UNREACHABLE")

    async def reason(self, kid: str) -> str:
        with pytest.raises((Unauthenticated, Unavailable)) as error:
            await self.keys.find(kid)
        return error.value.reason


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def test_keys_are_fetched_once_while_they_are_fresh(issuer: Issuer) -> None:
    for _ in range(3):
        assert [key.kid for key in await issuer.keys.find("a")] == ["a"]
    issuer.now += FRESH_SECONDS - 1
    await issuer.keys.find("a")
    assert issuer.asked == 1
    issuer.now += 1
    await issuer.keys.find("a")
    assert issuer.asked == 2


async def test_many_callers_at_once_make_one_fetch(issuer: Issuer) -> None:
    await asyncio.gather(*(issuer.keys.find("a") for _ in range(50)))
    assert issuer.asked == 1


async def test_unknown_keys_are_asked_for_once_a_minute(issuer: Issuer) -> None:
    await issuer.keys.find("a")
    for number in range(100):
        assert await issuer.reason(f"unknown{number}") == "TOKEN_KEY_UNKNOWN"
    assert issuer.asked == 1
    issuer.now += PAUSE_SECONDS
    for number in range(100):
        assert await issuer.reason(f"unknown{number}") == "TOKEN_KEY_UNKNOWN"
    assert issuer.asked == 2


async def test_a_new_key_is_found_and_a_withdrawn_one_no_longer(issuer: Issuer) -> None:
    await issuer.keys.find("a")
    issuer.published = {"keys": [public_jwk("b", RSA)]}
    issuer.now += PAUSE_SECONDS
    assert await issuer.keys.find("b")
    assert await issuer.reason("a") == "TOKEN_KEY_UNKNOWN"


async def test_a_withdrawn_key_lives_no_longer_than_keys_are_fresh(issuer: Issuer) -> None:
    await issuer.keys.find("a")
    issuer.published = {"keys": []}
    issuer.now += FRESH_SECONDS
    assert await issuer.reason("a") == "TOKEN_KEY_UNKNOWN"


async def test_keys_outlive_an_outage_of_their_issuer_for_an_hour(issuer: Issuer) -> None:
    await issuer.keys.find("a")
    issuer.away()
    issuer.now += STALE_SECONDS - 1
    assert await issuer.keys.find("a")
    assert issuer.asked == 2
    assert await issuer.reason("b") == "ISSUER_UNREACHABLE"
    issuer.now += PAUSE_SECONDS
    assert await issuer.reason("a") == "ISSUER_UNREACHABLE"


async def test_an_issuer_that_is_away_is_not_asked_by_each_caller(issuer: Issuer) -> None:
    issuer.away()
    for _ in range(20):
        assert await issuer.reason("a") == "ISSUER_UNREACHABLE"
    assert issuer.asked == 1
    issuer.published = {"keys": [public_jwk("a", EC)]}
    issuer.now += RETRY_SECONDS
    assert await issuer.keys.find("a")


GOOD = public_jwk("a", EC)


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "oct", "k": "AAAA", "kid": "a"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "a"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "a"},
        {**GOOD, "use": "enc"},
        {**GOOD, "key_ops": ["encrypt"]},
        {**GOOD, "key_ops": 7},
        {**GOOD, "kid": None},
        {**GOOD, "kid": 7},
        {**GOOD, "crv": "P-257"},
        {**GOOD, "x": "AAAA"},
        {**GOOD, "x": 7},
        {**GOOD, "kty": ["EC"]},
        {"kty": "EC", "kid": "a"},
        public_jwk("a", rsa.generate_private_key(65537, 1024)),
        "a",
        None,
    ],
)
def test_a_key_that_is_not_for_us_is_left_out_and_fails_no_other(odd: object) -> None:
    assert list(usable_keys({"keys": [odd, public_jwk("b", RSA)]})) == ["b"]


def test_the_first_of_two_keys_of_one_id_counts() -> None:
    keys = usable_keys({"keys": [GOOD, public_jwk("a", ec.generate_private_key(ec.SECP256R1()))]})
    assert keys["a"].as_dict()["x"] == GOOD["x"]


def test_a_key_with_its_private_half_is_used_as_a_public_one() -> None:
    from joserfc.jwk import ECKey

    private = {**ECKey.import_key(EC).as_dict(private=True), "kid": "a"}
    assert list(usable_keys({"keys": [private]})) == ["a"]


NOT_SETS: list[Callable[[], object]] = [
    lambda: None,
    list,
    dict,
    lambda: {"keys": {}},
    lambda: {"keys": "a"},
    lambda: {"keys": [GOOD] * (MAX_KEYS + 1)},
]


@pytest.mark.parametrize("make", NOT_SETS)
def test_what_is_no_key_set_is_an_issuer_that_can_not_be_asked(make: Callable[[], object]) -> None:
    with pytest.raises(Unavailable) as error:
        usable_keys(make())
    assert error.value.reason == "ISSUER_UNREACHABLE"
