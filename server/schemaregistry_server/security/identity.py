"""Who calls, and what each RPC asks of them: one table. Who calls is found out by each transport."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemaregistry.errors import PermissionDenied, Unauthenticated


class Role(StrEnum):
    """What an RPC asks of its caller."""

    READ = "read"
    PUBLISH = "publish"


ROLES: Final = {
    "GetSchema": Role.READ,
    "RegisterSchema": Role.PUBLISH,
    "CheckCompatibility": Role.READ,
    "CompareVersions": Role.READ,
    "ListSchemas": Role.READ,
    "ListVersions": Role.READ,
    "WatchSchemas": Role.READ,
    "GetContract": Role.READ,
    "ValidateRecords": Role.READ,
    "WhoAmI": Role.READ,
}
"""The one table of authorisation: an RPC that is not in it can't be called."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller as the server sees them: SPIFFE id or certificate name; `transport` is `mtls`, `loopback` or `network`.

    `revoked`: the name is good for nothing any more.
    """

    name: str
    can_publish: bool
    transport: str
    revoked: bool = False


def authorise(rpc: str, caller: Identity) -> None:
    """Return where `caller` may call `rpc`; raise Unauthenticated or PermissionDenied where not."""
    if not caller.name:
        raise Unauthenticated("The call carries no identity: use a client certificate.", reason="NO_IDENTITY")
    if caller.revoked:
        raise PermissionDenied(
            f"{caller.name} is revoked: ask the registry's operator.",
            reason="REVOKED",
            metadata={"identity": caller.name, "rpc": rpc},
        )
    if ROLES[rpc] is Role.PUBLISH and not caller.can_publish:
        raise PermissionDenied(
            f"{caller.name} may read but not publish: only a publisher may call {rpc}. "
            "Use a publisher's certificate (in dev mode: ci-bot).",
            reason="NOT_A_PUBLISHER",
            metadata={"identity": caller.name, "rpc": rpc},
        )
