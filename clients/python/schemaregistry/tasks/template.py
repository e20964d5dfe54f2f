"""The asker's hold of a template process: it is started here, told to fork workers and to end them.

What that process does is `template_process`'s.
"""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from schemaregistry.tasks.template_process import END, FORK, ORDER

MEMORY: Final = 256 << 20
"""Bytes of address space that a worker may take."""

_BOOT: Final = (
    "import json, socket, sys; told = json.loads(sys.argv[1]); sys.path[:] = told['path'];"
    "from schemaregistry.tasks import template_process as t;"
    "t.main(socket.socket(fileno=told['control']), told['memory'], told['modules'])"
)


class Template:
    """One template process, which ends with this object's `close` or with this process, however that ends.

    `modules` are imported in it, and so in every worker.
    """

    def __init__(self, modules: Sequence[str], *, memory: int = MEMORY) -> None:
        self._told = {"path": sys.path, "memory": memory, "modules": [*modules]}
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def fork(self) -> socket.socket:
        """Have a worker forked; return the socket to it, on which its process id comes first."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._send(ORDER.pack(FORK, 0), theirs)
            except OSError:  # the template is gone: the kernel, or a person, has killed it
                self.close()
                self._start()
                self._send(ORDER.pack(FORK, 0), theirs)
        return ours

    def end(self, pid: int) -> None:
        """Have a worker killed."""
        with contextlib.suppress(OSError):
            self._send(ORDER.pack(END, pid))

    def close(self) -> None:
        """End the template, and with it every worker."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            told = json.dumps({**self._told, "control": theirs.fileno()})
            # A session of its own: a Ctrl-C at the terminal is for the asker.
            self._process = subprocess.Popen(  # noqa: S603 (this interpreter, and code of ours)
                [sys.executable, "-I", "-c", _BOOT, told],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def _send(self, order: bytes, *files: socket.socket) -> None:
        if self._control is None:
            raise BrokenPipeError
        socket.send_fds(self._control, [order], [file.fileno() for file in files])
