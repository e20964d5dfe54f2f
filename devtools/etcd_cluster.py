"""Run an etcd cluster of three processes on loopback, for development and tests, with its data in one directory."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd.endpoints import EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_failures import EtcdAway, EtcdRefused
from schemaregistry_server.etcd.v3 import rpc_pb2

NAMES: Final = ("etcd1", "etcd2", "etcd3")
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 2.0
BUILT: Final = Path(__file__).parents[1] / "build/etcd/bin/etcd"


@dataclass(frozen=True, slots=True)
class MemberAddress:
    """Where a member listens, as HOST:PORT: for clients, and for the other members (`peer`).

    `prefix` is put before the member's command, for example to run it in a network namespace.
    """

    client: str
    peer: str
    prefix: tuple[str, ...] = ()


class EtcdMember:
    """One process of the cluster, which can be started, stopped and killed."""

    def __init__(self, name: str, place: MemberAddress, command: Sequence[str], directory: Path) -> None:
        self.name = name
        self.address = place.client
        self._command = (*place.prefix, *_with_parent(), *command)
        self._log = directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process, in a session of its own, so that Ctrl-C in the terminal ends its parent first."""
        if not self.running:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )

    def send(self, signum: signal.Signals) -> None:
        """Send the process a signal: SIGKILL, SIGSTOP, SIGCONT."""
        if self._process and self.running:
            os.kill(self._process.pid, signum)

    async def kill(self) -> None:
        """Send SIGKILL, and wait until the process has ended."""
        self.send(signal.SIGKILL)
        await self._ended()

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if the process doesn't end within STOP_SECONDS."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)  # a stopped process handles SIGTERM only once it goes on
        try:
            await asyncio.wait_for(self._ended(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def _ended(self) -> None:
        if self._process:
            await asyncio.to_thread(self._process.wait)

    def last_words(self) -> str:
        """The last error in the member's log (a JSON object a line), or else the path of the log."""
        log = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        errors = re.findall(r'"error":"((?:[^"\\]|\\.)*)"', log)
        return errors[-1] if errors else f"see {self._log}"


class EtcdCluster:
    """A cluster's members by name, and their endpoints in the same order."""

    def __init__(self, members: Mapping[str, EtcdMember], tls: EtcdTls | None) -> None:
        self.members = members
        self.endpoints = tuple(member.address for member in members.values())
        self._tls = tls

    async def leader(self) -> EtcdMember | None:
        """The leader, None where no member answers as one.

        A leader that was cut off still takes itself for one; the newest term decides.
        """
        answers = {name: status for name in self.members if (status := await self._status(name))}
        leading = [name for name, status in answers.items() if status.leader == status.header.member_id]
        return self.members[max(leading, key=lambda name: answers[name].raftTerm)] if leading else None

    async def ready(self, *, seconds: float = START_SECONDS) -> None:
        """Wait until every member knows a leader.

        Raises FailedPrecondition (ETCD_NOT_STARTED) where one has ended or doesn't within `seconds`.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        for name, member in self.members.items():
            while not ((status := await self._status(name)) and status.leader):
                if not member.running or asyncio.get_running_loop().time() > deadline:
                    raise FailedPrecondition(
                        f"etcd member {name} did not start on {member.address}: {member.last_words()}.",
                        reason="ETCD_NOT_STARTED",
                    )
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Stop every member that still runs."""
        await asyncio.gather(*(member.stop() for member in self.members.values()))

    async def _status(self, name: str) -> rpc_pb2.StatusResponse | None:
        connection = EtcdConnection([self.members[name].address], tls=self._tls)
        try:
            return await connection.ask(
                connection.current, lambda endpoint: endpoint.maintenance.Status, rpc_pb2.StatusRequest(), seconds=0.5
            )
        except (EtcdAway, EtcdRefused):
            return None
        finally:
            await connection.close()


@asynccontextmanager
async def running(
    directory: Path,
    *,
    places: Mapping[str, MemberAddress] | None = None,
    served: EtcdTls | None = None,
    tls: EtcdTls | None = None,
    flags: Sequence[str] = (),
) -> AsyncIterator[EtcdCluster]:
    """Run a cluster during the context; its data and its ports stay in `directory` for the next time.

    `served` has the members' certificate and key and the CA of their clients, `tls` this process's certificate as a
    client; without both, the connections have no TLS. `flags` are added to each member's command. Raises
    FailedPrecondition where etcd isn't built (NO_ETCD) or doesn't start.
    """
    places = places or _places(directory)
    program = _program()
    initial = ",".join(f"{name}=http://{place.peer}" for name, place in places.items())
    members = {
        name: EtcdMember(
            name,
            place,
            (program, *_flags(name, place, directory, served), *flags, "--initial-cluster", initial),
            directory,
        )
        for name, place in places.items()
    }
    cluster = EtcdCluster(members, tls)
    try:
        for member in members.values():
            member.start()
        await cluster.ready()
        yield cluster
    finally:
        await cluster.stop()


def _places(directory: Path) -> dict[str, MemberAddress]:
    """Addresses on loopback with free ports, stored in `directory`: members know each other by them from run to run."""
    file = directory / "ports.json"
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2 * len(NAMES))]
            ports = [listening.getsockname()[1] for listening in sockets]
        file.write_text(json.dumps(ports), encoding="ascii")
    ports = json.loads(file.read_text(encoding="ascii"))
    return {
        name: MemberAddress(f"127.0.0.1:{client}", f"127.0.0.1:{peer}")
        for name, client, peer in zip(NAMES, ports[::2], ports[1::2], strict=True)
    }


def _flags(name: str, place: MemberAddress, directory: Path, served: EtcdTls | None) -> tuple[str, ...]:
    """etcd's options (https://etcd.io/docs/v3.6/op-guide/configuration/)."""
    client = f"{'https' if served else 'http'}://{place.client}"
    flags = {
        "name": name,
        "data-dir": directory / name,
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": f"http://{place.peer}",
        "initial-advertise-peer-urls": f"http://{place.peer}",
        "log-level": "warn",
    }
    if served:
        flags |= {
            "cert-file": served.cert,
            "key-file": served.key,
            "trusted-ca-file": served.ca,
            "client-cert-auth": "true",
        }
    return "--enable-grpc-gateway=false", *(f"--{flag}={value}" for flag, value in flags.items())


def _program() -> str:
    program = str(BUILT) if BUILT.exists() else shutil.which("etcd")
    if not program:
        raise FailedPrecondition("etcd is not here: run 'make etcd', or put etcd on PATH.", reason="NO_ETCD")
    return program


def _with_parent() -> tuple[str, ...]:
    """The command prefix that makes a member end with the process that started it, even after a kill -9 (Linux)."""
    return ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
