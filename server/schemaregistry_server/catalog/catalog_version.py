"""One version in the catalog, with what is made from its entry when first asked for: parsed document, reply, ETag."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Final, TypeAlias
from urllib.parse import quote

from google.api.httpbody_pb2 import HttpBody

from schemaregistry.document import Document, Level, parse
from schemaregistry.document.members import read_compatibility
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog import about
from schemaregistry_server.catalog.retractions import StateHistory
from schemaregistry_server.store.base import Entry

CONTENT_TYPE = "application/json"

VISIBLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
"""The characters of a header's value that stand as they are; `%` itself is encoded."""

HEADER_BYTES: Final = 1024
"""Bytes of a header's encoded value. By default gRPC's receivers refuse an answer whose headers are over 8 KiB in
all (some of them at random up to 16 KiB). Five headers can be as long as this: the reason, the publisher's identity,
and the origin's repository, path and pull request."""

CUT: Final = quote("…")

UNCHANGED: Final = StateHistory()

PARSED = 512
"""Parsed documents in the cache; others are parsed anew when asked for."""

SMALL = 16 << 10
"""Bytes up to which a document is cached parsed: that takes ten times as much memory as the bytes."""


class CatalogVersion:
    """One version in the catalog: its entry, its state, and the values that are made from them at most once."""

    def __init__(self, entry: Entry, history: StateHistory = UNCHANGED) -> None:
        self.entry = entry
        self.history = history

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def revision(self) -> int:
        """The revision of its registration."""
        return self.entry.revision

    @property
    def is_retracted(self) -> bool:
        """Whether the version may only be named by its number."""
        return self.history.state.name == "retracted"

    @property
    def version(self) -> str:
        return self.entry.version

    @cached_property
    def etag(self) -> str:
        """A strong validator (RFC 9110, section 8.8.3) from the SHA-256 of the bytes, and of the headers of the state.

        A 304 can't take back a header that a cache has stored (RFC 9111, section 3.2), so each state has an ETag of its
        own; that of an active version is of the bytes alone.
        """
        of_bytes = hashlib.sha256(self.entry.raw).hexdigest()[:32]
        if not self.state_headers:
            return f'"{of_bytes}"'
        of_state = hashlib.sha256(json.dumps(self.state_headers).encode()).hexdigest()[:16]
        return f'"{of_bytes}-{of_state}"'

    @cached_property
    def body(self) -> HttpBody:
        """The reply of GetSchema."""
        return HttpBody(content_type=CONTENT_TYPE, data=self.entry.raw)

    @cached_property
    def compatibility(self) -> Level | None:
        """The level that the document states. It is read from the bytes: a parsed document isn't kept for each."""
        raw = self.entry.raw
        if b"compatibility" not in raw and b"\\u" not in raw:  # a key may be written with escapes
            return None
        return read_compatibility(json.loads(raw))

    @cached_property
    def about(self) -> about.About:
        return about.read(self.entry.raw)

    @property
    def is_described(self) -> bool:
        """Whether `about` is cheap to ask for: it was read already, or the document is small."""
        return "about" in self.__dict__ or len(self.entry.raw) <= SMALL

    @property
    def document(self) -> Document:
        return parsed(self.entry.raw, self.entry.id)

    @cached_property
    def message(self) -> pb.SchemaVersion:
        """The version as ListVersions and WatchSchemas send it. It is shared between calls: don't change it."""
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
        if entry.origin.text:
            message.origin.MergeFrom(pb.Origin(**asdict(entry.origin)))
        state = self.history.state
        message.state, message.state_reason = state.name, state.reason
        message.state_revision = self.history.revision or entry.revision
        if state.sunset is not None:
            message.sunset.FromSeconds(state.sunset)
        return message

    @cached_property
    def document_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers beside the ETag of an answer with the document, or of a 304: version, state, who published it.

        A cache must ask each time whether its answer still holds: a reference may mean another version by then.
        What publishers state is percent-encoded where it has other characters than a header's value may have, and cut
        where that is long; `message` has the whole text.
        """
        entry = self.entry
        published = {
            "x-schema-registered-by": entry.registered_by,
            "x-schema-repository": entry.origin.repository,
            "x-schema-commit": entry.origin.commit,
            "x-schema-path": entry.origin.path,
            "x-schema-pull-request": entry.origin.pull_request,
        }
        stated = ((name, encoded(value)) for name, value in published.items() if value)
        return (("cache-control", "no-cache"), *self.headers, *stated)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that say which version an answer is about."""
        entry = self.entry
        return (
            ("x-schema-id", entry.id),
            ("x-schema-version", entry.version),
            ("x-schema-revision", str(entry.revision)),
            ("x-schema-fingerprint", entry.fingerprint),
            *self.state_headers,
        )

    @cached_property
    def state_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of a version that isn't active: its state and the reason; when deprecated, RFC 9745's and 8594's.

        The reason is percent-encoded where it has other characters than a header's value may have, and cut where
        that is long; `message` has the whole text.
        """
        history = self.history
        if history.state.name == "active":
            return ()
        headers = [("x-schema-state", history.state.name), ("x-schema-state-reason", encoded(history.state.reason))]
        if history.state.name == "deprecated":
            # RFC 9745, section 4: a sunset must not be before the deprecation.
            since = min(history.since // 1_000_000, history.state.sunset or history.since)
            headers.append(("deprecation", f"@{since}"))
        if history.state.sunset is not None:
            headers.append(("sunset", format_datetime(datetime.fromtimestamp(history.state.sunset, UTC), usegmt=True)))
        return tuple(headers)


@dataclass(frozen=True, slots=True)
class StateEvent:
    """A change of a version's state in the catalog's history: the version as it was then, and the change's revision."""

    version: CatalogVersion
    revision: int

    @property
    def id(self) -> str:
        return self.version.entry.id


CatalogEvent: TypeAlias = CatalogVersion | StateEvent
"""What the history consists of: versions as they were registered, and changes of their states."""


def encoded(text: str) -> str:
    """Percent-encode what the value of a header can't have, and `%` itself (RFC 3986, section 2.1).

    A text of which the encoded form is over HEADER_BYTES is cut after a character and ends with an encoded `…`.
    """
    whole = quote(text, safe=VISIBLE)
    if len(whole) <= HEADER_BYTES:
        return whole
    ends = accumulate(len(quote(character, safe=VISIBLE)) for character in text)
    end = max((end for end in ends if end <= HEADER_BYTES - len(CUT)), default=0)
    return whole[:end] + CUT


def parsed(raw: bytes, id: str) -> Document:  # noqa: A002 (the field's term)
    """Parse as `document.parse`, with a cache of small documents: a version that was just written is compared next."""
    return _parsed(raw, id) if len(raw) <= SMALL else parse(raw, id=id)


@lru_cache(maxsize=PARSED)
def _parsed(raw: bytes, id: str) -> Document:  # noqa: A002 (the field's term)
    return parse(raw, id=id)
