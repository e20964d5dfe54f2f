"""Exchangers over real TLS in the test's own event loop, with a local issuer, and what they log."""

import itertools
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from schemaregistry_server.exchanger import serving
from schemaregistry_server.exchanger.config.configuration import ExchangerConfig, read_config
from schemaregistry_server.security import pki, publishing_token, token_keys
from schemaregistry_server.security.publishing_token import TokenClaims
from tests.support import oidc_issuer
from tests.support.forged_tokens import private_pem
from tests.support.oidc_issuer import OidcIssuer

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"

SIGNING = ec.generate_private_key(ec.SECP256R1())
PUBLIC = token_keys.public_part(ECKey.import_key(SIGNING))

NAME = "https://exchanger.test"
WORKFLOW = "acme/ticks/.github/workflows/publish.yaml@refs/heads/main"

GITHUB_RULE = f"""
[[rules]]
provider = "github"
publish = ["ticks_*", "quotes_v1"]
[rules.when]
repository_id = "1001"
repository_owner_id = "2002"
ref = ["refs/heads/main", "refs/heads/release"]
environment = "production"
job_workflow_ref = "{WORKFLOW}"
"""

CERTIFICATE_RULE = """
[[rules]]
certificate = "spiffe://dev/ci-bot"
publish = ["ticks_*"]
operate = ["ticks_v1"]
"""


@dataclass
class Clocks:
    """The clocks of an exchanger, and the seconds by which each is ahead; `still`: `steady` goes on by it alone."""

    ahead: float = 0.0
    steady_ahead: float = 0.0
    still: bool = False

    def wall(self) -> float:
        return time.time() + self.ahead

    def steady(self) -> float:
        return self.steady_ahead if self.still else time.monotonic() + self.steady_ahead


@dataclass
class RunningExchanger:
    """An exchanger at `url`; `tls` has the CA that it trusts and certificates by it, `log` its exchanges."""

    url: str
    tls: Path
    log: Path
    clocks: Clocks
    stack: AsyncExitStack
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def client(self, identity: str = "") -> httpx.AsyncClient:
        """A client, with a certificate where `identity` names one."""
        if identity not in self.clients:
            context = ssl.create_default_context(cafile=self.tls / "ca.pem")
            if identity:
                context.load_cert_chain(self.tls / f"{identity}.pem", self.tls / f"{identity}-key.pem")
            made = httpx.AsyncClient(base_url=self.url, verify=context, timeout=30)
            self.clients[identity] = await self.stack.enter_async_context(made)
        return self.clients[identity]

    async def exchange(self, token: str, **fields: str) -> httpx.Response:
        form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ID_TOKEN, **fields}
        return await (await self.client()).post("/token", data=form)

    async def certified(self, identity: str, **fields: str) -> httpx.Response:
        client = await self.client(identity)
        return await client.post("/token", data={"grant_type": "client_credentials", **fields})

    def lines(self, *, rights: bool = False) -> list[dict[str, Any]]:
        """The lines of the log, of exchanges alone or with those about `rights`."""
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if rights or line["event"] != "rights"]


Start = Callable[..., Any]


@pytest.fixture(scope="module")
def exchanger_tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, certificates by it for the exchanger and the issuer, and those of the callers ci-bot and reader."""
    directory = tmp_path_factory.mktemp("exchanger-tls")
    pki.ensure(directory)
    return directory


@pytest.fixture(scope="module")
def issuer_process(exchanger_tls: Path) -> Iterator[OidcIssuer]:
    with oidc_issuer.running(exchanger_tls) as issuer:
        yield issuer


@pytest.fixture
def issuer(issuer_process: OidcIssuer) -> OidcIssuer:
    """The module's issuer, as it is at first."""
    fresh = OidcIssuer(issuer_process.url)
    issuer_process.__dict__.update(fresh.__dict__)
    return issuer_process


def configured(
    directory: Path,
    tls: Path,
    issuer: OidcIssuer,
    *,
    state: str,
    more: str = "",
    top: str = "",
    rates: str = "caller-rate = 0\nanonymous-rate = 0",
    client_ca: bool = True,
) -> Path:
    """Write a configuration and its signing key; `more` are further tables, `state` where used tokens are kept."""
    key = directory / "signing.pem"
    key.write_bytes(private_pem(SIGNING))
    key.chmod(0o600)
    config = directory / "exchanger.toml"
    config.write_text(
        f"""
listen = "127.0.0.1:0"
name = "{NAME}"
signing-key = "{key}"
log = "{directory / "exchanges.jsonl"}"
{state}
{top}
{rates}
[tls]
certificate = "{tls / "server.pem"}"
key = "{tls / "server-key.pem"}"
{f'client-ca = "{tls / "ca.pem"}"' if client_ca else ""}
[[providers]]
kind = "github"
issuer = "{issuer.url}"
audience = "{NAME}"
ca = "{tls / "ca.pem"}"
{more or GITHUB_RULE + CERTIFICATE_RULE}
""",
        encoding="utf-8",
    )
    return config


async def started(
    stack: AsyncExitStack, directory: Path, tls: Path, issuer: OidcIssuer, *, still: bool = False, **words: Any
) -> RunningExchanger:
    """Start an exchanger whose files are in `directory`, until `stack` is closed."""
    clocks, config = Clocks(still=still), _config(directory, tls, issuer, **words)
    url = await stack.enter_async_context(serving.serving(config, clocks.wall, clocks.steady))
    return RunningExchanger(url, tls, directory / "exchanges.jsonl", clocks, stack)


def _config(directory: Path, tls: Path, issuer: OidcIssuer, **words: Any) -> ExchangerConfig:
    directory.mkdir()
    return read_config(configured(directory, tls, issuer, **words))


@pytest.fixture
async def start_exchanger(tmp_path: Path, exchanger_tls: Path, issuer: OidcIssuer) -> AsyncIterator[Start]:
    """A factory with the words of `configured`; each exchanger has its own log, and shares used tokens."""
    async with AsyncExitStack() as stack:
        numbers = itertools.count()

        async def start(**words: Any) -> RunningExchanger:
            kept = {"state": f'sqlite = "{tmp_path / "used.db"}"', **words}
            return await started(stack, tmp_path / f"exchanger{next(numbers)}", exchanger_tls, issuer, **kept)

        yield start


@pytest.fixture
async def exchanger(start_exchanger: Start) -> RunningExchanger:
    """An exchanger of the test's own."""
    made: RunningExchanger = await start_exchanger()
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_exchanger(
    tmp_path_factory: pytest.TempPathFactory, exchanger_tls: Path, issuer_process: OidcIssuer
) -> AsyncIterator[RunningExchanger]:
    """An exchanger for all tests of a module, which run in one event loop."""
    directory = tmp_path_factory.mktemp("shared")
    async with AsyncExitStack() as stack:
        yield await started(
            stack, directory / "exchanger", exchanger_tls, issuer_process, state=f'sqlite = "{directory / "used.db"}"'
        )


def read_token(answer: httpx.Response) -> TokenClaims:
    """The claims of the token in an answer, verified as the registry's server does."""
    assert answer.status_code == 200, answer.text
    text = answer.json()["access_token"]
    return publishing_token.verify(text, PUBLIC, NAME, "schemaregistry", time.time())
