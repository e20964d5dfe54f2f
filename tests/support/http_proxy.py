"""A proxy on loopback between an HTTP client and its server, which cuts connections and gives answers of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cut:
    """Break the connection after so many bytes of the request's body, or of the answer; None lets all through."""

    request: int | None = None
    answer: int | None = None


Decide = Callable[[str], "Cut | bytes | None"]


def s3_error(status: int, code: str) -> bytes:
    """The answer of an S3 server that refuses."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>told by the proxy</Message></Error>".encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


@dataclass
class HttpProxy:
    """`decide` is asked with the head of each request; `seen` are the first lines of all of them."""

    target: tuple[str, int]
    port: int = 0
    decide: Decide = field(default=lambda _: None)
    seen: list[str] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(65_536)):
                    return
                head += more
            text = head.partition(b"\r\n\r\n")[0].decode("latin-1")
            self.seen.append(text.partition("\r\n")[0])
            decided = self.decide(text)
            if isinstance(decided, bytes):
                client.sendall(decided)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65_536):
                    pass
                return
            self._relay(client, head, decided or Cut())

    def _relay(self, client: socket.socket, head: bytes, cut: Cut) -> None:
        with socket.create_connection(self.target) as server:
            server.sendall(head)
            up = threading.Thread(target=self._pass, args=(client, server, cut.request))
            up.start()
            self._pass(server, client, cut.answer)
            up.join()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket, most: int | None) -> None:
        """Pass bytes on until there are no more, or until `most` were passed: both ends are then closed."""
        with suppress(OSError):
            left = most
            while left is None or left > 0:
                content = source.recv(65_536 if left is None else min(left, 65_536))
                if not content:
                    break
                target.sendall(content)
                left = None if left is None else left - len(content)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(host: str, port: int) -> Iterator[HttpProxy]:
    """Run a proxy before HOST:PORT; it lets all through until it is given something to decide by."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = HttpProxy((host, port), listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield proxy
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
