"""Sign what an audit's heads were at a time (JWS, RFC 7515), so that a copy of them proves later what is missing.

joserfc does the cryptography. The payload has one member of ours, `head`, and none that etcd reads in a token.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from schemaregistry.errors import FailedPrecondition, InvalidArgument, Unauthenticated
from schemaregistry_server.security import signed_json
from schemaregistry_server.security.publishing_token import ALGORITHMS
from schemaregistry_server.security.signed_json import MAX_DATE

TYPE: Final = "audit-head+jwt"
"""The `typ` of these signatures (RFC 8725, section 3.11): a signed head is never taken for a token."""

KINDS: Final = ("sqlite", "etcd", "log")

MOST: Final = 2**53 - 1
"""The largest count: what JSON's numbers hold everywhere."""


@dataclass(frozen=True, slots=True)
class HeadSummary:
    """What is signed of the heads of an audit: their SHA-256, and some numbers for a person to read.

    `kind` is `sqlite`, `etcd` or `log`, `revision` the store's (0 for logs), `records` the number in all chains.
    """

    kind: str
    digest: str
    revision: int
    chains: int
    records: int


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A summary whose signature was verified: by whom (`issuer`), and when, in seconds since 1970."""

    summary: HeadSummary
    issuer: str
    time: int


def read_summary(members: Mapping[str, object]) -> HeadSummary:
    """Read a summary from untrusted members; raises InvalidArgument (BAD_HEAD), naming the member at fault."""
    if members.keys() != set(HeadSummary.__slots__):
        raise InvalidArgument(f"A head has {', '.join(HeadSummary.__slots__)}, and no more.", reason="BAD_HEAD")
    for name in ("revision", "chains", "records"):
        value = members[name]
        if type(value) is not int or not 0 <= value <= MOST:
            raise InvalidArgument(f"{name} must be a number from 0 on.", reason="BAD_HEAD")
    digest = members["digest"]
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise InvalidArgument("digest must be a SHA-256 in hexadecimal.", reason="BAD_HEAD")
    if members["kind"] not in KINDS:
        raise InvalidArgument(f"kind must be one of {', '.join(KINDS)}.", reason="BAD_HEAD")
    return HeadSummary(**members)  # type: ignore[arg-type]


def sign_head(summary: HeadSummary, key: ECKey, issuer: str, now: float) -> str:
    """Sign a summary at the time `now` (seconds since 1970) with a private key on the curve P-256."""
    key.ensure_kid()
    header = {"alg": "ES256", "kid": key.kid, "typ": TYPE}
    return jwt.encode(header, {"iss": issuer, "iat": int(now), "head": asdict(summary)}, key, ALGORITHMS)


def verify_head(text: str, keys: KeySet) -> SignedHead:
    """Return what one of `keys` has signed.

    Raises FailedPrecondition: HEAD_UNSIGNED for no signature, HEAD_SIGNATURE for one that is of none of them.
    """
    if not text:
        raise FailedPrecondition("This head is not signed, so that a key proves nothing.", reason="HEAD_UNSIGNED")
    try:
        claims = signed_json.verify(text, keys, ALGORITHMS, kind=TYPE)
        head, issuer, time = claims.get("head"), claims.get("iss"), claims.get("iat")
        if (
            not isinstance(head, dict)
            or not isinstance(issuer, str)
            or type(time) is not int
            or not 0 <= time <= MAX_DATE
        ):
            raise signed_json.refused("TOKEN_CLAIMS")
        return SignedHead(read_summary(head), issuer, time)
    except (Unauthenticated, InvalidArgument) as refused:
        raise FailedPrecondition(
            "This head's signature is not of this key: it was forged, or made by another key.", reason="HEAD_SIGNATURE"
        ) from refused
