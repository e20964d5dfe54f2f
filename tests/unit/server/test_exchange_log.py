"""The log of exchanges: a line for each, whole or refused, in an audit log or on stdout."""

import errno
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.errors import FailedPrecondition, Unavailable
from schemaregistry_server.audit_log import log_file
from schemaregistry_server.audit_log.event_lines import MAX_TEXT
from schemaregistry_server.exchanger.exchange_log import MAX_FACT, ExchangeLog

TIME = "2027-01-15T08:00:00.500+00:00"


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[ExchangeLog]:
    log = ExchangeLog(tmp_path / "exchanges.jsonl", lambda: 1_800_000_000.5)
    yield log
    await log.close()


def lines(directory: Path) -> list[dict[str, Any]]:
    """The lines, without what chains them."""
    found = [json.loads(line) for line in (directory / "exchanges.jsonl").read_text().splitlines()]
    chained = {"sequence", "previous", "hash", "pid", "program"}
    return [{name: value for name, value in line.items() if name not in chained} for line in found]


async def test_a_line_has_the_time_and_what_is_known(log: ExchangeLog, tmp_path: Path) -> None:
    await log.write("refused", {"who": "a\nb", "detail": "", "publish": []})
    assert lines(tmp_path) == [{"time": TIME, "event": "refused", "who": "a\nb", "publish": []}]


async def test_on_stdout_the_line_is_plain(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    plain = ExchangeLog(None, lambda: 1_800_000_000.5)
    await plain.write("refused", {"who": "a\nb", "detail": "x" * 5000})
    plain.rights({"name": "x"})
    await plain.close()
    line = json.loads(capfdbinary.readouterr().out)
    assert line == {"time": TIME, "event": "refused", "who": "a\nb", "detail": "x" * MAX_FACT}


async def test_a_long_fact_is_cut_off(log: ExchangeLog, tmp_path: Path) -> None:
    await log.write("refused", {"detail": "x" * 5000})
    assert len(lines(tmp_path)[0]["detail"]) == MAX_TEXT


async def test_a_file_that_was_moved_away_is_begun_anew(log: ExchangeLog, tmp_path: Path) -> None:
    await log.write("refused", {})
    (tmp_path / "exchanges.jsonl").rename(tmp_path / "exchanges.jsonl.1")
    await log.write("exchanged", {})
    assert [line["event"] for line in lines(tmp_path)] == ["exchanged"]


async def test_a_line_that_the_disk_takes_in_part_is_an_error_and_spoils_no_other(
    log: ExchangeLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, write = [10], os.write

    def partly(file: int, data: bytes) -> int:
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[: taken.pop()])

    monkeypatch.setattr(log_file.os, "write", partly)
    with pytest.raises(Unavailable) as full:
        await log.write("exchanged", {"who": "lost"})
    assert full.value.reason == "LOG_UNAVAILABLE"
    monkeypatch.undo()
    await log.write("refused", {"who": "kept"})
    gap, kept = lines(tmp_path)
    assert (gap["event"], gap["lost"], kept["who"]) == ("gap", 1, "kept")


async def test_a_file_that_can_not_be_written_is_named_at_start(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition) as error:
        ExchangeLog(tmp_path / "none" / "log", lambda: 0)
    assert str(tmp_path / "none" / "log") in error.value.message
