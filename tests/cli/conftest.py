"""`load` as a command that ends, with a Slack webhook that is a real server, and files of ticks."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench.make_ticks import Ticks, make
from schemaregistry.cli.app import main

TICKS = str(Path(__file__).resolve().parents[2] / "schemas" / "ticks_v1.json")


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
        return "\n".join([message["text"], *(block["text"]["text"] for block in message["blocks"])])


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


Load = Callable[..., Done]
Make = Callable[..., Path]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
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
    state.url = f"http://127.0.0.1:{server.server_port}/services/SECRET"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, webhook: Webhook) -> Load:
    """`load(file, "--policy", …)`: by the ticks document to `out`, unless others are named; the webhook is in the
    environment."""
    monkeypatch.setenv("SCHEMAREGISTRY_SLACK_WEBHOOK", webhook.url)
    monkeypatch.setenv("SCHEMAREGISTRY_CACHE", str(tmp_path / "cache"))

    def load(*arguments: str | Path) -> Done:
        asked = list(map(str, arguments))
        for option, value in (("--schema", TICKS), ("--to", str(tmp_path / "out"))):
            asked += [] if option in asked else [option, value]
        monkeypatch.setattr(sys, "argv", ["schemaregistry", "load", *asked])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert "SECRET" not in out + err
        return Done(int(ended.value.code or 0), out, err)

    return load


@pytest.fixture
def ticks(tmp_path: Path) -> Make:
    """`ticks("t.csv", "bad_enum")`: a file in the format of its name, two rows of which have the fault."""

    def ticks(name: str, fault: str | None = None) -> Path:
        make(tmp_path / name, Ticks(2_000, name.rpartition(".")[2], fault, fault_rows=2))
        return tmp_path / name

    return ticks
