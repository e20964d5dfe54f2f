"""Run tasks in worker processes without blocking the event loop; `schemaregistry.tasks` has the worker's side."""

import asyncio
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar, TypeVarTuple

from schemaregistry.tasks import Crashed, Overdue, Template, frames
from schemaregistry.tasks.task_worker import GRACE, STARTING, answered, read_pid
from schemaregistry_server.metrics.server_metrics import workers_killed
from schemaregistry_server.rpc.fair_queue import Busy, FairQueue

WAITING: Final = 256
"""Questions that may wait at once, at most a quarter of them one caller's."""
CHUNK: Final = 1 << 18
"""Bytes that one read from a worker's socket takes at most."""
ARRIVING: Final = 0.02
"""Seconds after a deadline in which an answer that came in time is still read (see `_some`)."""

AnswerT = TypeVar("AnswerT")
ArgsT = TypeVarTuple("ArgsT")


class Workers:
    """A pool of `count` worker processes, which callers use in turn."""

    def __init__(self, count: int, template: Template, *, patience: float, waiting: int = WAITING) -> None:
        """Fork the workers from `template`; a question waits `patience` seconds for a free one.

        Until the template has made its imports, it waits for that, too.
        """
        self._workers = [_AsyncWorker(template) for _ in range(count)]
        self._started_by = monotonic() + STARTING
        self._turns = FairQueue(count, waiting=waiting, patience=patience, starting=self._is_starting)

    async def run(self, caller: str, seconds: float, task: Callable[[*ArgsT], AnswerT], *args: *ArgsT) -> AnswerT:
        """Run `task(*args)` in a worker for at most `seconds`, and return its result.

        Raises as `tasks.TaskWorker.ask` does (Overdue, Crashed, TaskRaised, the task's own RegistryError), or Busy.
        """
        async with self._turns.place(caller) as place:
            answer: AnswerT = await self._workers[place].ask(frames.pack((task, args)), seconds)
        return answer

    def close(self) -> None:
        """End the workers, each once its task is done; questions in progress get no answer."""
        for worker in self._workers:
            worker.close()

    def _is_starting(self) -> bool:
        # One worker that was there shows that the template has made its imports: from then on a fork is quick.
        return monotonic() < self._started_by and not any(worker.was_there for worker in self._workers)


class _AsyncWorker:
    """One worker process, forked at once, and again whenever it was killed. It answers one question at a time."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._pid = 0
        self._channel = self._fork()
        self.was_there = False
        """Whether this worker, or one that it replaced, has sent its process id."""

    async def ask(self, question: bytes, seconds: float) -> Any:
        """Send a packed question and return its answer; raises as `tasks.TaskWorker.ask` does, or Busy.

        The wait for the worker to start isn't part of the `seconds`. Where the caller is cancelled, the worker is
        killed, so that it is free for the next question.
        """
        try:
            await self._start()
            frame = await self._exchange(question, monotonic() + seconds + GRACE)
        except TimeoutError:
            self._renew("overdue")
            raise Overdue(seconds) from None
        except (EOFError, OSError):
            self._renew("died")
            raise Crashed("its process died, of too much memory or of a fault in native code") from None
        except asyncio.CancelledError:
            self._renew("caller left")
            raise
        return answered(frame, lambda: self._renew("memory"))

    async def _start(self) -> None:
        """Wait until the worker is there: the first frame of a new one is its process id, sent after all imports."""
        if self._pid:
            return
        try:
            self._pid = read_pid(bytes(await self._exactly(frames.LENGTH.size, monotonic() + STARTING)))
        except TimeoutError:
            self._renew("not started")
            raise Busy(f"its workers didn't start within {STARTING:g} s: try again in a minute") from None
        self.was_there = True

    def close(self) -> None:
        """Close the channel: the worker ends when it next reads, or with its template."""
        self._channel.close()

    def _fork(self) -> socket.socket:
        channel = self._template.fork()
        channel.setblocking(False)
        return channel

    def _renew(self, reason: str) -> None:
        workers_killed().labels("judge", reason).inc()
        self._channel.close()
        if self._pid:
            self._template.end(self._pid)
        self._pid = 0
        self._channel = self._fork()

    async def _exchange(self, question: bytes, deadline: float) -> Any:
        async with asyncio.timeout(deadline - monotonic()):
            await asyncio.get_running_loop().sock_sendall(self._channel, question)
        length = frames.LENGTH.unpack(await self._exactly(frames.LENGTH.size, deadline))[0]
        return frames.unpack(await self._exactly(length, deadline))

    async def _exactly(self, length: int, deadline: float) -> bytearray:
        body = bytearray()
        while len(body) < length:
            chunk = await self._some(min(CHUNK, length - len(body)), deadline)
            if not chunk:
                raise EOFError
            body += chunk
        return body

    async def _some(self, size: int, deadline: float) -> bytes:
        """Read what arrives by the deadline; raises TimeoutError.

        If this process was suspended, the deadline has passed when it wakes, but the answer may have arrived before:
        hence the short wait for what is there already.
        """
        receiving = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(self._channel, size))
        try:
            await asyncio.wait({receiving}, timeout=max(deadline - monotonic(), 0))
            if not receiving.done():
                await asyncio.sleep(ARRIVING)
            if not receiving.done():
                raise TimeoutError
            return receiving.result()
        finally:
            receiving.cancel()
