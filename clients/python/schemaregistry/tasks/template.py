"""Start a template process, and have it fork and kill workers; `template_process.py` is what runs in it."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from schemaregistry.tasks.template_process import END, FORK, ORDER

MEMORY: Final = 256 << 20
"""Bytes of address space (RLIMIT_AS) that a worker may use."""

_BOOT: Final = (
    "import json, socket, sys; settings = json.loads(sys.argv[1]); sys.path[:] = settings['path'];"
    "from schemaregistry.tasks import template_process as t;"
    "t.main(socket.socket(fileno=settings['control']), settings['memory'], settings['modules'])"
)


class Template:
    """One template process; it ends with `close`, or when this process ends, however it does.

    `modules` are imported in the template and so are ready in every worker; `memory` limits each worker, in bytes.
    """

    def __init__(self, modules: Sequence[str], *, memory: int = MEMORY) -> None:
        self._settings = {"path": sys.path, "memory": memory, "modules": [*modules]}
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def fork(self) -> socket.socket:
        """Fork a worker and return the socket to it; the worker first sends its process id."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._send(ORDER.pack(FORK, 0), theirs)
            except OSError:  # the template was killed, by the kernel or a person: start another one
                self.close()
                self._start()
                self._send(ORDER.pack(FORK, 0), theirs)
        return ours

    def end(self, pid: int) -> None:
        """Kill a worker."""
        with contextlib.suppress(OSError):
            self._send(ORDER.pack(END, pid))

    def close(self) -> None:
        """End the template and every worker."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            settings = json.dumps({**self._settings, "control": theirs.fileno()})
            # A session of its own, so that Ctrl-C at the terminal reaches only the process that asks.
            self._process = subprocess.Popen(  # noqa: S603 (this interpreter, and code of ours)
                [sys.executable, "-I", "-c", _BOOT, settings],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def _send(self, order: bytes, *files: socket.socket) -> None:
        if self._control is None:
            raise BrokenPipeError
        socket.send_fds(self._control, [order], [file.fileno() for file in files])
