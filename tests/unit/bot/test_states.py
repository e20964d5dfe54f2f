"""States of versions as files in git: reading them, and what a review says of their changes."""

import json
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
import yaml
from typer.testing import CliRunner

from schemaregistry.bot.states import (
    SCHEMA,
    StatedState,
    StatesInGit,
    apply,
    differing,
    read_states,
    state_notes,
    states_of,
)
from schemaregistry.cli.bot import app
from schemaregistry.client import Client
from schemaregistry.document.version_state import ACTIVE, VersionState
from schemaregistry.errors import InvalidArgument, PermissionDenied
from schemaregistry.git import Repository
from schemaregistry.v1.registry_pb2 import SchemaVersion
from tests.support.git_scratch import Scratch

DEPRECATED = """\
id: ticks
version: 1.0.0
state: deprecated
reason: take 2.0.0
sunset: 2027-01-31
"""
LIST = """\
- {id: ticks, version: v1.0.0, state: retracted, reason: a typo}
- id: bars
  version: 1.1.0
  state: active
  reason: no typo
"""


def test_a_file_states_one_state_or_several() -> None:
    state = VersionState("deprecated", "take 2.0.0", 1_801_353_600)
    assert read_states("a.yaml", DEPRECATED.encode()) == (StatedState("a.yaml", "ticks", "1.0.0", state),)
    assert [(each.id, each.version, each.state.name) for each in read_states("a.yaml", LIST.encode())] == [
        ("ticks", "1.0.0", "retracted"),
        ("bars", "1.1.0", "active"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (DEPRECATED.replace("id: ticks\n", ""), '"id" is a required property'),
        (DEPRECATED.replace("deprecated", "withdrawn"), "is not one of"),
        (DEPRECATED.replace("deprecated", "retracted"), "A sunset is the date of a deprecated version"),
        (DEPRECATED.replace("2027-01-31", "soon"), "is no date"),
        (DEPRECATED.replace("1.0.0", "latest"), "isn't a semantic version"),
        (DEPRECATED.replace("1.0.0", "1.0"), "is not of type"),
        (DEPRECATED.replace("take 2.0.0", '"two\\nlines"'), "one line"),
        (DEPRECATED + "until: 2028\n", "Additional properties"),
        (DEPRECATED + "reason: other\n", "occurs twice"),
        (LIST.replace("  version: 1.1.0\n", ""), "/1"),
        (LIST.replace("1.1.0", "x"), "/1"),
        ("[", "no YAML"),
        ("", "It is empty: delete the file"),
        ("# nothing", "It is empty: delete the file"),
        (DEPRECATED + "n: 1" + "0" * 5000, "a number or boolean in it can't be read"),
        (DEPRECATED + "n: !!bool maybe", "a number or boolean in it can't be read"),
        ("[" * 5000, "nested in more than 64 levels"),
        ("[" * 100 + "]" * 100, "nested in more than 64 levels"),
        (DEPRECATED + "? [a]\n: b", "a key that is no text"),
        (DEPRECATED + "on: b", "a key that is no text"),
        (DEPRECATED + "n: !!binary aGk=", "no YAML"),
        (DEPRECATED + "n: !!set {a}", "no YAML"),
        (DEPRECATED + 'n: "\\ud800"', "isn't valid Unicode"),
        ("x" * 300_000, "are the most"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(text: str, told: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        read_states("schemas/states/a.yaml", text.encode())
    assert told in f"{refused.value.message} {refused.value.pointer}"
    assert refused.value.message.startswith("schemas/states/a.yaml: ")


def test_the_schema_for_editors_takes_what_is_read() -> None:
    for text in (DEPRECATED.replace("2027-01-31", '"2027-01-31"'), LIST):
        assert jsonschema_rs.is_valid(SCHEMA, yaml.safe_load(text))
    assert not jsonschema_rs.is_valid(SCHEMA, {"id": "ticks"})


def document(version: str, **members: object) -> dict[str, Any]:
    return {"$id": "ticks", "version": version, "type": "object", "properties": {"x": {"type": "integer"}}} | members


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


def review(scratch: Scratch, base: str, head: str) -> tuple[int, Any]:
    asked = ["review", "--base", base, "--head", head, "--repo", str(scratch.directory), "--format", "json"]
    ended = CliRunner().invoke(app, asked)
    return ended.exit_code, json.loads(ended.stdout)


def test_two_files_about_one_version_are_a_fault(scratch: Scratch) -> None:
    commit = scratch.commit({"schemas/states/a.yaml": DEPRECATED, "schemas/states/b.yaml": LIST})
    found = states_of(Repository(scratch.directory), commit, "schemas")
    assert [(each.id, each.reason) for each in found.faults] == [("schemas/states/b.yaml", "BROKEN_STATE")]
    assert [each.version for each in found.stated] == ["1.0.0", "1.1.0"]


def test_a_review_has_a_line_for_each_changed_state(scratch: Scratch) -> None:
    files = {"schemas/ticks.json": document("1.0.0")}
    base = scratch.commit(files | {"schemas/states/a.yaml": LIST})
    head = scratch.commit(files | {"schemas/states/a.yaml": DEPRECATED})
    code, found = review(scratch, base, head)
    assert code == 0
    assert [each["text"] for each in found["notes"]] == [
        "ticks 1.0.0 is deprecated: take 2.0.0. It may be withdrawn from 2027-01-31 on. (It was retracted.)",
        (
            "bars 1.1.0 is no longer stated to be active. The registry's version stays as it is: state `active` to "
            "change it."
        ),
    ]


def test_a_broken_file_of_states_blocks(scratch: Scratch) -> None:
    files = {"schemas/ticks.json": document("1.0.0")}
    base = scratch.commit(files)
    code, found = review(scratch, base, scratch.commit(files | {"schemas/states/a.yaml": "id: ticks"}))
    assert (code, found["blocked"]) == (1, True)
    assert [each["reason"] for each in found["blocked_because"]] == ["BROKEN_STATE"]


def test_a_version_is_not_judged_against_a_retracted_one(scratch: Scratch) -> None:
    changed = {"x": {"type": "string"}}
    scratch.commit({"schemas/ticks.json": document("1.0.0")})
    typo = document("2.0.0", properties=changed)
    base = scratch.commit({"schemas/ticks.json": typo})
    after = {"schemas/ticks.json": document("1.1.0", title="the right one")}
    _, found = review(scratch, base, scratch.commit(after))
    assert [each["reason"] for each in found["blocked_because"]] == ["VERSION_LOWERED"]
    scratch.git("checkout", "-q", "-B", "main", base)
    retracted = "id: ticks\nversion: 2.0.0\nstate: retracted\nreason: a typo\n"
    base = scratch.commit({"schemas/ticks.json": typo, "schemas/states/a.yaml": retracted})
    code, found = review(scratch, base, scratch.commit(after | {"schemas/states/a.yaml": retracted}))
    (schema,) = found["schemas"]
    assert (code, schema["verdict"]["old_version"]) == (0, "1.0.0")


def test_drift_of_states() -> None:
    states = StatesInGit(read_states("a.yaml", DEPRECATED.encode()))
    there = {"ticks": {"1.0.0": ACTIVE, "2.0.0": VersionState("retracted", "a typo")}}
    assert [each[:2] for each in differing(states, there)] == [("ticks", "1.0.0"), ("ticks", "2.0.0")]
    assert list(differing(states, {"ticks": {"1.0.0": states.stated[0].state}})) == []
    assert "has no such version" in next(differing(states, {}))[2]


def test_what_is_stated_as_before_makes_no_line() -> None:
    states = StatesInGit(read_states("a.yaml", DEPRECATED.encode()))
    assert list(state_notes(states, states)) == []
    assert list(state_notes(StatesInGit(), StatesInGit((StatedState("a", "x", "1.0.0", ACTIVE),)))) == []


@pytest.mark.parametrize(
    ("stated", "doubted"),
    [("1.0.0", False), ("1.0.1", False), ("1.0.2", False), ("1.0.3", True), ("2.0.0", True)],
)
def test_a_state_of_a_version_that_git_does_not_have_is_noted(scratch: Scratch, stated: str, doubted: bool) -> None:
    """2.0.0 was given up, so that it is never published."""
    for version in ("1.0.0", "2.0.0"):
        scratch.commit({"schemas/ticks.json": document(version, title=version)})
    base = scratch.commit({"schemas/ticks.json": document("1.0.1", title="1.0.1")})
    state = f"id: ticks\nversion: {stated}\nstate: retracted\nreason: a typo\n"
    after = {"schemas/ticks.json": document("1.0.2", title="1.0.2"), "schemas/states/a.yaml": state}
    _, found = review(scratch, base, scratch.commit(after))
    assert any("can't set its state" in each["text"] for each in found["notes"]) == doubted


def test_files_that_are_no_yaml_are_noted(scratch: Scratch) -> None:
    files = {"schemas/ticks.json": document("1.0.0")}
    base = scratch.commit(files)
    beside = ("states/s.json", "consumers/c.YAML", "states/README.md", "consumers/.gitkeep", "examples/e.txt")
    code, found = review(scratch, base, scratch.commit(files | {f"schemas/{each}": "x" for each in beside}))
    assert code == 0
    assert [each["path"] for each in found["notes"]] == ["schemas/consumers/c.YAML", "schemas/states/s.json"]


class ReadersClient:
    """A client whose identity may read and not set states."""

    def list_versions(self, id: str) -> list[SchemaVersion]:  # noqa: A002 (the client's parameter)
        return [SchemaVersion(id=id, version="1.0.0")]

    def set_state(self, *_: object, **__: object) -> None:
        raise PermissionDenied("Only an operator may.", reason="NOT_AN_OPERATOR")


def test_who_may_not_set_states_is_told_so_of_each(scratch: Scratch) -> None:
    commit = scratch.commit({"schemas/states/a.yaml": DEPRECATED})
    stated = states_of(Repository(scratch.directory), commit, "schemas")
    [outcome] = apply(cast("Client", ReadersClient()), stated)
    assert (outcome.result, outcome.refused, outcome.message) == ("refused", True, "Only an operator may.")
