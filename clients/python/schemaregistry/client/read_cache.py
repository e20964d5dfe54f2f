"""What a client remembers of its reads, and when it may answer from that. Sends nothing.

A version never changes, so it is asked for once. `latest` is asked for each time, but travels only when it changed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from schemaregistry.client.answers import Fetched
from schemaregistry.client.disk_cache import DiskCache
from schemaregistry.client.lru import LruCache
from schemaregistry.contract import CSV_PLAN_VERSION, PLAN_VERSION, compile_contract
from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument, RegistryError
from schemaregistry.v1 import contract_pb2

LATEST: Final = "latest"
_REMEMBERED: Final = 1_000
_CONTRACTS: Final = 100


def version_asked(version: str) -> str:
    """One spelling of a version for what the registry takes as the same; raises InvalidArgument where it is no text."""
    if not isinstance(version, str):
        message = f"version={version!r}: write it as text, MAJOR.MINOR.PATCH or {LATEST!r}"
        raise InvalidArgument(message, reason="BAD_VERSION")
    return version.removeprefix("v") or LATEST


@dataclass(frozen=True, slots=True)
class _CachedRead:
    fetched: Fetched
    confirmed_at: float


class ReadCache:
    """Answers by the id and version asked for, in memory and, where `cache_dir` is given, on disk. Thread-safe."""

    def __init__(self, target: str, cache_dir: str | Path | None, now: Callable[[], float] = time.time) -> None:
        self._entries: LruCache[tuple[str, str], _CachedRead] = LruCache(_REMEMBERED)
        self._documents: LruCache[str, Document] = LruCache(_REMEMBERED)
        self._contracts: LruCache[str, contract_pb2.Contract] = LruCache(_CONTRACTS)
        self._disk = DiskCache(Path(cache_dir), target) if cache_dir is not None else None
        self._now = now

    def settled(self, id: str, version: str) -> Fetched | None:
        """The answer that needs no asking: a version that the registry gave before to this process."""
        entry = self._entries.get((id, version))
        return entry.fetched if entry and version != LATEST else None

    def known(self, id: str, version: str) -> Fetched | None:
        """The answer to have confirmed."""
        entry = self._find(id, version)
        return entry.fetched if entry else None

    def keep(self, id: str, version: str, fetched: Fetched) -> Fetched:
        """Remember what the registry gave or confirmed just now, unless it did so without its store."""
        if fetched.stale:
            return fetched
        entry = _CachedRead(fetched, self._now())
        self._entries.put((id, version), entry)
        if self._disk:
            self._disk.write(id, version, fetched, entry.confirmed_at)
        return fetched

    def stale(
        self, id: str, version: str, min_revision: int, max_staleness: float | None, away: RegistryError
    ) -> Fetched:
        """The last answer while the registry is away, marked with its age; raises `away` where it may not serve.

        It may where it was confirmed within `max_staleness` seconds. A clock set back makes it older, never younger.
        """
        entry = self._find(id, version) if max_staleness is not None else None
        if entry is None or max_staleness is None or entry.fetched.revision < min_revision:
            raise away
        age = abs(self._now() - entry.confirmed_at)
        if age > max_staleness:
            kept = f"{id} {version} was last confirmed {age:,.0f} s ago, longer than the {max_staleness:,.0f} s allowed"
            raise type(away)(f"{away.message}; {kept}", reason=away.reason, metadata=away.metadata) from away
        return replace(entry.fetched, stale=True, stale_seconds=age)

    def document(self, fetched: Fetched) -> Document:
        """The parsed document, parsed once for each content."""
        document = self._documents.get(fetched.fingerprint)
        if document is None:
            document = parse(fetched.raw, id=fetched.id)
            self._documents.put(fetched.fingerprint, document)
        return document

    def contract(self, fetched: Fetched) -> contract_pb2.Contract | None:
        """The contract of a version, where this process had it before."""
        return self._contracts.get(fetched.fingerprint)

    def keep_contract(self, fetched: Fetched, given: contract_pb2.Contract) -> contract_pb2.Contract:
        """Remember what the registry gave, or compile here what it gave for other content, or in a format to come."""
        known = given.plan_version in (PLAN_VERSION, CSV_PLAN_VERSION)
        if not known or given.fingerprint != fetched.fingerprint:
            return self.compiled(fetched)
        self._contracts.put(fetched.fingerprint, given)
        return given

    def compiled(self, fetched: Fetched) -> contract_pb2.Contract:
        """The contract compiled here, once for each content."""
        contract = compile_contract(self.document(fetched))
        self._contracts.put(fetched.fingerprint, contract)
        return contract

    def _find(self, id: str, version: str) -> _CachedRead | None:
        entry = self._entries.get((id, version))
        if entry is None and self._disk and (found := self._disk.read(id, version)):
            entry = _CachedRead(*found)
        return entry
