"""The store on an etcd cluster: each write is one compare-and-swap transaction, safe to send again.

`etcd_layout.py` has the keys and values, `etcd_client.py` the calls to etcd.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

import grpc

from schemaregistry.errors import (
    FailedPrecondition,
    PermissionDenied,
    RegistryError,
    Unauthenticated,
    Unavailable,
)
from schemaregistry_server.etcd.endpoints import OLD_TOKEN, EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_client import EtcdClient, found, puts, reads, unchanged
from schemaregistry_server.etcd.etcd_failures import CompactedRevision, EtcdAway, EtcdRefused
from schemaregistry_server.etcd.etcd_watch import WatchedEvents
from schemaregistry_server.etcd.v3.kv_pb2 import KeyValue
from schemaregistry_server.etcd.v3.rpc_pb2 import AuthStatusResponse, TxnRequest
from schemaregistry_server.store import etcd_history, etcd_layout, etcd_reads
from schemaregistry_server.store.base import (
    AuditRecord,
    Compacted,
    Conflict,
    Entry,
    EntryBatch,
    ReadCount,
    StateChange,
    StreamedHistory,
    not_empty,
)
from schemaregistry_server.store.etcd_layout import Head, KeyLayout

OPEN_SECONDS = 5.0
"""How long a member may take at start to answer which release of etcd it is."""

STRETCH = 500
"""Values that are decoded in one go before the event loop runs other calls."""

ROUNDS = 3
"""Transactions that one write may try, with the id's head read anew each time; a remembered head is outdated at most
once."""

RESTORING = 256
"""Versions that are restored at the same time: a third faster than 64, and no slower than 1,000."""


class EtcdStore:
    """The store interface over the keys under `root`. Opened and used within one event loop.

    `_heads` remembers the last head seen of each id, so that most writes need no read first. An outdated head costs a
    second transaction and never a wrong answer, since the transaction compares it.
    """

    def __init__(self, client: EtcdClient, root: str = "") -> None:
        self._client = client
        self._layout = KeyLayout(root)
        self._heads: dict[str, Head] = {}
        self._renewals = 0
        self._closed = False

    @classmethod
    async def open(
        cls,
        endpoints: Sequence[str],
        *,
        tls: EtcdTls | None = None,
        token: Callable[[], str] | None = None,
        authenticated: bool | None = None,
        root: str = "",
    ) -> "EtcdStore":
        """Connect to `endpoints` (HOST:PORT each); `token` is called before each call for etcd's auth token.

        `authenticated` is whether etcd's authentication must be on or off, None where either will do. Raises
        FailedPrecondition where it isn't as it must be (ETCD_AUTH_OFF, ETCD_AUTH_ON) or a member's release has known
        security faults (`release.py`), Unavailable where no member answers.
        """
        connection = EtcdConnection(endpoints, tls=tls, token=token)
        try:
            with _store_errors():
                await connection.check(seconds=OPEN_SECONDS)
                if authenticated is not None:
                    _check_authentication(await connection.auth_status(seconds=OPEN_SECONDS), authenticated)
        except BaseException:
            await connection.close()
            raise
        return cls(EtcdClient(connection), root)

    async def load(self) -> EntryBatch:
        """Read every entry; raise FailedPrecondition (STORE_CORRUPT) where a value was changed since it was written."""
        with _store_errors():
            while True:
                try:
                    return await self._load()
                except CompactedRevision:  # etcd compacted this revision between two pages: begin at a newer one
                    continue

    async def _load(self) -> EntryBatch:
        writes: list[Entry | StateChange] = []
        revision = 0
        async for page in self._client.read(self._layout.schemas):
            revision = page.revision
            for begin in range(0, len(page.pairs), STRETCH):
                writes += self._take(page.pairs[begin : begin + STRETCH])
                await asyncio.sleep(0)
        return _batch(revision, sorted(writes, key=lambda write: write.revision))

    def _take(self, pairs: Iterable[KeyValue]) -> Iterator[Entry | StateChange]:
        """Yield the entries and changes of states among `pairs`, and remember the heads among them."""
        for pair in pairs:
            match self._layout.read(pair):
                case Entry() | StateChange() as write:
                    yield write
                case (str() as id, Head() as head):
                    self._learn(id, head)

    def _learn(self, id: str, head: Head) -> Head:  # noqa: A002
        # A watch may still be at an older revision than a write of our own: never go back to an older head.
        known = self._heads.get(id)
        if known is None or known.revision < head.revision:
            self._heads[id] = head
        return head

    async def revision(self) -> int:
        """etcd's own revision, by a linearizable read: it counts others' writes, too, and so do the watch's marks."""
        with _store_errors():
            return (await self._client.get(self._layout.schemas))[0]

    async def members(self) -> Mapping[str, bool]:
        """Ask each member; raises nothing."""
        return await self._client.connection.well(seconds=OPEN_SECONDS)

    async def put(
        self, entry: Entry, *, expected_latest: str | None, expected_writes: int | None = None, token: str = ""
    ) -> int:
        """Write version, head and audit record in one transaction, if the version is new and the head as expected.

        Raises as `Store.put` says.
        """

        def expected(head: Head | None) -> bool:
            latest, writes = (head.version, head.sequence) if head else (None, 0)
            return latest == expected_latest and expected_writes in (None, writes)

        return await self._put(entry, etcd_layout.version_value(entry, secrets.token_hex(8)), expected, token)

    async def put_state(self, change: StateChange, *, expected_writes: int, token: str = "") -> int:
        """Write change, head and audit record in one transaction, if the head is as expected; raises as `put`."""

        def expected(head: Head | None) -> bool:
            return head is not None and head.sequence == expected_writes

        return await self._put(change, etcd_layout.state_value(change, secrets.token_hex(8)), expected, token)

    async def _put(
        self, write: Entry | StateChange, value: bytes, expected: Callable[[Head | None], bool], token: str
    ) -> int:
        head = self._heads.get(write.id)
        # A remembered head that isn't the expected one may be outdated: read it before the write is refused.
        with _store_errors():
            if not expected(head):
                _, there = await self._client.get(self._layout.latest(write.id))
                head = self._head(write, there)
            for _ in range(ROUNDS):
                if not expected(head):
                    break
                key = self._key(write, head)
                with _token_errors(token):
                    revision, there = await self._swap(write, key, value, head, token)
                if revision:
                    return revision
                head = self._head(write, there)
                if key in there:
                    break  # another write of the same version: no further round can succeed
        raise Conflict(write, head.revision if head else 0)

    def _key(self, write: Entry | StateChange, head: Head | None) -> bytes:
        if isinstance(write, StateChange):
            return self._layout.state(write, head.sequence + 1 if head else 1)
        return self._layout.version(write)

    async def _swap(
        self, write: Entry | StateChange, key: bytes, value: bytes, head: Head | None, token: str
    ) -> tuple[int, dict[bytes, KeyValue]]:
        """Try the transaction; return its revision, or 0 and what `key` and the head have in the store instead.

        `key` in the store may have this very write: etcd did it, and the answer was lost with a member or a
        connection, so the client sent it again. It is then told by its random name and counts as done.
        """
        layout, record = self._layout, etcd_layout.next_record(write, head)
        latest = layout.latest(write.id)
        version = head.version if head and isinstance(write, StateChange) else write.version
        answer = await self._client.transact(
            TxnRequest(
                compare=[unchanged(key, 0), unchanged(latest, head.revision if head else 0)],
                success=[
                    puts(key, value),
                    puts(latest, etcd_layout.latest_value(version, record)),
                    puts(layout.audit(record), etcd_layout.audit_value(record)),
                ],
                failure=[reads(key), reads(latest)],
            ),
            token,
        )
        if answer.succeeded:
            self._learn(write.id, Head(version, answer.header.revision, record.sequence, record.hash))
            return answer.header.revision, {}
        there = found(answer)
        ours = key in there and there[key].value == value
        return (there[key].mod_revision if ours else 0), there

    def _head(self, entry: Entry | StateChange, there: dict[bytes, KeyValue]) -> Head | None:
        pair = there.get(self._layout.latest(entry.id))
        match pair and self._layout.read(pair):
            case (str() as id, Head() as head):
                return self._learn(id, head)
        return None

    async def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        """Watch one member; raises Unavailable when the watch breaks. The next watch then asks another member."""
        renewals = None
        while renewals != self._renewals and not self._closed:
            renewals = self._renewals
            try:
                async for seen in self._client.watch(self._layout.schemas, after_revision):
                    after_revision = seen.revision
                    yield self._batch(seen)
            except CompactedRevision as compacted:
                raise Compacted(str(compacted)) from compacted
            except (EtcdAway, EtcdRefused) as failed:
                # `renew` closed the channels under this watch: go on over the new ones.
                if renewals == self._renewals and not self._closed:
                    raise _away(str(failed)) from failed

    def _batch(self, seen: WatchedEvents) -> EntryBatch:
        written = (event.kv for event in seen.events if event.type == event.PUT)
        return _batch(seen.revision, list(self._take(written)))

    async def audit(self, found: list[AuditRecord] | None = None) -> tuple[AuditRecord, ...]:
        """Read every audit record in the order of its write, for `audit_chain.verify`.

        Raises FailedPrecondition (AUDIT_BROKEN) where a record isn't of its key, or the last one of a chain is missing;
        `found` has all that are there.
        """
        found = [] if found is None else found
        heads = dict(self._heads)  # as they are before the read: writes go on meanwhile
        with _store_errors():
            pairs = [pair async for page in self._client.read(self._layout.audits) for pair in page.pairs]
        in_order = sorted(pairs, key=lambda pair: pair.mod_revision)
        broken: list[FailedPrecondition] = []
        for pair in in_order:
            try:
                found.append(record := etcd_layout.audit_record(pair))
                etcd_layout.check_place(record, pair, self._layout)
            except FailedPrecondition as wrong:
                broken.append(wrong)
        if broken:
            raise broken[0]
        _must_have_ends(found, heads)
        return tuple(found)

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[StreamedHistory]:
        """Read every write with its audit record, at one revision; see `etcd_history.stream`."""
        with _store_errors():
            yield await etcd_history.stream(self._client, self._layout)

    async def restore(self, entries: Iterable[Entry | StateChange]) -> None:
        """Write each of `entries` as a put of its own, RESTORING at a time; etcd gives them new revisions.

        Each id's writes keep their order; versions of different ids may change places with near ones. Raises
        FailedPrecondition (STORE_NOT_EMPTY), and Unavailable (HALF_RESTORED) where etcd can't be reached half way: what
        was written until then stays written.
        """
        if (await self.load()).entries or await self.audit():
            raise not_empty("This etcd")
        # Each task waits for the one before it of its id, so that an id's versions keep their order.
        latest: dict[str, asyncio.Task[tuple[str, int]]] = {}
        room = asyncio.Semaphore(RESTORING)
        try:
            async with asyncio.TaskGroup() as group:
                for entry in entries:
                    await room.acquire()
                    latest[entry.id] = group.create_task(self._put_after(latest.get(entry.id), entry))
                    latest[entry.id].add_done_callback(lambda _: room.release())
        except BaseExceptionGroup as failed:
            raise self._half_way(failed.exceptions[0]) from failed

    def _half_way(self, failed: BaseException) -> BaseException:
        if not isinstance(failed, Unavailable):
            return failed
        keys = " and ".join(prefix.decode() for prefix in (self._layout.schemas, self._layout.audits))
        return Unavailable(
            f"{failed.message} Some versions are restored, others not: delete all keys under {keys} "
            "(etcdctl del --prefix), and restore again.",
            reason="HALF_RESTORED",
        )

    async def _put_after(
        self, last: "asyncio.Task[tuple[str, int]] | None", write: Entry | StateChange
    ) -> tuple[str, int]:
        """Write after the id's `last` write; return the version registered last, and how many writes the id has now."""
        latest, writes = await last if last else (None, 0)
        if isinstance(write, StateChange):
            await self.put_state(write, expected_writes=writes)
        else:
            latest = write.version
            await self.put(write, expected_latest=(await last)[0] if last else None)
        return latest or "", writes + 1

    async def save_reads(self, counts: Sequence[ReadCount]) -> None:
        """Write counts of reads, in as many transactions as etcd's limits ask for."""
        with _store_errors():
            for request in etcd_reads.requests(self._layout.observed, counts):
                await self._client.transact(request)

    async def load_reads(self, id: str, since: str) -> Sequence[ReadCount]:  # noqa: A002 (the field's term)
        """Read the counts of `id`, and those of no id, of the days from `since` on."""
        found: list[ReadCount] = []
        with _store_errors():
            for prefix in etcd_reads.prefixes(self._layout.observed, id, since):
                async for page in self._client.read(prefix):
                    found += etcd_reads.read(self._layout.observed, page.pairs)
        return found

    async def drop_reads(self, before: str) -> None:
        """Delete the counts of the days before `before`."""
        with _store_errors():
            await self._client.transact(etcd_reads.dropping(self._layout.observed, before))

    async def renew(self) -> None:
        """Connect anew with the TLS files as they are now; calls in flight finish, watches go on."""
        self._renewals += 1
        await self._client.connection.renew()

    async def close(self) -> None:
        """Close the channels; watches end."""
        self._closed = True
        await self._client.close()


