"""Set the metrics that are states, every second: the catalog, the store and its members, and certificates' ends.

Whether the catalog is up to date can't be read from its revision alone. So the store is asked for its newest revision
every few seconds; until the catalog has that one, or for as long as the store doesn't answer, it lags since then.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from schemaregistry.errors import DeadlineExceeded, RegistryError
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.metrics.server_metrics import metrics
from schemaregistry_server.security import certificates
from schemaregistry_server.store.base import Store

SAMPLE_SECONDS: Final = 1.0
ASK_SECONDS: Final = 5.0
"""Between two questions to the store."""

CERTIFICATE_SECONDS: Final = 60.0


class MetricsSampler:
    """Samples one server process until it is cancelled."""

    def __init__(self, store: Store, current: CurrentCatalog, files: Mapping[str, Path]) -> None:
        """`files` are the certificates by the name of their label."""
        self._store, self._current, self._files = store, current, files
        self._behind_since: float | None = None

    async def run(self) -> None:
        """Sample for as long as the server runs; calls that were counted are flushed once more at the end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._sample())
                tasks.create_task(self._ask())
                tasks.create_task(self._members())
                tasks.create_task(self._read_certificates())
        finally:
            metrics().flush()

    async def _sample(self) -> None:
        shown = metrics()
        while True:
            shown.flush()
            shown.catalog_revision.set(self._current.catalog.revision)
            shown.catalog_versions.set(self._current.catalog.size)
            since = self._behind_since
            shown.catalog_lag.set(0 if since is None else monotonic() - since)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _ask(self) -> None:
        while True:
            if self._behind_since is None:
                self._behind_since = monotonic()
            with suppress(RegistryError):  # the lag grows, and the reason is in the log and in /readyz
                revision = await self._store.revision()
                metrics().store_revision.set(revision)
                with suppress(DeadlineExceeded):
                    await self._current.reached(revision, seconds=ASK_SECONDS)
                    self._behind_since = None
            await asyncio.sleep(ASK_SECONDS)

    async def _members(self) -> None:
        while True:
            for endpoint, well in (await self._store.members()).items():
                metrics().etcd_up.labels(endpoint).set(well)
            await asyncio.sleep(ASK_SECONDS)

    async def _read_certificates(self) -> None:
        while True:
            for name, path in self._files.items():
                with suppress(RegistryError):  # whoever uses the file says what is wrong with it
                    metrics().certificate_days.labels(name).set(await asyncio.to_thread(certificates.days_left, path))
            await asyncio.sleep(CERTIFICATE_SECONDS)


def certificate_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files whose ends are told, by the name of their label."""
    yield "server", settings.files.certificate
    yield "client_ca", settings.files.ca
    if etcd := settings.etcd_tls:
        yield "etcd_ca", etcd.ca
        if etcd.cert:
            yield "etcd", etcd.cert
