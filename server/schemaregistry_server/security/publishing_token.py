"""The token that allows its holder to publish: an ES256 JWT, signed by the exchanger, which etcd takes as well.

etcd reads `username`, `revision` and `exp` alone (https://etcd.io/docs/v3.6/learning/design-auth-v3/); the registry's
server verifies all of it with the exchanger's public key.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from schemaregistry.errors import FailedPrecondition, InvalidArgument
from schemaregistry_server.security import signed_json
from schemaregistry_server.security.id_patterns import check_pattern
from schemaregistry_server.security.signed_json import LEEWAY_SECONDS, MAX_TOKEN, ClaimValues, refused

ALGORITHMS: Final = ("ES256",)

LONGEST_SECONDS: Final = 600
"""Seconds for which the exchanger's tokens are valid at most."""

MAX_TEXT: Final = 1024
"""Characters of a claim: a workflow's path with its repository and ref is below 300."""

MAX_PATTERNS: Final = 64
"""Patterns in `publish` and in `operate`, so that a token stays below the limits of headers."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """The claims of a publishing token, each under the name of its field.

    `username` is the one user that the exchanger signs for in etcd, `revision` that of etcd's users and roles (0 where
    there is no etcd). `sub` names the caller, `publish` and `operate` are patterns (`id_patterns.py`) of the ids that
    it may publish, and whose states it may set. `iat`, `nbf` and `exp` are seconds since 1970. The claims from
    `repository` on are from the CI's token; each is empty where that has none.
    """

    username: str
    revision: int
    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    nbf: int
    exp: int
    publish: tuple[str, ...]
    operate: tuple[str, ...] = ()
    repository: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""


_OPTIONAL: Final = frozenset({"repository", "commit", "ref", "workflow", "run"})


def sign(claims: TokenClaims, key: ECKey) -> str:
    """Sign the claims with a private key on the curve P-256; the token's `kid` is the key's thumbprint (RFC 7638).

    Raises FailedPrecondition (TOO_MANY_PATTERNS) where the patterns of ids are too many for one token.
    """
    key.ensure_kid()
    values = {name: value for name, value in dataclasses.asdict(claims).items() if value or name not in _OPTIONAL}
    token = jwt.encode({"alg": "ES256", "kid": key.kid}, values, key, ALGORITHMS)
    if len(token) > MAX_TOKEN or len(claims.publish) > MAX_PATTERNS or len(claims.operate) > MAX_PATTERNS:
        raise FailedPrecondition(
            f"A token for {claims.sub} would have {len(claims.publish) + len(claims.operate)} patterns of ids and "
            f"{len(token):,} bytes: use fewer patterns that end in *.",
            reason="TOO_MANY_PATTERNS",
        )
    return token


def verify(text: str, keys: KeySet, issuer: str, audience: str, now: float) -> TokenClaims:
    """Return the claims of a token that one of `keys` has signed. `now` is in seconds since 1970.

    Raises Unauthenticated where the token isn't by `issuer` for exactly `audience`, isn't valid now, is valid for over
    ten minutes, or lacks a claim; the reasons are in `signed_json.py`.
    """
    claims = signed_json.verify(text, keys, ALGORITHMS)
    if claims.get("iss") != issuer:
        raise refused("TOKEN_ISSUER")
    if claims.get("aud") != audience:
        raise refused("TOKEN_AUDIENCE")
    signed_json.check_times(claims, now, LONGEST_SECONDS + LEEWAY_SECONDS)
    return TokenClaims(
        username=_text(claims, "username"),
        revision=_whole(claims, "revision"),
        iss=issuer,
        aud=audience,
        sub=_text(claims, "sub"),
        jti=_text(claims, "jti"),
        iat=_whole(claims, "iat"),
        nbf=_whole(claims, "nbf"),
        exp=_whole(claims, "exp"),
        publish=_patterns(claims, "publish"),
        operate=_patterns(claims, "operate"),
        repository=_text(claims, "repository", default=""),
        commit=_text(claims, "commit", default=""),
        ref=_text(claims, "ref", default=""),
        workflow=_text(claims, "workflow", default=""),
        run=_text(claims, "run", default=""),
    )


def is_text(value: object) -> bool:
    """Whether a claim is text that can be logged and shown as it is: 1 to MAX_TEXT printable characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _text(claims: ClaimValues, name: str, default: str | None = None) -> str:
    value = claims.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not is_text(value):
        raise refused("TOKEN_CLAIMS")
    return value


def _whole(claims: ClaimValues, name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refused("TOKEN_CLAIMS")
    return value


def _patterns(claims: ClaimValues, name: str) -> tuple[str, ...]:
    values = claims.get(name)
    if not isinstance(values, list) or len(values) > MAX_PATTERNS or not all(isinstance(one, str) for one in values):
        raise refused("TOKEN_CLAIMS")
    try:
        return tuple(map(check_pattern, values))
    except InvalidArgument:
        raise refused("TOKEN_CLAIMS") from None
