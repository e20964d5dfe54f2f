"""The interface to work on documents in other processes, and a cache of registered versions' verdicts and contracts.

`compat_worker.py` implements the interface in worker processes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Sequence
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
"""Verdicts in the cache."""

CONTRACTS: Final = 64 << 20
"""Bytes of contracts in the cache."""

SHORT: Final = 16 << 10
"""Bytes up to which a verdict is cached."""

VersionPair = tuple[CatalogVersion, CatalogVersion, Level | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that a worker has parsed and checked: its bytes, and the members that registering it needs."""

    id: str
    version: Version
    raw: bytes
    fingerprint: str
    compatibility: Level | None = None
    warnings: tuple[Note, ...] = ()


class RefusedWrite(FailedPrecondition):
    """The version may not follow the registered ones; `verdict` is the encoded verdict on the change."""

    def __init__(self, message: str, *, reason: str, pointer: str | None, verdict: Rendered) -> None:
        super().__init__(message, reason=reason, pointer=pointer)
        self.verdict = verdict


class Compatibility(Protocol):
    """Documents parsed, compared, admitted, compiled, and records validated, in processes that can be killed.

    `caller` is the identity whose turn in the queue the question takes.
    """

    async def read(self, raw: bytes, id: str, caller: str) -> Candidate:  # noqa: A002 (the field's term)
        """Parse and check a candidate; raises as `document.parse` does, or ResourceExhausted (JUDGE_BUSY)."""

    async def records(self, version: Entry, data: bytes, caller: str) -> Prepared:
        """Validate records as ValidateRecords answers; raises InvalidArgument, or ResourceExhausted (JUDGE_BUSY)."""

    async def contract(self, version: Entry, caller: str) -> Prepared:
        """Compile a version's contract; raises ResourceExhausted."""

    async def admit(self, versions: Sequence[Entry], new: Candidate, caller: str, taken: Collection[str] = ()) -> None:
        """Raise RefusedWrite where `new` may not follow `versions`, ResourceExhausted where no worker is free.

        `taken` are the numbers of retracted versions, which a refusal doesn't advise.
        """

    async def verdict(
        self, versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, caller: str
    ) -> Rendered:
        """Compare `new` with `versions`, newest first, as `compat.check_history` does.

        The verdict is `unknown` where that takes too much time or memory, or no worker is free.
        """


class VerdictCache:
    """Answers readers' questions from a cache, and from a `judge` that publishers don't use.

    A reader's questions must not hold up a publisher's writes, hence a judge for each.
    """

    def __init__(self, judge: Compatibility) -> None:
        self._judge = judge
        # Tasks and not results, so that concurrent callers wait for one comparison.
        self._known: OrderedDict[VersionPair, asyncio.Task[Rendered]] = OrderedDict()
        self._contracts: ByteLru[CatalogVersion, Prepared] = ByteLru(
            CONTRACTS, lambda made: len(made.proto) + len(made.json)
        )
        self._making: dict[CatalogVersion, asyncio.Task[Prepared]] = {}

    async def read(self, raw: bytes, id: str, caller: str) -> Candidate:  # noqa: A002 (the field's term)
        """Parse and check a candidate; raises as `Compatibility.read`."""
        return await self._judge.read(raw, id, caller)

    async def records(self, version: CatalogVersion, data: bytes, caller: str) -> Prepared:
        """Validate a batch of records by a registered version; raises as `Compatibility.records`."""
        return await self._judge.records(version.entry, data, caller)

    async def contract(self, version: CatalogVersion, caller: str) -> Prepared:
        """The contract of a registered version, cached; concurrent calls for one version compile it once.

        Raises ResourceExhausted.
        """
        found = self._contracts.get(version)
        if found is not None:
            return found
        making = self._making.get(version)
        if making is None:
            making = self._making[version] = asyncio.create_task(self._judge.contract(version.entry, caller))
            making.add_done_callback(lambda _: self._making.pop(version, None))
        # Shielded: a caller that leaves must not cancel the task that others wait for.
        made = await asyncio.shield(making)
        self._contracts.put(version, made)
        return made

    async def candidate(
        self, versions: Sequence[CatalogVersion], new: Candidate, direction: Level | None, caller: str
    ) -> Rendered:
        """The verdict on a document that is not registered, compared with `versions`."""
        return await self._judge.verdict([each.entry for each in versions], new, direction, caller)

    async def pair(self, old: CatalogVersion, new: CatalogVersion, direction: Level | None, caller: str) -> Rendered:
        """The verdict on two registered versions, cached; concurrent calls for one pair compare it once."""
        key = (old, new, direction)
        judging = self._known.get(key)
        if judging is None:
            judging = asyncio.create_task(self._judge.verdict([old.entry], new.entry, direction, caller))
            self._known[key] = judging
            judging.add_done_callback(lambda done: self._drop_uncacheable(key, done))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return await asyncio.shield(judging)

    def _drop_uncacheable(self, key: VersionPair, done: "asyncio.Task[Rendered]") -> None:
        """Drop a verdict that is long, failed or unknown: with more time an unknown one may be decided."""
        final = not done.cancelled() and done.exception() is None and done.result().outcome != "unknown"
        cacheable = final and len(done.result().proto) <= SHORT
        if not cacheable and self._known.get(key) is done:
            del self._known[key]


def read_direction(text: str, *, transitive: bool) -> Level | None:
    """Read a request's direction; None for "", which means the document's own level.

    Raises InvalidArgument (BAD_DIRECTION).
    """
    known: tuple[Level, ...] = tuple(name for name in get_args(Level) if transitive or not name.endswith("_transitive"))
    for name in known:
        if text == name:
            return name
    if text:
        raise InvalidArgument(
            f"{text[:40]!a} is not a direction: use one of {', '.join(known)}.", reason="BAD_DIRECTION"
        )
    return None
