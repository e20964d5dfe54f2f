"""The template: a process that has imported the modules of tasks, and forks workers from itself in milliseconds.

Only workers run tasks. So the template stays small and has one thread, which makes the fork safe, and every worker
starts in the same state.
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from schemaregistry.errors import RegistryError
from schemaregistry.tasks import frames
from schemaregistry.tasks.task_failures import OutOfMemory, TaskRaised

ORDER: Final = struct.Struct("!cQ")
"""An order to the template: FORK, with the worker's end of a socket, or END with a process id."""
FORK: Final = b"F"
END: Final = b"E"
USED: Final = 0.5
"""The share of its memory limit after whose use a worker is replaced."""
PR_SET_PDEATHSIG: Final = 1
"""The option of Linux's prctl(2) that sends a process a signal when its parent dies."""

# Packed in advance, since there is no memory for it when it is needed.
NO_MEMORY: Final = frames.pack((False, True, OutOfMemory("it needed more memory than it may take")))


def main(control: socket.socket, memory: int, modules: Sequence[str]) -> None:
    """Import `modules`, then fork and kill workers as ordered, until the other side of `control` closes."""
    # Ctrl-C is for the process that asks, which ends this one by closing `control`.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in modules:
        import_module(name)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # Rust prints a panic on stderr, among the output of the process that asks
        os.dup2(silence, stream)
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    gc.freeze()  # keeps the imported objects out of the workers' collections, which would copy the shared pages
    workers: set[int] = set()
    while True:
        order, files, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if len(order) < ORDER.size:
            break
        what, pid = ORDER.unpack(order)
        if what == FORK:
            pid = os.fork()
            if pid == 0:
                control.close()
                _work(socket.socket(fileno=files[0]), memory, libc)
            os.close(files[0])
            workers.add(pid)
        elif pid in workers:
            _end(pid)
            workers.discard(pid)
    for pid in workers:
        _end(pid)


def _end(pid: int) -> None:
    """Kill a worker and wait for it; it wasn't waited for before, so no other process can have its id."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _work(channel: socket.socket, memory: int, libc: "ctypes.CDLL | None") -> None:
    """Answer questions one by one, until the asking process closes the channel or the template dies."""
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CORE, 0)
    status = 0
    try:
        channel.sendall(frames.LENGTH.pack(os.getpid()))
        while True:
            answer = _answer(frames.receive(channel), memory)
            channel.sendall(answer)
    except (EOFError, OSError):
        status = 0
    except MemoryError:
        status = 1
    finally:
        os._exit(status)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _answer(question: Any, memory: int) -> bytes:
    """Run a task, and return a packed tuple: succeeded, whether the worker has used much memory, result or error."""
    task, args = question
    try:
        result = task(*args)
        return frames.pack((True, _used() > memory * USED, result))
    except MemoryError:
        return NO_MEMORY
    except RegistryError as error:
        return frames.pack((False, _used() > memory * USED, error))
    except BaseException as error:  # noqa: BLE001 (a panic in Rust among them, which pyo3 gives as a BaseException)
        message = "".join(traceback.format_exception_only(error)).strip()
        return frames.pack((False, True, TaskRaised(f"it failed: {message:.300}", traceback.format_exc())))


def _used() -> int:
    """Return the largest resident memory of this process, in bytes (getrusage(2) states KiB, on macOS bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
