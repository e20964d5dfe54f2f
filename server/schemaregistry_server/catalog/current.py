"""The one place that changes: the newest catalog, whether the store is away, and who waits for more."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemaregistry.errors import DeadlineExceeded
from schemaregistry_server.catalog.catalog import Catalog
from schemaregistry_server.store.base import Entry


@dataclass(frozen=True, slots=True)
class Outage:
    """Since when the store is away, and what it said last."""

    since: datetime
    why: str


class CurrentCatalog:
    """Read `catalog` for the newest one. `changed` is set, and replaced, at each change of any member.

    `outage`: the store is away, the catalog may be old. `closing`: the server is about to stop.
    """

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.outage: Outage | None = None
        self.closing = False
        self.changed = asyncio.Event()

    @property
    def stale(self) -> bool:
        return self.outage is not None

    def advance(self, revision: int, entries: Iterable[Entry] = ()) -> None:
        """Swap in the catalog after `entries` and wake everyone who waited for it."""
        self.catalog = self.catalog.advance(revision, entries)
        self.outage = None
        self._wake()

    def mark_stale(self, why: str = "") -> None:
        """Say that the store is away, until the next `advance`."""
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
        """The catalog once it holds `revision`; raise DeadlineExceeded where that takes over `seconds`."""
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
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
