"""Register a document: judge it against the versions of its id, write it, and try again after a concurrent write.

`schemaregistry.compat` has the rules of admission; the store compares the id's latest version within the write.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from schemaregistry.compat import line_history, needed
from schemaregistry.document.origin import UNSTATED, Origin
from schemaregistry.errors import AlreadyExists, DeadlineExceeded, Unavailable
from schemaregistry_server.catalog.catalog import Catalog, Schema
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.rpc.verdict_cache import Candidate, Compatibility
from schemaregistry_server.security.identity import PresentedToken
from schemaregistry_server.store.base import Conflict, Entry, Store
from schemaregistry_server.store.verified_claims import NO_TOKEN, VerifiedClaims

ATTEMPTS: Final = 20
"""How many times a document is judged, and put, while other servers' writes of its id keep coming first."""

WrittenT = TypeVar("WrittenT")

SECONDS: Final = 5.0
"""How long a write may take to appear in this server's own catalog."""


class Registrar:
    """Writes versions to the store. Writes of one id take turns, so that only another server's write can conflict."""

    def __init__(self, store: Store, current: CurrentCatalog, judge: Compatibility) -> None:
        self._store = store
        self._current = current
        self._judge = judge
        # Weak: a lock lasts as long as someone holds or waits for it, so the dictionary doesn't grow with the ids.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def write(
        self, document: Candidate, who: str, origin: Origin = UNSTATED, token: PresentedToken | None = None
    ) -> tuple[Entry, bool]:
        """Register `document` for the identity `who`, who states where it comes from and whose `token` the store gets.

        Returns the entry and whether it is new (False: the same content was registered before), once this server's
        reads see it. Raises AlreadyExists (other content), RefusedWrite (with the verdict), ResourceExhausted (no
        worker was free) or Unavailable.
        """
        return await self.in_turn(document.id, lambda: self._attempt(document, who, origin, token))

    async def in_turn(self, id: str, attempt: Callable[[], Awaitable[WrittenT]]) -> WrittenT:  # noqa: A002
        """Await `attempt` while no other write of `id` does, and again where another server's write comes first.

        Raises Unavailable (CONTENDED) after ATTEMPTS.
        """
        async with self._turns.setdefault(id, asyncio.Lock()):
            for _ in range(ATTEMPTS):
                try:
                    return await attempt()
                except Conflict as lost:
                    await self.seen(lost.revision)
        raise Unavailable(f"Others write {id} all the time: try again.", reason="CONTENDED")

    async def _attempt(
        self, document: Candidate, who: str, origin: Origin, token: PresentedToken | None
    ) -> tuple[Entry, bool]:
        version = str(document.version)
        schema = self._current.catalog.schemas.get(document.id) or Schema(document.id)
        if (there := schema.by_version.get(version)) is not None:
            return _same(there.entry, document), False
        if schema.standing:  # the first version of an id, and one after retracted ones, has nothing to agree with
            taken = [each.version for each in schema.versions if each.is_retracted]
            await self._judge.admit(_judged(schema, document), document, who, taken)
        entry = Entry(
            id=document.id,
            version=version,
            raw=document.raw,
            fingerprint=document.fingerprint,
            registered_by=who,
            registered_at=time.time_ns() // 1000,
            origin=origin,
            claims=VerifiedClaims.of(token) if token else NO_TOKEN,
        )
        written_last = schema.versions[-1].version if schema.versions else None
        revision = await self._store.put(
            entry, expected_latest=written_last, expected_writes=schema.writes, token=token.text if token else ""
        )
        catalog = await self.seen(revision)
        return catalog.schemas[document.id].by_version[version].entry, True

    async def seen(self, revision: int) -> Catalog:
        """Wait for the catalog to have a revision that the store has.

        Raises Unavailable in place of DeadlineExceeded, since clients try that again, and then find the write by its
        content.
        """
        try:
            return await self._current.reached(revision, seconds=SECONDS)
        except DeadlineExceeded as late:
            raise Unavailable(
                f"The store is at revision {revision} and this server has seen {self._current.catalog.revision}: "
                "try again, here or at another.",
                reason="STORE_AHEAD",
                metadata={"revision": str(revision)},
            ) from late


def _judged(schema: Schema, document: Candidate) -> list[Entry]:
    """The versions that admission needs: those that the document is judged against, and the latest of its line and of
    all, which its own version must exceed or a refusal names."""
    standing = schema.standing
    judged = needed(standing, document.version, document.compatibility, None)
    newest = line_history(standing, document.version)[-1]
    return [registered.entry for registered in {*judged, newest, standing[-1]}]


def _same(entry: Entry, document: Candidate) -> Entry:
    """Return the registered `entry` where its content equals the document's; raise AlreadyExists where it differs."""
    if entry.fingerprint != document.fingerprint:
        raise AlreadyExists(
            f"{entry.id} {entry.version} is there with other content: {entry.fingerprint}, yours is "
            f"{document.fingerprint}. A version never changes: raise `version` in the document.",
            reason="VERSION_EXISTS",
            pointer="/version",
            metadata={
                "id": entry.id,
                "version": entry.version,
                "fingerprint": entry.fingerprint,
                "your_fingerprint": document.fingerprint,
            },
        )
    return entry
