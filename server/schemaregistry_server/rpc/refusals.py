"""Record refused calls: who, what, and why, in the audit log, or as lines of the process's log where there is none."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, TypeGuard

from schemaregistry.errors import PermissionDenied, RegistryError, ResourceExhausted, Unauthenticated
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.audit_log.log_limit import WINDOW_SECONDS
from schemaregistry_server.security.identity import ROLES, Identity, Role
from schemaregistry_server.store.verified_claims import VerifiedClaims

MAX_ID: Final = 128

LINES: Final = 120
"""Lines of one caller in a minute: an identity, the name in a certificate, or a stranger's host. Others are counted, in
a line at the end of that minute: who floods would fill the disk, and then nothing more were recorded."""

STRANGERS_LINES: Final = 600
"""Lines in a minute of all callers without a name: they may have any number of hosts."""

log = logging.getLogger("schemaregistry.refusals")


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call as far as it was known when it was refused: `caller` is None where it was not identified.

    `certificate` is the name in the certificate that such a caller showed, `peer` its address. `left_out` is the number
    of the caller's calls that were refused likewise before and have no line.
    """

    rpc: str
    caller: Identity | None = None
    id: str = ""
    certificate: str = ""
    peer: str = ""
    left_out: int = 0


class Refusals:
    """Records refusals in `events`. Successful writes are in the store's audit chain."""

    def __init__(self, events: AuditLog | None = None, window: float = WINDOW_SECONDS) -> None:
        self.events = events
        self._window = window
        self._counts: Counter[str] = Counter()

    def record(self, call: RefusedCall, error: RegistryError, *, bounded: bool = True) -> None:
        """Record that a call was refused with `error`, unless its caller has had as many lines as are `bounded`."""
        caller = call.caller
        if bounded and not self._may(call):
            return
        facts = {
            "rpc": call.rpc,
            "who": caller.name if caller else call.certificate,
            "transport": caller.transport if caller else "",
            "peer": call.peer,
            "id": call.id[:MAX_ID],
            "code": error.code,
            "reason": error.reason,
            "left_out": call.left_out or "",
            **(asdict(VerifiedClaims.of(caller.token)) if caller and caller.token else {}),
        }
        self._write(facts)

    def _write(self, facts: Mapping[str, object]) -> None:
        if self.events:
            self.events.record("refused", facts)
        else:
            log.warning(json.dumps({"event": "refused", **{name: text for name, text in facts.items() if text}}))

    def _may(self, call: RefusedCall) -> bool:
        """Whether a refusal gets a line. Strangers are counted together first, so that few hosts are remembered."""
        name = call.caller.name if call.caller else call.certificate
        if name:
            return self._count(name, LINES)
        return self._count("", STRANGERS_LINES) and self._count(call.peer.rpartition(":")[0], LINES)

    def _count(self, who: str, most: int) -> bool:
        self._counts[who] += 1
        if self._counts[who] == 1:
            asyncio.get_running_loop().call_later(self._window, self._tell, who, most)
        return self._counts[who] <= most

    def _tell(self, who: str, most: int) -> None:
        """Begin a new minute of a caller ("": of all strangers), and record how many had no line in the one before."""
        if (left_out := self._counts.pop(who) - most) > 0:
            self._write({"who": who, "reason": "LINES_LEFT_OUT", "left_out": left_out})

    def record_handshake(self, peer: str, why: str, left_out: int) -> None:
        """Record a TLS handshake that failed; without an audit log nothing, since the process's own log has it."""
        if self.events:
            self.events.record("handshake", {"peer": peer, "reason": why, "left_out": left_out or ""})


def is_recorded(error: Exception, rpc: str) -> TypeGuard[RegistryError]:
    """Whether the transports record a refusal: one of a write for whatever reason, one of any call for want of rights.

    `rate_limits.py` records its own, which can be very many.
    """
    if isinstance(error, ResourceExhausted) and error.reason == "RATE_LIMITED":
        return False
    if ROLES.get(rpc) is Role.READ:
        return isinstance(error, Unauthenticated | PermissionDenied)
    return isinstance(error, RegistryError)


NO_AUDIT_LOG: Final = Refusals()
