"""An HTTPS server on loopback that answers as a test says: in the place of an exchanger, or of GitHub's own server."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs


@dataclass
class Asked:
    """A request: its path, headers by lower-case name, the fields of its form, and whether it had a certificate."""

    path: str
    headers: dict[str, str]
    form: dict[str, str]
    certified: bool


@dataclass
class TokenServer:
    """The server at `url`, with a certificate of `ca`. Answers are taken from the front; the last one stays."""

    url: str
    ca: Path
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def gives(self, token: str, seconds: float = 600, **more: object) -> None:
        """Answer with a token."""
        self.says(200, access_token=token, token_type="Bearer", expires_in=seconds, **more)

    def says(self, status: int, **body: object) -> None:
        self.answers.append((status, {"content-type": "application/json"}, json.dumps(body).encode()))


@contextmanager
def token_server(tls: Path) -> Iterator[TokenServer]:
    """Run a server with the certificate `server.pem` in `tls`; it asks for one of the same CA, and does without."""
    state = TokenServer("", tls / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self._answer({name: values[0] for name, values in parse_qs(body.decode()).items()})

        def _answer(self, form: dict[str, str]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            assert isinstance(self.connection, ssl.SSLSocket)
            state.asked.append(Asked(self.path, headers, form, bool(self.connection.getpeercert())))
            status, more, body = state.answers[0]
            if len(state.answers) > 1:
                del state.answers[0]
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of callers that leave."""

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.pem", tls / "server-key.pem")
    context.load_verify_locations(tls / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
