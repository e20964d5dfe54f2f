"""A caller's identity, and the table of the role that each RPC requires; the transports determine who the caller is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from schemaregistry.document.message_text import shown
from schemaregistry.errors import PermissionDenied, Unauthenticated
from schemaregistry_server.security.id_patterns import matches
from schemaregistry_server.security.publishing_token import TokenClaims
from schemaregistry_server.security.rights import Rights


class Role(StrEnum):
    """The right that an RPC requires of its caller."""

    READ = "read"
    PUBLISH = "publish"
    OPERATE = "operate"


ROLES: Final = {
    "GetSchema": Role.READ,
    "RegisterSchema": Role.PUBLISH,
    "SetVersionState": Role.OPERATE,
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
class PresentedToken:
    """A token that came with a call, as text, its claims, which were verified, and the name in the certificate that
    was shown beside it, "" without one."""

    text: str
    claims: TokenClaims
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller: `name` is a SPIFFE id, a common name or a token's subject, `transport` is `mtls`, `tls`, `proxy`,
    `loopback` or `network`.

    `revoked`: the name for which every call is refused, "" for none. `needs_token`: a certificate alone gives no right
    to write here.
    """

    name: str
    rights: Rights
    transport: str
    revoked: str = ""
    token: PresentedToken | None = None
    needs_token: bool = False


def authorise(rpc: str, caller: Identity) -> None:
    """Raise where `caller` may not call `rpc` for any id; `authorise_id` decides about one of them.

    Unauthenticated (NO_IDENTITY) where the caller has no name; PermissionDenied where it is revoked (REVOKED), is not
    among the readers (NOT_A_READER), or would have to be a publisher or an operator (NOT_A_PUBLISHER, NOT_AN_OPERATOR),
    or show a token (TOKEN_NEEDED).
    """
    if not caller.name:
        raise Unauthenticated("The call carries no identity: use a client certificate.", reason="NO_IDENTITY")
    about = {"identity": caller.name, "rpc": rpc}
    if caller.revoked:
        raise PermissionDenied(
            f"{caller.revoked} is revoked: ask the registry's operator.",
            reason="REVOKED",
            metadata=about | {"revoked": caller.revoked},
        )
    if not caller.rights.read:
        raise PermissionDenied(
            f"{caller.name} is not among this registry's readers: ask its operator.",
            reason="NOT_A_READER",
            metadata=about,
        )
    role = ROLES[rpc]
    if role is Role.READ or _patterns(role, caller):
        return
    if caller.needs_token and not caller.token:
        raise PermissionDenied(
            f"{rpc} needs a token here, and {caller.name} showed a certificate alone: get one by `schemaregistry "
            "login`, and send it as `authorization: Bearer …`.",
            reason="TOKEN_NEEDED",
            metadata=about,
        )
    who, act, reason = _WORDS[role]
    raise PermissionDenied(
        f"{caller.name} may read but not {act}: only {who} may call {rpc}. "
        f"Use {who}'s {'token' if caller.needs_token else 'certificate or token (in dev mode: ci-bot)'}.",
        reason=reason,
        metadata=about,
    )


def authorise_id(rpc: str, caller: Identity, id: str) -> None:  # noqa: A002 (the field's term)
    """Raise PermissionDenied (NOT_YOUR_SCHEMA) where `caller` may call `rpc`, but not for `id`."""
    role = ROLES[rpc]
    patterns = _patterns(role, caller)
    if role is Role.READ or matches(patterns, id):
        return
    raise PermissionDenied(
        f"{caller.name} may {_WORDS[role].act} of {', '.join(patterns)}, and not of {shown(id)}: ask who runs the "
        "registry.",
        reason="NOT_YOUR_SCHEMA",
        metadata={"identity": caller.name, "rpc": rpc, "id": id[:128], "ids": ",".join(patterns)},
    )


def _patterns(role: Role, caller: Identity) -> tuple[str, ...]:
    return {Role.PUBLISH: caller.rights.publish, Role.OPERATE: caller.rights.operate}.get(role, ())


class _Words(NamedTuple):
    """The words of a refusal: who may, do what, and the reason's code where the caller may not for any id."""

    who: str
    act: str
    reason: str


_WORDS: Final = {
    Role.PUBLISH: _Words("a publisher", "publish versions", "NOT_A_PUBLISHER"),
    Role.OPERATE: _Words("an operator", "set the states", "NOT_AN_OPERATOR"),
}
