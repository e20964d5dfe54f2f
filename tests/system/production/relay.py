"""A line between two programs that can be cut and mended: TCP on a port of its own, passed on to another."""

import socket
import threading
from contextlib import suppress


class Relay:
    """Passes on what is sent to `address` while `up`."""

    def __init__(self, to: str) -> None:
        host, port = to.rsplit(":", 1)
        self._to = host, int(port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.up = False
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Hang up on everyone, and on whoever calls from now on."""
        self.up = False
        while self._open:
            _close(self._open.pop())

    def mend(self) -> None:
        self.up = True

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listening.accept()[0]
                if not self.up:
                    caller.close()
                    continue
                called = socket.create_connection(self._to)
                self._open += [caller, called]
                for source, sink in ((caller, called), (called, caller)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    _close(source)
    _close(sink)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
