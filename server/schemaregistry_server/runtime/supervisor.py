"""Run several workers behind the same ports: start them, restart those that end or hang, stop them together."""

import asyncio
import logging
import math
import multiprocessing
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Final

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.catalog.readiness import ReadinessState
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.metrics import shared_files
from schemaregistry_server.metrics.server_metrics import workers_killed
from schemaregistry_server.runtime import lifecycle
from schemaregistry_server.runtime.health_process import HealthPort
from schemaregistry_server.runtime.lifecycle import Listening
from schemaregistry_server.runtime.server_worker import WorkerStatus, work
from schemaregistry_server.transport import addresses

FIRST_PAUSE: Final = 0.1
"""Seconds before a worker that ended is started again the first time."""

LONGEST_PAUSE: Final = 10.0
"""Seconds: the limit of the pause, which doubles each further time."""

STEADY_SECONDS: Final = 30.0
"""A worker that ran for so long before it ended is started again after FIRST_PAUSE."""

SILENT_SECONDS: Final = 20
"""A worker that reports nothing for so many ticks of the supervisor (one a second) hangs, and is killed. Ticks, and not
the clock: time in which the supervisor itself stood still doesn't count."""

LATE_SECONDS: Final = 5.0
"""Seconds that a worker may take to end beyond the grace period for its calls."""

log = logging.getLogger(__name__)

Announce = Callable[[Listening], None]


async def run(settings: Settings, announce: Announce) -> None:
    """Keep `settings.workers` workers until SIGTERM or Ctrl-C; `announce` is called once all of them listen.

    Raises RegistryError where the server can't start: an address is taken, or a worker refuses before any has served.
    """
    stopping = lifecycle.stop_signal()
    async with AsyncExitStack() as stack:
        shared = replace(
            settings,
            health=None,
            grpc=_reserved(stack, settings.grpc, "--grpc"),
            rest=_reserved(stack, settings.rest, "--rest"),
        )
        crew = Supervisor(shared, stopping)
        health = await stack.enter_async_context(HealthPort(settings.health, lambda: crew.state))

        def ready(listening: Listening) -> None:
            health.report()
            announce(replace(listening, health=health.address))

        await crew.run(ready)


def _reserved(stack: AsyncExitStack, address: str | None, option: str) -> str | None:
    """Reserve the address until `stack` closes, and return it with its port.

    The port stays reserved while workers end and start again.
    """
    if address is None:
        return None
    reserved = stack.enter_context(addresses.reserve(address, option))
    return addresses.with_port(address, reserved.getsockname()[1])


class SupervisedWorker:
    """One worker: its current process, and that process's last report in `status`.

    `silent` counts the ticks since that report; `on_report` is called after each report.
    """

    def __init__(self, number: int, settings: Settings, on_report: Callable[[], None]) -> None:
        self.number = number
        self.name = str(number)
        self.status = WorkerStatus(ReadinessState(False, "waits for its start"))
        self.silent = -math.inf
        self._settings = settings
        self._on_report = on_report
        self._process: multiprocessing.process.BaseProcess | None = None

    async def live(self) -> int:
        """Start a process and return its exit code once it has ended."""
        loop = asyncio.get_running_loop()
        # Spawn, since a fork of a process with threads may hang in a lock that another thread held.
        context = multiprocessing.get_context("spawn")
        reader, writer = context.Pipe(duplex=False)
        self._process = process = context.Process(target=work, args=(self._settings, writer, self.name))
        process.start()
        writer.close()  # the child has its own; with this one open the pipe would never end
        ended = asyncio.Event()
        self.silent = -math.inf  # until its first report a worker may take as long as it needs
        loop.add_reader(reader, self._take, reader)
        loop.add_reader(process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(process.sentinel)
            self._take(reader)
            loop.remove_reader(reader)
            reader.close()
        process.join()
        self._process = None
        return process.exitcode or 0

    def _take(self, reader: Connection) -> None:
        """Read the reports that have arrived; the pipe's end is the process's."""
        try:
            while reader.poll():
                self.status = reader.recv()
                self.silent = 0.0
                self._on_report()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(reader)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        if self._process:
            self._process.kill()


class Supervisor:
    """Keeps the workers running, and announces once where they listen."""

    def __init__(self, settings: Settings, stopping: asyncio.Event) -> None:
        self._grace = settings.grace_seconds
        self._stopping = stopping
        self._served = False
        self._workers = [SupervisedWorker(number, settings, self._look) for number in range(1, settings.workers + 1)]
        self._announce: Announce | None = None

    @property
    def state(self) -> ReadinessState:
        """The server's state, for the health port: ready while at least one worker is."""
        if self._stopping.is_set():
            return ReadinessState(False, "waits for its end: it is stopping")
        lines = [f"worker {worker.number}: {worker.status.state.text}" for worker in self._workers]
        return ReadinessState(any(worker.status.state.ready for worker in self._workers), "\n".join(lines))

    async def run(self, announce: Announce) -> None:
        """Keep every worker running until the stop signal; then stop all.

        Raises FailedPrecondition where a worker refuses to start before any has served.
        """
        self._announce = announce
        keeping = [asyncio.create_task(self._keep(worker)) for worker in self._workers]
        watching = asyncio.create_task(self._watch())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({stopped, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            watching.cancel()
            for worker in self._workers:
                worker.stop()
            await asyncio.wait(keeping, timeout=self._grace + LATE_SECONDS)
            for worker in self._workers:
                worker.kill()
        await asyncio.gather(*keeping)

    async def _keep(self, worker: SupervisedWorker) -> None:
        """Start a worker, and again after each end, until the server stops."""
        now = asyncio.get_running_loop().time
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = now()
            code = await worker.live()
            if self._stopping.is_set():
                return
            shared_files.forget_gauges(worker.name)
            why = worker.status.refused
            # Before any has served, the settings or files are at fault, and another try would end the same way.
            if why and not self._served:
                raise FailedPrecondition(why, reason="NOT_STARTED")
            workers_killed().labels("server", "silent" if worker.silent > SILENT_SECONDS else "ended").inc()
            pause = FIRST_PAUSE if now() - began > STEADY_SECONDS else pause
            log.error("worker %d ended (%s): it starts again in %.1f s", worker.number, why or _exit(code), pause)
            worker.status = WorkerStatus(ReadinessState(False, f"waits for its next start, after {why or _exit(code)}"))
            await self._wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _watch(self) -> None:
        """Kill each worker that hangs: it would still get connections, and answer none."""
        while True:
            await asyncio.sleep(1)
            for worker in self._workers:
                worker.silent += 1
                if worker.silent > SILENT_SECONDS:
                    log.error("worker %d has been silent for %d s: it is killed", worker.number, worker.silent)
                    worker.kill()

    def _look(self) -> None:
        """Announce, once, where the workers listen."""
        listening = [worker.status.listening for worker in self._workers]
        self._served = self._served or any(listening)
        if self._announce and all(listening):
            assert listening[0]
            self._announce(listening[0])
            self._announce = None


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
