"""A Slack webhook that is a real server on loopback. Judges no message."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """Gives each answer of `answers` once, then `status` for ever. `requests` are all that came, `messages` what was
    taken."""

    url: str = ""
    status: int = 200
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    delay: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that the only message says."""
        (message,) = self.messages
        return text_of(message)


def text_of(message: dict[str, Any]) -> str:
    """All that a message says."""
    return "\n".join([message["text"], *(block["text"]["text"] for block in message["blocks"])])


@contextmanager
def serving() -> Iterator[Webhook]:
    """The webhook, at its `url`."""
    state = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.requests.append(message)
            time.sleep(state.delay)
            status, headers = state.answers.pop(0) if state.answers else (state.status, {})
            if status == 200:
                state.messages.append(message)
            self.send_response(status)
            for name, value in {**headers, "content-length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/SECRET"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
