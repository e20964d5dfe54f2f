"""Files in memory in which the processes of a server keep their metrics, and which the health port's process reads.

This is prometheus-client's way for several processes: each writes files of its own, and whoever is asked adds them up
(https://prometheus.github.io/client_python/multiprocess/). A process that is started again goes on with the files of
the one before it, so that no counter goes back.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus-client, and the processes that are started, know the directory."""

PREFIX: Final = "schemaregistry-metrics-"

LOCK: Final = "in-use"
"""A file that the server holds a lock on while it lives; directories of servers that were killed are so known."""

MEMORY: Final = Path("/dev/shm")  # noqa: S108 (a file system in memory, where each server makes its own directory)


@contextmanager
def made() -> Iterator[None]:
    """Make the directory, and name it to the processes that are started during the context."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _clear(parent)
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    os.environ[VARIABLE] = str(directory)
    try:
        with (directory / LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    finally:
        del os.environ[VARIABLE]
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def none() -> Iterator[None]:
    """No directory during the context, also where the environment names one: it is nobody's to read."""
    os.environ.pop(VARIABLE, None)
    yield


def record_as(process: str) -> None:
    """Keep this process's metrics in files named by `process`, where there is a directory; else in its memory.

    To be called before any metric is made.
    """
    shared = VARIABLE in os.environ
    values.ValueClass = values.MultiProcessValue(lambda: process) if shared else values.MutexValue  # type: ignore[no-untyped-call]


def forget_gauges(process: str) -> None:
    """Forget the state of a process that has ended, such as its watchers; what it counted stays."""
    if VARIABLE in os.environ:
        mark_process_dead(process)  # type: ignore[no-untyped-call]


def collected() -> CollectorRegistry | None:
    """The metrics of all processes added up anew each time; None where there is no directory."""
    if VARIABLE not in os.environ:
        return None
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _clear(parent: Path) -> None:
    """Remove the directories of servers that were killed."""
    for directory in parent.glob(f"{PREFIX}*"):
        with suppress(OSError), (directory / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
