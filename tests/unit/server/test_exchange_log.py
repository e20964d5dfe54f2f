"""The log of exchanges: a line for each, whole or refused."""

import json
import os
from pathlib import Path

import pytest

from schemaregistry.errors import FailedPrecondition, Unavailable
from schemaregistry_server.exchanger.exchange_log import MAX_FACT, ExchangeLog


def log_in(directory: Path) -> ExchangeLog:
    return ExchangeLog(directory / "exchanges.jsonl", lambda: 1_800_000_000.5)


def lines(directory: Path) -> list[str]:
    return (directory / "exchanges.jsonl").read_text().splitlines()


def test_a_line_has_the_time_and_what_is_known(tmp_path: Path) -> None:
    log_in(tmp_path).write("refused", {"who": "a\nb", "detail": "", "publish": []})
    [line] = lines(tmp_path)
    time = "2027-01-15T08:00:00.500+00:00"
    assert json.loads(line) == {"time": time, "event": "refused", "who": "a\nb", "publish": []}


def test_a_long_fact_is_cut_off(tmp_path: Path) -> None:
    log_in(tmp_path).write("refused", {"detail": "x" * 5000})
    assert len(json.loads(lines(tmp_path)[0])["detail"]) == MAX_FACT


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.write("refused", {})
    (tmp_path / "exchanges.jsonl").rename(tmp_path / "exchanges.jsonl.1")
    log.write("exchanged", {})
    assert [json.loads(line)["event"] for line in lines(tmp_path)] == ["exchanged"]


def test_a_line_that_the_disk_takes_in_part_is_an_error_and_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, write = log_in(tmp_path), os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(Unavailable) as full:
        log.write("exchanged", {"who": "lost"})
    assert full.value.reason == "LOG_UNAVAILABLE"
    monkeypatch.undo()
    log.write("refused", {"who": "kept"})
    torn, kept = lines(tmp_path)
    assert "lost" not in torn
    assert json.loads(kept)["who"] == "kept"


def test_a_file_that_can_not_be_written_is_named_at_start(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition) as error:
        ExchangeLog(tmp_path / "none" / "log", lambda: 0)
    assert str(tmp_path / "none" / "log") in error.value.message
