"""Small schemas that are much work when written out: decided without that, or given up in time and memory."""

import json
from collections.abc import Iterator

import pytest

from schemaregistry.compat import Outcome, decide, decision, json_lines
from schemaregistry.tasks import Stopped, TaskWorker, Template
from tests.support.bombs import COMPATIBLE, ENDLESS, INCOMPATIBLE, UNKNOWN, Pair

PATIENT = 60.0
"""Seconds: a hundred times what each takes on an idle machine."""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second prover, which can't be interrupted: the search decides these."""
    monkeypatch.setattr(decision, "proves", lambda *_: False)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("pair", COMPATIBLE.values(), ids=COMPATIBLE)
def test_compatible(pair: Pair) -> None:
    assert decide(*pair, seconds=PATIENT).outcome is Outcome.COMPATIBLE


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("pair", INCOMPATIBLE.values(), ids=INCOMPATIBLE)
def test_incompatible(pair: Pair) -> None:
    assert decide(*pair, seconds=PATIENT).outcome is Outcome.INCOMPATIBLE


@pytest.fixture(scope="module")
def worker() -> Iterator[TaskWorker]:
    started = TaskWorker(Template(["schemaregistry.compat.json_lines", "schemaregistry.compat.second_referee"]))
    yield started
    started.close()


def verdict_within_a_second(worker: TaskWorker, pair: Pair) -> str:
    """What a caller is told, after which the worker (or the one that takes its place) answers the next question."""
    old, new = pair
    line = json.dumps({"id": 1, "old": old, "new": new}).encode()
    try:
        answer = worker.ask(1.0, json_lines.answer, line, 1.0)
    except Stopped as stopped:
        answer = json_lines.undecided(line, str(stopped))
    assert (
        json.loads(worker.ask(PATIENT, json_lines.answer, b'{"old": true, "new": true}', 1.0))["verdict"]
        == "compatible"
    )
    return str(json.loads(answer)["verdict"])


@pytest.mark.parametrize("pair", UNKNOWN.values(), ids=UNKNOWN)
def test_given_up_in_time_and_memory(worker: TaskWorker, pair: Pair) -> None:
    assert verdict_within_a_second(worker, pair) == "unknown"


@pytest.mark.parametrize("pair", ENDLESS.values(), ids=ENDLESS)
def test_ended_by_the_clock_and_never_wrong(worker: TaskWorker, pair: Pair) -> None:
    """A fast machine may find the counterexample in time: all of these have one."""
    assert verdict_within_a_second(worker, pair) in {"unknown", "incompatible"}
