"""Ask an exchanger for a token to publish with (RFC 8693, OAuth 2.0 Token Exchange).

What it is exchanged for comes from `subject_tokens.py`, or is the caller's certificate (RFC 8705, section 2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemaregistry.client.bearer import is_token
from schemaregistry.client.bounded_request import HttpAnswer, HttpTrust, check_url, send
from schemaregistry.client.subject_tokens import SubjectTokens
from schemaregistry.errors import InvalidArgument, PermissionDenied, RegistryError, Unauthenticated, Unavailable

VARIABLE: Final = "SCHEMAREGISTRY_EXCHANGER"

_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_CERTIFICATE: Final = "client_credentials"
_ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 (a name)
_LONGEST_SECONDS: Final = 24 * 3600
_SHOWN: Final = 300
"""Characters of an exchanger's own words that an error repeats."""

_AGAIN: Final = "Have the CI sign a new one: each is good for one exchange, and for some minutes."
_ADVICE: Final[Mapping[str, str]] = {
    "NOT_ALLOWED": "Its policy has no rule for this job or certificate: ask who runs it; its log names the claims.",
    "REVOKED": "Ask who runs it.",
    "TOKEN_USED": _AGAIN,
    "TOKEN_EXPIRED": _AGAIN,
    "TOKEN_AUDIENCE": "Have the CI sign it for the audience that the exchanger expects (--audience).",
    "TOKEN_ISSUER": "It takes tokens of the issuers in its configuration alone: ask who runs it.",
    "NO_SUCH_PATH": "Name its address alone, without a path (--exchanger).",
    "NO_CERTIFICATE": "Give the token of your CI, or a certificate that the exchanger's client-ca issued.",
}
"""What to do, by the exchanger's reason codes."""


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token, and the seconds for which it is good from now on."""

    text: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """What a token is exchanged for and where: `subjects`, or without them the certificate in `trust`."""

    exchanger: str
    subjects: SubjectTokens | None
    trust: HttpTrust

    def __post_init__(self) -> None:
        """Raise InvalidArgument (reason BAD_URL) where the exchanger's address can't be used."""
        if not isinstance(self.exchanger, str):
            raise InvalidArgument("the exchanger's address is no text: write https://HOST:PORT", reason="BAD_URL")
        check_url(self.exchanger, "the exchanger's address")
        if "?" in self.exchanger:
            raise InvalidArgument("the exchanger's address has a ?: leave it and what follows out", reason="BAD_URL")

    def ask(self) -> GivenToken:
        """Exchange once. No redirect is followed.

        Raises PermissionDenied or Unauthenticated, with the exchanger's own reason, where it refuses; Unavailable where
        there is no sound answer; and as the source of the token does.
        """
        form = {"grant_type": _CERTIFICATE}
        if self.subjects is not None:
            subject = self.subjects.read()
            form = {"grant_type": _EXCHANGE, "subject_token": subject, "subject_token_type": _ID_TOKEN}
        answer = send(f"{self.exchanger.rstrip('/')}/token", "the exchanger", self.trust, headers={}, form=form)
        if answer.status == 200:
            return self._given(answer.body)
        raise self._refusal(answer)

    def _given(self, body: Mapping[str, object]) -> GivenToken:
        text, kind, seconds = body.get("access_token"), body.get("token_type"), body.get("expires_in")
        sound = isinstance(text, str) and is_token(text) and isinstance(kind, str) and kind.lower() == "bearer"
        timed = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_SECONDS
        if sound and timed:
            assert isinstance(text, str)
            assert isinstance(seconds, int | float)
            return GivenToken(text, float(seconds))
        raise self._odd("its answer has no bearer token with its seconds (RFC 8693)")

    def _refusal(self, answer: HttpAnswer) -> RegistryError:
        if 300 <= answer.status < 400:
            message = f"the exchanger at {self.exchanger} sends elsewhere ({answer.status}): name its own address"
            return InvalidArgument(message, reason="EXCHANGER_MOVED")
        reason, described = str(answer.body.get("reason", "")), answer.body.get("error_description")
        if "error" not in answer.body:
            return self._odd(f"its answer is {answer.status}, and none of RFC 6749")
        reason = reason if re.fullmatch("[A-Z][A-Z0-9_]{0,63}", reason) else "EXCHANGE_REFUSED"
        words = described if isinstance(described, str) and described else str(answer.body["error"])
        message = f"the exchanger at {self.exchanger} gives no token: {words[:_SHOWN]} ({reason})"
        if answer.status >= 500 or answer.status == 429:
            away = Unavailable(message, reason=reason)
            wait = answer.headers.get("retry-after", "")
            away.retry_after = float(wait) if re.fullmatch("[0-9]{1,4}", wait) else away.retry_after
            return away
        kind = PermissionDenied if reason in {"NOT_ALLOWED", "REVOKED"} else Unauthenticated
        return kind(f"{message} {_ADVICE.get(reason, 'Its log says more: ask who runs it.')}", reason=reason)

    def _odd(self, what: str) -> Unavailable:
        message = (
            f"the exchanger at {self.exchanger} gives no token: {what}; check its address (--exchanger, {VARIABLE})"
        )
        return Unavailable(message, reason="NO_EXCHANGER")
