"""Clients that do not give up: writers of new ids, writers that compete for the versions of one id, readers, watchers.

Each says what it did to the history. Holds no fault and no judgement but that of a read against what was acknowledged
before it began.
"""

import asyncio
import hashlib
import itertools
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from google.api.httpbody_pb2 import HttpBody
from grpc import aio

from schemaregistry.client.call_errors import to_error
from schemaregistry.errors import AlreadyExists, FailedPrecondition, NotFound, OutOfRange, RegistryError
from schemaregistry.v1 import registry_pb2 as pb
from tests.system.faults.history import EFFECTLESS, Ack, History
from tests.system.faults.servers import Server

WRITE_SECONDS = 3.0
READ_SECONDS = 2.0
IMPATIENT = 0.1
"""The part of the writes whose client does not wait for the answer, and has to ask again."""

VERSIONS = 20
"""The patch number at which the next id is competed for."""

TRANSIENT = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED", "ABORTED"})
BROKEN = frozenset({"UNKNOWN", "INTERNAL"})
"""What gRPC itself makes of a connection that broke; from the registry they would carry its own reason."""


def document(id: str, version: str, words: str) -> bytes:  # noqa: A002 (the field's term)
    return json.dumps(
        {
            "$id": id,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Written while things break",
            "description": words,
            "type": "object",
            "properties": {"ts": {"type": "string"}},
            "version": version,
        }
    ).encode()


