"""What the exchanger tells Prometheus: what it gave, what it refused and why."""

import socket

import httpx
import pytest

from tests.support.exchanger_fixtures import Start
from tests.support.oidc_issuer import OidcIssuer


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number: int = listening.getsockname()[1]
        return number


async def test_exchanges_are_counted_and_refusals_by_their_reason(
    start_exchanger: Start, issuer: OidcIssuer, port: int
) -> None:
    exchanger = await start_exchanger(top=f'metrics = "127.0.0.1:{port}"')
    token = issuer.token()
    await exchanger.exchange(token)
    await exchanger.exchange(token)
    await exchanger.certified("reader")
    for number in range(3):
        await exchanger.exchange(f"odd_{number}")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        shown = (await client.get("/metrics")).text
        other = await client.get("/token")
    for labels in (
        'grant="token",reason="",result="exchanged"} 1.0',
        'grant="token",reason="TOKEN_USED",result="refused"} 1.0',
        'grant="certificate",reason="NOT_ALLOWED",result="refused"} 1.0',
    ):
        assert f"schemaregistry_exchanges_total{{{labels}" in shown
    assert 'schemaregistry_certificate_days_left{certificate="server"} 36' in shown
    assert "odd" not in shown
    assert other.status_code == 404
