"""`schemaregistry.compat` in worker processes: a task that runs over its time is killed with its process.

Holds no judgement. What a killed task would have said is unknown: an honest verdict, never a guess.
"""

import asyncio
import multiprocessing
import resource
import signal
from collections.abc import Callable, Sequence
from typing import Final, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from schemaregistry.compat import Verdict, admit, check, check_history, enforce, undecided
from schemaregistry.document import Document, Level
from schemaregistry_server import lifeline

HARD_LIMIT: Final = 2.0
"""A task is killed after so many times the seconds that it was asked to keep to."""
MEMORY: Final = 2 * 1024**3
"""Bytes of address space that a worker may take; a task that needs more is answered unknown."""

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class WorkerJudge:
    """A pool of workers, started with the first task and anew after a kill; `close` ends them."""

    def __init__(self, *, workers: int = 1, seconds: float = 1.0) -> None:
        self._seconds = seconds
        # spawn: a fork of a process that has gRPC's threads may hang.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPool(max_workers=workers, context=context, initializer=_prepare)

    async def admit(self, versions: Sequence[Document], new: Document) -> Verdict | None:
        """As `compat.admit`; where that took too long, by the rules for an unknown verdict."""
        try:
            return await self._run(_admit, tuple(versions), new, self._seconds)
        except _Killed as killed:
            verdict = undecided(_latest(versions), new, None, str(killed))
            enforce(versions, new, verdict)
            return verdict

    async def check(self, old: Document, new: Document, *, direction: Level | None = None) -> Verdict:
        """As `compat.check`."""
        try:
            return await self._run(_check, old, new, direction, self._seconds)
        except _Killed as killed:
            return undecided(old, new, direction, str(killed))

    async def check_history(
        self, versions: Sequence[Document], new: Document, *, direction: Level | None = None
    ) -> Verdict:
        """As `compat.check_history`."""
        try:
            return await self._run(_check_history, tuple(versions), new, direction, self._seconds)
        except _Killed as killed:
            return undecided(_latest(versions), new, direction, str(killed))

    def close(self) -> None:
        """End the workers; what is still asked of them is answered no more."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    async def _run(self, task: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        future = self._pool.schedule(task, args=args, kwargs=kwargs, timeout=self._seconds * HARD_LIMIT)
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError:
            raise _Killed(f"it took longer than {self._seconds:g} s") from None
        except (ProcessExpired, MemoryError):
            raise _Killed("it took more memory than a verdict may") from None


class _Killed(Exception):
    """The task was ended from outside; the argument says why."""


def _prepare() -> None:
    lifeline.end_with_parent(signal.SIGKILL)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))


def _admit(versions: Sequence[Document], new: Document, seconds: float) -> Verdict | None:
    return admit(versions, new, seconds=seconds)


def _check(old: Document, new: Document, direction: Level | None, seconds: float) -> Verdict:
    return check(old, new, direction=direction, seconds=seconds)


def _check_history(versions: Sequence[Document], new: Document, direction: Level | None, seconds: float) -> Verdict:
    return check_history(versions, new, direction=direction, seconds=seconds)


def _latest(versions: Sequence[Document]) -> Document:
    return max(versions, key=lambda document: document.version)
