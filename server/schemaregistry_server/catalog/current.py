"""The server's one mutable state: the newest catalog, whether the store can be reached, and a signal of each change."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemaregistry.errors import DeadlineExceeded
from schemaregistry_server.catalog.catalog import Catalog
from schemaregistry_server.store.base import Entry, StateChange


@dataclass(frozen=True, slots=True)
class Outage:
    """Since when the store can't be reached, and its last error message."""

    since: datetime
    why: str


class CurrentCatalog:
    """Holds the newest `catalog`. At each change of any member `changed` is set and replaced by a new event.

    `outage`: the store can't be reached, so the catalog may be out of date. `closing`: the server is about to stop.
    """

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.outage: Outage | None = None
        self.closing = False
        self.changed = asyncio.Event()

    @property
    def stale(self) -> bool:
        return self.outage is not None

    def advance(self, revision: int, entries: Iterable[Entry] = (), states: Iterable[StateChange] = ()) -> None:
        """Replace the catalog by one with `entries` and `states` too, end any outage, and wake all waiters."""
        self.catalog = self.catalog.advance(revision, entries, states)
        self.outage = None
        self._wake()

    def mark_stale(self, why: str = "") -> None:
        """Record that the store can't be reached, until the next `advance`."""
        if self.outage:
            self.outage = Outage(self.outage.since, why)
        else:
            self.outage = Outage(datetime.now(UTC), why)
            self._wake()

    def close(self) -> None:
        """Tell the watches to end."""
        self.closing = True
        self._wake()

    async def reached(self, revision: int, *, seconds: float) -> Catalog:
        """Wait until the catalog has `revision` and return it.

        Raises DeadlineExceeded (REVISION_NOT_REACHED) where that takes over `seconds`.
        """
        if revision > self.catalog.revision:
            try:
                async with asyncio.timeout(seconds):
                    while revision > self.catalog.revision:
                        await self.changed.wait()
            except TimeoutError:
                raise self._not_reached(revision) from None
        return self.catalog

    def _not_reached(self, revision: int) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"This server has seen revision {self.catalog.revision}, not {revision} yet: try again, or ask another.",
            reason="REVISION_NOT_REACHED",
            metadata={"revision": str(self.catalog.revision), "min_revision": str(revision)},
        )

    def _wake(self) -> None:
        # A new event first: a waiter that wakes and waits again must wait for the next change.
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
