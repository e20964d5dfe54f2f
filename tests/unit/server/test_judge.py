"""Compatibility checks in worker processes: the library's verdicts, and an end to every task."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from schemaregistry.compat import check
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument, ResourceExhausted
from schemaregistry.tasks import Template
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import compat_tasks, verdicts, workers
from schemaregistry_server.rpc import compat_worker as judging
from schemaregistry_server.rpc.compat_worker import CompatWorkers
from schemaregistry_server.rpc.fair_queue import Busy
from schemaregistry_server.rpc.verdict_cache import Candidate, RefusedWrite
from schemaregistry_server.store.base import Entry

SOMEBODY = "a reader"

HANGS = 60
"""Seconds for which a hanging task sleeps."""


def raw(version: str, *values: Any) -> bytes:
    schema = {"type": "object", "properties": {"a": {"enum": list(values)}}}
    return json.dumps({"$id": "judged", "version": version, **schema}).encode()


def entry(version: str, *values: Any) -> Entry:
    document = parse(raw(version, *values))
    return Entry(document.id, version, document.raw, document.fingerprint, "me", 1)


def candidate(version: str, *values: Any) -> Candidate:
    return compat_tasks.read(raw(version, *values), "judged")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def template() -> AsyncIterator[Template]:
    started = judging.template()
    yield started
    started.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judge(template: Template) -> AsyncIterator[CompatWorkers]:
    started = CompatWorkers(template, workers=2, seconds=10.0)
    yield started
    started.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_verdict_is_the_librarys(judge: CompatWorkers) -> None:
    old, new = entry("1.0.0", 1, 2), entry("2.0.0", 1)
    expected = verdicts.to_message(check(parse(old.raw), parse(new.raw)))
    answer = await judge.verdict([old], new, None, SOMEBODY)
    assert pb.Verdict.FromString(answer.proto) == expected
    assert (await judge.verdict([old], new, "forward", SOMEBODY)).outcome == "compatible"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_document_is_read_in_a_worker_and_refused_as_ever(judge: CompatWorkers) -> None:
    found = await judge.read(raw("1.0.0", 1), "judged", SOMEBODY)
    assert (str(found.version), found.fingerprint) == ("1.0.0", parse(raw("1.0.0", 1)).fingerprint)
    with pytest.raises(InvalidArgument) as refused:
        await judge.read(raw("1.0.0", 1), "another", SOMEBODY)
    assert refused.value.reason == "ID_MISMATCH"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refusal_crosses_with_its_verdict(judge: CompatWorkers) -> None:
    with pytest.raises(RefusedWrite) as refused:
        await judge.admit([entry("1.0.0", 1, 2)], candidate("1.1.0", 1), SOMEBODY)
    assert refused.value.reason == "BUMP_TOO_SMALL"
    assert pb.Verdict.FromString(refused.value.verdict.short).witness_json == '{"a": 2}'


@pytest.mark.asyncio(loop_scope="module")
async def test_many_at_once_are_all_answered(judge: CompatWorkers) -> None:
    old = entry("1.0.0", 1, 2)
    news = [entry(f"1.{minor}.0", 1, 2, minor + 3) for minor in range(1, 16)]
    answers = await asyncio.gather(*(judge.verdict([old], new, None, SOMEBODY) for new in news))
    assert [pb.Verdict.FromString(each.proto).new_version for each in answers] == [new.version for new in news]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_task_that_hangs_is_killed_and_unknown_and_the_next_one_answered(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = CompatWorkers(template, workers=1, seconds=0.5)
    old, new = entry("1.0.0", 1), entry("2.0.0", 2)
    with monkeypatch.context() as patched:
        patched.setattr(compat_tasks, "compare", _hang)
        patched.setattr(compat_tasks, "check_admission", _hang)
        message = pb.Verdict.FromString((await judge.verdict([old], new, None, SOMEBODY)).proto)
        assert (message.verdict, message.required_bump) == ("unknown", "major")
        assert "took longer than 0.5 s" in message.message
        await judge.admit([old], candidate("2.0.0", 2), SOMEBODY)
        with pytest.raises(RefusedWrite, match=r"took longer than 0\.5 s"):
            await judge.admit([old], candidate("1.1.0", 2), SOMEBODY)
    judge._seconds = 10.0
    assert (await judge.verdict([old], new, None, SOMEBODY)).outcome == "incompatible"
    judge.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_question_waits_for_no_bomb_of_another_caller(
    judge: CompatWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = entry("1.0.0", 1), entry("2.0.0", 2)
    with monkeypatch.context() as patched:
        patched.setattr(compat_tasks, "compare", _hang)
        bombs = [asyncio.create_task(judge.verdict([old], new, None, "an attacker")) for _ in range(8)]
        await asyncio.sleep(0)
    assert (await judge.verdict([old], new, None, SOMEBODY)).outcome == "incompatible"
    assert not any(bomb.done() for bomb in bombs)
    for bomb in bombs:
        bomb.cancel()
    await asyncio.gather(*bombs, return_exceptions=True)
    assert (await judge.verdict([old], new, None, "an attacker")).outcome == "incompatible"


@pytest.mark.asyncio(loop_scope="module")
async def test_who_waits_too_long_hears_that_it_is_busy(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PATIENCE", 0.05 / 30)
    judge = CompatWorkers(template, workers=1, seconds=30.0)
    old, new = entry("1.0.0", 1), entry("2.0.0", 2)
    with monkeypatch.context() as patched:
        patched.setattr(compat_tasks, "compare", _hang)
        bomb = asyncio.create_task(judge.verdict([old], new, None, "an attacker"))
        await asyncio.sleep(0)
    message = pb.Verdict.FromString((await judge.verdict([old], new, None, SOMEBODY)).proto)
    assert message.verdict == "unknown"
    assert "not decided: busy: no worker got free within 0.05 s" in message.message
    for asked in (judge.admit([old], candidate("2.0.0", 2), SOMEBODY), judge.read(new.raw, "judged", SOMEBODY)):
        with pytest.raises(ResourceExhausted) as refused:
            await asked
        assert refused.value.reason == "JUDGE_BUSY"
    bomb.cancel()
    await asyncio.gather(bomb, return_exceptions=True)
    judge.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_fault_of_ours_is_unknown_to_the_caller_and_whole_in_the_log(
    judge: CompatWorkers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compat_tasks, "compare", _fail)
    answer = await judge.verdict([entry("1.0.0", 1)], entry("2.0.0", 2), None, SOMEBODY)
    assert answer.outcome == "unknown"
    assert "not decided: it failed: TypeError: object of type 'bool' has no len()" in answer.text
    assert "in _fail" in caplog.text


def _fail(*_: object) -> None:
    raise TypeError("object of type 'bool' has no len()")


def _hang(*_: object) -> None:
    """Hang. A task is sent by its function's name, and the worker imports this module to find it."""
    time.sleep(HANGS)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_answer_that_came_while_the_server_stood_still_is_taken(template: Template) -> None:
    """As after SIGSTOP, or a pause of the machine: the deadline has passed, but the answer has arrived."""
    asked = workers.Workers(1, template, patience=judging.PATIENCE)
    await asked.run(SOMEBODY, 30, time.sleep, 0)
    answer = asyncio.create_task(asked.run(SOMEBODY, 0.5, time.sleep, 0.2))
    await asyncio.sleep(0.1)
    time.sleep(2)  # noqa: ASYNC251 (the server stands still)
    assert await answer is None
    asked.close()


async def test_the_imports_of_workers_count_against_nobody() -> None:
    """One caller waits for the first worker's imports, the others for the places."""
    late = Template(["tests.support.late"])
    asked = workers.Workers(2, late, patience=1.5)
    answers = [asked.run(caller, 1.5, time.sleep, 0) for caller in ("a", "b", "c", "d")]
    assert await asyncio.gather(*answers) == [None] * 4
    asked.close()
    await asyncio.to_thread(late.close)


async def test_workers_that_do_not_start_are_busy_and_not_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "STARTING", 0.1)
    late = Template(["tests.support.late"])
    asked = workers.Workers(1, late, patience=0.1)
    with pytest.raises(Busy, match=r"didn't start within 0\.1 s: try again"):
        await asked.run("a", 30, time.sleep, 0)
    asked.close()
    await asyncio.to_thread(late.close)
