"""The client for threads: `Client`. What is sent and how it is read is `calls`', what is remembered `shelf`'s."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from weakref import WeakSet

import grpc

from schemaregistry.client import calls
from schemaregistry.client.answers import Fetched, Registered
from schemaregistry.client.calls import Call, Metadata, Page
from schemaregistry.client.channel import OPTIONS
from schemaregistry.client.credentials import Credentials
from schemaregistry.client.failures import describe
from schemaregistry.client.follow import Cache
from schemaregistry.client.position import Position
from schemaregistry.client.renewal import Renewing
from schemaregistry.client.shelf import LATEST, Shelf, version_asked
from schemaregistry.client.target import DEFAULT_TARGET, check_target, target_from_environment
from schemaregistry.client.watch import Watch
from schemaregistry.document import Document, Json
from schemaregistry.errors import DeadlineExceeded, RegistryError, Unavailable
from schemaregistry.v1 import registry_pb2
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class Client:
    """One connection to a registry over mutual TLS; threads may share it.

    Every method raises the classes of `schemaregistry.errors`: what the registry refused with its reason and pointer,
    Unavailable where it can't be reached, DeadlineExceeded after `timeout` seconds (for all attempts of one call).

    >>> with Client("localhost:50051", credentials=Credentials.dev()) as client:   # doctest: +SKIP
    ...     client.get("ticks_v1").version
    '1.1.0'
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        credentials: Credentials,
        timeout: float = 5.0,
        cache_dir: str | Path | None = None,
    ) -> None:
        """Reads the credentials' files, connects with the first call; answers are also kept in `cache_dir`, if given.

        The files are looked at with each call: once they are others, the client connects anew with them.

        Raises:
            InvalidArgument: `target` is no HOST:PORT, a credentials' file is missing or not what it should be, or
                `cache_dir` can't be written.
        """
        self.target = check_target(target)
        self.timeout = timeout
        self.credentials = credentials
        self._shelf = Shelf(target, cache_dir)
        self._connection = Renewing(credentials, self._connect, lambda channel: channel.close(), timeout)
        self._watches: WeakSet[Watch] = WeakSet()

    @classmethod
    def from_environment(
        cls, identity: str = "reader", *, timeout: float = 5.0, cache_dir: str | Path | None = None
    ) -> "Client":
        """The registry at SCHEMAREGISTRY_TARGET with the files of SCHEMAREGISTRY_CA, _CERT and _KEY.

        Without them: localhost:50051, and the dev certificates of `identity` under SCHEMAREGISTRY_DATA or `./.data`.
        """
        credentials = Credentials.from_environment(identity)
        return cls(target_from_environment(), credentials=credentials, timeout=timeout, cache_dir=cache_dir)

    def close(self) -> None:
        """Close the connection; calls and watches under way end."""
        for watch in list(self._watches):
            watch.close()
        for channel in self._connection.all():
            channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(
        self, id: str, version: str = LATEST, *, min_revision: int = 0, max_staleness: float | None = None
    ) -> Fetched:
        """One version, byte for byte as it was registered.

        A version that this client had before is not asked for again; the latest is asked for, and sent if it changed.
        `min_revision` waits until the server has seen that revision. Where the registry can't be reached,
        `max_staleness` (seconds) allows an answer that it confirmed so long ago; `Fetched.stale_seconds` then says how
        long.
        """
        version = version_asked(version)
        settled = self._shelf.settled(id, version)
        if settled is not None:
            return settled
        try:
            fetched = self._send(calls.get(id, version, min_revision, self._shelf.known(id, version)))
        except (Unavailable, DeadlineExceeded) as away:
            return self._shelf.stale(id, version, min_revision, max_staleness, away)
        return self._shelf.keep(id, version, fetched)

    def document(self, id: str, version: str = LATEST, *, min_revision: int = 0) -> Document:
        """One version, parsed (once for each content)."""
        return self._shelf.document(self.get(id, version, min_revision=min_revision))

    def register(self, document: bytes, id: str | None = None) -> Registered:
        """Add a version under its own `$id`; the same content again is answered with `created` false.

        Raises VersionRefused, with the verdict, where the version is too small a step from those before it, and
        AlreadyExists where it is there with other content.
        """
        return self._send(calls.register(document, id))

    def check_compatibility(self, document: bytes, direction: str = "") -> registry_pb2.Verdict:
        """Judge a candidate against the latest version, in the document's own direction unless one is given."""
        return self._send(calls.check_compatibility(document, direction))

    def compare(self, id: str, old: str, new: str, direction: str = "") -> registry_pb2.Verdict:
        """Judge one registered version against another."""
        return self._send(calls.compare(id, old, new, direction))

    def list_schemas(self, text: str = "", field: str = "", tag: str = "") -> Iterator[registry_pb2.SchemaSummary]:
        """The schemas in the order of their ids: with `text` in id, title or description, a property, a tag."""
        return self._pages(calls.list_schemas(registry_pb2.ListSchemasRequest(text=text, field=field, tag=tag)))

    def list_versions(self, id: str) -> Iterator[registry_pb2.SchemaVersion]:
        """The versions of one schema, oldest first."""
        return self._pages(calls.list_versions(id))

    def validate(self, id: str, records: Sequence[Json], version: str = LATEST) -> registry_pb2.ValidateRecordsResponse:
        """Judge a few records against one version, on the server; for files there is `schemaregistry.data`."""
        return self._send(calls.validate(id, records, version))

    def whoami(self) -> registry_pb2.WhoAmIResponse:
        """The identity that the registry sees in this client's certificate."""
        return self._send(calls.whoami())

    def watch(self, after_revision: int = 0, ids: Iterable[str] = (), *, include_documents: bool = False) -> Watch:
        """Every version after a revision, then each further one as it is registered; see `Watch`."""
        position = Position(after_revision, ids, include_documents=include_documents)
        watch = Watch(position, lambda request: self._connection.stub().WatchSchemas(request), self._error)
        self._watches.add(watch)
        return watch

    def follow(self, ids: Iterable[str] = (), *, max_staleness: float = 60.0) -> Cache:
        """The latest versions, kept up to date in the background; see `Cache`."""
        followed = tuple(ids)
        return Cache(lambda: self.watch(ids=followed, include_documents=True), self.timeout, max_staleness)

    def _connect(self, secure: grpc.ChannelCredentials) -> tuple[grpc.Channel, SchemaRegistryStub]:
        channel = grpc.secure_channel(self.target, secure, OPTIONS)
        return channel, SchemaRegistryStub(channel)

    def _send(self, call: Call[Answer]) -> Answer:
        send: grpc.UnaryUnaryMultiCallable[object, object] = getattr(self._connection.stub(), call.method)
        try:
            response, rpc = send.with_call(call.request, timeout=self.timeout)
        except grpc.RpcError as failure:
            raise self._error(failure) from None
        return call.read(response, _gather(rpc))

    def _pages(self, call: Call[Page[Item]] | None) -> Iterator[Item]:
        while call is not None:
            page = self._send(call)
            yield from page.items
            call = page.next

    def _error(self, failure: grpc.RpcError) -> RegistryError:
        return describe(failure, self.target, self.credentials, self.timeout)


def _gather(rpc: grpc.Call) -> Metadata:
    return dict([*rpc.initial_metadata(), *rpc.trailing_metadata()])
