"""Issuers over real HTTPS: keys that rotate, and answers that are slow, huge, compressed, or elsewhere."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemaregistry_server.exchanger import bounded_fetch
from schemaregistry_server.exchanger.issuer_keys import FRESH_SECONDS, PAUSE_SECONDS
from schemaregistry_server.security import pki
from tests.support import oidc_issuer
from tests.support.exchanger_fixtures import NAME, RunningExchanger, Start, read_token
from tests.support.oidc_issuer import DISCOVERY, KEYS, Answer, OidcIssuer, json_answer


async def test_a_new_key_is_taken_up_and_an_old_one_dropped(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    assert read_token(await exchanger.exchange(issuer.token("rsa"))).publish
    issuer.keys["next"] = rsa.generate_private_key(65537, 2048)
    exchanger.clocks.steady_ahead += PAUSE_SECONDS
    assert read_token(await exchanger.exchange(issuer.token("next"))).publish
    old = issuer.token("rsa")
    del issuer.keys["rsa"]
    exchanger.clocks.steady_ahead += FRESH_SECONDS
    assert (await exchanger.exchange(old)).json()["reason"] == "TOKEN_KEY_UNKNOWN"


async def test_unknown_keys_cause_one_fetch_a_minute(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    await exchanger.exchange(issuer.token())
    stranger = ec.generate_private_key(ec.SECP256R1())
    for number in range(20):
        answer = await exchanger.exchange(issuer.token(f"kid{number}", stranger))
        assert answer.json()["reason"] == "TOKEN_KEY_UNKNOWN"
    assert [path for path, _ in issuer.asked] == [DISCOVERY, KEYS]


async def test_a_key_set_with_keys_of_other_kinds_is_used(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    issuer.more_keys = [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AA"}, {"kty": "EC", "kid": "x"}, 7]
    assert read_token(await exchanger.exchange(issuer.token())).publish


def slow() -> Answer:
    time.sleep(1)
    return json_answer({})


def redirected(target: str) -> Callable[[], Answer]:
    return lambda: (302, {"location": target}, b"")


async def test_answers_that_can_not_be_used(start_exchanger: Start, issuer: OidcIssuer, monkeypatch) -> None:
    assert (bounded_fetch.SECONDS, bounded_fetch.MAX_BYTES) == (5.0, 256 * 1024)
    monkeypatch.setattr(bounded_fetch, "SECONDS", 0.4)
    good = json_answer({"keys": []})[2]
    answers: dict[str, tuple[str, Callable[[], Answer]]] = {
        "slow": (KEYS, slow),
        "slow discovery": (DISCOVERY, slow),
        "huge": (KEYS, lambda: (200, {}, b" " * (256 * 1024 + 1))),
        "redirected": (KEYS, redirected(f"{issuer.url}/elsewhere")),
        "redirected discovery": (DISCOVERY, redirected("http://127.0.0.1:1/")),
        "compressed": (KEYS, lambda: (200, {"content-encoding": "gzip"}, gzip.compress(good))),
        "cut off": (KEYS, lambda: (200, {"content-length": "999"}, good)),
        "no JSON": (KEYS, lambda: (200, {}, b"<html>")),
        "deep": (KEYS, lambda: (200, {}, b"[" * 200_000)),
        "no key set": (KEYS, lambda: json_answer([])),
        "an error": (KEYS, lambda: (500, {}, good)),
        "another issuer's": (DISCOVERY, lambda: json_answer({"issuer": "https://x", "jwks_uri": issuer.url + KEYS})),
        "keys by plain HTTP": (DISCOVERY, lambda: json_answer({"issuer": issuer.url, "jwks_uri": "http://localhost/"})),
        "keys in a file": (DISCOVERY, lambda: json_answer({"issuer": issuer.url, "jwks_uri": "file:///etc/passwd"})),
        "no address of keys": (DISCOVERY, lambda: json_answer({"issuer": issuer.url, "jwks_uri": ["https://x"]})),
        "an address that is none": (DISCOVERY, lambda: json_answer({"issuer": issuer.url, "jwks_uri": "https://["})),
    }
    # Each time by an exchanger that has no keys yet; a token that met it is good afterwards.
    exchanger = await start_exchanger()
    for name, (path, answer) in answers.items():
        issuer.answers = {path: answer}
        token = issuer.token()
        refused = await exchanger.exchange(token)
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable"), name
        assert refused.json()["reason"] == exchanger.lines()[-1]["reason"] == "ISSUER_UNREACHABLE", name
        assert refused.headers["retry-after"] == "5", name
        assert issuer.url not in refused.text, name
        assert "/elsewhere" not in {asked for asked, _ in issuer.asked}, name
        exchanger.clocks.steady_ahead += 6
    issuer.answers = {}
    assert read_token(await exchanger.exchange(token)).publish


async def test_an_issuer_whose_certificate_is_a_strangers_is_not_believed(
    start_exchanger: Start, exchanger_tls: Path, tmp_path: Path
) -> None:
    pki.ensure(tmp_path / "stranger")
    with oidc_issuer.running(tmp_path / "stranger") as stranger:
        exchanger = await start_exchanger(
            more=f"""
[[providers]]
kind = "oidc"
issuer = "{stranger.url}"
audience = "{NAME}"
ca = "{exchanger_tls / "ca.pem"}"
[[rules]]
provider = "oidc"
publish = ["*"]
when = {{ sub = "x" }}
"""
        )
        refused = await exchanger.exchange(stranger.token(sub="x"))
    assert refused.json()["reason"] == "ISSUER_UNREACHABLE"
    assert stranger.asked == []
