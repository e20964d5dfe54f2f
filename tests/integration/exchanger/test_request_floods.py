"""A caller without a good token asks again and again: it is told to wait, and can't fill the log."""

import asyncio

import pytest

from schemaregistry_server.exchanger.config.configuration import ANONYMOUS_RATE, CALLER_RATE
from schemaregistry_server.exchanger.exchange import MAX_CLAIMED
from schemaregistry_server.exchanger.oauth_errors import OauthRefused
from schemaregistry_server.exchanger.refusal_lines import OVER_RATE, UNVERIFIED
from schemaregistry_server.exchanger.request_limits import RequestLimits, site
from tests.support.exchanger_fixtures import RunningExchanger, Start
from tests.support.oidc_issuer import OidcIssuer


async def test_a_caller_with_too_many_requests_is_told_when_to_try_again(start_exchanger: Start) -> None:
    exchanger = await start_exchanger(rates="caller-rate = 1\nanonymous-rate = 0", still=True)
    first, second = await exchanger.exchange("a.b.c"), await exchanger.exchange("a.b.c")
    assert (first.status_code, second.status_code, second.headers["retry-after"]) == (400, 429, "1")
    assert (second.json()["error"], second.json()["reason"]) == ("temporarily_unavailable", "RATE_LIMITED")
    exchanger.clocks.steady_ahead += 1
    assert (await exchanger.exchange("a.b.c")).status_code == 400


async def test_a_flood_of_anonymous_callers_leaves_certificates_alone(start_exchanger: Start) -> None:
    exchanger = await start_exchanger(rates="caller-rate = 0\nanonymous-rate = 1", still=True)
    codes = [(await exchanger.exchange("a.b.c")).status_code for _ in range(3)]
    heads = await (await exchanger.client()).post("/heads")
    assert ([*codes, heads.status_code], (await exchanger.certified("ci-bot")).status_code) == ([400] + [429] * 3, 200)


async def test_refusals_over_the_limit_have_a_few_lines_and_their_number(start_exchanger: Start) -> None:
    exchanger = await start_exchanger(rates="caller-rate = 1\nanonymous-rate = 0", still=True)
    await asyncio.gather(*(exchanger.exchange("a.b.c") for _ in range(2 + OVER_RATE)))
    over = [line for line in exchanger.lines() if line["reason"] == "RATE_LIMITED"]
    assert len(over) == OVER_RATE
    exchanger.clocks.steady_ahead += 61
    await asyncio.gather(*(exchanger.exchange("a.b.c") for _ in range(2)))
    assert exchanger.lines()[-1]["left_out"] == 1


async def test_what_could_not_be_verified_has_so_many_lines_a_minute_and_what_was_has_all(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    await asyncio.gather(*(exchanger.exchange("a.b.c") for _ in range(UNVERIFIED + 7)))
    assert len(exchanger.lines()) == UNVERIFIED
    denied = await exchanger.exchange(issuer.token(ref="refs/heads/other"))
    assert (denied.json()["reason"], (await exchanger.exchange(issuer.token())).status_code) == ("NOT_ALLOWED", 200)
    assert [line["event"] for line in exchanger.lines()[UNVERIFIED:]] == ["refused", "exchanged"]
    exchanger.clocks.steady_ahead += 61
    await exchanger.exchange("a.b.c")
    assert exchanger.lines()[-1]["left_out"] == 7


async def test_what_is_claimed_is_short_in_its_line_however_it_is_written(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    wide = "\u65e5" * 150
    await exchanger.exchange(issuer.token(sub=wide, jti=wide, repository="\U0001f4a3" * 100, aud="b"))
    [line] = exchanger.log.read_bytes().splitlines()[-1:]
    assert len(line) < 4 * MAX_CLAIMED + 600
    assert exchanger.lines()[-1]["claimed"]["sub"] == "\u65e5" * 33


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_site(peer: str, counted: str) -> None:
    assert site(peer) == counted


def test_there_are_limits_unless_it_is_said_otherwise() -> None:
    limits = RequestLimits(CALLER_RATE, ANONYMOUS_RATE, lambda: 1.0)
    for _ in range(CALLER_RATE):
        limits.admit("192.0.2.7", b"")
    with pytest.raises(OauthRefused, match="wait"):
        limits.admit("192.0.2.7", b"")
    for number in range(ANONYMOUS_RATE - CALLER_RATE):
        limits.admit(f"10.0.0.{number}", b"")
    with pytest.raises(OauthRefused, match="wait"):
        limits.admit("10.0.1.1", b"")
