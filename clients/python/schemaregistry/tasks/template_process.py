"""The template: a process that has imported what tasks need and forks workers from itself in milliseconds.

It runs no task itself, so that it stays small and single-threaded, and every worker starts as clean as the first.
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
"""What the template is told: FORK, with the worker's end of a socket, or END and a process id."""
FORK: Final = b"F"
END: Final = b"E"
USED: Final = 0.5
"""The part of its memory after which a worker makes room for a new one."""
PR_SET_PDEATHSIG: Final = 1

NO_MEMORY: Final = frames.pack((False, True, OutOfMemory("it needed more memory than it may take")))


def main(control: socket.socket, memory: int, modules: Sequence[str]) -> None:
    """Import `modules`; then fork workers and end them as told, until the other side of `control` closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks: it ends this by closing `control`
    for name in modules:
        import_module(name)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # a panic's words would come amid those of the one who asks
        os.dup2(silence, stream)
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    gc.freeze()
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
    """Kill a worker: it is a child not waited for yet, so that the id is still its own."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _work(channel: socket.socket, memory: int, libc: "ctypes.CDLL | None") -> None:
    """Answer questions one by one; end with the asker, with the template, or when much memory has been used."""
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
    """Pack (succeeded, whether the worker has used much memory, result or error)."""
    task, args = question
    try:
        result = task(*args)
        return frames.pack((True, _used() > memory * USED, result))
    except MemoryError:
        return NO_MEMORY
    except RegistryError as error:
        return frames.pack((False, _used() > memory * USED, error))
    except BaseException as error:  # noqa: BLE001 (a panic in Rust among them, which pyo3 gives as a BaseException)
        said = "".join(traceback.format_exception_only(error)).strip()
        return frames.pack((False, True, TaskRaised(f"it failed: {said:.300}", traceback.format_exc())))


def _used() -> int:
    """The most memory that this process has had resident, in bytes (getrusage(2): KiB, on macOS bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
