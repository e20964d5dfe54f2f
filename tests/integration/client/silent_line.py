"""A TCP relay to a registry, on loopback, that can swallow every byte: its connections stay up, and nothing arrives."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SilentLine:
    """`swallow` turns the connections of now into silent ones; those made later carry bytes again."""

    def __init__(self, target: str) -> None:
        self._port = int(target.rpartition(":")[2])
        self._server = socket.create_server(("127.0.0.1", 0))
        self._silent: set[int] = set()
        self._open: list[socket.socket] = []
        self.all_silent = False
        """Those made later too, from their first byte."""
        self.connections = 0
        """How many have been made."""
        self.target = f"localhost:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        self._silent |= set(range(self.connections))

    def close(self) -> None:
        for end in (self._server, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, far = self._server.accept()[0], socket.create_connection(("localhost", self._port))
                self._open += [near, far]
                number, self.connections = self.connections, self.connections + 1
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(number, *ends), daemon=True).start()

    def _pump(self, number: int, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not (self.all_silent or number in self._silent):
                    sink.sendall(data)
        if not (self.all_silent or number in self._silent):
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextmanager
def silent_line(target: str) -> Iterator[SilentLine]:
    line = SilentLine(target)
    yield line
    line.close()
