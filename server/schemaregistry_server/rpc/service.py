"""The registry's RPCs: each method takes a request and its caller, and returns a reply or raises RegistryError.

Transports call these methods. Writing is in `registration.py`, comparing in `verdict_cache.py`, watching in
`watching.py`.
"""

# ruff: noqa: N802 (the proto's names)

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice
from typing import Final, TypeAlias

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from schemaregistry.compat import needed
from schemaregistry.compat.version_reference import LATEST
from schemaregistry.document import check_id
from schemaregistry.document.naming import check_fingerprint
from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import check_state, state_notice
from schemaregistry.errors import InvalidArgument, with_place
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog.catalog import Catalog, Schema
from schemaregistry_server.catalog.catalog_version import CatalogVersion
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.catalog.feed import describe, described
from schemaregistry_server.catalog.slices import sliced
from schemaregistry_server.rpc import bodies, deadline, limits, pages, read_summary, watching
from schemaregistry_server.rpc.read_counts import ReadCounts
from schemaregistry_server.rpc.refusals import NO_AUDIT_LOG, Refusals
from schemaregistry_server.rpc.registration import Registrar
from schemaregistry_server.rpc.reply import Prepared, Reply
from schemaregistry_server.rpc.state_changes import StateChanges
from schemaregistry_server.rpc.verdict_cache import Compatibility, VerdictCache, read_direction
from schemaregistry_server.security.identity import Identity, authorise, authorise_id
from schemaregistry_server.store.base import Entry, StateChange, Store
from schemaregistry_server.store.verified_claims import NO_TOKEN, VerifiedClaims

__all__ = ["Identity", "Registry", "Reply"]

WAIT_SECONDS: Final = 5.0
"""How long a read waits for its `min_revision`; less where the call's deadline comes before."""

STRETCH: Final = 50
"""Subjects that a filter tests before it looks at the clock (`sliced`)."""

STORE_READS: Final = 4
"""ListConsumers that read the store at once, others wait: it is the one read that isn't answered from memory."""

WaitingRequest: TypeAlias = (
    pb.GetSchemaRequest
    | pb.CheckCompatibilityRequest
    | pb.CompareVersionsRequest
    | pb.ListSchemasRequest
    | pb.ListVersionsRequest
    | pb.ListConsumersRequest
    | pb.GetContractRequest
)
"""A request with a `min_revision`."""

STALE: Final = ("x-schema-stale", "true")
PROGRESS_HEADER: Final = "x-schema-progress-seconds"


