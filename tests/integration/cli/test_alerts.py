"""The alert of a load: one message for each incident, across runs, and a gate that holds whatever becomes of it."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.alerts import incidents, slack
from schemaregistry.cli.app import main

TICKS = str(Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json")
Load = Callable[..., Any]
Make = Callable[..., Path]
Webhook = Any


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(3600)`: so many seconds pass for the memory of incidents."""
    real, passed = time.time, [0.0]
    monkeypatch.setattr(incidents.Incidents.__init__, "__defaults__", (lambda: real() + passed[0],))

    def clock(seconds: float) -> None:
        passed[0] += seconds

    return clock


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, none of which is waited."""
    waits: list[float] = []
    monkeypatch.setattr(slack.send, "__defaults__", (waits.append,))
    return waits


def test_the_same_load_again_is_told_of_once(load: Load, ticks: Make, webhook: Webhook) -> None:
    file = ticks("t.csv", "bad_enum")
    first, again = load(file), load(file)
    assert (first.returncode, again.returncode) == (1, 1)
    assert len(webhook.requests) == 1
    assert "Slack was told of this at " in again.stderr


def test_other_rows_that_break_the_same_rule_are_no_news(load: Load, ticks: Make, webhook: Webhook) -> None:
    file = ticks("t.csv", "bad_enum")
    assert load(file).returncode == 1
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0], *reversed(lines[1:])]))
    assert load(file).returncode == 1
    assert len(webhook.requests) == 1


def test_another_rule_another_file_and_another_destination_are_news(
    load: Load, ticks: Make, webhook: Webhook, tmp_path: Path
) -> None:
    file = ticks("t.csv", "bad_enum")
    load(file)
    load(ticks("t.csv", "null_in_required"))
    load(ticks("u.csv", "bad_enum"))
    load(ticks("t.csv", "bad_enum"), "--to", tmp_path / "elsewhere")
    load(file, "--policy", "warn")
    assert len(webhook.messages) == 5


def test_a_file_named_from_another_folder_is_the_same(
    load: Load, ticks: Make, webhook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(ticks("t.csv", "bad_enum"))
    monkeypatch.chdir(tmp_path)
    load("t.csv")
    assert len(webhook.requests) == 1


@pytest.mark.parametrize("fault", ["bad_enum", "truncated"])
def test_what_comes_back_after_a_clean_load_is_news(load: Load, ticks: Make, webhook: Webhook, fault: str) -> None:
    load(ticks("t.csv", fault))
    assert load(ticks("t.csv")).returncode == 0
    load(ticks("t.csv", fault))
    assert len(webhook.messages) == 2


def test_what_goes_on_for_a_day_is_told_again(
    load: Load, ticks: Make, webhook: Webhook, clock: Callable[[float], None]
) -> None:
    file = ticks("t.csv", "bad_enum")
    load(file)
    clock(incidents.REMINDER - 60)
    load(file)
    assert len(webhook.messages) == 1
    clock(120)
    load(file)
    assert len(webhook.messages) == 2


def test_after_twenty_messages_in_an_hour_the_rest_are_held_back_and_counted(
    load: Load, ticks: Make, webhook: Webhook, clock: Callable[[float], None], tmp_path: Path
) -> None:
    file = ticks("t.csv", "bad_enum")
    for number in range(incidents.MAX_PER_HOUR):
        load(file, "--to", tmp_path / str(number))
    for number in range(2):
        held = load(file, "--to", tmp_path / f"more{number}")
        assert held.returncode == 1
        assert "the Slack alert is held back: 20 in the last hour" in held.stderr
    assert len(webhook.messages) == incidents.MAX_PER_HOUR
    clock(incidents.HOUR + 1)
    load(file, "--to", tmp_path / "more0")
    assert len(webhook.messages) == incidents.MAX_PER_HOUR + 1
    assert "2 alerts before this one were held back" in webhook.messages[-1]["blocks"][0]["text"]["text"]


def test_an_alert_that_was_not_taken_is_sent_with_the_next_run(
    load: Load, ticks: Make, webhook: Webhook, impatient: list[float]
) -> None:
    file = ticks("t.csv", "bad_enum")
    webhook.status = 503
    done = load(file)
    assert done.returncode == 1
    assert "the Slack alert could not be sent (HTTP 503, 4 times)" in done.stderr
    assert (len(webhook.requests), impatient) == (4, [0.5, 1.0, 2.0])
    webhook.status = 200
    assert load(file).returncode == 1
    assert len(webhook.messages) == 1


def test_a_429_is_waited_for_and_one_message_taken(
    load: Load, ticks: Make, webhook: Webhook, impatient: list[float]
) -> None:
    webhook.answers = [(429, {"Retry-After": "3"}), (500, {})]
    done = load(ticks("t.csv", "bad_enum"))
    assert (done.returncode, len(webhook.messages), impatient) == (1, 1, [3.0, 1.0])
    assert "could not be sent" not in done.stderr


def test_an_answer_that_does_not_come_halts_all_the_same(
    load: Load, ticks: Make, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(slack, "_TIMEOUT", 0.2)
    webhook.delay = 0.5
    done = load(ticks("t.csv", "bad_enum"))
    assert done.returncode == 1
    assert "the Slack alert could not be sent (ReadTimeout)" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("policy", ["halt", "quarantine"])
@pytest.mark.parametrize("fault", ["bad_enum", "truncated"])
def test_without_anybody_listening_the_gate_holds(
    load: Load, ticks: Make, monkeypatch: pytest.MonkeyPatch, impatient: list[float], policy: str, fault: str
) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_SLACK_WEBHOOK", "http://127.0.0.1:1/SECRET")
    done = load(ticks("t.csv", fault), "--policy", policy)
    assert done.returncode == (1 if fault == "bad_enum" else 3)
    assert "the Slack alert could not be sent (no connection, 4 times)" in done.stderr
    assert len(impatient) == 3


def test_it_is_told_where_nobody_reads_the_report(ticks: Make, webhook: Webhook, tmp_path: Path) -> None:
    environment = {"SCHEMAREGISTRY_SLACK_WEBHOOK": webhook.url, "SCHEMAREGISTRY_CACHE": str(tmp_path / "cache")}
    arguments = [str(ticks("t.csv", "bad_enum")), "--schema", TICKS, "--to", str(tmp_path / "out")]
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "schemaregistry", "load", *arguments]
    done = subprocess.run(command, stdout=writing, env=os.environ | environment, check=False)
    os.close(writing)
    assert done.returncode == 3, "nobody could read what was found"
    assert len(webhook.messages) == 1


def test_names_of_files_and_values_mention_nobody(load: Load, webhook: Webhook, tmp_path: Path) -> None:
    file = tmp_path / "<!channel> @here `x`.ndjson"
    file.write_text('{"ts": "<!everyone>", "symbol": "<http://evil|ok>", "price": "<@U1>", "size": "*@channel*"}\n')
    assert load(file).returncode == 1
    assert "everyone" in webhook.text
    for live in ("<!", "<@", "<http", "@here", "@channel", "`x`"):
        assert live not in webhook.text


def test_no_value_is_told_where_none_may_be(load: Load, webhook: Webhook, tmp_path: Path) -> None:
    file = tmp_path / "t.ndjson"
    file.write_text('{"ts": "hunter2", "symbol": "A", "price": "hunter2", "size": "hunter2"}\n')
    assert load(file, "--redact").returncode == 1
    assert "row 0" in webhook.text
    assert "hunter2" not in webhook.text


def test_what_is_remembered_holds_no_address_and_no_value(load: Load, ticks: Make, tmp_path: Path) -> None:
    load(ticks("t.csv", "bad_enum"))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir() if path.is_file())
    assert set(json.loads(kept)) == {"told", "sent", "held"}
    for secret in (b"SECRET", b"127.0.0.1", b"t.csv", b"side"):
        assert secret not in kept


@pytest.mark.parametrize("kept", ["", "nonsense", "[]", '{"told": [], "sent": 1, "held": null}', '{"told": {"x": 5}}'])
def test_a_memory_that_can_not_be_read_is_an_empty_one(
    load: Load, ticks: Make, webhook: Webhook, tmp_path: Path, kept: str
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "alerts.json").write_text(kept)
    assert load(ticks("t.csv", "bad_enum")).returncode == 1
    assert len(webhook.messages) == 1


def test_a_memory_that_can_not_be_written_means_every_alert_is_sent(
    load: Load, ticks: Make, webhook: Webhook, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "alerts.lock").mkdir()
    file = ticks("t.csv", "bad_enum")
    assert [load(file).returncode, load(file).returncode] == [1, 1]
    assert len(webhook.messages) == 2


def test_loads_at_the_same_moment_tell_of_an_incident_once(ticks: Make, webhook: Webhook, tmp_path: Path) -> None:
    file = ticks("t.csv", "bad_enum")
    environment = {"SCHEMAREGISTRY_SLACK_WEBHOOK": webhook.url, "SCHEMAREGISTRY_CACHE": str(tmp_path / "cache")}
    arguments = ["schemaregistry", "load", str(file), "--schema", TICKS, "--to", str(tmp_path / "out")]
    webhook.delay = 0.3
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=run, args=(arguments, environment)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [1, 1, 1]
    assert len(webhook.requests) == 1


def run(arguments: list[str], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    sys.argv = arguments
    main()


def test_a_sender_that_was_killed_leaves_the_next_one_to_tell(
    load: Load, ticks: Make, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, clock: Callable[[float], None]
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    file = ticks("t.csv", "bad_enum")
    with monkeypatch.context() as patched:
        patched.setattr(slack, "send", dies)
        assert load(file).returncode == 130
    assert load(file).returncode == 1
    assert webhook.requests == []
    clock(301)
    assert load(file).returncode == 1
    assert len(webhook.messages) == 1
