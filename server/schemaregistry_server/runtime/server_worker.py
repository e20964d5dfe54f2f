"""One of several processes that share a server's ports: it serves as a single process would, and reports its status.

`supervisor.py` starts, restarts and stops these processes.
"""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

import uvloop

from schemaregistry.errors import RegistryError
from schemaregistry_server.catalog.readiness import Readiness, ReadinessState
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.metrics import shared_files
from schemaregistry_server.runtime import lifecycle, lifeline
from schemaregistry_server.runtime.lifecycle import Listening

REFUSED: Final = 2
"""The exit code of a worker that refuses to start, for example because of its settings or files."""

REPORT_SECONDS: Final = 0.2
"""Seconds between a worker's reports to the supervisor."""

LOG_FORMAT: Final = "%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker's report, sent every REPORT_SECONDS: silence means that it hangs.

    `listening` is set once it serves; `refused` is the error message of a worker that can't start.
    """

    state: ReadinessState
    listening: Listening | None = None
    refused: str = ""


def work(settings: Settings, reports: Connection, name: str) -> None:
    """Serve until SIGTERM, or until the supervisor ends; exit with REFUSED where the server can't start.

    The worker of the same `name` before it had the same files of metrics.
    """
    # First of all: if the supervisor ends before this, nothing would stop the worker.
    lifeline.end_with_parent(signal.SIGTERM)
    logging.basicConfig(format=LOG_FORMAT)
    shared_files.record_as(name)
    try:
        uvloop.run(_serve(settings, reports))
    except RegistryError as error:
        _send(reports, WorkerStatus(ReadinessState(False, "refuses to serve"), refused=error.message))
        sys.exit(REFUSED)


async def _serve(settings: Settings, reports: Connection) -> None:
    readiness = Readiness()
    announced: list[Listening] = []

    async def report() -> None:
        while True:
            _send(reports, WorkerStatus(readiness.state, announced[0] if announced else None))
            await asyncio.sleep(REPORT_SECONDS)

    reporting = asyncio.create_task(report())
    try:
        await lifecycle.run(settings, readiness, announced.append)
    finally:
        reporting.cancel()


def _send(reports: Connection, report: WorkerStatus) -> None:
    with suppress(BrokenPipeError):  # the supervisor has ended, and the kernel sends SIGTERM (`lifeline.py`)
        reports.send(report)
