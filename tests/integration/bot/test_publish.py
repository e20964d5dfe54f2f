"""`bot publish`: what a merge brings gets into a real registry, with where it comes from."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from schemaregistry.bot.publication import origin_path, pull_request_in
from schemaregistry.cli.bot import app
from schemaregistry.client import Client, Credentials
from schemaregistry.document.version_state import VersionState
from schemaregistry.git import NoHistory
from schemaregistry.v1.registry_pb2 import SchemaVersion
from tests.conftest import Server
from tests.support.git_scratch import Scratch

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server(start_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    server = start_server()
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(server.data))
    for name in ("GITHUB_REPOSITORY", "CI_PROJECT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.target, credentials=Credentials.dev(server.data, "ci-bot"), timeout=60) as client:
        yield client


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    (tmp_path / "git").mkdir()
    return Scratch(tmp_path / "git")


def document(id: str, version: str, **members: Any) -> dict[str, Any]:  # noqa: A002 (the field's term)
    return {"$id": id, "version": version, "type": "object", "properties": {"a": {"type": "integer"}}, **members}


def publish(server: Server, scratch: Scratch, *words: str, target: str = "") -> tuple[int, list[tuple[str, str, str]]]:
    """The exit code, and id, version and result of each line."""
    options = ("--repo", str(scratch.directory), "--registry", target or server.target, "--json")
    ended = CliRunner().invoke(app, ["publish", *options, *words])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.exit_code, [(each["id"], each["version"], each["result"]) for each in lines]


def versions(client: Client, id: str = "trades") -> list[SchemaVersion]:  # noqa: A002
    return list(client.list_versions(id))


def merge(scratch: Scratch, message: str, *branch: dict[str, Any], path: str = "schemas/trades.json") -> list[str]:
    """Merge a branch with a commit for each document into main; the hashes of these commits."""
    scratch.git("switch", "-qc", "work")
    commits = [scratch.commit({path: each}) for each in branch]
    scratch.git("switch", "-q", "main")
    scratch.git("merge", "-q", "--no-ff", "-m", message, "work")
    scratch.git("branch", "-D", "work")
    return commits


def test_a_merge_publishes_every_version_that_it_brings_in_their_order(server, client, scratch) -> None:
    first = scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    brought = merge(
        scratch,
        "Merge pull request #42 from acme/work\n\nTitles",
        document("trades", "1.1.0", title="One"),
        document("trades", "1.2.0", title="Two"),
    )
    code, lines = publish(server, scratch, "--repository", "acme/market-data")
    assert (code, lines) == (0, [("trades", each, "created") for each in ("1.0.0", "1.1.0", "1.2.0")])
    found = versions(client)
    assert [each.version for each in found] == ["1.0.0", "1.1.0", "1.2.0"]
    assert [each.origin.commit for each in found] == [first, *brought]
    assert [each.origin.pull_request for each in found] == ["", "42", "42"]
    assert {(each.origin.repository, each.origin.path) for each in found} == {
        ("acme/market-data", "schemas/trades.json")
    }
    answer = httpx.get(f"{server.rest}/schema/trades/1.2.0")
    assert answer.json()["title"] == "Two"
    assert answer.headers["x-schema-commit"] == brought[1]


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_shallow_clone_publishes_nothing(server, client, scratch, tmp_path: Path, words: tuple[str, ...]) -> None:
    """It has the last version alone, and not the commit that this came with."""
    for number in range(2):
        scratch.commit({"schemas/trades.json": document("trades", f"1.0.{number}", title=str(number))})
    trades = document("trades", "1.0.1", title="1")
    last = scratch.commit({"schemas/trades.json": trades, "README": "x"})
    clone = tmp_path / "clone"
    scratch.git("clone", "-q", "--depth", "1", scratch.directory.as_uri(), str(clone))
    options = ("--repo", str(clone), "--registry", server.target)
    ended = CliRunner().invoke(app, ["publish", *options, *words])
    assert isinstance(ended.exception, NoHistory)
    assert "git fetch --unshallow" in ended.exception.message
    assert "trades" not in {each.id for each in client.list_schemas()}
    client.register(json.dumps(document("trades", "1.0.0", title="0")))
    client.register(json.dumps(trades))
    ended = CliRunner().invoke(app, ["drift", *options])
    assert isinstance(ended.exception, NoHistory)
    subprocess.run(["git", "-C", str(clone), "fetch", "-q", "--unshallow"], check=True)
    assert CliRunner().invoke(app, ["publish", *options, *words]).exit_code == 0
    assert CliRunner().invoke(app, ["drift", *options, "--rev", last]).exit_code == 0


def test_again_it_finds_all_there(server, client, scratch) -> None:
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0"), "schemas/bars.json": document("bars", "0.1.0")})
    assert publish(server, scratch)[0] == 0
    before = [versions(client, each) for each in ("bars", "trades")]
    expected = [("bars", "0.1.0", "already there"), ("trades", "1.0.0", "already there")]
    assert publish(server, scratch) == (0, expected)
    assert [versions(client, each) for each in ("bars", "trades")] == before


def test_a_version_that_the_branch_gave_up_is_not_published(server, client, scratch) -> None:
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    merge(scratch, "Titles", document("trades", "2.0.0", title="Too much"), document("trades", "1.0.1", title="One"))
    assert publish(server, scratch)[0] == 0
    assert [each.version for each in versions(client)] == ["1.0.0", "1.0.1"]


def test_a_version_that_was_worked_on_has_its_last_content(server, client, scratch) -> None:
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0", title="A draft")})
    last = scratch.commit({"schemas/trades.json": document("trades", "1.0.0", title="Trades")})
    assert publish(server, scratch)[0] == 0
    assert json.loads(client.get("trades").raw)["title"] == "Trades"
    assert versions(client)[0].origin.commit == last


def test_one_refused_document_does_not_keep_the_others_back(server, client, scratch) -> None:
    scratch.commit(
        {
            "schemas/a_broken.json": "{",
            "schemas/bars.json": document("bars", "1.0.0"),
            "schemas/one.json": document("twice", "1.0.0"),
            "schemas/other.json": document("twice", "1.0.1"),
            "schemas/trades.json": document("trades", "1.0.0"),
        }
    )
    code, lines = publish(server, scratch)
    assert (code, lines) == (
        1,
        [
            ("", "", "refused"),
            ("bars", "1.0.0", "created"),
            ("twice", "1.0.0", "refused"),
            ("twice", "1.0.1", "refused"),
            ("trades", "1.0.0", "created"),
        ],
    )
    assert {each.id for each in client.list_schemas()} >= {"bars", "trades"}


def test_a_version_that_the_registry_has_with_other_content_is_refused(server, client, scratch) -> None:
    client.register(json.dumps(document("trades", "1.0.0", title="Published by another")))
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    assert publish(server, scratch) == (1, [("trades", "1.0.0", "refused")])


def test_a_rehearsal_writes_nothing(server, client, scratch) -> None:
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    scratch.commit({"schemas/trades.json": document("trades", "1.0.1", title="Trades")})
    expected = [("trades", each, "would be created") for each in ("1.0.0", "1.0.1")]
    assert publish(server, scratch, "--dry-run") == (0, expected)
    assert "trades" not in {each.id for each in client.list_schemas()}


def test_after_a_kill_the_next_run_publishes_the_rest(server, client, scratch) -> None:
    for number in range(12):
        scratch.commit({"schemas/trades.json": document("trades", f"1.0.{number}", title=str(number))})
    words = ("publish", "--repo", str(scratch.directory), "--registry", server.target, "--json")
    running = subprocess.Popen(
        [sys.executable, "-m", "schemaregistry", "bot", *words], stdout=subprocess.PIPE, bufsize=0
    )
    assert running.stdout is not None
    running.stdout.readline()
    running.kill()
    running.wait()
    reached = [each.version for each in versions(client)]
    assert reached == [f"1.0.{number}" for number in range(len(reached))]
    code, lines = publish(server, scratch)
    assert (code, [result for *_, result in lines[: len(reached)]]) == (0, ["already there"] * len(reached))
    assert [each.version for each in versions(client)] == [f"1.0.{number}" for number in range(12)]


def test_a_registry_that_is_away_is_exit_3(scratch: Scratch, server: Server) -> None:
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    words = ("publish", "--repo", str(scratch.directory), "--registry", "localhost:1")
    ended = subprocess.run(
        [sys.executable, "-m", "schemaregistry", "bot", *words], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "localhost:1" in ended.stderr
    assert publish(server, scratch) == (0, [("trades", "1.0.0", "created")])


def test_the_projects_own_folder_of_schemas_is_published(server: Server, client: Client, scratch: Scratch) -> None:
    files = (path for path in sorted((ROOT / "schemas").rglob("*.*")) if path.is_file())
    scratch.commit({path.relative_to(ROOT).as_posix(): path.read_text() for path in files})
    code, lines = publish(server, scratch)
    assert (code, {result for *_, result in lines}) == (0, {"created"})
    assert {each.id for each in client.list_schemas()} == {path.stem for path in (ROOT / "schemas").glob("*.json")}


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merge pull request #7 from acme/work\n\nTitle (#8)", "7"),
        ("Add a title (#12)\n\n* one\n* two (#3)", "12"),
        ("Merge branch 'work' into 'main'\n\nTitles\n\nSee merge request acme/market-data!31", "31"),
        ("Add a title, as #12 asked", ""),
        ("Add a title\n\nas asked (#12)", ""),
        ("", ""),
    ],
)
def test_the_pull_request_is_read_from_the_merge(message: str, number: str) -> None:
    assert pull_request_in(message) == number


STATE = "id: trades\nversion: {}\nstate: {}\nreason: a typo\n"


def test_states_are_set_before_and_after_the_documents(server: Server, scratch: Scratch, client: Client) -> None:
    typo = document("trades", "2.0.0") | {"properties": {"a": {"type": "string"}}}
    scratch.commit({"schemas/trades.json": document("trades", "1.0.0")})
    scratch.commit({"schemas/trades.json": typo})
    publish(server, scratch)
    scratch.commit(
        {
            "schemas/trades.json": document("trades", "1.0.1", title="right"),
            "schemas/states/a.yaml": STATE.format("2.0.0", "retracted"),
            "schemas/states/b.yaml": STATE.format("1.0.1", "deprecated"),
        }
    )
    code, outcomes = publish(server, scratch, "--dry-run")
    assert code == 0
    assert [each[1:] for each in outcomes] == [
        ("2.0.0", "would be set"),
        ("1.0.0", "already there"),
        ("1.0.1", "would be created"),
        ("1.0.1", "would be set"),
    ]
    code, outcomes = publish(server, scratch)
    assert code == 0
    assert [each[1:] for each in outcomes] == [
        ("2.0.0", "set"),
        ("1.0.0", "already there"),
        ("1.0.1", "created"),
        ("1.0.1", "set"),
    ]
    assert {each.version: each.state for each in versions(client)} == {
        "1.0.0": "active",
        "2.0.0": "retracted",
        "1.0.1": "deprecated",
    }
    code, outcomes = publish(server, scratch)
    assert (code, {each[2] for each in outcomes}) == (0, {"already there", "already so"})


def test_a_state_that_can_not_be_set_or_read_is_refused(server: Server, scratch: Scratch, client: Client) -> None:
    files = {"schemas/trades.json": document("trades", "1.0.0")}
    scratch.commit(files | {"schemas/states/a.yaml": STATE.format("9.0.0", "retracted")})
    assert publish(server, scratch, "--dry-run")[0] == 1
    scratch.commit(files | {"schemas/states/a.yaml": STATE.format("9.0.0", "retracted"), "schemas/states/b.yaml": "x"})
    code, outcomes = publish(server, scratch)
    assert code == 1
    assert outcomes == [("", "", "refused"), ("trades", "1.0.0", "created"), ("trades", "9.0.0", "no such version")]


def test_drift_tells_of_states(server: Server, scratch: Scratch, client: Client) -> None:
    scratch.commit(
        {
            "schemas/trades.json": document("trades", "1.0.0"),
            "schemas/states/a.yaml": STATE.format("1.0.0", "retracted"),
        }
    )
    words = ("--repo", str(scratch.directory), "--registry", server.target, "--json")
    publish(server, scratch)
    assert CliRunner().invoke(app, ["drift", *words]).exit_code == 0
    client.set_state("trades", "1.0.0", VersionState("deprecated", "by hand"))
    drifted = CliRunner().invoke(app, ["drift", *words])
    (found,) = json.loads(drifted.stdout)["differences"]
    assert (drifted.exit_code, found["state"], found["version"]) == (1, "state", "1.0.0")
    assert "retracted (a typo); in the registry it is deprecated (by hand)" in found["text"]


@pytest.mark.parametrize("path", ["schemas/a\n\t\x1b.json", f"schemas/{'d/' * 260}b.json"])
def test_a_path_that_an_origin_can_not_state_is_published(server: Server, scratch, client, path: str) -> None:
    scratch.commit({path: document("trades", "1.0.0")})
    assert publish(server, scratch) == (0, [("trades", "1.0.0", "created")])
    (found,) = versions(client)
    assert found.origin.path == origin_path(path)
