"""What the server knows: every version up to a revision, as one immutable value that a change replaces by a new one.

Holds no I/O and no waiting. Documents are parsed when asked for, so that a hundred thousand versions load in the time
it takes to read them.
"""

import hashlib
import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import groupby
from operator import attrgetter

from google.api.httpbody_pb2 import HttpBody
from rapidfuzz import fuzz, process
from rpds import HashTrieMap

from schemaregistry.document import Document, check_id, parse, parse_version
from schemaregistry.errors import NotFound
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server import about
from schemaregistry_server.index import Index, following
from schemaregistry_server.store.base import Entry

CONTENT_TYPE = "application/json"

NEAR = 100
"""Names on each side of an unknown one that are compared with it: a miss costs the same in a large catalog."""

LIKENESS = 60
"""Of a hundred, which two names have that are the same."""

PARSED = 512
"""Parsed documents that are kept; the rest are parsed anew when asked for."""

SMALL = 16 << 10
"""Bytes up to which a document is kept parsed, which takes ten times as many."""


class Registered:
    """One version in the catalog: its entry, and what is made of it at most once."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @property
    def version(self) -> str:
        return self.entry.version

    @cached_property
    def etag(self) -> str:
        """A strong validator (RFC 9110, section 8.8.3): it names these bytes and no others."""
        return f'"{hashlib.sha256(self.entry.raw).hexdigest()[:32]}"'

    @cached_property
    def body(self) -> HttpBody:
        """The document as GetSchema answers it, ready to send."""
        return HttpBody(content_type=CONTENT_TYPE, data=self.entry.raw)

    @cached_property
    def about(self) -> about.About:
        return about.read(self.entry.raw)

    @property
    def is_described(self) -> bool:
        """Whether `about` costs next to nothing: it is known, or the document is small."""
        return "about" in self.__dict__ or len(self.entry.raw) <= SMALL

    @property
    def document(self) -> Document:
        return parsed(self.entry.raw, self.entry.id)

    @cached_property
    def message(self) -> pb.SchemaVersion:
        """The version as ListVersions and WatchSchemas show it. Shared: never changed."""
        entry = self.entry
        message = pb.SchemaVersion(
            id=entry.id,
            version=entry.version,
            revision=entry.revision,
            fingerprint=entry.fingerprint,
            registered_by=entry.registered_by,
            size=len(entry.raw),
        )
        message.registered_at.FromMicroseconds(entry.registered_at)
        return message

    @cached_property
    def validated_headers(self) -> tuple[tuple[str, str], ...]:
        """Which bytes an answer holds, or spares a caller that has them, and which version that is."""
        return (("etag", self.etag), *self.headers)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Which version an answer is about."""
        entry = self.entry
        return (
            ("x-schema-id", entry.id),
            ("x-schema-version", entry.version),
            ("x-schema-revision", str(entry.revision)),
            ("x-schema-fingerprint", entry.fingerprint),
        )


def parsed(raw: bytes, id: str) -> Document:  # noqa: A002 (the field's term)
    """As `document.parse`, from memory where it was parsed lately: a version that was just written is judged next."""
    return _parsed(raw, id) if len(raw) <= SMALL else parse(raw, id=id)


@lru_cache(maxsize=PARSED)
def _parsed(raw: bytes, id: str) -> Document:  # noqa: A002 (the field's term)
    return parse(raw, id=id)


_id = attrgetter("entry.id")
_revision = attrgetter("entry.revision")