def _must_have_ends(records: Iterable[AuditRecord], heads: Mapping[str, Head]) -> None:
    """Raise FailedPrecondition (AUDIT_BROKEN) where a chain ends before the record that its id's head names."""
    ends: dict[str, int] = {}
    for record in records:
        ends[record.id] = max(record.sequence, ends.get(record.id, 0))
    for id, head in heads.items():  # noqa: A001 (the field's term)
        etcd_history.must_end(id, ends.get(id, 0), head)


def _check_authentication(status: AuthStatusResponse, wanted: bool) -> None:
    if wanted and not status.enabled:
        raise FailedPrecondition(
            "etcd's authentication is off, so that whoever reaches etcd may write every schema: turn it on by "
            "`schemaregistry etcd-auth init`, or say --etcd-auth off.",
            reason="ETCD_AUTH_OFF",
        )
    if status.enabled and not wanted:
        raise FailedPrecondition(
            "etcd's authentication is on, and --etcd-auth off says that it isn't: leave that out.",
            reason="ETCD_AUTH_ON",
        )


def _batch(revision: int, writes: Sequence[Entry | StateChange]) -> EntryBatch:
    entries = tuple(write for write in writes if isinstance(write, Entry))
    return EntryBatch(revision, entries, tuple(write for write in writes if isinstance(write, StateChange)))


