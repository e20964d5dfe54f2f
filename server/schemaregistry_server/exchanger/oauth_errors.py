"""Refusals of the token endpoint in the form of OAuth (RFC 6749, section 5.2), each with a reason code beside."""

import re
from collections.abc import Mapping
from typing import Final

from schemaregistry.errors import RegistryError, Unavailable

CHALLENGE: Final = 'Bearer realm="schemaregistry exchanger"'

STATUSES: Final[Mapping[str, int]] = {"invalid_client": 401, "temporarily_unavailable": 503, "server_error": 500}
"""The HTTP status of an `error`; of all others it is 400."""

AWAY_SECONDS: Final = 5
"""Seconds to wait while something that an exchange needs is away."""

_UNFIT: Final = re.compile(r"[^ !#-\[\]-~]")
"""Characters that an `error_description` must not have: a certificate's name may have any."""

_CLIENT_REASONS: Final = frozenset({"NO_CERTIFICATE", "ODD_CERTIFICATE", "CERTIFICATE_EXPIRED", "REVOKED", "CLIENT_ID"})
_AWAY: Final[Mapping[str, str]] = {
    "ISSUER_UNREACHABLE": "The keys of the token's issuer can't be fetched: try again.",
    "STATE_UNAVAILABLE": "Exchanges can't be recorded for now: try again.",
    "LOG_UNAVAILABLE": "Exchanges can't be recorded for now: try again.",
}
"""What a caller is told of an outage; the log has the whole of it."""


class OauthRefused(Exception):
    """A request that is refused: `error` is OAuth's word, `reason` a stable code, `description` a sentence.

    `status` is the HTTP status where it isn't the one of `error`, `retry_after` the seconds until the caller may try
    again, 0 where that is no help. `detail` is for the log alone.
    """

    def __init__(  # noqa: PLR0913
        self, error: str, reason: str, description: str, *, status: int = 0, retry_after: int = 0, detail: str = ""
    ) -> None:
        super().__init__(description)
        self.error = error
        self.reason = reason
        self.description = _UNFIT.sub("?", description)
        self.detail = detail
        self.http_status = status or STATUSES.get(error, 400)
        self.retry_after = retry_after


def for_error(error: RegistryError, *, certificate: bool) -> OauthRefused:
    """Turn an error of the exchange into what its caller is told; `certificate`: it showed no token.

    A token that is refused, by the policy too, is `invalid_request` (RFC 8693, section 2.2.2).
    """
    if isinstance(error, Unavailable):
        sentence = _AWAY.get(error.reason, "Try again.")
        return OauthRefused(
            "temporarily_unavailable", error.reason, sentence, retry_after=AWAY_SECONDS, detail=error.message
        )
    if certificate and error.reason in _CLIENT_REASONS:
        return OauthRefused("invalid_client", error.reason, error.message)
    if error.code in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
        kind = "unauthorized_client" if certificate else "invalid_request"
        return OauthRefused(kind, error.reason, error.message)
    return OauthRefused("server_error", error.reason, "The exchanger can't give this token.", detail=error.message)