@dataclass(frozen=True, slots=True)
class Subject:
    """Every version of one id, oldest first."""

    id: str
    versions: tuple[Registered, ...] = ()
    by_version: "HashTrieMap[str, Registered]" = field(default_factory=HashTrieMap)

    @property
    def latest(self) -> Registered:
        return self.versions[-1]

    def after(self, revision: int) -> Sequence[Registered]:
        """The versions after `revision`."""
        return self.versions[bisect_right(self.versions, revision, key=_revision) :]

    def grown(self, later: Sequence[Registered]) -> "Subject":
        """This subject with `later` versions too."""
        by_version = self.by_version
        for registered in later:
            by_version = by_version.insert(registered.entry.version, registered)
        return Subject(self.id, (*self.versions, *later), by_version)

    def find(self, version: str) -> Registered:
        """The version of that name, with or without `v`; the latest for "" and `latest`; raise NotFound."""
        if version in {"", "latest"}:
            return self.latest
        found = self.by_version.get(version.removeprefix("v"))
        if found is None:
            wanted = str(parse_version(version))
            near = _near(wanted, sorted(each.entry.version for each in self.versions[-NEAR:]))
            raise NotFound(
                f"{self.id} has no version {wanted}; its latest is {self.latest.entry.version}.{_did_you_mean(near)}",
                reason="NO_SUCH_VERSION",
                metadata={"id": self.id, "version": wanted, "near": ", ".join(near)},
            )
        return found


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every version up to `revision`.

    A catalog and its successors share what only grows, so that a change costs the same in a large catalog: `_history`,
    of which each sees its own first `size` members, `_ids` in their order, of which it sees its own, and `index`.
    """

    revision: int = 0
    subjects: "HashTrieMap[str, Subject]" = field(default_factory=HashTrieMap)
    size: int = 0
    _history: list[Registered] = field(default_factory=list, repr=False)
    _ids: list[str] = field(default_factory=list, repr=False)
    index: Index = field(default_factory=Index, repr=False)

    def advance(self, revision: int, entries: Iterable[Entry] = ()) -> "Catalog":
        """The catalog after `entries`, in the order of their revisions; what it has already is passed over.

        Only the newest catalog may be advanced, and it never goes backwards.
        """
        fresh = [Registered(entry) for entry in entries if entry.revision > self.revision]
        subjects = self.subjects
        for name, later in groupby(sorted(fresh, key=_id), key=_id):
            subject = subjects.get(name)
            if subject is None:
                insort(self._ids, name)
            grown = (subject or Subject(name)).grown(list(later))
            subjects = subjects.insert(name, grown)
            self.index.expect(grown.latest)
        self._history.extend(fresh)
        return replace(self, revision=max(self.revision, revision), subjects=subjects, size=self.size + len(fresh))

    def ids(self, after: str = "") -> Iterator[str]:
        """The ids that come after `after`, in their order; this catalog may be advanced meanwhile."""
        return (name for name in following(self._ids, after) if name in self.subjects)

    def filtered(self, after: str, field: str, tag: str) -> Iterator[Subject]:
        """The subjects after `after` that may have a field and a tag ("": anything), in the order of their ids."""
        names = self.index.ids(after, field, tag) if field or tag else self.ids(after)
        return (subject for subject in map(self.subjects.get, names) if subject)

    def subject(self, id: str) -> Subject:  # noqa: A002 (the field's term)
        """Every version of `id`; raise InvalidArgument where that can't be an id, NotFound where there is none."""
        subject = self.subjects.get(id)
        if subject is None:
            near = _near(check_id(id), self._ids)
            raise NotFound(
                f"There is no schema {id}.{_did_you_mean(near)}",
                reason="NO_SUCH_SCHEMA",
                metadata={"id": id, "near": ", ".join(near)},
            )
        return subject

    def after(self, revision: int, ids: Collection[str] = ()) -> Iterator[Registered]:
        """Every version after `revision`, of `ids` where there are any, in the order of their revisions."""
        first = bisect_right(self._history, revision, hi=self.size, key=_revision)
        if not ids:
            return map(self._history.__getitem__, range(first, self.size))
        if self.size - first <= len(ids):
            return (each for each in self._history[first : self.size] if each.entry.id in ids)
        known = (subject for subject in map(self.subjects.get, ids) if subject)
        return heapq.merge(*(subject.after(revision) for subject in known), key=_revision)


def _near(wanted: str, known: Sequence[str]) -> list[str]:
    """Up to three names that look like `wanted`, the likest first; of many names, its neighbours in their order."""
    place = bisect_left(known, wanted)
    names = known[max(0, place - NEAR) : place + NEAR]
    return [name for name, _, _ in process.extract(wanted, names, scorer=fuzz.ratio, limit=3, score_cutoff=LIKENESS)]


def _did_you_mean(near: list[str]) -> str:
    return f" Did you mean {' or '.join(near)}?" if near else ""
