"""Check the claims of a CI job's token, whose signature was verified: for us alone, valid now, short-lived, named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemaregistry_server.exchanger.config.providers import Provider
from schemaregistry_server.security import signed_json
from schemaregistry_server.security.publishing_token import is_text
from schemaregistry_server.security.signed_json import LEEWAY_SECONDS, ClaimValues, refused

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""The algorithms of issuers' signatures (RFC 7518, section 3.1): those with a public key, never HMAC or `none`."""

LONGEST_SECONDS: Final = 900
"""Seconds between `iat` and `exp` of a token at most: one that is lost is of use to others no longer than that."""


@dataclass(frozen=True, slots=True)
class SubjectToken:
    """A token that was verified. `claims` are by the names that rules use, `expires` is in seconds since 1970."""

    provider: Provider
    claims: Mapping[str, object]
    subject: str
    jti: str
    expires: float

    @property
    def name(self) -> str:
        """The holder's name in our token and in the log."""
        return f"{self.provider.name}:{self.subject}"

    @property
    def last_moment(self) -> float:
        """The time from which the token would be refused as expired."""
        return self.expires + LEEWAY_SECONDS

    def about_run(self) -> dict[str, str]:
        """Repository, commit, ref, workflow and run, where the token states them as text that can be shown."""
        kind = self.provider.kind
        names = {
            "repository": kind.repository,
            "commit": kind.commit,
            "ref": kind.ref,
            "workflow": kind.workflow,
            "run": kind.run,
        }
        return {ours: str(self.claims[theirs]) for ours, theirs in names.items() if is_text(self.claims.get(theirs))}


def checked(provider: Provider, claims: ClaimValues, now: float) -> SubjectToken:
    """Check a verified token's claims, at the time `now` in seconds since 1970.

    Raises Unauthenticated: TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_CLAIMS (also where there is no `jti` or `sub`), or for
    its times as `signed_json.check_times` does.
    """
    if claims.get("iss") != provider.issuer:
        raise refused("TOKEN_ISSUER")
    # A list of one is the form of Kubernetes (RFC 7519, section 4.1.3). With a second audience somebody else has the
    # token as well, and could show it here.
    if claims.get("aud") not in (provider.audience, [provider.audience]):
        raise refused("TOKEN_AUDIENCE")
    signed_json.check_times(claims, now, LONGEST_SECONDS, needs_nbf=provider.kind.states_nbf)
    subject, jti, expires = claims.get("sub"), claims.get("jti"), claims["exp"]
    if not is_text(subject) or not is_text(jti):
        raise refused("TOKEN_CLAIMS")
    assert isinstance(expires, int | float)
    return SubjectToken(provider, provider.named_claims(claims), str(subject), str(jti), expires)
