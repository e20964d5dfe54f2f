"""What keeps the catalog up to date: load once, then follow the store's watch for as long as the server runs.

Also what is made of a catalog beforehand, so that nobody waits for it.
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
"""Documents after which what was read of them is settled."""

PAUSE = 0.2
"""Seconds between attempts while the store is away."""

log = logging.getLogger(__name__)


async def follow(store: Store, current: CurrentCatalog) -> None:
    """Feed `current` from `store` until the store closes; mark the catalog stale while the store is away."""
    ended = False
    while not ended:
        try:
            ended = await _followed(store, current)
        except Unavailable as away:
            if not current.stale:
                log.warning("the store is away, reads go on from memory: %s", away.message)
            current.mark_stale(away.message)
            await asyncio.sleep(PAUSE)


async def _followed(store: Store, current: CurrentCatalog) -> bool:
    """Follow one watch; True where it ended because the store closed, False where the catalog was loaded anew."""
    try:
        async for batch in store.watch(current.catalog.revision):
            if current.stale:
                log.warning("the store is back, at revision %d", batch.revision)
            current.advance(batch.revision, batch.entries)
    except Compacted:
        await load(store, current)
        return False
    return True


async def load(store: Store, current: CurrentCatalog) -> None:
    """Bring the catalog up to everything that the store has."""
    everything = await store.load()
    current.advance(everything.revision, everything.entries)
    settle()


async def describe(catalog: Catalog) -> None:
    """Read what the newest version of each id says of itself, where it isn't read, so that filters find it."""
    count = 0
    async for registered in sliced(catalog.index.unread()):
        catalog.index.add(registered, await described(registered))
        count += 1
        if count % SETTLED == 0:
            settle()


def settle() -> None:
    """Take all that is there out of the garbage collector's sight: what a catalog holds stays for long.

    A full collection looks at everything, and holds the event loop for 100 ms where that is 100,000 documents.
    """
    gc.freeze()


async def described(registered: CatalogVersion) -> About:
    """What a version says of itself; a large document is read on another thread."""
    if registered.is_described:
        return registered.about
    return await asyncio.to_thread(getattr, registered, "about")
