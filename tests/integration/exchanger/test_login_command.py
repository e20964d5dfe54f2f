"""The way of a token as a whole: a job's token, the exchanger, `login`, and a registry that takes it."""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.servers import Server
from schemaregistry.client import AsyncClient, Credentials
from tests.conftest import start
from tests.support.exchanger_fixtures import NAME, SIGNING, RunningExchanger
from tests.support.forged_tokens import public_pem
from tests.support.oidc_issuer import OidcIssuer

CI = ("GITHUB_", "ACTIONS_", "SCHEMAREGISTRY_")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry that takes the exchanger's tokens."""
    folder = tmp_path_factory.mktemp("registry")
    key = folder / "exchanger.pub"
    key.write_bytes(public_pem(SIGNING))
    server = start(folder / "data", "--token-key", str(key), "--token-issuer", NAME)
    yield server
    server.stop()


@pytest.fixture
def subject(tmp_path: Path, issuer: OidcIssuer) -> Path:
    file = tmp_path / "job-token"
    file.write_text(issuer.token())
    return file


async def command(registry: Server, cache: Path, *words: object, code: int = 0) -> str:
    """What a command prints, which must end with `code`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CI)}
    ours = {"SCHEMAREGISTRY_TARGET": registry.target, "SCHEMAREGISTRY_DATA": str(registry.data)}
    process = await asyncio.create_subprocess_exec(
        *map(str, (sys.executable, "-m", "schemaregistry", *words)),
        env=clean | ours | {"XDG_CACHE_HOME": str(cache)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == code, err.decode()
    return out.decode()


async def test_a_command_after_login_has_the_rights_of_the_job(
    exchanger: RunningExchanger, registry: Server, subject: Path, tmp_path: Path
) -> None:
    how = ("--exchanger", exchanger.url, "--ca", exchanger.tls / "ca.pem", "--subject-token-file", subject)
    assert "publishes ticks_*,quotes_v1; until" in await command(registry, tmp_path, "login", *how)
    shown = await command(registry, tmp_path, "whoami")
    assert shown.startswith("github:repo:acme/ticks:environment:production\treads; publishes ticks_*,quotes_v1; until")
    document = tmp_path / "ticks_login.json"
    document.write_text('{"$id": "ticks_login", "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",'
                        ' "properties": {"size": {"type": "integer"}}, "version": "1.0.0"}')  # fmt: skip
    assert "ticks_login" in await command(registry, tmp_path, "publish", "--no-history", document)


async def test_a_schema_that_the_token_is_not_for_is_exit_3_and_a_refused_change_1(
    exchanger: RunningExchanger, registry: Server, subject: Path, tmp_path: Path
) -> None:
    how = ("--exchanger", exchanger.url, "--ca", exchanger.tls / "ca.pem", "--subject-token-file", subject)
    await command(registry, tmp_path, "login", *how)

    async def publish(schema: str, title: str, code: int) -> str:
        file = tmp_path / f"{schema}.json"
        file.write_text(f'{{"$id": "{schema}", "version": "1.0.0", "type": "object", "title": "{title}"}}')
        return await command(registry, tmp_path, "publish", file, "--no-history", code=code)

    assert "ticks_codes 1.0.0 created" in await publish("ticks_codes", "a", 0)
    assert "ticks_codes 1.0.0 refused" in await publish("ticks_codes", "b", 1)
    assert "bars_codes 1.0.0 refused" in await publish("bars_codes", "a", 3)


async def test_a_program_exchanges_by_itself(exchanger: RunningExchanger, registry: Server, subject: Path) -> None:
    dev = Credentials.dev(registry.data)
    credentials = dev.exchange(exchanger.url, subject_token_file=subject, ca=exchanger.tls / "ca.pem")
    async with AsyncClient(registry.target, credentials=credentials) as client:
        assert list((await client.whoami()).publish_ids) == ["ticks_*", "quotes_v1"]
        assert list((await client.whoami()).publish_ids) == ["ticks_*", "quotes_v1"]
    assert len(exchanger.lines()) == 1


async def test_a_program_exchanges_its_certificate(
    exchanger: RunningExchanger, registry: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(CI)]:
        monkeypatch.delenv(name)
    bot = replace(
        Credentials.dev(registry.data),
        cert=exchanger.tls / "ci-bot.pem",
        key=exchanger.tls / "ci-bot-key.pem",
    )
    token = bot.exchange(exchanger.url, ca=exchanger.tls / "ca.pem").token
    credentials = replace(Credentials.dev(registry.data), token=token)
    async with AsyncClient(registry.target, credentials=credentials) as client:
        me = await client.whoami()
    assert (me.identity, list(me.operate_ids)) == ("spiffe://dev/ci-bot", ["ticks_v1"])
