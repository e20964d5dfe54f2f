"""The health port in a process of its own, which answers with the state that the server reported last.

A flood of health requests then delays no call; a thread would share the interpreter's lock with the calls.
`HealthPort` is the server's side, `main` the other process; `transport/health.py` has the paths.
"""

import asyncio
import itertools
import json
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

import uvloop

from schemaregistry_server.catalog.readiness import ReadinessState
from schemaregistry_server.metrics import shared_files
from schemaregistry_server.runtime import lifeline
from schemaregistry_server.transport import addresses, health
from schemaregistry_server.transport.listener import HttpListener

LOOK_SECONDS: Final = 0.02
"""Seconds between looks at the server's state; a change is reported at once."""

REPORT_LOOKS: Final = 10
"""Looks after which an unchanged state is reported again: silence means that the server hangs."""

AGAIN_SECONDS: Final = 1.0
"""Seconds before a process that ended is started again."""

SILENT_SECONDS: Final = 20
"""Seconds without a report after which the server counts as hanging, and `/healthz` answers 503."""

MAX_REPORT: Final = 32 << 10
"""Bytes of one report."""

MAX_TEXT: Final = 16 << 10
"""Characters of a state's text."""

MAX_CONNECTIONS: Final = 256

log = logging.getLogger(__name__)


class HealthPort:
    """The server's side: it keeps the health process running and reports `state` to it.

    `address` is the HOST:PORT of the health port, "" where there is none.
    """

    def __init__(self, address: str | None, state: Callable[[], ReadinessState]) -> None:
        """Bind `address`; raises as `addresses.listen`."""
        self.address = ""
        self._state = state
        self._told: ReadinessState | None = None
        self._listening: socket.socket | None = None
        self._reports: socket.socket | None = None
        self._keeping: asyncio.Task[None] | None = None
        if address is not None:
            self._listening = addresses.listen(address, "--health")
            self.address = addresses.with_port(address, self._listening.getsockname()[1])

    async def __aenter__(self) -> Self:
        """Start the health process, and keep it running."""
        if self._listening:
            self._keeping = asyncio.create_task(self._keep(self._listening))
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process and release the address."""
        if self._keeping and self._listening:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
            self._listening.close()

    def report(self) -> None:
        """Report the state now, without waiting for the next look."""
        self._told = state = self._state()
        if self._reports:
            text = json.dumps([state.ready, state.text[:MAX_TEXT]]).encode()
            with suppress(BlockingIOError, ConnectionError):  # the process is behind or gone: a later report follows
                self._reports.send(text)

    async def _keep(self, listening: socket.socket) -> None:
        while True:
            # SEQPACKET keeps each report one message, so that the reader gets whole JSON texts.
            self._reports, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._reports.setblocking(False)
            with self._reports, theirs:
                process = _started(listening, theirs)
                theirs.close()
                try:
                    for look in itertools.count():
                        if process.poll() is not None:
                            break
                        if look % REPORT_LOOKS == 0 or self._state() != self._told:
                            self.report()
                        await asyncio.sleep(LOOK_SECONDS)
                finally:
                    process.kill()
                    process.wait()
            self._reports = None
            log.error("the health port's process ended (%d): it starts again", process.returncode)
            await asyncio.sleep(AGAIN_SECONDS)


def _started(listening: socket.socket, reports: socket.socket) -> "subprocess.Popen[bytes]":
    descriptors = [listening.fileno(), reports.fileno()]
    program = [sys.executable, "-m", "schemaregistry_server.runtime.health_process", *map(str, descriptors)]
    return subprocess.Popen(program, pass_fds=descriptors)  # noqa: S603 (our own program)


class Reported:
    """The newest state that the server has reported, in the health process."""

    def __init__(self, reports: socket.socket) -> None:
        self._reports = reports
        self._newest = ReadinessState(False, "waits for its start")
        self._reported_at = asyncio.get_running_loop().time()

    def take(self) -> bool:
        """Read every report that has arrived; return False once the server has closed its end."""
        with suppress(BlockingIOError):
            while report := self._reports.recv(MAX_REPORT):
                self._reported_at = asyncio.get_running_loop().time()
                ready, text = json.loads(report)
                self._newest = ReadinessState(ready, text)
            return False
        return True

    @property
    def silent(self) -> bool:
        return asyncio.get_running_loop().time() - self._reported_at > SILENT_SECONDS

    @property
    def state(self) -> ReadinessState:
        if self.silent:
            return ReadinessState(False, f"has said nothing for {SILENT_SECONDS} s: it hangs")
        return self._newest


async def _answer(listening: socket.socket, reports: socket.socket) -> None:
    """Answer health requests until the server closes its end of `reports`."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    reported = Reported(reports)

    def take() -> None:
        if not reported.take():
            gone.set()

    def alive() -> bool:
        return not reported.silent

    take()
    loop.add_reader(reports, take)
    app = health.create_app(lambda: reported.state, alive, shared_files.collected())
    listener = HttpListener(app, listening, grace=0, most=MAX_CONNECTIONS)
    listener.start()
    await gone.wait()


def main() -> None:
    """Run the health process: argument 1 is the descriptor of the listening socket, 2 that of the reports."""
    lifeline.end_with_parent(signal.SIGKILL)
    for signum in (signal.SIGINT, signal.SIGTERM):
        # A Ctrl-C goes to the whole process group, but health must be answered until the server has stopped.
        signal.signal(signum, signal.SIG_IGN)
    listening, reports = (socket.socket(fileno=int(descriptor)) for descriptor in sys.argv[1:])
    reports.setblocking(False)
    uvloop.run(_answer(listening, reports))


if __name__ == "__main__":
    main()
