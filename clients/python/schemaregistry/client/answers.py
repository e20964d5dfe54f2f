"""The values that a client hands out, where the proto's own messages don't fit. Holds no calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from schemaregistry.v1 import contract_pb2

EventKind: TypeAlias = Literal["snapshot", "change", "progress"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """One version of one schema: `raw` is its document, byte for byte as first registered.

    `stale` says that there may be a later one: the registry answered without its store, or could not be reached and
    last confirmed this answer `stale_seconds` ago. `etag` is empty where a watch brought the document.
    """

    raw: bytes
    id: str
    version: str
    revision: int
    fingerprint: str
    etag: str = ""
    stale: bool = False
    stale_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FetchedContract:
    """The contract of one version of one schema, and that version's document."""

    contract: contract_pb2.Contract
    schema: Fetched


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of a write: the store's revision of it, and whether it was new (`created`)."""

    id: str
    version: str
    revision: int
    fingerprint: str
    created: bool
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a watch tells.

    `snapshot`: a version that was there when the watch began. `change`: one registered since. `progress`: nothing up
    to `revision` is left to tell, and `stale` says that the server itself has lost its store for now.
    """

    kind: EventKind
    revision: int
    id: str = ""
    version: str = ""
    fingerprint: str = ""
    document: bytes | None = None
    stale: bool = False