class Registry:
    """The RPCs over one store and the catalog that follows it.

    Each method is documented in registry.proto, checks the caller's role and the limits on fields first, and raises
    RegistryError. `judge` answers publishers and `questions` readers, so that neither waits for the other;
    `progress_seconds` is the time between a watch's marks of progress; `reads` counts who reads which version. The
    transports record in `refusals` what they answer with a refusal.
    """

    def __init__(  # noqa: PLR0913
        self,
        store: Store,
        current: CurrentCatalog,
        *,
        judge: Compatibility,
        questions: VerdictCache,
        progress_seconds: float,
        reads: ReadCounts,
        refusals: Refusals = NO_AUDIT_LOG,
    ) -> None:
        self.refusals = refusals
        self._store = store
        self._current = current
        self._reads = reads
        self._store_reads = asyncio.Semaphore(STORE_READS)
        self._questions = questions
        self._judge = judge
        self._writer = Registrar(store, current, judge)
        self._states = StateChanges(store, current, self._writer)
        self._progress_seconds = progress_seconds

    async def GetSchema(self, request: pb.GetSchemaRequest, caller: Identity) -> Reply:
        self._admit("GetSchema", request, caller)
        found = await self._find(request)
        # A 304 can't take back a stale mark that a cache has stored (RFC 9111, section 3.2): it has an ETag of its own.
        etag = f'{found.etag[:-1]}-stale"' if self._current.stale else found.etag
        unchanged = request.if_none_match and _matches(request.if_none_match, etag)
        body = HttpBody(content_type=found.body.content_type) if unchanged else found.body
        self._count(caller, found)
        return self._reply(body, (("etag", etag), *found.document_headers))

    async def RegisterSchema(self, request: pb.RegisterSchemaRequest, caller: Identity) -> Reply:
        self._admit("RegisterSchema", request, caller)
        authorise_id("RegisterSchema", caller, request.id)
        bodies.require_json(request.document.data)
        document = await self._judge.read(request.document.data, check_id(request.id), caller.name)
        stated = request.origin
        origin = Origin(stated.repository, stated.commit, stated.path, stated.pull_request)
        entry, created = await self._writer.write(document, caller.name, origin, caller.token)
        return Reply(
            pb.RegisterSchemaResponse(
                id=entry.id,
                version=entry.version,
                revision=entry.revision,
                fingerprint=entry.fingerprint,
                created=created,
                warnings=[
                    *(with_place(note.message, note.pointer) for note in document.warnings),
                    *([] if created else self._notices(entry)),
                ],
            )
        )

    async def SetVersionState(self, request: pb.SetVersionStateRequest, caller: Identity) -> Reply:
        self._admit("SetVersionState", request, caller)
        authorise_id("SetVersionState", caller, request.id)
        sunset = _sunset(request) if request.HasField("sunset") else None
        change = StateChange(
            id=check_id(request.id),
            version=request.version,
            state=check_state(request.state, request.reason, sunset),
            fingerprint="",
            changed_by=caller.name,
            changed_at=0,
            claims=VerifiedClaims.of(caller.token) if caller.token else NO_TOKEN,
        )
        token = caller.token.text if caller.token else ""
        done = await self._states.set(change, expected_revision=request.expected_revision, token=token)
        latest = done.schema.latest
        return Reply(
            pb.SetVersionStateResponse(
                version=done.version.message,
                changed=done.changed,
                previous_state=done.before.name,
                latest_version=latest.version if latest else "",
            )
        )

    async def CheckCompatibility(self, request: pb.CheckCompatibilityRequest, caller: Identity) -> Reply:
        self._admit("CheckCompatibility", request, caller)
        direction = read_direction(request.direction, transitive=True)
        bodies.require_json(request.document.data)
        document = await self._questions.read(request.document.data, check_id(request.id), caller.name)
        schema = (await self._catalog(request)).schema(document.id)
        standing = schema.standing or (schema.find(LATEST),)  # where all are retracted, `find` says so
        versions = needed(standing, document.version, document.compatibility, direction)
        return self._reply(await self._questions.candidate(versions, document, direction, caller.name))

    async def CompareVersions(self, request: pb.CompareVersionsRequest, caller: Identity) -> Reply:
        self._admit("CompareVersions", request, caller)
        direction = read_direction(request.direction, transitive=False)
        schema = (await self._catalog(request)).schema(request.id)
        old, new = schema.find(request.from_version), schema.find(request.to_version)
        return self._reply(await self._questions.pair(old, new, direction, caller.name))

    async def ListSchemas(self, request: pb.ListSchemasRequest, caller: Identity) -> Reply:
        self._admit("ListSchemas", request, caller)
        filters = (request.text, request.field, request.tag)
        fingerprint = check_fingerprint(request.fingerprint) if request.fingerprint else ""
        page = pages.read(request.page_size, request.page_token, "schemas", *filters, fingerprint)
        catalog = await self._catalog(request)
        answer = pb.ListSchemasResponse(revision=catalog.revision)
        if any(filters):
            await describe(catalog)
        found = catalog.with_fingerprint(fingerprint)
        schemas = catalog.filtered(page.after, request.field, request.tag)
        if fingerprint:
            schemas = iter([catalog.schema(found.entry.id)] if found and found.entry.id > page.after else ())
        async for schema in _chosen(schemas, *filters):
            if len(answer.schemas) == page.size:
                answer.next_page_token = page.token(answer.schemas[-1].id)
                break
            answer.schemas.append(_summary(schema, found))
        return self._reply(answer)

    async def ListVersions(self, request: pb.ListVersionsRequest, caller: Identity) -> Reply:
        self._admit("ListVersions", request, caller)
        page = pages.read(request.page_size, request.page_token, "versions", request.id)
        catalog = await self._catalog(request)
        later = catalog.schema(request.id).after(page.after_revision)
        chosen = later[: page.size]
        more = page.size < len(later)
        return self._reply(
            pb.ListVersionsResponse(
                versions=[each.message for each in chosen],
                next_page_token=page.token(str(chosen[-1].entry.revision)) if more else "",
                revision=catalog.revision,
            )
        )

    async def ListConsumers(self, request: pb.ListConsumersRequest, caller: Identity) -> Reply:
        self._admit("ListConsumers", request, caller)
        page = pages.read(request.page_size, request.page_token, "consumers", request.id)
        catalog = await self._catalog(request)
        id = catalog.schema(request.id).id  # noqa: A001 (the field's term)
        # Before the store's: a day that is saved meanwhile leaves memory.
        own = self._reads.of(id)
        async with self._store_reads:
            stored = await self._store.load_reads(id, self._reads.first_day())
        # On a thread: a week of many processes may be many counts.
        consumers = await asyncio.to_thread(read_summary.summed, stored, own)
        later = [each for each in consumers if read_summary.place(each) > page.after]
        chosen = later[: page.size]
        more = page.size < len(later)
        return self._reply(
            pb.ListConsumersResponse(
                consumers=chosen,
                next_page_token=page.token(read_summary.place(chosen[-1])) if more else "",
                revision=catalog.revision,
            )
        )

    def WatchSchemas(self, request: pb.WatchSchemasRequest, caller: Identity) -> AsyncIterator[pb.WatchSchemasResponse]:
        self._admit("WatchSchemas", request, caller)
        messages = watching.watch(self._current, request, progress_seconds=self._progress_seconds)
        # Who watches everything, or without documents, follows the registry and not one schema's data.
        return self._counted(messages, request, caller) if request.ids and request.include_documents else messages

    @property
    def watch_headers(self) -> Sequence[tuple[str, str]]:
        """The headers of a watch: the seconds between marks of progress, so that a reader detects a dead connection.

        A gateway hands on `cache-control`, which REST has too.
        """
        return (("cache-control", "no-store"), (PROGRESS_HEADER, f"{self._progress_seconds:g}"))

    async def GetContract(self, request: pb.GetContractRequest, caller: Identity) -> Reply:
        self._admit("GetContract", request, caller)
        found = await self._find(request)
        contract = await self._questions.contract(found, caller.name)
        self._count(caller, found)
        return self._reply(contract, found.headers)

    async def ValidateRecords(self, request: pb.ValidateRecordsRequest, caller: Identity) -> Reply:
        self._admit("ValidateRecords", request, caller)
        found = self._current.catalog.schema(request.id).find(request.version)
        bodies.require_json(request.records.data)
        answer = await self._questions.records(found, request.records.data, caller.name)
        self._count(caller, found)
        return self._reply(answer, found.state_headers)

    async def WhoAmI(self, request: pb.WhoAmIRequest, caller: Identity) -> Reply:
        self._admit("WhoAmI", request, caller)
        return Reply(
            pb.WhoAmIResponse(
                identity=caller.name,
                can_publish=bool(caller.rights.publish),
                transport=caller.transport,
                roles=caller.rights.roles,
                publish_ids=caller.rights.publish,
                operate_ids=caller.rights.operate,
                token_expires=Timestamp(seconds=caller.token.claims.exp) if caller.token else None,
            )
        )

    def authorise(self, rpc: str, caller: Identity) -> None:
        """Raise Unauthenticated or PermissionDenied where `caller` may not call `rpc`."""
        authorise(rpc, caller)

    def _admit(self, rpc: str, request: Message, caller: Identity) -> None:
        self.authorise(rpc, caller)
        limits.check(request)

    def _count(self, caller: Identity, found: CatalogVersion) -> None:
        self._reads.count(caller.name, found.entry.id, found.entry.version)

    async def _counted(
        self, messages: AsyncIterator[pb.WatchSchemasResponse], request: pb.WatchSchemasRequest, caller: Identity
    ) -> AsyncIterator[pb.WatchSchemasResponse]:
        """Yield a watch's messages, and count a read of each id's latest version as it begins, then of each change."""
        begun = False
        async for message in messages:
            if message.HasField("change"):
                self._reads.count(caller.name, message.change.id, message.change.version)
            elif message.HasField("progress") and not begun:
                begun = True
                watched = filter(None, map(self._current.catalog.schemas.get, frozenset(request.ids)))
                for latest in filter(None, (schema.latest for schema in watched)):
                    self._count(caller, latest)
            yield message

    async def _catalog(self, request: WaitingRequest) -> Catalog:
        """The catalog, once it has the request's `min_revision`."""
        if request.min_revision <= self._current.catalog.revision:
            return self._current.catalog
        limits.check_names(request)  # no revision makes an id or a reference out of what is none
        return await self._current.reached(request.min_revision, seconds=deadline.within(WAIT_SECONDS))

    def _notices(self, entry: Entry) -> list[str]:
        """The notice of a version that was registered before, where it isn't active any more."""
        found = self._current.catalog.schema(entry.id).find(entry.version)
        notice = state_notice(entry.id, entry.version, found.history.state)
        return [notice] if notice else []

    async def _find(self, request: pb.GetSchemaRequest | pb.GetContractRequest) -> CatalogVersion:
        return (await self._catalog(request)).schema(request.id).find(request.version)

    def _reply(self, message: Message | Prepared, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        return Reply(message, (*headers, STALE) if self._current.stale else headers)


def _matches(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match field names `etag` (RFC 9110, section 13.1.2: weak comparison, or `*`)."""
    if if_none_match == etag:
        return True
    named = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in named or named == ["*"]


async def _chosen(schemas: Iterable[Schema], text: str, field: str, tag: str) -> AsyncIterator[Schema]:
    """Yield the schemas whose latest version matches every filter ("" matches all)."""
    words = text.casefold()
    waiting = iter(schemas)
    async for stretch in sliced(iter(lambda: list(islice(waiting, STRETCH)), [])):
        for schema in stretch:
            latest = schema.listed
            about = latest.about if latest.is_described else await described(latest)
            if (
                (not text or words in schema.id or words in about.words)
                and (not field or field in about.fields)
                and (not tag or tag in about.tags)
            ):
                yield schema


def _sunset(request: pb.SetVersionStateRequest) -> int:
    if request.sunset.nanos:
        raise InvalidArgument("A sunset is a whole second: HTTP dates have no fractions.", reason="BAD_SUNSET")
    return request.sunset.seconds


def _summary(schema: Schema, found: CatalogVersion | None) -> pb.SchemaSummary:
    latest = schema.listed
    return pb.SchemaSummary(
        id=schema.id,
        title=latest.about.title,
        latest_version=schema.latest.version if schema.latest else "",
        versions=len(schema.versions),
        tags=latest.about.tags,
        owner=latest.about.owner,
        revision=latest.entry.revision,
        fingerprint=latest.entry.fingerprint,
        found_version=found.version if found else "",
    )
