"""`schemaregistry load`: rows flow or the load halts, with a report and one alert."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[3]
TICKS = str(ROOT / "schemas" / "ticks_v1.json")
Load = Callable[..., Any]
Make = Callable[..., Path]
Webhook = Any


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_rows_that_conform_are_there(load: Load, ticks: Make, tmp_path: Path, webhook: Webhook, kind: str) -> None:
    done = load(ticks(f"t.{kind}"))
    assert done.returncode == 0
    (path,) = (tmp_path / "out").iterdir()
    assert done.stderr == f"loaded: {path}\n"
    assert pq.read_metadata(path).num_rows == 2_000
    assert webhook.messages == []


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_a_halt_is_a_report_an_exit_code_and_one_message(
    load: Load, ticks: Make, tmp_path: Path, webhook: Webhook, kind: str
) -> None:
    done = load(ticks(f"t.{kind}", "bad_enum"), "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["verdict"], report["rows_failing"]) == ("violates", 2)
    assert not (tmp_path / "out").exists()
    (message,) = webhook.messages
    text = message["blocks"][0]["text"]["text"]
    first = report["violations"][0]["examples"][0]
    for fact in ("ticks_v1 1.1.0", f"t.{kind}", "side", "enum", "2 rows", f"row {first['row']:,}"):
        assert fact in text


@pytest.mark.parametrize(
    ("form", "start"),
    [("html", "<!doctype html>"), ("junit", "<?xml"), ("github", "::error "), ("json", "{"), ("text", "violates")],
)
def test_a_load_reports_in_every_form_that_a_check_does(load: Load, ticks: Make, form: str, start: str) -> None:
    done = load(ticks("t.csv", "bad_enum"), "--report", form)
    assert done.returncode == 1
    assert done.stdout.startswith(start)
    assert "side" in done.stdout


def test_the_report_of_a_stream_goes_to_stderr_in_its_form(load: Load, ticks: Make) -> None:
    done = load(ticks("t.csv", "bad_enum"), "--report", "junit", "--to", "-")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("<?xml")


def test_data_that_can_not_be_judged_halt_too(load: Load, ticks: Make, webhook: Webhook) -> None:
    assert load(ticks("t.parquet", "truncated")).returncode == 3
    assert len(webhook.messages) == 1
    assert "TRUNCATED" in webhook.messages[0]["blocks"][0]["text"]["text"]


def test_an_alert_that_can_not_be_sent_changes_nothing_but_is_said(
    load: Load, ticks: Make, tmp_path: Path, webhook: Webhook
) -> None:
    webhook.status = 403
    done = load(ticks("t.csv", "bad_enum"))
    assert done.returncode == 1
    assert "the Slack alert could not be sent (HTTP 403)" in done.stderr
    assert not (tmp_path / "out").exists()


def test_wrong_use_sends_no_alert(load: Load, ticks: Make, webhook: Webhook) -> None:
    file = ticks("t.csv")
    for wrong in (
        ["--policy", "perhaps"],
        ["--report", "pdf"],
        ["--max-staleness", "soon"],
        ["--to", str(file)],
        ["--to", "duckdb:x"],
    ):
        done = load(file, *wrong)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
    assert webhook.messages == []


def test_a_stream_goes_out_only_after_all_of_it_has_passed(ticks: Make) -> None:
    command = [sys.executable, "-m", "schemaregistry", "load", "--schema", TICKS, "--to", "-"]
    good = subprocess.run([*command, ticks("t.csv")], capture_output=True, check=False)
    bad = subprocess.run([*command, ticks("u.csv", "bad_enum")], capture_output=True, check=False)
    assert good.returncode == 0
    assert pa.ipc.open_stream(good.stdout).read_all().num_rows == 2_000
    assert b"conforms" in good.stderr
    assert (bad.returncode, bad.stdout) == (1, b"")
    assert b"violates" in bad.stderr


class TestWithARegistry:
    """The schema by its id."""

    @pytest.fixture(autouse=True)
    def environment(self, running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
        monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))

    def test_the_current_version_is_pulled(self, load: Load, ticks: Make) -> None:
        done = load(ticks("t.csv"), "--schema", "ticks_v1", "--json")
        report = json.loads(done.stdout)
        assert (done.returncode, report["schema"]["version"]) == (0, "1.1.0")
        assert report["schema"]["revision"] >= 1

    def test_a_kept_contract_serves_while_the_registry_is_away(self, load: Load, ticks: Make, tmp_path: Path) -> None:
        file = ticks("t.csv")
        assert load(file, "--schema", "ticks_v1").returncode == 0
        target = os.environ["SCHEMAREGISTRY_TARGET"]
        (kept,) = (tmp_path / "cache").iterdir()
        away = "localhost:1"
        kept.rename(kept.with_name(kept.name.replace(target.partition(":")[2], "1")))
        done = load(file, "--schema", "ticks_v1", "--registry", away, "--json")
        assert done.returncode == 0
        assert "the registry is away" in json.loads(done.stdout)["notes"][0]
        assert load(file, "--schema", "ticks_v1", "--registry", away, "--max-staleness", "0s").returncode == 3

    def test_without_a_kept_contract_it_halts_and_tells(
        self, load: Load, ticks: Make, tmp_path: Path, webhook: Webhook
    ) -> None:
        done = load(ticks("t.csv"), "--schema", "ticks_v1", "--registry", "localhost:1")
        assert done.returncode == 3
        assert not (tmp_path / "out").exists()
        (message,) = webhook.messages
        assert "no contract for ticks_v1" in message["text"]
