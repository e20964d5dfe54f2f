"""Record refused calls: who, what, and why, in the audit log, or as lines of the process's log where there is none."""

import json
import logging
from dataclasses import asdict, dataclass
from typing import Final, TypeGuard

from schemaregistry.errors import PermissionDenied, RegistryError, ResourceExhausted, Unauthenticated
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.security.identity import ROLES, Identity, Role
from schemaregistry_server.store.verified_claims import VerifiedClaims

MAX_ID: Final = 128

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


@dataclass(frozen=True, slots=True)
class Refusals:
    """Records refusals in `events`. Successful writes are in the store's audit chain."""

    events: AuditLog | None = None

    def record(self, call: RefusedCall, error: RegistryError) -> None:
        """Record that a call was refused with `error`, of which `is_recorded` holds."""
        caller = call.caller
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
        if self.events:
            self.events.record("refused", facts)
        else:
            log.warning(json.dumps({"event": "refused", **{name: text for name, text in facts.items() if text}}))

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
