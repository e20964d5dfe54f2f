"""Limit the calls a second of each identity and of each connection, by token buckets in the memory of one process."""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from schemaregistry.errors import ResourceExhausted
from schemaregistry_server.audit_log.log_limit import LogLimit
from schemaregistry_server.rpc.limits import Quota
from schemaregistry_server.rpc.refusals import NO_AUDIT_LOG, Refusals, RefusedCall
from schemaregistry_server.security.identity import ROLES, Identity, Role
from schemaregistry_server.security.token_buckets import TokenBuckets

SHORTEST_WAIT: Final = 0.1
"""Seconds: what a refused caller is told to wait at least. Shorter waits would cost more than the calls."""

REFUSALS: Final = 200
"""Refusals a second that one identity, or one connection, is sent. A refused call over gRPC costs a third of a
millisecond of CPU, so that who doesn't wait as told could still keep a core busy: its refusals come the later, the more
of them wait."""

MAX_WAITING: Final = 4096
"""Refusals that may wait to be sent, at most an eighth of them one's own (2.6 s); further ones are sent at once. Those
that wait count among the calls in progress, of which there may be 16,384."""

LOGGED: Final = 3
"""Lines of one identity in a minute, and of all connections together."""

LOGGED_IDENTITIES: Final = 1024
"""Identities whose lines are counted; beyond these the one that was refused longest ago is forgotten."""

log = logging.getLogger(__name__)

Clock = Callable[[], float]


class LaterRefusals:
    """Holds refusals back, so that each key is sent REFUSALS a second."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._waiting: Counter[str] = Counter()

    async def turn(self, key: str) -> None:
        """Return when a refusal of `key` may be sent."""
        before = self._waiting[key]
        if before >= MAX_WAITING // 8 or self._waiting.total() >= MAX_WAITING:
            return
        self._waiting[key] += 1
        try:
            await self._sleep((before + 1) / REFUSALS)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]


class RateLimits:
    """The limits of one process on reads and writes of an identity, and on calls over a connection; 0: no limit."""

    def __init__(
        self,
        reads: float,
        writes: float,
        calls: float,
        clock: Clock = time.monotonic,
        refusals: Refusals = NO_AUDIT_LOG,
    ) -> None:
        def buckets(rate: float) -> TokenBuckets | None:
            return TokenBuckets(rate, clock) if rate else None

        self._reads, self._writes, self._calls = buckets(reads), buckets(writes), buckets(calls)
        self._rates = {"reads": reads, "writes": writes}
        self._clock = clock
        self._refusals = refusals
        self._lines: OrderedDict[str, LogLimit] = OrderedDict()
        self._connection_lines = LogLimit(LOGGED, clock)
        self._later = LaterRefusals()

    async def admit_call(self, connection: str) -> None:
        """Count a call over `connection` (a peer's address, and what tells a proxy's clients apart), whoever makes it.

        Raises ResourceExhausted (RATE_LIMITED) where there are too many, in that refusal's turn.
        """
        try:
            self._count_call(connection)
        except ResourceExhausted:
            await self._later.turn(connection)
            raise

    async def admit(self, rpc: str, caller: Identity) -> None:
        """Count a call of `rpc` by `caller`; raises ResourceExhausted (RATE_LIMITED) as `admit_call` does."""
        try:
            self._count(rpc, caller)
        except ResourceExhausted:
            await self._later.turn(caller.name)
            raise

    def _count_call(self, connection: str) -> None:
        if self._calls is None or not (wait := self._calls.take(connection)):
            return
        may, left_out = self._connection_lines.admit()
        if left_out:
            log.warning("%d more calls were over a connection's limit", left_out)
        if may:
            log.warning(
                "a call over the connection of %s is refused: it has too many a second", connection.partition(" ")[0]
            )
        raise _refusal("This connection has more calls a second than one may have here", wait, {"limit": "connection"})

    def _count(self, rpc: str, caller: Identity) -> None:
        limit = "reads" if ROLES[rpc] is Role.READ else "writes"
        buckets = self._reads if limit == "reads" else self._writes
        if buckets is None or not (wait := buckets.take(caller.name)):
            return
        error = _refusal(
            f"{caller.name} has more than {self._rates[limit]:g} {limit} a second here",
            wait,
            {"identity": caller.name, "rpc": rpc, "limit": limit},
        )
        self._log(rpc, caller, error)
        raise error

    def _log(self, rpc: str, caller: Identity, error: ResourceExhausted) -> None:
        lines = self._lines.setdefault(caller.name, LogLimit(LOGGED, self._clock))
        self._lines.move_to_end(caller.name)
        if len(self._lines) > LOGGED_IDENTITIES:
            self._lines.popitem(last=False)
        may, left_out = lines.admit()
        if left_out:
            log.warning("%d more calls of %s were over its limit", left_out, caller.name)
        if may:
            self._refusals.record(RefusedCall(rpc, caller, left_out=left_out), error, bounded=False)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The limits that the transports of a process share: bytes of requests in progress, and calls a second."""

    quota: Quota
    rates: RateLimits


def _refusal(what: str, wait: float, about: dict[str, str]) -> ResourceExhausted:
    error = ResourceExhausted(f"{what}: wait, then try again.", reason="RATE_LIMITED", metadata=about)
    error.retry_after = max(SHORTEST_WAIT, wait)
    return error