@contextmanager
def _store_errors() -> Iterator[None]:
    """Turn etcd's failures into the errors of the store's interface."""
    try:
        yield
    except EtcdAway as failed:
        raise _away(str(failed)) from failed
    except EtcdRefused as failed:
        raise _refused(failed) from failed


@contextmanager
def _token_errors(token: str) -> Iterator[None]:
    """Turn etcd's refusal of a caller's token into an error that is the caller's, not the store's."""
    try:
        yield
    except EtcdRefused as failed:
        if token and any(words in failed.message for words in OLD_TOKEN):
            raise Unauthenticated(
                "etcd's users, its roles or the exchanger's public key have changed since the token was given: get a "
                "new one, from an exchanger that signs by the key that etcd has.",
                reason="TOKEN_OUTDATED",
            ) from failed
        if token and failed.code is grpc.StatusCode.PERMISSION_DENIED:
            raise PermissionDenied(
                "etcd doesn't let the token's user write: its operator must run `schemaregistry etcd-auth init`.",
                reason="TOKEN_REFUSED",
            ) from failed
        raise


def _away(why: str) -> Unavailable:
    return Unavailable(f"etcd is away ({why}): try again.", reason="STORE_AWAY")


def _refused(failed: EtcdRefused) -> RegistryError:
    if failed.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Unavailable(f"etcd takes no more ({failed.message}): its operator must make room.", reason="STORE_FULL")
    return FailedPrecondition(
        f"etcd refused ({failed.message}): take the certificate of a user who may do this. `schemaregistry etcd-auth "
        "init` sets them up: the registry's own, an auditor's for audit and snapshot; root restores.",
        reason="STORE_REFUSED",
    )
