"""Every client suite's real server, told by environment variables, and the toolchains that a machine may lack."""

import asyncio
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devtools.etcd_cluster import EtcdCluster
from devtools.etcd_cluster import running as etcd_running
from devtools.etcd_tls import kept
from devtools.servers import Server, launch_dev
from schemaregistry import output_files
from schemaregistry.client import Client, Credentials
from schemaregistry.errors import Unavailable
from tests.support.publishing_tokens import ISSUER, TokenMaker

ROOT = Path(__file__).resolve().parents[3]
HALTED = """\
fetched {id} 1.0.0, {size} bytes
the records conform to {id} 1.0.0
watching
published {id} 1.1.0
the records conform to {id} 1.1.0
published {id} 2.0.0
record 1: /size breaks minimum
halted: the records do not conform to {id} 2.0.0
"""

Run = Callable[..., str]


def environment(server: Any) -> dict[str, str]:
    """What tells a program where a registry is and who it is: the reader, or the publisher."""
    tls = server.tls
    return {
        "SCHEMAREGISTRY_TARGET": server.target,
        "SCHEMAREGISTRY_REST": server.rest,
        "SCHEMAREGISTRY_CA": str(tls / "ca.pem"),
        "SCHEMAREGISTRY_CERT": str(tls / "reader.pem"),
        "SCHEMAREGISTRY_KEY": str(tls / "reader-key.pem"),
        "SCHEMAREGISTRY_PUBLISHER_CERT": str(tls / "ci-bot.pem"),
        "SCHEMAREGISTRY_PUBLISHER_KEY": str(tls / "ci-bot-key.pem"),
    }


MAKER = TokenMaker()


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose watches hear a mark of progress every 0.5 s, so that silence is soon noticed; it takes tokens."""
    data = tmp_path_factory.mktemp("quick") / "data"
    marks = ("--progress-seconds", "0.5")
    takes = ("--token-key", str(MAKER.public(data.with_name("exchanger.pub"))), "--token-issuer", ISSUER)
    server = launch_dev(data, "--grpc", "localhost:0", "--rest", "127.0.0.1:0", *marks, *takes).wait()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the tokens `ticks` and `quotes`, which may publish `ticks_*` and `quotes_*`.

    They are renewed each minute, since building a client's suite may take longer than a token lasts.
    """
    folder, over = tmp_path_factory.mktemp("tokens"), threading.Event()

    def write() -> None:
        for name in ("ticks", "quotes"):
            output_files.write(folder / name, MAKER.token(f"{name}_*").encode())

    def renew() -> None:
        while not over.wait(60):
            write()

    write()
    threading.Thread(target=renew, daemon=True).start()
    yield folder
    over.set()


@pytest.fixture(scope="session")
def told(running, quick, tokens) -> dict[str, str]:
    """The environment of a program that asks the session's server, and where the quick one is with its certificates."""
    return environment(running) | {
        "SCHEMAREGISTRY_QUICK_TARGET": quick.target,
        "SCHEMAREGISTRY_QUICK_DATA": str(quick.data),
        "SCHEMAREGISTRY_QUICK_TOKENS": str(tokens),
    }


@pytest.fixture(scope="session")
def etcd_cluster(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdCluster]:
    """A cluster of this folder's own: its leaders are killed."""
    with kept(etcd_running(tmp_path_factory.mktemp("etcd"))) as cluster:
        yield cluster


@dataclass(frozen=True, slots=True)
class Place:
    """A registry, and how to disturb its store: etcd's leader is killed, and back once another one leads."""

    server: Any
    cluster: EtcdCluster | None

    def publish(self, document: bytes) -> None:
        """Register a document as the publisher, also while the store has no leader."""
        with Client(self.server.target, credentials=Credentials.dev(self.server.data, "ci-bot"), timeout=20) as bot:
            for _ in range(10):
                try:
                    bot.register(document)
                except Unavailable as error:
                    away = error
                else:
                    return
        raise away

    def disturb(self) -> None:
        asyncio.run(self.disturbed())

    async def disturbed(self) -> None:
        """From the main thread alone: a member ends with the thread that started it."""
        if self.cluster is not None:
            leader = await self.cluster.leader()
            assert leader
            await leader.kill()
            leader.start()


