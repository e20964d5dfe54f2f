"""The judge in its workers: the same verdicts as the library's, and an end to every task."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from schemaregistry.compat import Outcome, RefusedVersion, check
from schemaregistry.document import Document, parse
from schemaregistry_server import judge as judging
from schemaregistry_server.judge import WorkerJudge

HANGS = 60
"""Seconds."""


def document(version: str, *values: Any) -> Document:
    schema = {"type": "object", "properties": {"a": {"enum": list(values)}}}
    return parse(json.dumps({"$id": "judged", "version": version, **schema}).encode())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judge() -> AsyncIterator[WorkerJudge]:
    started = WorkerJudge(workers=1, seconds=1.0)
    yield started
    started.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_verdict_is_the_librarys(judge: WorkerJudge) -> None:
    old, new = document("1.0.0", 1, 2), document("2.0.0", 1)
    assert await judge.check(old, new) == check(old, new)
    assert (await judge.check_history([old], new, direction="forward")).outcome is Outcome.COMPATIBLE


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refusal_crosses_with_its_verdict(judge: WorkerJudge) -> None:
    with pytest.raises(RefusedVersion) as refused:
        await judge.admit([document("1.0.0", 1, 2)], document("1.1.0", 1))
    assert refused.value.reason == "BUMP_TOO_SMALL"
    assert refused.value.verdict.witness is not None


@pytest.mark.asyncio(loop_scope="module")
async def test_many_at_once_are_all_answered(judge: WorkerJudge) -> None:
    old = document("1.0.0", 1, 2)
    news = [document(f"1.{minor}.0", 1, 2, minor + 3) for minor in range(1, 21)]
    verdicts = await asyncio.gather(*(judge.check(old, new) for new in news))
    assert [verdict.new_version for verdict in verdicts] == [str(new.version) for new in news]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_task_that_hangs_is_killed_and_unknown_and_the_next_one_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = WorkerJudge(workers=1, seconds=0.5)
    old, new = document("1.0.0", 1), document("2.0.0", 2)
    await judge.check(old, new)  # the worker has started
    with monkeypatch.context() as patched:
        patched.setattr(judging, "_check", _hang)
        patched.setattr(judging, "_admit", _hang)
        async with asyncio.timeout(HANGS / 2):
            verdict = await judge.check(old, new)
        assert (verdict.outcome, verdict.required_bump) == (Outcome.UNKNOWN, "major")
        assert "took longer than 0.5 s" in verdict.message
        assert await judge.admit([old], new) is not None
        with pytest.raises(RefusedVersion):
            await judge.admit([old], document("1.1.0", 2))
    assert (await judge.check(old, new)).outcome is Outcome.INCOMPATIBLE
    judge.close()


def _hang(*_: object) -> None:
    """What pebble sends is a function's name: the worker finds this one by importing this module."""
    time.sleep(HANGS)
