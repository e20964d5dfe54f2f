"""What the RPCs ask of a judge, and the memory of verdicts that can't change. Holds no judgement."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, get_args

from semver import Version

from schemaregistry.document import Level
from schemaregistry.document.model import Note
from schemaregistry.errors import FailedPrecondition, InvalidArgument
from schemaregistry_server.catalog.catalog_version import CatalogVersion
from schemaregistry_server.rpc.byte_lru import ByteLru
from schemaregistry_server.rpc.reply import Prepared
from schemaregistry_server.rpc.verdicts import Rendered
from schemaregistry_server.store.base import Entry

REMEMBERED: Final = 4096

CONTRACTS: Final = 64 << 20
"""Bytes of contracts that are kept."""

SHORT: Final = 16 << 10
"""Bytes up to which a verdict is remembered."""

VersionPair = tuple[CatalogVersion, CatalogVersion, Level | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the registry needs of a document that a worker has parsed and checked."""

    id: str
    version: Version
    raw: bytes
    fingerprint: str
    compatibility: Level | None = None
    warnings: tuple[Note, ...] = ()


class RefusedWrite(FailedPrecondition):
    """The version may not follow those that are there; `verdict` says what the change is, ready to send."""

    def __init__(self, message: str, *, reason: str, pointer: str | None, verdict: Rendered) -> None:
        super().__init__(message, reason=reason, pointer=pointer)
        self.verdict = verdict


class Compatibility(Protocol):
    """`schemaregistry.compat` in processes that can be killed; `caller` is whose turn a question takes."""

    async def read(self, raw: bytes, id: str, caller: str) -> Candidate:  # noqa: A002 (the field's term)
        """As `document.parse`; raises what that raises, or ResourceExhausted (JUDGE_BUSY)."""

    async def records(self, version: Entry, data: bytes, caller: str) -> Prepared:
        """The answer of ValidateRecords; raises as `read`."""

    async def contract(self, version: Entry, caller: str) -> Prepared:
        """The compiled contract; raises ResourceExhausted."""

    async def admit(self, versions: Sequence[Entry], new: Candidate, caller: str) -> None:
        """Return where `new` may follow `versions`; raise RefusedWrite where not, ResourceExhausted if busy."""

    async def verdict(
        self, versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, caller: str
    ) -> Rendered:
        """As `compat.check_history`, the newest version first; unknown where it takes too much, or is busy."""


class VerdictCache:
    """Readers' way to a judge.

    Give it a judge of its own: a reader's questions must not hold up a publisher's writes.
    """

    def __init__(self, judge: Compatibility) -> None:
        self._judge = judge
        self._known: OrderedDict[VersionPair, asyncio.Task[Rendered]] = OrderedDict()
        self._contracts: ByteLru[CatalogVersion, Prepared] = ByteLru(
            CONTRACTS, lambda made: len(made.proto) + len(made.json)
        )
        self._making: dict[CatalogVersion, asyncio.Task[Prepared]] = {}

    async def read(self, raw: bytes, id: str, caller: str) -> Candidate:  # noqa: A002 (the field's term)
        """Parse and check a candidate."""
        return await self._judge.read(raw, id, caller)

    async def records(self, version: CatalogVersion, data: bytes, caller: str) -> Prepared:
        """Judge a batch of records by a registered version."""
        return await self._judge.records(version.entry, data, caller)

    async def contract(self, version: CatalogVersion, caller: str) -> Prepared:
        """The contract of a registered version; the newest ones are kept, and each is made once at a time."""
        found = self._contracts.get(version)
        if found is not None:
            return found
        making = self._making.get(version)
        if making is None:
            making = self._making[version] = asyncio.create_task(self._judge.contract(version.entry, caller))
            making.add_done_callback(lambda _: self._making.pop(version, None))
        made = await asyncio.shield(making)
        self._contracts.put(version, made)
        return made

    async def candidate(
        self, versions: Sequence[CatalogVersion], new: Candidate, direction: Level | None, caller: str
    ) -> Rendered:
        """The verdict on a document that is not registered."""
        return await self._judge.verdict([each.entry for each in versions], new, direction, caller)

    async def pair(self, old: CatalogVersion, new: CatalogVersion, direction: Level | None, caller: str) -> Rendered:
        """The verdict on two registered versions; the newest are remembered, and each is asked for once at a time."""
        key = (old, new, direction)
        judging = self._known.get(key)
        if judging is None:
            judging = asyncio.create_task(self._judge.verdict([old.entry], new.entry, direction, caller))
            self._known[key] = judging
            judging.add_done_callback(lambda done: self._forget_passing(key, done))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return await asyncio.shield(judging)

    def _forget_passing(self, key: VersionPair, done: "asyncio.Task[Rendered]") -> None:
        """Keep what is short and can't change: with more time, what is unknown may be decided."""
        lasting = not done.cancelled() and done.exception() is None and done.result().outcome != "unknown"
        kept = lasting and len(done.result().proto) <= SHORT
        if not kept and self._known.get(key) is done:
            del self._known[key]


def read_direction(text: str, *, transitive: bool) -> Level | None:
    """The direction that a request names, None for "": the document's own. Raises InvalidArgument (BAD_DIRECTION)."""
    known: tuple[Level, ...] = tuple(name for name in get_args(Level) if transitive or not name.endswith("_transitive"))
    for name in known:
        if text == name:
            return name
    if text:
        raise InvalidArgument(
            f"{text[:40]!a} is not a direction: use one of {', '.join(known)}.", reason="BAD_DIRECTION"
        )
    return None
