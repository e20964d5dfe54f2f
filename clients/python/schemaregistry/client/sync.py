"""The blocking client, for threads: `Client`.

`calls.py` has the requests and reads their answers, `read_cache.py` remembers them.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TypeVar

import grpc

from schemaregistry.client import calls, reads
from schemaregistry.client.answers import Fetched, FetchedContract, Registered, StateSet
from schemaregistry.client.call_errors import describe, pause_of
from schemaregistry.client.calls import Metadata, Page, UnaryCall
from schemaregistry.client.channel import check_seconds, options
from schemaregistry.client.client_core import BaseClient
from schemaregistry.client.follow import Cache
from schemaregistry.client.position import Position, many_ids
from schemaregistry.client.read_cache import LATEST
from schemaregistry.client.reads import Steps
from schemaregistry.client.silence import Silence
from schemaregistry.client.watch import MessageStream, StreamOpener, Watch
from schemaregistry.document import Document, Json
from schemaregistry.document.origin import UNSTATED, Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import RegistryError, ResourceExhausted
from schemaregistry.v1 import registry_pb2
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")


class Client(BaseClient[grpc.Channel, SchemaRegistryStub, Watch]):
    """One connection to a registry over mutual TLS; threads may share it.

    Every method raises the errors of `schemaregistry.errors`: a refusal of the registry with its reason and pointer;
    Unavailable where it can't be reached; DeadlineExceeded after `timeout` seconds, which cover all attempts of a call
    and may be set for each call; ResourceExhausted (reason RATE_LIMITED) where the registry's limit on calls a second
    asks for a wait beyond them; FailedPrecondition (reason CLIENT_CLOSED) after `close`.

    A client can be pickled: its settings are, with absolute paths, and it makes a new connection in the other process.

    >>> with Client("localhost:50051", credentials=Credentials.dev()) as client:   # doctest: +SKIP
    ...     client.get("ticks_v1").version
    '1.1.0'
    """

    def close(self) -> None:
        """Close the connection, and end the calls and watches that are running."""
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
        """Return one version, byte for byte as it was registered.

        A version that this client has had before is asked for again after a minute, for its state, and while the
        registry can't be reached returned with its age; `latest` is asked for each time. The document is sent only if
        it, or its state, has changed. With `min_revision` the server answers once it has seen that revision. While the
        registry can't be reached, an answer that it confirmed within `max_staleness` seconds is returned instead, with
        its age in `Fetched.stale_seconds`. Raises NotFound where the id or version isn't registered.
        """
        return self._run(reads.get(self._cache, id, version, min_revision, max_staleness), timeout)

    def document(
        self, id: str, version: str = LATEST, *, min_revision: int = 0, timeout: float | None = None
    ) -> Document:
        """Return one version as a parsed document; each content is parsed once.

        Raises as `get` does, and InvalidArgument where this library can't parse the document.
        """
        return self._run(reads.document(self._cache, id, version, min_revision), timeout)

    def contract(
        self,
        id: str,
        version: str = LATEST,
        *,
        min_revision: int = 0,
        max_staleness: float | None = None,
        timeout: float | None = None,
    ) -> FetchedContract:
        """Return the contract of one version, as the registry compiled it, with its document.

        The document is read as by `get`, and the contract once for each content. `timeout` is for each of the two
        calls. Where the registry gives no contract, it is compiled here, to the same bytes: where the registry can't be
        reached (and `max_staleness` allows the document), takes too long, is busy, or has no GetContract yet.
        """
        return self._run(reads.contract(self._cache, id, version, min_revision, max_staleness), timeout)

    def register(
        self,
        document: bytes | str,
        id: str | None = None,
        *,
        origin: Origin = UNSTATED,
        timeout: float | None = None,
    ) -> Registered:
        """Register a document as a new version, under its own `$id` unless `id` names another.

        `origin` says where it comes from, which the registry keeps with it. The same content again gives the first
        answer, with `created` false. Raises VersionRefused, with the verdict,
        where the version's bump is too small for the change; AlreadyExists where the version has other content;
        PermissionDenied where the identity may not publish.
        """
        return self._send(calls.register(document, id, origin), timeout)

    def set_state(
        self,
        id: str,
        version: str,
        state: VersionState,
        *,
        expected_revision: int = 0,
        timeout: float | None = None,
    ) -> StateSet:
        """Give a version, named by its number, a state: deprecated or retracted for a reason, or active again.

        With an `expected_revision`, the `state_revision` of the version as `list_versions` told it, a change that came
        since is not overwritten: FailedPrecondition (reason STATE_CHANGED). Raises PermissionDenied where the identity
        may not publish, and FailedPrecondition (reason JUDGED_APART) where a version was published without regard to
        this one, so that it can't come back.
        """
        return self._run(reads.set_state(self._cache, id, version, state, expected_revision), timeout)

    def check_compatibility(
        self, document: bytes | str, direction: str = "", *, timeout: float | None = None
    ) -> registry_pb2.Verdict:
        """Judge a candidate as its registration would be judged, and return the verdict.

        It is judged against the latest release (the latest pre-release while there is no release), or at a transitive
        level against each of them. `direction` is a direction or a transitive level, by
        default the document's own.
        """
        return self._send(calls.check_compatibility(document, direction), timeout)

    def compare(
        self, id: str, old: str, new: str, direction: str = "", *, timeout: float | None = None
    ) -> registry_pb2.Verdict:
        """Judge the registered version `new` against `old`.

        `direction` is a direction or a transitive level, by default that of `new`.
        """
        return self._send(calls.compare(id, old, new, direction), timeout)

    def list_schemas(
        self, text: str = "", field: str = "", tag: str = "", fingerprint: str = "", *, timeout: float | None = None
    ) -> Iterator[registry_pb2.SchemaSummary]:
        """Yield the schemas in the order of their ids; `timeout` (seconds) is for each page.

        `text` selects those with it in the id, title or description, `field` those with that property, `tag` those with
        that tag, `fingerprint` the one of which a version has that fingerprint (`found_version` names it).
        """
        request = calls.message_of(
            registry_pb2.ListSchemasRequest, text=text, field=field, tag=tag, fingerprint=fingerprint
        )
        return self._pages(calls.list_schemas(request), timeout)

    def list_versions(self, id: str, *, timeout: float | None = None) -> Iterator[registry_pb2.SchemaVersion]:
        """Yield the versions of one schema, oldest first; `timeout` (seconds) is for each page."""
        return self._pages(calls.list_versions(id), timeout)

    def list_consumers(self, id: str, *, timeout: float | None = None) -> Iterator[registry_pb2.ObservedConsumer]:
        """Yield who read one schema within a week, as the registry counted it; `timeout` (seconds) is for each page.

        The last ones may be of the kinds `others` and `unassigned`: reads whose callers aren't told apart.
        """
        return self._pages(calls.list_consumers(id), timeout)

    def validate(
        self, id: str, records: Sequence[Json], version: str = LATEST, *, timeout: float | None = None
    ) -> registry_pb2.ValidateRecordsResponse:
        """Check a few records against one version, on the server; `schemaregistry.data` checks files.

        Raises InvalidArgument (reason NOT_JSON) where a record can't be written as JSON.
        """
        return self._send(calls.validate(id, records, version), timeout)

    def whoami(self, *, timeout: float | None = None) -> registry_pb2.WhoAmIResponse:
        """Return the identity that the registry reads from this client's certificate or token, and what it may do."""
        return self._send(calls.whoami(), timeout)

    def watch(self, after_revision: int = 0, ids: Iterable[str] = (), *, include_documents: bool = False) -> Watch:
        """Watch for versions registered after a revision (0: all), of all schemas or of `ids`; see `Watch`.

        Raises InvalidArgument (reason BAD_IDS) where `ids` is a single string.
        """
        position = Position(after_revision, many_ids(ids), include_documents=include_documents)
        return self._watch(position, Silence())

    def follow(self, ids: Iterable[str] = (), *, max_staleness: float = 60.0, timeout: float | None = None) -> Cache:
        """Return a cache of the latest versions, of all schemas or of `ids`, that is updated in the background.

        It is filled when this returns, which may take `timeout` seconds. Raises InvalidArgument (reason
        STALENESS_TOO_SHORT) where `max_staleness` is less than two intervals between the registry's marks of progress:
        20 s, unless the registry is configured otherwise. See `Cache`.
        """
        followed = many_ids(ids)
        staleness = check_seconds(max_staleness, "max_staleness")

        def open_watch() -> Watch:
            return self._watch(Position(0, followed, include_documents=True), Silence(staleness))

        return Cache(open_watch, self._seconds(timeout), staleness)

    def _watch(self, position: Position, silence: Silence) -> Watch:
        self._connection.check_open()
        watch = Watch(position, silence, StreamOpener(self.target, self._open_stream, self._error))
        self._watches.add(watch)
        return watch

    def _open_stream(self, request: registry_pb2.WatchSchemasRequest) -> tuple[MessageStream, Callable[[], None]]:
        headers = self._headers()
        stub = self._connection.stub()
        return stub.WatchSchemas(request, metadata=headers), lambda: self._connection.leave(stub)

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
        """Send a call, and again where it was over a limit on calls a second, all within its timeout."""
        seconds = self._seconds(timeout)
        ends = time.monotonic() + seconds
        while True:
            try:
                return self._send_once(call, seconds, ends - time.monotonic())
            except ResourceExhausted as error:
                pause = pause_of(error, ends - time.monotonic())
                if not pause:
                    raise
            time.sleep(pause)

    def _send_once(self, call: UnaryCall[AnswerT], seconds: float, left: float) -> AnswerT:
        headers = self._headers()
        send: grpc.UnaryUnaryMultiCallable[object, object] = getattr(self._connection.stub(), call.method)
        try:
            response, rpc = send.with_call(call.request, timeout=left, metadata=headers)
        except grpc.RpcError as failure:
            raise self._error(failure, seconds) from None
        except ValueError:
            # grpcio raises this for a channel that another thread has closed meanwhile.
            self._connection.check_open()
            raise
        return call.read(response, _gather(rpc))

    def _pages(self, call: UnaryCall[Page[ItemT]] | None, timeout: float | None) -> Iterator[ItemT]:
        while call is not None:
            page = self._send(call, timeout)
            yield from page.items
            call = page.next

    def _error(self, failure: grpc.RpcError, seconds: float | None = None) -> RegistryError:
        return self._noticed(describe(failure, self.target, self.credentials, seconds or self.timeout))


def _gather(rpc: grpc.Call) -> Metadata:
    return dict([*rpc.initial_metadata(), *rpc.trailing_metadata()])
