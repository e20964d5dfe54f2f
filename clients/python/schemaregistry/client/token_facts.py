"""Read what a token says of itself, to show it. Nothing is verified here and nobody relies on it: the registry does."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_LATEST: Final = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Whom a token names, the patterns of ids that it may publish and operate, and its end; empty if it doesn't say."""

    who: str = ""
    publish: tuple[str, ...] = ()
    operate: tuple[str, ...] = ()
    expires: datetime | None = None


def read_facts(token: str) -> TokenFacts:
    """Return the facts in a token's payload (RFC 7519), or none where it isn't a JSON Web Token."""
    claims = _payload(token)
    who, expires = claims.get("sub"), claims.get("exp")
    return TokenFacts(
        who if isinstance(who, str) else "",
        _texts(claims.get("publish")),
        _texts(claims.get("operate")),
        datetime.fromtimestamp(expires, UTC) if isinstance(expires, int) and 0 <= expires <= _LATEST else None,
    )


def _payload(token: str) -> Mapping[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        # Its padding is left out (RFC 7515, section 2); what is too much does no harm.
        found = json.loads(urlsafe_b64decode(parts[1] + "=="))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
