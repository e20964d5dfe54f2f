"""Turn what a caller shows, a certificate that TLS has verified and maybe a token, into an identity with its rights."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from joserfc.jwk import KeySet

from schemaregistry.errors import FailedPrecondition, InvalidArgument, Unauthenticated
from schemaregistry_server.security import publishing_token
from schemaregistry_server.security.certificate_name import certificate_name, check_name
from schemaregistry_server.security.forwarded_certificate import forwarded_name
from schemaregistry_server.security.identity import Identity, PresentedToken
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.security.rights import Rights, RightsByName

log = logging.getLogger(__name__)

COMMENT: Final = re.compile(r"^#.*|\s#.*")
"""A comment in a file of revoked names: names of branches have the mark within, too."""

BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
"""RFC 6750, section 2.1; the scheme's case is free (RFC 9110, section 11.1)."""


@dataclass(frozen=True, slots=True)
class TokenRule:
    """Which tokens count: those that `issuer` signed with one of `keys` for `audience`."""

    keys: Reloaded[KeySet]
    issuer: str
    audience: str

    def presented(self, authorization: Sequence[str]) -> PresentedToken | None:
        """The token in a call's `authorization` headers, None without one.

        Raises Unauthenticated (BAD_AUTHORIZATION) for anything but one bearer token, and as `publishing_token.verify`.
        """
        if not authorization:
            return None
        found = BEARER.fullmatch(authorization[0])
        if len(authorization) > 1 or not found:
            raise Unauthenticated(
                "The authorization header must be one, with a token: `Bearer …`.", reason="BAD_AUTHORIZATION"
            )
        claims = publishing_token.verify(found[1], self.keys.value, self.issuer, self.audience, time.time())
        return PresentedToken(found[1], claims)


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of names, the revoked names, and the tokens that count (None: none, and the header is ignored).

    `needs_token`: a certificate gives the right to read alone. `proxies`: the names whose `x-forwarded-client-cert`
    counts; from anyone else it is ignored, as meshes add it to any call.
    """

    names: RightsByName = field(default_factory=RightsByName)
    revoked: Reloaded[frozenset[str]] | None = None
    tokens: TokenRule | None = None
    needs_token: bool = False
    proxies: frozenset[str] = frozenset()

    def identity(
        self, certificate: bytes, authorization: Sequence[str] = (), forwarded: Sequence[str] = ()
    ) -> Identity:
        """The identity of a call with a verified certificate (PEM or DER; empty for none), and of its headers.

        A trusted proxy's client counts in place of the proxy (`forwarded`: x-forwarded-client-cert), and a token's
        subject and rights in place of both (`authorization`); a revoked name of any of them is refused. Raises
        Unauthenticated as `certificate_name`, `forwarded_name` and `TokenRule.presented` do, and NO_IDENTITY where
        there is neither a certificate nor a token.
        """
        peer = certificate_name(certificate) if certificate else ""
        proxied = bool(forwarded) and peer in self.proxies
        name = forwarded_name(tuple(forwarded)) if proxied else peer
        token = self.tokens.presented(authorization) if self.tokens else None
        if not name and not token:
            raise Unauthenticated(
                "Show a client certificate, or a token: `authorization: Bearer …`.", reason="NO_IDENTITY"
            )
        transport = "proxy" if proxied else "mtls" if name else "tls"
        shown = [peer, name, *([token.claims.sub] if token else [])]
        gone = next((each for each in shown if self._revoked(each)), "")
        if token:
            claims = token.claims
            rights = Rights(publish=claims.publish, operate=claims.operate)
            shown_beside = replace(token, certificate=name)
            return Identity(claims.sub, rights, transport, gone, shown_beside, self.needs_token)
        rights = self.names.of(name)
        if self.needs_token:
            rights = Rights(rights.read)
        return Identity(name, rights, transport, gone, needs_token=self.needs_token)

    def facts(self) -> dict[str, object]:
        """All that decides about rights now, for the audit log: names, patterns of ids, thumbprints of keys."""
        names = self.names
        facts: dict[str, object] = {
            "publishers": {name: list(ids) for name, ids in sorted(names.publishers.items())},
            "operators": {name: list(ids) for name, ids in sorted(names.operators.items())},
            "readers": "anyone" if names.readers is None else sorted(names.readers),
            "needs_token": self.needs_token,
            "trusted_proxies": sorted(self.proxies),
            "revoked": sorted(self.revoked.value) if self.revoked else [],
        }
        if self.tokens:
            keys = sorted(key.thumbprint() for key in self.tokens.keys.value.keys)
            facts |= {"token_issuer": self.tokens.issuer, "token_audience": self.tokens.audience, "token_keys": keys}
        return facts

    def on_change(self, call: Callable[[], object]) -> None:
        """Have `call` called after each change of a file that decides about rights."""
        for file in (self.revoked, self.tokens and self.tokens.keys):
            if file:
                file.on_change = call

    def connection(self, address: str, certificate: bytes, forwarded: Sequence[str]) -> str:
        """What the limit on a connection's calls counts by: its address and, over a trusted proxy's, its client too.

        The client's header is not read here, but hashed: one caller behind a proxy mustn't use up the others' calls.
        """
        return f"{address} {hash(tuple(forwarded))}" if forwarded and self.is_proxy(certificate) else address

    def is_proxy(self, certificate: bytes) -> bool:
        """Whether a connection's certificate (empty: none) is a trusted proxy's, which carries the calls of many."""
        try:
            return bool(self.proxies) and bool(certificate) and certificate_name(certificate) in self.proxies
        except Unauthenticated:
            return False

    def _revoked(self, name: str) -> bool:
        return self.revoked is not None and name in self.revoked.value


def revocations(path: Path) -> Reloaded[frozenset[str]]:
    """The names in a file, one a line, read again when it changes.

    `#` begins a comment at the start of a line and after a space. The log names lines that can't be the name of
    anybody. Raises FailedPrecondition (REVOKED_UNREADABLE) where the file can't be read at start; later the last names
    stay.
    """

    def names() -> frozenset[str]:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as failed:
            raise FailedPrecondition(
                f"{path}: the revoked names can't be read ({failed}).", reason="REVOKED_UNREADABLE"
            ) from failed
        found = {number: name for number, line in enumerate(lines, 1) if (name := COMMENT.sub("", line).strip())}
        for number, name in found.items():
            if _is_nobodys(name):
                log.error("%s, line %d: %.200a is nobody's name, so that nobody is revoked by it", path, number, name)
        return frozenset(found.values())

    return Reloaded([path], names)


def _is_nobodys(name: str) -> bool:
    """Whether neither a certificate nor a token's subject can state this name: it is in quotes, say, or mis-cased."""
    if not name.lower().startswith("spiffe:"):
        return name[0] in "\"'"
    try:
        check_name(name, "revoked")
    except InvalidArgument:
        return True
    return False
