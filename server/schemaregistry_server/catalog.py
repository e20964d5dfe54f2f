"""What the server knows: an immutable catalog of every version, and the one place that holds the current one.

Holds no I/O: entries come in by `Catalog.advance`, readers look up or wait. Parsing is left until a document is asked
for, so that a hundred thousand versions load in the time it takes to read them.
"""

import asyncio
import difflib
import hashlib
import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import count, islice
from operator import attrgetter

from google.api.httpbody_pb2 import HttpBody
from rpds import HashTrieMap

from schemaregistry.document import Document, parse
from schemaregistry.errors import DeadlineExceeded
from schemaregistry_server.reply import Reply
from schemaregistry_server.store.base import Entry

CONTENT_TYPE = "application/json"
PARSED = 512
"""Parsed documents that are kept; the rest are parsed anew when asked for."""


class Registered:
    """One version in the catalog: its entry, and the reply that GetSchema gives, made once."""

    __slots__ = ("__dict__", "entry")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @cached_property
    def etag(self) -> str:
        """A strong validator (RFC 9110, section 8.8.3): it names these bytes and no others."""
        return f'"{hashlib.sha256(self.entry.raw).hexdigest()[:32]}"'

    @cached_property
    def reply(self) -> Reply:
        """The answer of GetSchema, ready to send."""
        return Reply(HttpBody(content_type=CONTENT_TYPE, data=self.entry.raw), self._headers)

    @cached_property
    def not_modified(self) -> Reply:
        """The answer to a caller that has these bytes."""
        return Reply(HttpBody(content_type=CONTENT_TYPE), self._headers)

    @property
    def document(self) -> Document:
        """The parsed document."""
        return _parsed(self.entry.raw)

    @property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        entry = self.entry
        return (
            ("etag", self.etag),
            ("x-schema-id", entry.id),
            ("x-schema-version", entry.version),
            ("x-schema-revision", str(entry.revision)),
            ("x-schema-fingerprint", entry.fingerprint),
        )


@lru_cache(maxsize=PARSED)
def _parsed(raw: bytes) -> Document:
    return parse(raw)


@dataclass(frozen=True, slots=True)
class Subject:
    """Every version of one id, oldest first."""

    id: str
    versions: tuple[Registered, ...]
    by_version: "HashTrieMap[str, Registered]"

    @property
    def latest(self) -> Registered:
        return self.versions[-1]

    def grown(self, registered: Registered) -> "Subject":
        """This subject with one more version."""
        return Subject(
            self.id,
            (*self.versions, registered),
            self.by_version.insert(registered.entry.version, registered),
        )


_revision = attrgetter("entry.revision")


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every version up to `revision`.

    Catalogs share `_history`, a list that only grows: each sees its own first `size` members.
    """

    revision: int = 0
    subjects: "HashTrieMap[str, Subject]" = field(default_factory=HashTrieMap)
    ids: tuple[str, ...] = ()
    size: int = 0
    _history: list[Registered] = field(default_factory=list, repr=False)

    def advance(self, revision: int, entries: Iterable[Entry] = ()) -> "Catalog":
        """The catalog after `entries`; those that it has already are passed over, so that it never goes backwards."""
        subjects = self.subjects
        fresh = [Registered(entry) for entry in entries if entry.revision > self.revision]
        names = []
        for registered in fresh:
            id = registered.entry.id  # noqa: A001 (the field's term)
            subject = subjects.get(id)
            if subject is None:
                names.append(id)
                subject = Subject(id, (), HashTrieMap())
            subjects = subjects.insert(id, subject.grown(registered))
        del self._history[self.size :]
        self._history.extend(fresh)
        return replace(
            self,
            revision=max(self.revision, revision),
            subjects=subjects,
            ids=tuple(heapq.merge(self.ids, sorted(names))) if names else self.ids,
            size=self.size + len(fresh),
        )

    def after(self, revision: int) -> Iterator[Registered]:
        """Every version after `revision`, in the order of their revisions."""
        first = bisect_right(self._history, revision, hi=self.size, key=_revision)
        return islice(self._history, first, self.size)

    def near(self, id: str) -> list[str]:  # noqa: A002 (the field's term)
        """Up to three ids that look like `id`."""
        return difflib.get_close_matches(id, self.ids, n=3, cutoff=0.6)


class CurrentCatalog:
    """The one mutable place: the newest catalog, whether the store is away, and who waits for more."""

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.stale = False
        self.changed = asyncio.Event()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._ticket = count()

    def advance(self, revision: int, entries: Iterable[Entry] = ()) -> None:
        """Swap in the catalog after `entries` and wake everyone who waited for it."""
        self.catalog = self.catalog.advance(revision, entries)
        while self._waiting and self._waiting[0][0] <= self.catalog.revision:
            *_, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                waiter.set_result(None)
        self.changed.set()
        self.changed = asyncio.Event()

    async def reached(self, revision: int, *, seconds: float) -> None:
        """Return once the catalog holds `revision`; raise DeadlineExceeded after `seconds`."""
        if revision <= self.catalog.revision:
            return
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (revision, next(self._ticket), waiter))
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            raise DeadlineExceeded(
                f"This server has seen revision {self.catalog.revision}, not {revision} yet: try again, or ask another.",
                reason="REVISION_NOT_REACHED",
                metadata={"revision": str(self.catalog.revision), "min_revision": str(revision)},
            ) from None
