"""`deprecate`, `retract` and `reinstate`, and how other commands show what they set."""

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.app import app, main
from schemaregistry.client import Client, Credentials
from schemaregistry.document.version_state import VersionState

_numbers = count()


@pytest.fixture
def publisher(running):
    with Client(running.target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=20) as client:
        yield client


@pytest.fixture
def schema_id(publisher) -> str:
    """The id of a schema with two versions."""
    name = f"commands_of_states_{next(_numbers)}"
    for version in ("1.0.0", "1.1.0"):
        value = {
            "$id": name,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"size": {"type": "integer"}},
            "version": version,
        }
        publisher.register(json.dumps(value))
    return name


@pytest.fixture
def run(running, monkeypatch, capfd):
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))

    def invoke(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["schemaregistry", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return invoke


def test_retract_says_what_latest_is_now_and_reinstate_takes_it_back(run, schema_id) -> None:
    said = f"{schema_id} 1.1.0 is retracted: a typo. The latest version is 1.0.0.\n"
    assert run("retract", f"{schema_id}@1.1.0", "--reason", "a typo") == (0, said, "")
    code, out, _ = run("retract", f"{schema_id}@v1.1.0", "--reason", "a typo")
    assert (code, "It was so already." in out) == (0, True)
    code, out, _ = run("reinstate", f"{schema_id}@1.1.0", "--reason", "no typo")
    assert (code, out) == (0, f"{schema_id} 1.1.0 is active. The latest version is 1.1.0.\n")


def test_deprecate_with_a_sunset_as_json(run, schema_id) -> None:
    words = ("deprecate", f"{schema_id}@1.0.0", "--reason", "old", "--sunset", "2027-01-31", "--json")
    code, out, _ = run(*words)
    answer = json.loads(out)
    assert code == 0
    assert answer.pop("revision") > 0
    assert answer == {
        "id": schema_id,
        "version": "1.0.0",
        "changed": True,
        "previous": "active",
        "latest_version": "1.1.0",
        "state": "deprecated",
        "state_reason": "old",
        "sunset": "2027-01-31",
    }


def test_where_all_is_retracted_that_is_said(run, schema_id) -> None:
    run("retract", f"{schema_id}@1.1.0", "--reason", "x")
    assert "No version is left as latest." in run("retract", f"{schema_id}@1.0.0", "--reason", "x")[1]
    code, _, err = run("get", schema_id)
    assert (code, "Every version" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("retract", "{id}"), "Missing option '--reason'"),
        (("retract", "{id}", "--reason", "x"), "names no version"),
        (("retract", "{id}@latest", "--reason", "x"), "isn't a semantic version"),
        (("retract", "{id}@9.0.0", "--reason", "x"), "has no version 9.0.0"),
        (("deprecate", "{id}@1.0.0", "--reason", " "), "Say why"),
        (("deprecate", "{id}@1.0.0", "--reason", "x", "--sunset", "soon"), "is no date"),
        (("deprecate", "none_of_it@1.0.0", "--reason", "x"), "There is no schema"),
    ],
)
def test_usage_is_2(run, schema_id, words, told) -> None:
    code, _, err = run(*(word.replace("{id}", schema_id) for word in words))
    assert (code, told in err) == (2, True)


def test_a_refusal_is_1_and_an_absent_registry_3(run, publisher, schema_id) -> None:
    run("retract", f"{schema_id}@1.1.0", "--reason", "x")
    raw = publisher.get(schema_id, "1.0.0").raw
    publisher.register(raw.replace(b'"1.0.0"', b'"1.2.0"'))
    code, _, err = run("reinstate", f"{schema_id}@1.1.0", "--reason", "x")
    assert (code, "can't come back" in err) == (1, True)
    assert run("retract", f"{schema_id}@1.1.0", "--reason", "y", "--registry", "localhost:1")[0] == 3


def test_a_reader_is_refused_with_3(run, running, schema_id) -> None:
    tls = running.tls
    words = ("--ca", tls / "ca.pem", "--cert", tls / "reader.pem", "--key", tls / "reader-key.pem")
    code, _, err = run("retract", f"{schema_id}@1.1.0", "--reason", "x", *words)
    assert (code, "may read but not set the states" in err) == (3, True)


@pytest.fixture
def ticks(tmp_path: Path) -> Path:
    file = tmp_path / "rows.ndjson"
    file.write_text('{"size": 1}\n{"size": 2}\n')
    return file


def test_check_load_and_clean_note_it_and_go_on(run, schema_id, ticks, tmp_path) -> None:
    run("deprecate", f"{schema_id}@1.0.0", "--reason", "old", "--sunset", "2027-01-31")
    note = f"{schema_id} 1.0.0 is deprecated: old. It may be withdrawn from 2027-01-31 on."
    code, out, _ = run("check", ticks, "--schema", f"{schema_id}@1.0.0", "--json")
    assert (code, json.loads(out)["notes"]) == (0, [note])
    code, out, _ = run("check", ticks, "--schema", f"{schema_id}@1.0.0")
    assert (code, note in out) == (0, True)
    code, out, _ = run("load", ticks, "--schema", f"{schema_id}@1.0.0", "--to", tmp_path / "out", "--json")
    assert (code, json.loads(out)["notes"]) == (0, [note])
    code, out, _ = run("clean", ticks, "--schema", f"{schema_id}@1.0.0", "--to", tmp_path / "cleaned", "--json")
    assert (code, json.loads(out)["notes"]) == (0, [note])


@pytest.mark.parametrize("command", ["contract", "get"])
def test_commands_without_a_report_say_it_on_stderr(running, schema_id, command, run, tmp_path) -> None:
    run("retract", f"{schema_id}@1.1.0", "--reason", "a typo")
    words = (command, f"{schema_id}@1.1.0", "-o", tmp_path / "made")
    done = subprocess.run(
        [sys.executable, "-m", "schemaregistry", *words], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert done.stderr.decode().startswith(f"{schema_id} 1.1.0 is retracted: a typo.\n")


def test_list_get_and_watch_show_states(run, running, publisher, schema_id) -> None:
    publisher.set_state(schema_id, "1.1.0", VersionState("retracted", "a typo"))
    lines = run("list", schema_id)[1].splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["active", "retracted"]
    listed = json.loads(run("list", schema_id, "--json")[1])
    assert [each["state"] for each in listed] == ["active", "retracted"]
    assert (listed[1]["state_reason"], listed[0]["state_revision"]) == ("a typo", listed[0]["revision"])
    assert listed[1]["state_revision"] > listed[1]["revision"]
    assert json.loads(run("get", f"{schema_id}@1.1.0", "--json")[1])["state"] == "retracted"
    watching = subprocess.Popen(
        [sys.executable, "-m", "schemaregistry", "watch", schema_id, "--json"], stdout=subprocess.PIPE, text=True
    )
    assert watching.stdout is not None
    try:
        events = [json.loads(watching.stdout.readline()) for _ in range(3)]
    finally:
        watching.kill()
        watching.wait()
    assert [(each["kind"], each["version"]) for each in events] == [
        ("snapshot", "1.0.0"),
        ("snapshot", "1.1.0"),
        ("state", "1.1.0"),
    ]
    assert (events[2]["state"], events[2]["state_reason"]) == ("retracted", "a typo")


def test_the_commands_are_in_the_help() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert all(name in shown for name in ("deprecate", "retract", "reinstate"))
