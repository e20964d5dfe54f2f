"""Keep the catalog up to date: load the store once, then follow its watch for as long as the server runs.

`describe` reads in advance what lists filter by, so that the first caller doesn't wait for it.
"""

import asyncio
import gc
import logging

from schemaregistry.errors import Unavailable
from schemaregistry_server.catalog.about import About
from schemaregistry_server.catalog.catalog import Catalog
from schemaregistry_server.catalog.catalog_version import CatalogVersion
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.catalog.slices import sliced
from schemaregistry_server.store.base import Compacted, Store

SETTLED = 5000
"""How many documents `describe` reads before it calls `settle`."""

PAUSE = 0.2
"""Seconds between attempts while the store can't be reached."""

log = logging.getLogger(__name__)


async def follow(store: Store, current: CurrentCatalog) -> None:
    """Advance `current` from `store` until the store closes; mark it stale while the store can't be reached."""
    ended = False
    while not ended:
        try:
            ended = await _followed(store, current)
        except Unavailable as away:
            if not current.stale:  # once for each outage, and not at each attempt
                log.warning("the store is away, reads go on from memory: %s", away.message)
            current.mark_stale(away.message)
            await asyncio.sleep(PAUSE)


async def _followed(store: Store, current: CurrentCatalog) -> bool:
    """Follow one watch; return True where the store closed, False where the catalog was loaded anew."""
    try:
        async for batch in store.watch(current.catalog.revision):
            if current.stale:
                log.warning("the store is back, at revision %d", batch.revision)
            current.advance(batch.revision, batch.entries, batch.states)
    except Compacted:
        await load(store, current)
        return False
    return True


async def load(store: Store, current: CurrentCatalog) -> None:
    """Load every entry of the store into the catalog; raises as `Store.load`."""
    everything = await store.load()
    current.advance(everything.revision, everything.entries, everything.states)
    settle()


async def describe(catalog: Catalog) -> None:
    """Read the fields and tags of each id's newest version into the index, where that isn't done yet."""
    count = 0
    async for registered in sliced(catalog.index.unread()):
        catalog.index.add(registered, await described(registered))
        count += 1
        if count % SETTLED == 0:
            settle()


def settle() -> None:
    """Exempt all objects made so far from garbage collection (`gc.freeze`).

    A full collection walks through every object and blocks the event loop for 100 ms with 100,000 documents, which
    stay in the catalog anyway.
    """
    gc.freeze()


async def described(registered: CatalogVersion) -> About:
    """The `about` of a version; a large document is read on another thread, to keep the event loop free."""
    if registered.is_described:
        return registered.about
    return await asyncio.to_thread(getattr, registered, "about")
