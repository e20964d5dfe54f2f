"""Verify signed tokens (JWS in compact form, RFC 7515) and read their payload strictly; joserfc does the cryptography.

`publishing_token.py` decides which claims the exchanger's own tokens have, `exchanger/subject_token.py` those of CI.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from joserfc import jws
from joserfc.errors import ExceededSizeError, InvalidKeyIdError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.util import urlsafe_b64decode

from schemaregistry.errors import Unauthenticated

MAX_TOKEN: Final = 8 << 10
"""Bytes of a token. GitHub's are below 2 KiB, and 8 KiB is what proxies usually take in a header."""

LEEWAY_SECONDS: Final = 30
"""Seconds by which the clocks of an issuer and of a verifier may differ."""

MAX_DATE: Final = 253_402_300_799
"""The end of the year 9999 in seconds since 1970: keeps infinities and numbers of thousands of digits out."""

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""The signature may be empty, so that `alg: none` is refused for its algorithm."""

_HEADER_PARAMETERS: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""The header parameters that issuers send and that change nothing: keys are found by `kid`, in the issuer's set alone.

Among the others `jku`, `jwk`, `x5u` and `x5c` bring a key along, `b64` and `crit` change how a token is read.
"""

_SENTENCES: Final = {
    "TOKEN_MALFORMED": "This is no signed token: three parts in base64url with dots between, the first two JSON.",
    "TOKEN_TOO_LARGE": f"A token may have {MAX_TOKEN:,} bytes.",
    "TOKEN_ALGORITHM": "The token is signed by an algorithm that isn't accepted.",
    "TOKEN_KEY_UNKNOWN": "The token is signed by a key that its issuer doesn't publish.",
    "TOKEN_SIGNATURE": "The token's signature is not its issuer's.",
    "TOKEN_CLAIMS": "The token lacks a claim that is needed, or states it in another form.",
    "TOKEN_ISSUER": "The token is by an issuer that isn't accepted.",
    "TOKEN_AUDIENCE": "The token is for another audience.",
    "TOKEN_EXPIRED": "The token has expired: get a new one.",
    "TOKEN_NOT_YET_VALID": "The token isn't valid yet: compare the clocks of this machine and of the token's issuer.",
    "TOKEN_LIFETIME": "The token is valid for too long a time, or ends before it begins.",
}
"""A sentence for each reason. It says nothing of what was expected: whoever tries tokens learns no more."""

ClaimValues = Mapping[str, object]


def refused(reason: str) -> Unauthenticated:
    """Make the error of a token that is refused, by one of the reasons of this module."""
    return Unauthenticated(_SENTENCES[reason], reason=reason)


def parse_unverified(text: str, algorithms: Sequence[str], kind: str = "JWT") -> tuple[str, ClaimValues]:
    """Return the `kid` and the claims of a token whose signature was NOT verified: they tell whose key to look for.

    Raises Unauthenticated: TOKEN_TOO_LARGE, TOKEN_MALFORMED, TOKEN_ALGORITHM, or TOKEN_KEY_UNKNOWN where there is no
    `kid`.
    """
    token = _extracted(text, kind)
    _check_algorithm(token, algorithms)
    kid = token.protected.get("kid")
    if not isinstance(kid, str) or not kid:
        raise refused("TOKEN_KEY_UNKNOWN")
    return kid, _object(token.payload or b"")


def verify(text: str, keys: KeySet, algorithms: Sequence[str], kind: str = "JWT") -> ClaimValues:
    """Return the claims of a token that one of `keys` has signed by one of `algorithms`, which never is `none` or HMAC.

    `kind` is the token's `typ`; only a JWT may lack it.
    Raises Unauthenticated as `parse_unverified` does, and TOKEN_SIGNATURE.
    """
    parse_unverified(text, algorithms, kind)
    token = _extracted(text, kind)
    try:
        good = jws.validate_compact(token, keys, algorithms)
    except InvalidKeyIdError:
        raise refused("TOKEN_KEY_UNKNOWN") from None
    except UnsupportedAlgorithmError:
        raise refused("TOKEN_ALGORITHM") from None
    except (JoseError, ValueError, TypeError, OverflowError):  # a key of another kind, an r or s out of range
        raise refused("TOKEN_SIGNATURE") from None
    if not good:
        raise refused("TOKEN_SIGNATURE")
    return _object(token.payload or b"")


def check_times(claims: ClaimValues, now: float, longest: float, *, needs_nbf: bool = True) -> None:
    """Check `exp`, `iat` and `nbf` (seconds since 1970), and that `exp` is after both, at most `longest` seconds
    after `iat`.

    Raises Unauthenticated: TOKEN_CLAIMS where one is missing, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_LIFETIME.
    """
    expires, issued = _date(claims, "exp"), _date(claims, "iat")
    begins = _date(claims, "nbf") if needs_nbf or "nbf" in claims else issued
    if expires + LEEWAY_SECONDS <= now:
        raise refused("TOKEN_EXPIRED")
    if max(issued, begins) > now + LEEWAY_SECONDS:
        raise refused("TOKEN_NOT_YET_VALID")
    if not max(issued, begins) < expires <= issued + longest:
        raise refused("TOKEN_LIFETIME")


def _date(claims: ClaimValues, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_DATE:
        raise refused("TOKEN_CLAIMS")
    return value


def _extracted(text: str, kind: str) -> jws.CompactSignature:
    if len(text) > MAX_TOKEN:
        raise refused("TOKEN_TOO_LARGE")
    if not _COMPACT.fullmatch(text):
        raise refused("TOKEN_MALFORMED")
    try:
        token = jws.extract_compact(text.encode("ascii"))
    except ExceededSizeError:
        raise refused("TOKEN_TOO_LARGE") from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refused("TOKEN_MALFORMED") from None
    # joserfc takes the last of two members of one name, and any JSON for the header.
    header = _object(urlsafe_b64decode(token.segments["header"]))
    if not header.keys() <= _HEADER_PARAMETERS or str(header.get("typ", "JWT")).upper() != kind.upper():
        raise refused("TOKEN_MALFORMED")
    return token


def _check_algorithm(token: jws.CompactSignature, algorithms: Sequence[str]) -> None:
    if token.protected.get("alg") not in algorithms:
        raise refused("TOKEN_ALGORITHM")


def _object(data: bytes) -> ClaimValues:
    """Parse one JSON object; a member that comes twice, NaN and Infinity are refused."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise refused("TOKEN_MALFORMED") from None
    if not isinstance(value, dict):
        raise refused("TOKEN_MALFORMED")
    return value


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
