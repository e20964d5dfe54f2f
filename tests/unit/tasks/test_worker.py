"""Tasks in a child process: their answers, and each way in which they end without one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemaregistry.errors import InvalidArgument
from schemaregistry.tasks import Crashed, OutOfMemory, Overdue, Stopped, TaskRaised, TaskWorker, Template, task_worker
from tests.support import task_kinds

ROOT = Path(__file__).parents[3]
LONG = 30.0


@pytest.fixture(scope="module")
def worker() -> Iterator[TaskWorker]:
    started = TaskWorker(Template(["tests.support.task_kinds"]))
    yield started
    started.close()


def test_the_answer_is_the_tasks(worker: TaskWorker) -> None:
    assert worker.ask(LONG, task_kinds.double, 21) == 42


def test_the_task_runs_elsewhere_and_the_process_is_kept(worker: TaskWorker) -> None:
    first = worker.ask(LONG, task_kinds.process)
    assert first != os.getpid()
    assert worker.ask(LONG, task_kinds.process) == first


def test_a_refusal_is_raised_as_it_was(worker: TaskWorker) -> None:
    with pytest.raises(InvalidArgument, match="Not that") as refused:
        worker.ask(LONG, task_kinds.refuse)
    assert (refused.value.reason, refused.value.pointer) == ("NOT_THAT", "/a")


@pytest.mark.parametrize(
    ("task", "how", "why"),
    [
        (task_kinds.fail, TaskRaised, "TypeError: object of type 'bool' has no len()"),
        (task_kinds.panic, TaskRaised, "attempt to subtract with overflow"),
        (task_kinds.unspeakable, TaskRaised, "it failed"),
        (task_kinds.die, Crashed, "its process died"),
        (task_kinds.leave, Crashed, "its process died"),
        (task_kinds.eat_natively, Crashed, "too much memory"),
    ],
)
def test_what_goes_wrong_is_told_and_the_next_question_answered(
    worker: TaskWorker, task: Callable[[], object], how: type[Stopped], why: str
) -> None:
    with pytest.raises(how, match=".*" + why.replace("(", r"\(").replace(")", r"\)")):
        worker.ask(LONG, task)
    assert worker.ask(LONG, task_kinds.double, 4) == 8


def test_a_failure_keeps_its_traceback(worker: TaskWorker) -> None:
    with pytest.raises(TaskRaised) as failed:
        worker.ask(LONG, task_kinds.fail)
    assert 'raise TypeError("object of type' in failed.value.details


def test_a_task_beyond_its_time_is_killed_whatever_signals_it_holds_back(worker: TaskWorker) -> None:
    before = worker.ask(LONG, task_kinds.process)
    with pytest.raises(Overdue, match=r"longer than 0\.2 s"):
        worker.ask(0.2, task_kinds.hang)
    assert worker.ask(LONG, task_kinds.process) != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_a_task_beyond_its_memory_is_ended(worker: TaskWorker) -> None:
    with pytest.raises(OutOfMemory):
        worker.ask(LONG, task_kinds.eat, 300)
    assert worker.ask(LONG, task_kinds.double, 1) == 2


def test_a_worker_that_has_used_much_memory_makes_room_for_a_new_one(worker: TaskWorker) -> None:
    before = worker.ask(LONG, task_kinds.process)
    assert worker.ask(LONG, task_kinds.eat, 150) == 150 << 20
    assert worker.ask(LONG, task_kinds.process) != before


def test_a_large_answer_arrives_whole(worker: TaskWorker) -> None:
    assert worker.ask(LONG, task_kinds.large) == bytes(3 << 20)


def test_a_large_question_arrives_whole(worker: TaskWorker) -> None:
    assert worker.ask(LONG, len, bytes(3 << 20)) == 3 << 20


def test_a_template_that_is_gone_is_started_anew() -> None:
    template = Template([])
    worker = TaskWorker(template)
    worker.ask(LONG, task_kinds.double, 1)
    assert template._process
    template._process.kill()
    template._process.wait()
    with pytest.raises(Crashed):
        worker.ask(LONG, task_kinds.double, 1)
    assert worker.ask(LONG, task_kinds.double, 4) == 8
    worker.close()


PARENT = """
import sys
from schemaregistry.tasks import TaskWorker, Template
from tests.support import task_kinds as kinds
worker = TaskWorker(Template([]))
print(worker.ask(30, kinds.process), flush=True)
worker.ask(0.1 if "quiet" in sys.argv else 600, kinds.write_to_streams if "quiet" in sys.argv else kinds.hang)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_with_the_process_that_asks(how: signal.Signals) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
    ) as asking:
        assert asking.stdout
        pid = int(asking.stdout.readline())
        asking.send_signal(how)
        asking.wait(10)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")


def test_what_a_task_writes_is_seen_nowhere() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARENT, "quiet"], capture_output=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.decode().strip().isdigit()
    assert done.stderr == b""


def test_a_worker_that_does_not_start_is_not_said_to_have_taken_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_worker, "STARTING", 0.1)
    late = TaskWorker(Template(["tests.support.late"]))
    with pytest.raises(Crashed, match=r"didn't start within 0\.1 s"):
        late.ask(LONG, task_kinds.double, 21)
    late.close()
