"""A caller's identity, and the table of the role that each RPC requires; the transports determine who the caller is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemaregistry.errors import PermissionDenied, Unauthenticated


class Role(StrEnum):
    """The right that an RPC requires of its caller."""

    READ = "read"
    PUBLISH = "publish"


ROLES: Final = {
    "GetSchema": Role.READ,
    "RegisterSchema": Role.PUBLISH,
    "SetVersionState": Role.PUBLISH,
    "CheckCompatibility": Role.READ,
    "CompareVersions": Role.READ,
    "ListSchemas": Role.READ,
    "ListVersions": Role.READ,
    "ListConsumers": Role.READ,
    "WatchSchemas": Role.READ,
    "GetContract": Role.READ,
    "ValidateRecords": Role.READ,
    "WhoAmI": Role.READ,
}
"""The one table of authorisation: an RPC that is not in it can't be called."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller: `name` is a SPIFFE id or a common name, `transport` is `mtls`, `loopback` or `network`.

    `revoked`: every call of this name is refused.
    """

    name: str
    can_publish: bool
    transport: str
    revoked: bool = False


def authorise(rpc: str, caller: Identity) -> None:
    """Raise where `caller` may not call `rpc`.

    Unauthenticated (NO_IDENTITY) where the caller has no name; PermissionDenied where it is revoked (REVOKED) or would
    have to be a publisher (NOT_A_PUBLISHER).
    """
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
