"""The client for threads: `Client`. What is sent and how it is read is `calls`', what is remembered `shelf`'s."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TypeVar

import grpc

from schemaregistry.client import calls, reads
from schemaregistry.client.answers import Fetched, FetchedContract, Registered
from schemaregistry.client.call_errors import describe
from schemaregistry.client.calls import Metadata, Page, UnaryCall
from schemaregistry.client.channel import check_seconds, options
from schemaregistry.client.client_core import BaseClient
from schemaregistry.client.follow import Cache
from schemaregistry.client.position import Position, many_ids
from schemaregistry.client.read_cache import LATEST
from schemaregistry.client.reads import Steps
from schemaregistry.client.silence import Silence
from schemaregistry.client.watch import MessageStream, Transport, Watch
from schemaregistry.document import Document, Json
from schemaregistry.errors import RegistryError
from schemaregistry.v1 import registry_pb2
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")


class Client(BaseClient[grpc.Channel, SchemaRegistryStub, Watch]):
    """One connection to a registry over mutual TLS; threads may share it.

    Every method raises the classes of `schemaregistry.errors`: what the registry refused with its reason and pointer,
    Unavailable where it can't be reached, DeadlineExceeded after `timeout` seconds (for all attempts of one call; each
    call takes a `timeout` of its own), FailedPrecondition (reason CLIENT_CLOSED) after `close`.

    A client pickles as its settings, the credentials as absolute paths, and connects anew where it arrives.

    >>> with Client("localhost:50051", credentials=Credentials.dev()) as client:   # doctest: +SKIP
    ...     client.get("ticks_v1").version
    '1.1.0'
    """

    def close(self) -> None:
        """Close the connection; calls and watches under way end."""
        for watch in list(self._watches):
            watch.close()
        for channel in self._connection.end():
            channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(
        self,
        id: str,
        version: str = LATEST,
        *,
        min_revision: int = 0,
        max_staleness: float | None = None,
        timeout: float | None = None,
    ) -> Fetched:
        """One version, byte for byte as it was registered.

        A version that this client had before is not asked for again; the latest is asked for, and sent if it changed.
        `min_revision` waits until the server has seen that revision. Where the registry can't be reached,
        `max_staleness` (seconds) allows an answer that it confirmed so long ago; `Fetched.stale_seconds` then says how
        long.
        """
        return self._run(reads.get(self._shelf, id, version, min_revision, max_staleness), timeout)

    def document(
        self, id: str, version: str = LATEST, *, min_revision: int = 0, timeout: float | None = None
    ) -> Document:
        """One version, parsed (once for each content)."""
        return self._run(reads.document(self._shelf, id, version, min_revision), timeout)

    def contract(
        self,
        id: str,
        version: str = LATEST,
        *,
        min_revision: int = 0,
        max_staleness: float | None = None,
        timeout: float | None = None,
    ) -> FetchedContract:
        """One version's contract, as the registry compiled it, with its document; see `get`.

        A contract is asked for once for each content. It is compiled here, to the same bytes, where the registry gives
        none: it can't be reached (and `max_staleness` allows the document), takes too long, is busy, or is older than
        GetContract. `timeout` is for each of the two calls.
        """
        return self._run(reads.contract(self._shelf, id, version, min_revision, max_staleness), timeout)

    def register(self, document: bytes | str, id: str | None = None, *, timeout: float | None = None) -> Registered:
        """Add a version under its own `$id`; the same content again is answered with `created` false.

        Raises VersionRefused, with the verdict, where the version is too small a step from those before it, and
        AlreadyExists where it is there with other content.
        """
        return self._send(calls.register(document, id), timeout)

    def check_compatibility(
        self, document: bytes | str, direction: str = "", *, timeout: float | None = None
    ) -> registry_pb2.Verdict:
        """Judge a candidate in the document's own direction unless one is given, as its registration would be judged.

        That is against the latest release, or the latest pre-release while there is none; at a transitive level against
        each of them.
        """
        return self._send(calls.check_compatibility(document, direction), timeout)

    def compare(
        self, id: str, old: str, new: str, direction: str = "", *, timeout: float | None = None
    ) -> registry_pb2.Verdict:
        """Judge one registered version against another."""
        return self._send(calls.compare(id, old, new, direction), timeout)

    def list_schemas(
        self, text: str = "", field: str = "", tag: str = "", *, timeout: float | None = None
    ) -> Iterator[registry_pb2.SchemaSummary]:
        """The schemas in the order of their ids: with `text` in id, title or description, a property, a tag.

        `timeout` is for each page.
        """
        request = calls.message_of(registry_pb2.ListSchemasRequest, text=text, field=field, tag=tag)
        return self._pages(calls.list_schemas(request), timeout)

    def list_versions(self, id: str, *, timeout: float | None = None) -> Iterator[registry_pb2.SchemaVersion]:
        """The versions of one schema, oldest first; `timeout` is for each page."""
        return self._pages(calls.list_versions(id), timeout)

    def validate(
        self, id: str, records: Sequence[Json], version: str = LATEST, *, timeout: float | None = None
    ) -> registry_pb2.ValidateRecordsResponse:
        """Judge a few records against one version, on the server; for files there is `schemaregistry.data`."""
        return self._send(calls.validate(id, records, version), timeout)

    def whoami(self, *, timeout: float | None = None) -> registry_pb2.WhoAmIResponse:
        """The identity that the registry sees in this client's certificate."""
        return self._send(calls.whoami(), timeout)

    def watch(self, after_revision: int = 0, ids: Iterable[str] = (), *, include_documents: bool = False) -> Watch:
        """Every version after a revision, then each further one as it is registered; see `Watch`."""
        position = Position(after_revision, many_ids(ids), include_documents=include_documents)
        return self._watch(position, Silence())

    def follow(self, ids: Iterable[str] = (), *, max_staleness: float = 60.0, timeout: float | None = None) -> Cache:
        """The latest versions, kept up to date in the background; see `Cache`.

        `timeout` is for the first filling. Raises InvalidArgument (reason STALENESS_TOO_SHORT) where `max_staleness` is
        shorter than two of the intervals at which the registry is heard of: 20 s, unless it is started otherwise.
        """
        followed = many_ids(ids)
        staleness = check_seconds(max_staleness, "max_staleness")

        def open_watch() -> Watch:
            return self._watch(Position(0, followed, include_documents=True), Silence(staleness))

        return Cache(open_watch, self._seconds(timeout), staleness)

    def _watch(self, position: Position, silence: Silence) -> Watch:
        self._connection.check_open()
        watch = Watch(position, silence, Transport(self.target, self._open_stream, self._error))
        self._watches.add(watch)
        return watch

    def _open_stream(self, request: registry_pb2.WatchSchemasRequest) -> tuple[MessageStream, Callable[[], None]]:
        stub = self._connection.stub()
        return stub.WatchSchemas(request), lambda: self._connection.leave(stub)

    def _connect(self, secure: grpc.ChannelCredentials) -> tuple[grpc.Channel, SchemaRegistryStub]:
        channel = grpc.secure_channel(self.target, secure, options(self.target, self.keepalive))
        return channel, SchemaRegistryStub(channel)

    def _retire(self, channel: grpc.Channel) -> None:
        channel.close()

    def _run(self, steps: Steps[AnswerT], timeout: float | None) -> AnswerT:
        self._connection.check_open()
        try:
            call = next(steps)
            while True:
                try:
                    answer = self._send(call, timeout)
                except RegistryError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(answer)
        except StopIteration as done:
            result: AnswerT = done.value
            return result

    def _send(self, call: UnaryCall[AnswerT], timeout: float | None) -> AnswerT:
        seconds = self._seconds(timeout)
        send: grpc.UnaryUnaryMultiCallable[object, object] = getattr(self._connection.stub(), call.method)
        try:
            response, rpc = send.with_call(call.request, timeout=seconds)
        except grpc.RpcError as failure:
            raise self._error(failure, seconds) from None
        except ValueError:
            # What gRPC says of a channel that another thread has closed meanwhile.
            self._connection.check_open()
            raise
        return call.read(response, _gather(rpc))

    def _pages(self, call: UnaryCall[Page[ItemT]] | None, timeout: float | None) -> Iterator[ItemT]:
        while call is not None:
            page = self._send(call, timeout)
            yield from page.items
            call = page.next

    def _error(self, failure: grpc.RpcError, seconds: float | None = None) -> RegistryError:
        return describe(failure, self.target, self.credentials, seconds or self.timeout)


def _gather(rpc: grpc.Call) -> Metadata:
    return dict([*rpc.initial_metadata(), *rpc.trailing_metadata()])