@pytest.fixture(params=["sqlite", "etcd"])
def place(request: pytest.FixtureRequest) -> Place:
    """A registry on each of the stores."""
    if request.param == "sqlite":
        return Place(request.getfixturevalue("running"), None)
    cluster: EtcdCluster = request.getfixturevalue("etcd_cluster")
    asyncio.run(cluster.ready())
    start_server = request.getfixturevalue("start_server")
    return Place(start_server("--store", f"etcd://{','.join(cluster.endpoints)}"), cluster)


@pytest.fixture(scope="session")
def go(run: Run) -> str:
    """A Go that is new enough, installed where there is none, with the module's dependencies fetched."""
    found = subprocess.run(
        [sys.executable, "-m", "scripts.find_go"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    run(found, "mod", "download", cwd="go")
    return found


@pytest.fixture(scope="session")
def cargo(toolchain: Callable[[str], str], run: Run) -> str:
    """Cargo, with the crate's dependencies fetched."""
    found = toolchain("cargo")
    run(found, "fetch", "--locked", cwd="rust")
    return found


@pytest.fixture(scope="session")
def npm(toolchain: Callable[[str], str], run: Run) -> str:
    """npm, with the package's dependencies installed and the package built."""
    found = toolchain("npm")
    run("make", "-s", "ts-build", cwd="..")
    return found


@pytest.fixture(scope="session")
def mvn(toolchain: Callable[[str], str], run: Run) -> str:
    """Maven, with the artefact built: what it depends on, its plugins too, is fetched."""
    toolchain("javac")
    found = toolchain("mvn")
    run(found, "-B", "-q", "--no-transfer-progress", "-DskipTests", "package", cwd="java")
    return found


@pytest.fixture(scope="session")
def run(told: dict[str, str]) -> Run:
    """Run a command under `clients/` that must succeed: its standard output (all is shown where it fails)."""

    def command(*words: str | Path, cwd: str, seconds: float = 900) -> str:
        ended = subprocess.run(
            ["nice", "-n", "10", *words],
            check=False,
            cwd=ROOT / "clients" / cwd,
            env=os.environ | told,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        said = ended.stdout[-8000:] + ended.stderr[-8000:]
        assert ended.returncode == 0, f"{' '.join(map(str, words))} in clients/{cwd}:\n{said}"
        return ended.stdout

    return command


def versioned(schema: str, version: str, **size: object) -> bytes:
    """A small document whose `size` is an integer with further keywords."""
    properties = {"size": {"type": "integer", **size}}
    draft = "http://json-schema.org/draft-07/schema#"
    return json.dumps(
        {"$id": schema, "$schema": draft, "version": version, "type": "object", "properties": properties}
    ).encode()


@pytest.fixture
def halts(place: Place, tmp_path: Path) -> Callable[..., None]:
    """Run a client's `halt` example: two versions suit its records, the third one does not, and it halts with 1.

    Before the third one the store is disturbed, and the program's watch goes on.
    """

    def check(schema: str, *command: str | Path, cwd: str) -> None:
        records = tmp_path / "records.json"
        records.write_text('[{"size": 5}, {"size": 2}]')
        first = versioned(schema, "1.0.0")
        place.publish(first)
        program = subprocess.Popen(
            [*command, schema, records],
            cwd=ROOT / "clients" / cwd,
            env=os.environ | environment(place.server),
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = _lines(program)
        said = _until("watching", lines)
        place.publish(versioned(schema, "1.1.0", title="Shares"))
        said += _until(f"the records conform to {schema} 1.1.0", lines)
        place.disturb()
        place.publish(versioned(schema, "2.0.0", minimum=3))
        said += _until(None, lines)
        assert "".join(said) == HALTED.format(id=schema, size=len(first))
        assert program.wait(20) == 1

    return check


def _lines(program: "subprocess.Popen[str]") -> "queue.Queue[str | None]":
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert program.stdout
        for line in program.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _until(last: str | None, lines: "queue.Queue[str | None]") -> list[str]:
    """The lines up to `last`, or to the end."""
    said: list[str] = []
    while (line := lines.get(timeout=60)) is not None:
        said.append(line)
        if line.rstrip("\n") == last:
            return said
    assert last is None, f"ended before {last!r}: {''.join(said)}"
    return said


@pytest.fixture(scope="session")
def buf() -> Callable[..., None]:
    """Generate what buf.gen.yaml says for one of its names, under another root."""

    def generate(name: str, output: Path) -> None:
        command = [ROOT / ".venv/bin/buf", "generate", "--output", output]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"STUBS": name}, check=True)

    return generate
