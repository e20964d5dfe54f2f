"""The registry's RPCs, free of transport: each takes a request and a caller and gives a reply or raises RegistryError.

Holds what an RPC means. Where things are kept is the store's and the catalog's, how they are judged the judge's.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from weakref import WeakValueDictionary

from google.protobuf.message import Message

from schemaregistry.document import Document, check_id, parse, parse_version
from schemaregistry.errors import AlreadyExists, NotFound, Unavailable, Unimplemented
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog import Catalog, CurrentCatalog, Registered, Subject
from schemaregistry_server.identity import Identity, authorise
from schemaregistry_server.reply import Reply
from schemaregistry_server.store.base import Conflict, Entry, Store

__all__ = ["Identity", "Registry", "Reply"]

WAIT_SECONDS = 5.0
"""How long a read waits for its `min_revision`, where the call has no shorter deadline."""

ATTEMPTS = 20
"""How often a write is judged anew because another server's write came first."""


class Registry:
    """The RPCs over one store and the catalog that follows it."""

    def __init__(self, store: Store, current: CurrentCatalog) -> None:
        self._store = store
        self._current = current
        self._writing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def waits_for(self) -> str | None:
        """What the server waits for before it serves, None once it does."""
        return None

    async def GetSchema(self, request: pb.GetSchemaRequest, caller: Identity) -> Reply:  # noqa: N802
        authorise("GetSchema", caller)
        found = _find(await self._catalog(request.min_revision), request.id, request.version)
        return found.reply

    async def RegisterSchema(self, request: pb.RegisterSchemaRequest, caller: Identity) -> Reply:  # noqa: N802
        authorise("RegisterSchema", caller)
        document = parse(request.document.data, id=check_id(request.id))
        async with self._writing.setdefault(document.id, asyncio.Lock()):
            for _ in range(ATTEMPTS):
                try:
                    return await self._register(document, caller)
                except Conflict as lost:
                    await self._current.reached(lost.revision, seconds=WAIT_SECONDS)
        raise Unavailable(f"{document.id} is being written by others all the time: try again.", reason="CONTENDED")

    async def WhoAmI(self, request: pb.WhoAmIRequest, caller: Identity) -> Reply:  # noqa: N802
        authorise("WhoAmI", caller)
        return Reply(
            pb.WhoAmIResponse(identity=caller.name, can_publish=caller.can_publish, transport=caller.transport)
        )

    async def _later(self, request: Message, caller: Identity) -> Reply:
        raise Unimplemented("Not served yet.", reason="NOT_SERVED_YET")

    CheckCompatibility = CompareVersions = ListSchemas = ListVersions = GetContract = ValidateRecords = _later

    async def WatchSchemas(self, request: Message, caller: Identity) -> AsyncIterator[pb.WatchSchemasResponse]:  # noqa: N802
        raise Unimplemented("Not served yet.", reason="NOT_SERVED_YET")
        yield pb.WatchSchemasResponse()

    async def _register(self, document: Document, caller: Identity) -> Reply:
        subject = self._current.catalog.subjects.get(document.id)
        if subject is not None and (there := subject.by_version.get(str(document.version))) is not None:
            return _registered(_same(there.entry, document), document, created=False)
        entry = Entry(
            id=document.id,
            version=str(document.version),
            raw=document.raw,
            fingerprint=document.fingerprint,
            registered_by=caller.name,
            registered_at=time.time_ns() // 1000,
        )
        latest = subject.latest.entry.version if subject else None
        revision = await self._store.put(entry, expected_latest=latest)
        await self._current.reached(revision, seconds=WAIT_SECONDS)
        return _registered(
            self._current.catalog.subjects[document.id].by_version[entry.version].entry, document, created=True
        )

    async def _catalog(self, min_revision: int) -> Catalog:
        if min_revision > self._current.catalog.revision:
            await self._current.reached(min_revision, seconds=WAIT_SECONDS)
        return self._current.catalog


def _find(catalog: Catalog, id: str, version: str) -> Registered:  # noqa: A002
    subject = catalog.subjects.get(id)
    if subject is None:
        raise NotFound(
            f"No schema {check_id(id)}.", reason="NO_SUCH_SCHEMA", metadata={"near": ", ".join(catalog.near(id))}
        )
    if version in {"", "latest"}:
        return subject.latest
    found = subject.by_version.get(version.removeprefix("v"))
    if found is None:
        raise NotFound(f"{id} has no version {parse_version(version)}.", reason="NO_SUCH_VERSION")
    return found


def _same(entry: Entry, document: Document) -> Entry:
    if entry.fingerprint != document.fingerprint:
        raise AlreadyExists(
            f"{entry.id} {entry.version} is registered with other content ({entry.fingerprint}, yours is "
            f"{document.fingerprint}). A version never changes: raise `version` in the document.",
            reason="VERSION_EXISTS",
            pointer="/version",
            metadata={"registered": entry.fingerprint, "yours": document.fingerprint},
        )
    return entry


def _registered(entry: Entry, document: Document, *, created: bool) -> Reply:
    return Reply(
        pb.RegisterSchemaResponse(
            id=entry.id,
            version=entry.version,
            revision=entry.revision,
            fingerprint=entry.fingerprint,
            created=created,
            warnings=[note.message for note in document.warnings],
        )
    )
