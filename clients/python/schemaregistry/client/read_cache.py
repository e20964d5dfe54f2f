"""Remember the answers to reads, and decide when one may be used again; `reads.py` says what is asked.

A version never changes, but its state may (deprecated, retracted): it is asked for again after STATE_SECONDS. A
reference that may mean another version later (`latest`, `^1.2`) is asked for each time. The document is sent again only
if it, or the state, has changed (by the ETag).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Final

from schemaregistry.client.answers import Fetched, StateSet
from schemaregistry.client.disk_cache import DiskCache
from schemaregistry.client.lru import LruCache
from schemaregistry.contract import CSV_PLAN_VERSION, PLAN_VERSION, compile_contract
from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument, RegistryError
from schemaregistry.v1 import contract_pb2

LATEST: Final = "latest"
STATE_SECONDS: Final = 60.0
"""Seconds for which a version's state is used, or an unreachable registry left alone, before it is asked again."""
_REMEMBERED: Final = 1_000
"""Answers, and parsed documents, in memory."""
_CONTRACTS: Final = 100
"""Contracts in memory."""


def version_asked(version: str) -> str:
    """Return the one spelling under which a version is cached: without a leading `v`, and `latest` for "".

    Raises InvalidArgument (reason BAD_VERSION) where it isn't text.
    """
    if not isinstance(version, str):
        message = f"version={version!r}: write it as text, MAJOR.MINOR.PATCH, '^1.2' or {LATEST!r}"
        raise InvalidArgument(message, reason="BAD_VERSION")
    return version.removeprefix("v") or LATEST


def id_asked(id: str) -> str:
    """Return an id. Raises InvalidArgument (reason BAD_ID) where it isn't text."""
    if not isinstance(id, str):
        raise InvalidArgument(f"id={id!r}: write it as text, as in 'ticks_v1'", reason="BAD_ID")
    return id


def staleness_allowed(seconds: float | None) -> float | None:
    """Return a `max_staleness`. Raises InvalidArgument (reason BAD_STALENESS) unless it is None, or 0 or more."""
    if seconds is not None and not (isinstance(seconds, int | float) and seconds >= 0):
        raise InvalidArgument(f"max_staleness={seconds!r}: give seconds, 0 or more, or None", reason="BAD_STALENESS")
    return seconds


@dataclass(frozen=True, slots=True)
class _CachedRead:
    """An answer, and when the registry last confirmed it (seconds since the epoch).

    `asked_at` is when it was last asked to (seconds of a monotonic clock), `reached` whether it answered then. `seen`
    is a revision that the answer knows of.
    """

    fetched: Fetched
    confirmed_at: float
    asked_at: float
    seen: int
    reached: bool = True