def named(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


@dataclass
class Contest:
    """The id whose versions are competed for."""

    number: int = 0

    @property
    def id(self) -> str:
        return f"contest_{self.number}"


@dataclass
class Clients:
    """All clients of a run. `strict`: the servers are one, so that every read must show every write before it."""

    servers: Sequence[Server]
    history: History
    chance: random.Random
    strict: bool
    pause: float
    running: bool = True
    contest: Contest = field(default_factory=Contest)
    watchers: list["Watcher"] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def begin(
        self, group: asyncio.TaskGroup, *, writers: int, contenders: int, readers: int, watchers: int
    ) -> "list[asyncio.Task[None]]":
        """So many of each on every server."""
        tasks = []
        for server in self.servers:
            kinds = [(self.write_new, writers), (self.compete, contenders), (self.read, readers)]
            for client, count in kinds:
                tasks += [group.create_task(client(next(self._numbers), server)) for _ in range(count)]
            for _ in range(watchers):
                self.watchers.append(Watcher(f"watcher {len(self.watchers)}", self, server))
                tasks.append(group.create_task(self.watchers[-1].run()))
        return tasks

    def stop(self) -> None:
        """Let each writer finish what it has begun, and the watchers see it."""
        self.running = False

    async def rest(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, 2 * self.pause))

    def other(self, server: Server) -> Server:
        """The same one or another: a client that got no answer asks either."""
        return server if self.chance.random() < 0.5 else self.chance.choice(self.servers)

    # Writers

    async def write_new(self, client: int, home: Server) -> None:
        """New ids, one after the other."""
        for number in itertools.count():
            if not self.running:
                return
            name = f"new_{client}_{number}"
            await self.write(client, home, name, "1.0.0", document(name, "1.0.0", f"by {client}"))
            await self.rest()

    async def compete(self, client: int, home: Server) -> None:
        """The next versions of the id that all compete for: often one that others write too, at times one too late."""
        while self.running:
            name = self.contest.id
            latest = await self.get(client, home, name, "latest")
            if latest is not None and name == self.contest.id:
                patch = int(latest.rpartition(".")[2] or -1) + self.chance.choice([1, 1, 1, 1, 2, -1])
                version, words = f"1.0.{max(0, patch)}", self.chance.choice([f"by {client}", "by any of us"])
                await self.write(client, home, name, version, document(name, version, words))
                if patch >= VERSIONS and name == self.contest.id:
                    self.contest.number += 1
            await self.rest()

    async def write(self, client: int, home: Server, name: str, version: str, raw: bytes) -> None:
        """Ask until the outcome is known."""
        server = home
        self.history.written[name, version].add(named(raw))
        while await self.register(client, server, name, version, raw) == "unknown":
            await asyncio.sleep(self.chance.uniform(0.05, 0.25))
            server = self.other(home)

    async def register(self, client: int, server: Server, name: str, version: str, raw: bytes) -> str:
        """Ask once and record the outcome."""
        start = time.monotonic_ns()
        answer = await self._register(server, name, raw)
        match answer:
            case pb.RegisterSchemaResponse():
                outcome = "created" if answer.created else "already"
                now = time.monotonic()
                ack = Ack(name, version, named(raw), answer.revision, server.name, answer.created, now)
                self.history.acknowledged(ack)
            case AlreadyExists():
                outcome = "conflict"
            case FailedPrecondition() if answer.reason == "VERSION_NOT_GREATER":
                outcome = "refused"
            case FailedPrecondition() if answer.reason == "BUMP_TOO_SMALL":
                return "not judged in time"  # an unknown verdict: nothing is written, whatever there is
            case _:
                outcome = "unknown"
        self.history.counts[outcome] += 1
        # An answer without a revision shows something that a read elsewhere can't be asked to show: it counts as
        # given once its client knows the revision.
        if outcome in EFFECTLESS and not await self._learn(server, name, version if outcome == "conflict" else ""):
            return outcome
        call = {"op": "register", "id": name, "version": version, "content": named(raw)}
        self.history.operation(client, start, call, {"outcome": outcome})
        return outcome

    async def _register(self, server: Server, name: str, raw: bytes) -> "pb.RegisterSchemaResponse | RegistryError":
        seconds = WRITE_SECONDS if self.chance.random() > IMPATIENT else self.chance.uniform(0.0005, 0.02)
        request = pb.RegisterSchemaRequest(id=name, document=HttpBody(data=raw))
        try:
            answer: pb.RegisterSchemaResponse = await server.stub.RegisterSchema(request, timeout=seconds)
            return answer
        except aio.AioRpcError as failed:
            return self._explained(failed, "register")

    async def _learn(self, server: Server, name: str, version: str) -> bool:
        try:
            call = server.stub.GetSchema(pb.GetSchemaRequest(id=name, version=version), timeout=READ_SECONDS)
            self.history.heard(_revision(await call.initial_metadata()))
        except aio.AioRpcError:
            return False
        return True

    def _explained(self, failed: aio.AioRpcError, asked: str) -> RegistryError:
        error, code = to_error(failed), failed.code().name
        expected = isinstance(error, NotFound | AlreadyExists | OutOfRange) or code in TRANSIENT
        expected |= code in BROKEN and error.reason == code
        expected |= error.reason in {"VERSION_NOT_GREATER", "BUMP_TOO_SMALL"}
        if not expected:
            self.history.found_wrong("unexpected", f"{asked}: {code} {error.reason}: {error.message}")
        return error

    # Readers

    async def read(self, client: int, home: Server) -> None:
        """What was written here; what was written anywhere, from its revision on; what is competed for."""
        while self.running:
            here = self.history.of_server[home.name]
            match self.chance.choice(["own", "any", "contest"]):
                case "own" if here:
                    await self.read_own(client, home, self.chance.choice(here[-500:]))
                case "any" if self.history.acks:
                    of = self.chance.choice(self.history.acks[-500:])
                    await self.get(client, home, of.id, self.chance.choice([of.version, "latest"]))
                case _:
                    await self.get(client, home, self.contest.id, "latest")
            await self.rest()

    async def read_own(self, client: int, server: Server, of: Ack) -> None:
        """A read of the server that acknowledged, without a revision to wait for: it must show the write."""
        if self.strict:
            await self.get(client, server, of.id, self.chance.choice([of.version, "latest"]))
            return
        version = self.chance.choice([of.version, "latest"])
        found = await self._get(server, pb.GetSchemaRequest(id=of.id, version=version))
        self._must_show(of, version, found, server)

    async def get(self, client: int, server: Server, name: str, version: str) -> str | None:
        """A read that must show all that any client has heard of; "" for nothing there, None for no answer."""
        floor = 0 if self.strict else self.history.floor
        must = next((ack for ack in reversed(self.history.acks[-500:]) if ack.id == name), None)
        start = time.monotonic_ns()
        found = await self._get(server, pb.GetSchemaRequest(id=name, version=version, min_revision=floor))
        if must and version in {"latest", must.version}:
            self._must_show(must, version, found, server)
        call = {"op": "get", "id": name, "version": version}
        match found:
            case Found():
                answer = {"outcome": "found", "found_version": found.version, "found_content": found.content}
                self.history.operation(client, start, call, answer)
                return found.version
            case NotFound():
                self.history.operation(client, start, call, {"outcome": "absent"})
                return ""
        return None

    async def _get(self, server: Server, request: pb.GetSchemaRequest) -> "Found | RegistryError":
        try:
            call = server.stub.GetSchema(request, timeout=READ_SECONDS)
            metadata = await call.initial_metadata()
            body = await call
        except aio.AioRpcError as failed:
            return self._explained(failed, "get")
        found = Found(str(metadata["x-schema-version"]), named(body.data), _revision(metadata))
        self.history.heard(found.revision)
        return found

    def _must_show(self, of: Ack, version: str, found: "Found | RegistryError", server: Server) -> None:
        if not isinstance(found, Found | NotFound):
            return
        self.history.counts["reads"] += 1
        if isinstance(found, NotFound) or found.revision < of.revision:
            self.history.found_wrong("stale", f"{server.name}: {of.id} {version}: {of} was acknowledged, {found} read")
        elif found.revision == of.revision and found.content != of.content:
            self.history.found_wrong("unexpected", f"{server.name}: {of} was acknowledged, {found} read")


