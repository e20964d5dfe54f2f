"""The values that a client returns, where a message of the proto isn't convenient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from schemaregistry.document.version_state import ACTIVE, VersionState
from schemaregistry.v1 import contract_pb2

EventKind: TypeAlias = Literal["snapshot", "change", "state", "progress"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """One version of one schema; `raw` is its document, byte for byte as first registered.

    `stale` tells that there may be a later version. Either the registry answered while its store was away, or it
    couldn't be reached, and last confirmed this answer `stale_seconds` ago. `etag` is empty in a cache that a watch
    fills. `state` is the version's, with the reason, as the registry last told: within the last minute, or
    `stale_seconds` ago. A long reason ends with `…`; `list_versions` has all of it.
    """

    raw: bytes
    id: str
    version: str
    revision: int
    fingerprint: str
    etag: str = ""
    stale: bool = False
    stale_seconds: float | None = None
    state: VersionState = ACTIVE


@dataclass(frozen=True, slots=True)
class FetchedContract:
    """The contract of one version of one schema, with that version's document as `schema`."""

    contract: contract_pb2.Contract
    schema: Fetched


@dataclass(frozen=True, slots=True)
class Registered:
    """The result of a registration; `created` is false where the same content was registered before.

    `revision` is the store's number of the write, to pass as `min_revision` in later reads. `warnings` are remarks on
    the document, for its author.
    """

    id: str
    version: str
    revision: int
    fingerprint: str
    created: bool
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class StateSet:
    """A version in the state that was set; `changed` is false where it had this state, reason and sunset already.

    `previous` is the name of the state before, `latest_version` what `latest` is now ("" where every version is
    retracted), `revision` that of the change.
    """

    id: str
    version: str
    state: VersionState
    revision: int
    changed: bool
    previous: str
    latest_version: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a watch.

    `snapshot`: a version that existed when the watch began. `change`: a version registered since. `state`: a version
    that was given a `state`, before or since; `latest` is then what `latest` means now, None where every version is
    retracted. `progress`: all up to `revision` has been delivered; `stale` tells that
    the server can't reach its store at the moment.
    `document` is None unless the watch was asked to include documents. `is_latest` tells whether `latest` means this
    version; not so for a pre-release beside releases, or a fix to an old line.
    """

    kind: EventKind
    revision: int
    id: str = ""
    version: str = ""
    fingerprint: str = ""
    document: bytes | None = None
    stale: bool = False
    is_latest: bool = True
    state: VersionState = ACTIVE
    latest: Fetched | None = None
