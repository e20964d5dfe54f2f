"""Reviews against a registry: the readers that it observed, beside the consumers that are declared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.bot.review_input import read_review
from schemaregistry.cli.bot import app
from schemaregistry.client import Client, Credentials
from schemaregistry_server.security import pki
from tests.conftest import Server
from tests.support.git_scratch import Scratch

READER, BOT = pki.IDENTITIES["reader"], pki.IDENTITIES["ci-bot"]
OLD = {"$id": "trades", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}
NEW = OLD | {"version": "1.0.1", "title": "Trades"}
ETL = 'name: python-etl\nteam: data\ncontact: "@data"\nlanguage: python\nreads: [{schema: trades, fields: [a]}]\n'


@pytest.fixture
def server(start_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    """A registry that has the old version, which `reader` and `ci-bot` have read."""
    server = start_server()
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(server.data))
    for identity in ("ci-bot", "reader"):
        with Client(server.target, credentials=Credentials.dev(server.data, identity), timeout=60) as client:
            if identity == "ci-bot":
                client.register(json.dumps(OLD))
            client.get("trades")
    return server


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    (tmp_path / "git").mkdir()
    return Scratch(tmp_path / "git")


def review(server: Server, scratch: Scratch, consumer: str, form: str = "json") -> tuple[int, Any]:
    base = scratch.commit({"schemas/trades.json": OLD, "schemas/consumers/etl.yaml": consumer})
    scratch.commit({"schemas/trades.json": NEW, "schemas/consumers/etl.yaml": consumer})
    words = ["review", "--base", base, "--repo", str(scratch.directory), "--registry", server.target, "--format", form]
    ended = CliRunner().invoke(app, words)
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, json.loads(ended.stdout) if form == "json" else ended.stdout


def test_a_review_names_declared_and_observed_readers_and_warns_of_those_that_nobody_declared(
    server: Server, scratch: Scratch
) -> None:
    code, found = review(server, scratch, ETL)
    [trades] = found["schemas"]
    # The review itself reads as `reader`, and so leaves itself out.
    assert [(each["name"], each["source"], each["breaks"]) for each in trades["consumers"]] == [
        ("python-etl", "declared", False),
        (BOT, "observed", None),
    ]
    assert trades["consumers"][1]["why"].startswith("It read 1.0.0 (")
    assert [note["path"] for note in found["notes"]] == ["schemas/trades.json"]
    assert (code, found["blocked"]) == (0, False)
    assert read_review(json.dumps(found).encode()) == found  # it can be posted


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_person_sees_who_is_only_observed(server: Server, scratch: Scratch, form: str) -> None:
    _, shown = review(server, scratch, ETL, form)
    assert BOT in shown
    assert "seen, not declared" in shown
    assert "no consumer file" in shown


def test_a_reader_whose_identity_is_declared_is_no_surprise(server: Server, scratch: Scratch) -> None:
    _, found = review(server, scratch, f"identity: [{BOT}]\n{ETL}")
    assert [each["source"] for each in found["schemas"][0]["consumers"]] == ["declared"]
    assert found["notes"] == []