@dataclass(frozen=True, slots=True)
class Found:
    version: str
    content: str
    revision: int


def _revision(metadata: aio.Metadata | None) -> int:
    return int(str(metadata["x-schema-revision"])) if metadata else 0


@dataclass
class Part:
    """What a watcher was sent from a revision on, without a gap as far as it was told."""

    after: int
    revisions: list[int] = field(default_factory=list)
    reached: int = 0


class Watcher:
    """Watches everything, and goes on from where it was at any server when a watch ends."""

    def __init__(self, name: str, clients: Clients, home: Server) -> None:
        self.name = name
        self.parts = [Part(0)]
        self._clients = clients
        self._server = home

    @property
    def reached(self) -> int:
        return self.parts[-1].reached

    async def run(self) -> None:
        """Until everything that was acknowledged is seen, once the writers have stopped."""
        while not self._done():
            try:
                await self._watch(self._server)
            except aio.AioRpcError as failed:
                if isinstance(self._clients._explained(failed, "watch"), OutOfRange):
                    self._clients.history.counts["out of range"] += 1
                    self.parts.append(Part(0))
            await asyncio.sleep(self._clients.chance.uniform(0.02, 0.2))
            self._server = self._clients.other(self._server)

    def _done(self) -> bool:
        return not self._clients.running and self.reached >= self._clients.history.floor

    async def _watch(self, server: Server) -> None:
        part = self.parts[-1]
        call = server.stub.WatchSchemas(pb.WatchSchemasRequest(after_revision=part.reached))
        try:
            async for event in call:
                self._see(part, event, server)
                if self._done():
                    return
        finally:
            call.cancel()

    def _see(self, part: Part, event: pb.WatchSchemasResponse, server: Server) -> None:
        mark = event.HasField("progress")
        if event.revision < part.reached or (event.revision == part.reached and not mark):
            self._clients.history.found_wrong(
                "disorder", f"{self.name} at {server.name}: revision {event.revision} after {part.reached}"
            )
        if not mark:
            part.revisions.append(event.revision)
        part.reached = max(part.reached, event.revision)
