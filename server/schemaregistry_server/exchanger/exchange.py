"""The exchange: check a CI job's token or a certificate's name against the policy, and sign a publishing token."""

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from joserfc.jwk import ECKey

from schemaregistry.errors import PermissionDenied, Unauthenticated
from schemaregistry_server.exchanger import refusal_facts, subject_token
from schemaregistry_server.exchanger.config import policy
from schemaregistry_server.exchanger.config.configuration import ExchangerConfig
from schemaregistry_server.exchanger.exchange_log import beginning
from schemaregistry_server.exchanger.exchange_state import ExchangeState, token_key
from schemaregistry_server.exchanger.issuer_keys import IssuerKeys
from schemaregistry_server.exchanger.subject_token import ALGORITHMS, SubjectToken
from schemaregistry_server.security import publishing_token, signed_json
from schemaregistry_server.security.publishing_token import TokenClaims
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.security.rights import Rights
from schemaregistry_server.security.signed_json import refused

ExchangeFacts = dict[str, object]
"""What is known of an exchange, for its line in the log; filled in step by step, so that a refusal has it, too."""

_IDENTIFYING: Final = ("iss", "sub", "jti", "repository")
"""The claims of a token that could not be verified which its line in the log has, as what was claimed."""

MAX_CLAIMED: Final = 200
"""Bytes of one such claim in its line."""

_CHECKED: Final = ("aud", "iat", "nbf", "exp")
"""The claims by which a token with a good signature can be refused."""


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A publishing token, and the seconds for which it is valid."""

    text: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Exchanger:
    """Exchanges tokens by the configuration's policy. `clock` tells seconds since 1970.

    `keys` are those of each provider, by its issuer; `revoked` are the names of those that get nothing.
    """

    config: ExchangerConfig
    key: ECKey = field(repr=False)
    state: ExchangeState
    keys: Mapping[str, IssuerKeys]
    revoked: Reloaded[frozenset[str]] | None
    clock: Callable[[], float]

    async def for_token(self, text: str, facts: ExchangeFacts) -> SignedToken:
        """Exchange a CI job's token, which can't be exchanged again.

        Raises Unauthenticated where the token is refused (TOKEN_USED, and the reasons in `signed_json.py`),
        PermissionDenied (NOT_ALLOWED) where no rule allows it, or (REVOKED) where its subject is revoked, Unavailable
        where its issuer or the state can't be reached.
        """
        token = await self._verified(text, facts)
        self.check_revoked(token.name)
        rights = policy.rights_of_token(self.config.token_rules, token.provider.name, token.claims)
        if not rights.publish and not rights.operate:
            facts |= refusal_facts.about_rules(self.config.token_rules, token.provider.name, token.claims)
        _require_any(rights)
        # Before the token is used up, since it shows that etcd can be reached and that ours can be signed.
        claims, ours = await self._signed(token.name, rights, token.about_run())
        # Last of all checks: a token that is refused isn't used up.
        if not await self.state.use(token_key(token.provider.issuer, token.jti), token.last_moment, claims.jti):
            raise Unauthenticated("The token was exchanged before: get a new one.", reason="TOKEN_USED")
        return await self._up_to_date(claims, ours, facts)

    async def for_certificate(self, name: str, facts: ExchangeFacts) -> SignedToken:
        """Give a token to the holder of a certificate, who may ask again.

        Raises PermissionDenied (NOT_ALLOWED, REVOKED) where no rule allows it or the name is revoked, Unavailable where
        the state can't be reached.
        """
        self.check_revoked(name)
        rights = policy.rights_of_certificate(self.config.certificate_rules, name)
        _require_any(rights)
        return await self._up_to_date(*await self._signed(name, rights, {}), facts)

    def check_revoked(self, name: str) -> None:
        """Raise PermissionDenied (REVOKED) where a name is revoked, which is the subject of its holder's tokens."""
        if self.revoked and name in self.revoked.value:
            raise PermissionDenied(f"{name} is revoked.", reason="REVOKED")

    async def _verified(self, text: str, facts: ExchangeFacts) -> SubjectToken:
        kid, unverified = signed_json.parse_unverified(text, ALGORITHMS)
        facts["claimed"] = {
            name: beginning(value, MAX_CLAIMED)
            for name in _IDENTIFYING
            if isinstance(value := unverified.get(name), str)
        }
        provider = next((each for each in self.config.providers if each.issuer == unverified.get("iss")), None)
        if provider is None:
            raise refused("TOKEN_ISSUER")
        keys = await self.keys[provider.issuer].find(kid)
        claims = signed_json.verify(text, keys, ALGORITHMS)
        facts["provider"] = provider.name
        # For the line of a token that is refused here; of one that is good it is left out again.
        facts["stated"] = refusal_facts.stated(claims, _CHECKED)
        facts["expected_audience"] = provider.audience
        token = subject_token.checked(provider, claims, self.clock())
        for name in ("claimed", "stated", "expected_audience"):
            del facts[name]
        facts |= {"who": token.name, "subject_jti": token.jti, **token.about_run()}
        return token

    async def _signed(self, name: str, rights: Rights, about_run: Mapping[str, str]) -> tuple[TokenClaims, str]:
        revision, now = await self.state.revision(), int(self.clock())
        claims = TokenClaims(
            username=self.config.user,
            revision=revision,
            iss=self.config.name,
            aud=self.config.audience,
            sub=name,
            jti=str(uuid.uuid4()),
            iat=now,
            nbf=now,
            exp=now + self.config.lifetime,
            publish=rights.publish,
            operate=rights.operate,
            **about_run,
        )
        return claims, publishing_token.sign(claims, self.key)

    async def _up_to_date(self, claims: TokenClaims, text: str, facts: ExchangeFacts) -> SignedToken:
        """Ask for the revision once more, and sign anew where it has moved; the facts are then complete."""
        latest = await self.state.revision()
        if latest != claims.revision:  # users or roles were changed meanwhile: etcd would refuse the token as too old
            claims = dataclasses.replace(claims, revision=latest)
            text = publishing_token.sign(claims, self.key)
        facts |= {
            "who": claims.sub,
            "jti": claims.jti,
            "publish": list(claims.publish),
            "operate": list(claims.operate),
            "revision": claims.revision,
            "expires": claims.exp,
        }
        return SignedToken(text, self.config.lifetime)


def _require_any(rights: Rights) -> None:
    if not rights.publish and not rights.operate:
        raise PermissionDenied("No rule of the exchanger allows this.", reason="NOT_ALLOWED")
