"""Git and the registry compared, and reviews by what the registry has, against a real registry."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.bot import app
from schemaregistry.client import Client, Credentials, Origin
from schemaregistry.document.version_state import VersionState
from tests.conftest import Server
from tests.support.git_scratch import Scratch
from tests.support.webhook import serving


@pytest.fixture
def server(start_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    server = start_server()
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(server.data))
    return server


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    (tmp_path / "git").mkdir()
    return Scratch(tmp_path / "git")


def document(id: str, version: str, **members: Any) -> dict[str, Any]:  # noqa: A002 (the field's term)
    return {"$id": id, "version": version, "type": "object", "properties": {"a": {"type": "integer"}}, **members}


def register(server: Server, *documents: dict[str, Any]) -> None:
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=60) as client:
        for each in documents:
            client.register(json.dumps(each))


def ask(server: Server, scratch: Scratch, *words: str) -> tuple[int, Any]:
    ended = CliRunner().invoke(app, [*words, "--repo", str(scratch.directory), "--registry", server.target])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, json.loads(ended.stdout)


def test_what_only_one_of_them_has_is_told(server: Server, scratch: Scratch) -> None:
    trades = document("trades", "1.0.0")
    scratch.commit({"schemas/trades.json": trades})
    register(server, trades, document("quotes", "1.0.0"), document("bars", "1.0.0", title="Bars"))
    assert ask(server, scratch, "drift", "--json")[0] == 1
    scratch.commit(
        {
            "schemas/trades.json": document("trades", "1.1.0", title="Trades"),
            "schemas/bars.json": document("bars", "1.0.0", title="Other bars"),
            "schemas/broken.json": "{",
        }
    )
    register(server, document("trades", "1.0.1", title="All trades"))
    code, found = ask(server, scratch, "drift", "--json")
    assert code == 1
    assert [(each["id"], each["version"], each["state"]) for each in found["differences"]] == [
        ("bars", "1.0.0", "different"),
        ("quotes", "", "unknown_id"),
        ("schemas/broken.json", "", "broken"),
        ("trades", "1.0.1", "behind"),
        ("trades", "1.1.0", "ahead"),
    ]


def test_slack_is_told_in_one_message(server: Server, scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"<!channel>_{number}" for number in range(7)]
    head = scratch.commit({f"schemas/{number}.json": {"$id": name} for number, name in enumerate(names)})
    with serving() as webhook:
        monkeypatch.setenv("SCHEMAREGISTRY_SLACK_WEBHOOK", webhook.url)
        assert ask(server, scratch, "drift", "--json")[0] == 1
    assert f"The registry and git at {head[:12]} differ: 7 differences" in webhook.text
    assert "… and 2 more" in webhook.text
    assert "<!channel>" not in webhook.text


def test_what_another_repository_published_is_left_to_that_one(server: Server, scratch: Scratch) -> None:
    trades = document("trades", "1.0.0")
    scratch.commit({"schemas/trades.json": trades})
    register(server, trades, document("unknown", "1.0.0"))
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=60) as client:
        for name in ("mine", "theirs"):
            client.register(json.dumps(document(name, "1.0.0")), origin=Origin(f"acme/{name}"))
    code, found = ask(server, scratch, "drift", "--json", "--repository", "acme/mine")
    assert (code, [each["id"] for each in found["differences"]]) == (1, ["mine", "unknown"])
    code, found = ask(server, scratch, "drift", "--json")
    assert [each["id"] for each in found["differences"]] == ["mine", "theirs", "unknown"]


def test_a_registry_that_has_what_git_has_is_alike(server: Server, scratch: Scratch) -> None:
    first, second = document("trades", "1.0.0"), document("trades", "1.0.1", title="Trades")
    scratch.commit({"schemas/trades.json": first})
    head = scratch.commit({"schemas/trades.json": second})
    register(server, first, second)
    assert ask(server, scratch, "drift", "--json") == (0, {"drift": False, "rev": head, "differences": []})


def test_a_review_goes_by_what_is_published(server: Server, scratch: Scratch) -> None:
    register(server, document("trades", "1.1.0", title="Published by another"))
    base = scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    scratch.commit({"schemas/trades.json": document("trades", "1.1.0", title="Mine")})
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert code == 1
    assert [each["reason"] for each in found["blocked_because"]] == ["PUBLISHED_VERSION_EDITED"]
    scratch.commit({"README": "the schema is gone"})
    register(server, document("unpublished_else", "1.0.0"))
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert [each["reason"] for each in found["blocked_because"]] == ["SCHEMA_REMOVED"]


def test_a_schema_that_was_never_published_may_go(server: Server, scratch: Scratch) -> None:
    base = scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    scratch.commit({"README": "the schema is gone"})
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert (code, [each["status"] for each in found["schemas"]]) == (0, ["removed"])


@pytest.mark.parametrize("there", [["other_id"], ["trades"]])
def test_a_version_that_was_never_published_may_be_edited(server: Server, scratch: Scratch, there: list[str]) -> None:
    register(server, *(document(each, "1.0.0") for each in there))
    base = scratch.commit({"schemas/trades.json": document("trades", "1.0.1")})
    scratch.commit({"schemas/trades.json": document("trades", "1.0.1", title="Trades")})
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert (code, [each["to"] for each in found["schemas"]]) == (0, ["1.0.1"])


def test_an_edit_of_a_version_that_was_never_published_is_judged_by_those_that_were(
    server: Server, scratch: Scratch
) -> None:
    register(server, document("trades", "1.0.0"))
    base = scratch.commit({"schemas/trades.json": document("trades", "1.0.1")})
    scratch.commit({"schemas/trades.json": document("trades", "1.0.1", properties={"a": {"type": "string"}})})
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert (code, [each["reason"] for each in found["blocked_because"]]) == (1, ["HIGH_RISK"])
    assert "1.0.0 → 1.0.1" in found["blocked_because"][0]["text"]


@pytest.mark.parametrize("after", [{}, {"schemas/bad.json": document("good", "1.0.0")}])
def test_a_document_whose_id_nobody_could_publish_can_be_taken_away_or_mended(
    server: Server, scratch: Scratch, after: dict[str, Any]
) -> None:
    trades = {"schemas/trades.json": document("trades", "1.0.0")}
    base = scratch.commit(trades | {"schemas/bad.json": document("Bad-Id", "1.0.0")})
    scratch.commit(trades | after)
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert (code, found["blocked_because"]) == (0, [])


def test_an_earlier_version_that_nobody_can_mend_is_no_difference(server: Server, scratch: Scratch) -> None:
    """`publish` passes over it. The content that HEAD states is one that somebody can mend."""
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0", title="In git")})
    latest = document("trades", "1.0.1", title="Latest")
    scratch.commit({"schemas/trades.json": latest})
    register(server, document("trades", "1.0.0", title="In the registry"), latest)
    assert ask(server, scratch, "drift", "--json")[0] == 0


def test_a_document_that_went_back_below_what_is_published_differs(server: Server, scratch: Scratch) -> None:
    first, second = document("trades", "1.0.0"), document("trades", "1.1.0", title="Trades")
    for each in (first, second, first):
        scratch.commit({"schemas/trades.json": each})
    register(server, first, second)
    code, found = ask(server, scratch, "drift", "--json")
    assert (code, [(each["version"], each["state"]) for each in found["differences"]]) == (1, [("1.1.0", "behind")])
    assert "went back to 1.0.0: retract 1.1.0" in found["differences"][0]["text"]
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=60) as client:
        client.set_state("trades", "1.1.0", VersionState("retracted", "a slip"))
    retracted = "id: trades\nversion: 1.1.0\nstate: retracted\nreason: a slip\n"
    scratch.commit({"schemas/trades.json": first, "schemas/states/a.yaml": retracted})
    assert ask(server, scratch, "drift", "--json")[0] == 0


def test_a_schema_that_was_taken_back_and_deleted_is_no_difference(server: Server, scratch: Scratch) -> None:
    scratch.commit({"schemas/states/a.yaml": "id: trades\nversion: 1.0.0\nstate: retracted\nreason: a slip\n"})
    register(server, document("trades", "1.0.0"))
    assert ask(server, scratch, "drift", "--json")[0] == 1
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=60) as client:
        client.set_state("trades", "1.0.0", VersionState("retracted", "a slip"))
    assert ask(server, scratch, "drift", "--json")[0] == 0


def test_a_path_with_control_characters_is_told_in_one_line(server: Server, scratch: Scratch) -> None:
    scratch.commit({"schemas/a\n::error::\x1b[31m\t.json": "{}", f"schemas/{'d/' * 260}b.json": "{}"})
    ended = CliRunner().invoke(app, ["drift", "--repo", str(scratch.directory), "--registry", server.target])
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == ["broken"] * 2
    assert r"schemas/a\n::error::\x1b[31m\t.json states no id" in ended.stdout


@pytest.mark.parametrize(
    ("version", "reasons"), [("1.0.0", []), ("0.9.0", []), ("9.0.0", ["BROKEN_STATE"]), ("1.0.1", [])]
)
def test_a_state_of_a_version_that_nobody_has_blocks(
    server: Server, scratch: Scratch, version: str, reasons: list[str]
) -> None:
    """`publish` would end with 1 for ever. 0.9.0 is in the registry alone, 1.0.1 comes with the change."""
    register(server, document("trades", "0.9.0", title="Before git"))
    base = scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    state = f"id: trades\nversion: {version}\nstate: retracted\nreason: a typo\n"
    consumer = "name: etl\nteam: t\ncontact: '@a'\nlanguage: python\nreads: [{schema: trades, versions: ^0}]\n"
    change = {"schemas/trades.json": document("trades", "1.0.1", title="T"), "schemas/states/s.yaml": state}
    scratch.commit(change | {"schemas/consumers/c.yaml": consumer})
    code, found = ask(server, scratch, "review", "--base", base, "--format", "json")
    assert [each["reason"] for each in found["blocked_because"]] == reasons
    assert code == len(reasons)
    assert not any("no version in the range" in each["text"] for each in found["notes"])