class ReadCache:
    """Answers by the id and version asked for, in memory and, with a `cache_dir`, on disk; thread-safe.

    Raises InvalidArgument (reason CACHE_UNWRITABLE) where the directory can't be written.
    """

    def __init__(
        self,
        target: str,
        cache_dir: str | Path | None,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        # `now` is the wall clock, since the times in `cache_dir` outlive this process; `elapsed` is never set back.
        self._entries: LruCache[tuple[str, str], _CachedRead] = LruCache(_REMEMBERED)
        self._documents: LruCache[str, Document] = LruCache(_REMEMBERED)
        self._contracts: LruCache[str, contract_pb2.Contract] = LruCache(_CONTRACTS)
        if cache_dir is not None and not isinstance(cache_dir, str | PathLike):
            raise InvalidArgument(f"cache_dir={cache_dir!r}: give a path, or None", reason="CACHE_UNWRITABLE")
        self._disk = DiskCache(Path(cache_dir), target) if cache_dir is not None else None
        self._now = now
        self._elapsed = elapsed

    def settled(self, id: str, version: str, min_revision: int = 0) -> Fetched | None:
        """Return an answer that needs no call: an exact version that was asked for within STATE_SECONDS.

        It must know of `min_revision`. Where the registry couldn't be reached then, it is marked with its age.
        """
        entry = self._exact(id, version)
        if entry is None or entry.seen < min_revision or self._elapsed() - entry.asked_at >= STATE_SECONDS:
            return None
        return entry.fetched if entry.reached else self._aged(entry)

    def unconfirmed(self, id: str, version: str) -> Fetched | None:
        """Return an exact version of this process, marked with its age, because the registry can't be reached.

        Its content can't have changed, so that it may be of any age. None where this process never had it. The registry
        is left alone for STATE_SECONDS.
        """
        entry = self._exact(id, version)
        if entry is None:
            return None
        self._entries.put((id, version), replace(entry, asked_at=self._elapsed(), reached=False))
        return self._aged(entry)

    def state_set(self, done: StateSet) -> None:
        """Give the stored answer for a version the state that this client has just set."""
        entry = self._exact(done.id, done.version)
        if entry is not None:
            # Without an ETag the next call brings the document with its new one.
            self.keep(done.id, done.version, replace(entry.fetched, state=done.state, etag=""), done.revision)

    def known(self, id: str, version: str) -> Fetched | None:
        """Return the last answer, in memory or on disk, for the registry to confirm."""
        entry = self._find(id, version)
        return entry.fetched if entry else None

    def keep(self, id: str, version: str, fetched: Fetched, min_revision: int = 0) -> Fetched:
        """Store and return an answer that the registry just gave or confirmed when it had seen `min_revision`.

        A stale answer, which it gave while its store was away, is returned but not stored.
        """
        if fetched.stale:
            return fetched
        entry = _CachedRead(fetched, self._now(), self._elapsed(), max(min_revision, fetched.revision))
        self._entries.put((id, version), entry)
        if self._disk:
            self._disk.write(id, version, fetched, entry.confirmed_at)
        return fetched

    def stale(
        self, id: str, version: str, min_revision: int, max_staleness: float | None, away: RegistryError
    ) -> Fetched:
        """Return the last answer, marked with its age, because the registry is away (the error `away`).

        Raises `away` where there is none, it is older than `min_revision`, or it was confirmed more than
        `max_staleness` seconds ago; None allows no stale answer at all.
        """
        entry = self._find(id, version) if max_staleness is not None else None
        if entry is None or max_staleness is None or entry.fetched.revision < min_revision:
            raise away
        aged = self._aged(entry)
        age = aged.stale_seconds or 0.0
        if age > max_staleness:
            kept = f"{id} {version} was last confirmed {age:,.0f} s ago, longer than the {max_staleness:,.0f} s allowed"
            raise type(away)(f"{away.message}; {kept}", reason=away.reason, metadata=away.metadata) from away
        return aged

    def document(self, fetched: Fetched) -> Document:
        """Return the parsed document; each content is parsed once. Raises InvalidArgument as `parse` does."""
        document = self._documents.get(fetched.fingerprint)
        if document is None:
            document = parse(fetched.raw, id=fetched.id)
            self._documents.put(fetched.fingerprint, document)
        return document

    def contract(self, fetched: Fetched) -> contract_pb2.Contract | None:
        """Return the contract of a version if this process has had it before, else None."""
        return self._contracts.get(fetched.fingerprint)

    def keep_contract(self, fetched: Fetched, given: contract_pb2.Contract) -> contract_pb2.Contract:
        """Store and return the registry's contract, or one compiled here where the registry's can't be used.

        It can't be used where its plan format is newer than this library, or it is for another document.
        """
        known = given.plan_version in (PLAN_VERSION, CSV_PLAN_VERSION)
        if not known or given.fingerprint != fetched.fingerprint:
            return self.compiled(fetched)
        self._contracts.put(fetched.fingerprint, given)
        return given

    def compiled(self, fetched: Fetched) -> contract_pb2.Contract:
        """Compile the contract here and store it."""
        contract = compile_contract(self.document(fetched))
        self._contracts.put(fetched.fingerprint, contract)
        return contract

    def _exact(self, id: str, version: str) -> _CachedRead | None:
        entry = self._entries.get((id, version))
        # A reference is exact where it is the number of its answer's version.
        return entry if entry and entry.fetched.version == version else None

    def _aged(self, entry: _CachedRead) -> Fetched:
        # The absolute value, so that a clock that was set back makes the answer older, never younger.
        return replace(entry.fetched, stale=True, stale_seconds=abs(self._now() - entry.confirmed_at))

    def _find(self, id: str, version: str) -> _CachedRead | None:
        entry = self._entries.get((id, version))
        if entry is None and self._disk and (found := self._disk.read(id, version)):
            fetched, confirmed_at = found
            entry = _CachedRead(fetched, confirmed_at, asked_at=-math.inf, seen=fetched.revision)
        return entry
