"""Parse the form of a request for a token (RFC 8693, section 2.1; RFC 6749, sections 3.2 and 4.4.2)."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from schemaregistry_server.exchanger.oauth_errors import OauthRefused

EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
CERTIFICATE: Final = "client_credentials"
"""RFC 8705, section 2: a client that TLS has authenticated asks for a token of its own."""

SUBJECT_TYPES: Final = frozenset({"urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"})
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a name)

MAX_FIELDS: Final = 16


@dataclass(frozen=True, slots=True)
class TokenForm:
    """A request that is well formed. `subject_token` is empty where the caller's certificate is to be exchanged."""

    subject_token: str
    client_id: str


def parse_form(body: bytes, audience: str) -> TokenForm:
    """Parse a form; fields that aren't known are ignored (RFC 6749, section 3.2). `audience` is that of our tokens.

    Raises OauthRefused.
    """
    fields = read_fields(body)
    grant = fields.get("grant_type", "")
    if not grant:
        raise OauthRefused("invalid_request", "GRANT_TYPE", "grant_type is missing.")
    if grant not in {EXCHANGE, CERTIFICATE}:
        raise OauthRefused("unsupported_grant_type", "GRANT_TYPE", f"grant_type must be {EXCHANGE} or {CERTIFICATE}.")
    _refuse_wishes(fields, audience)
    if grant == CERTIFICATE:
        return TokenForm("", fields.get("client_id", ""))
    token = fields.get("subject_token", "").strip()  # a file that has it may end with a newline
    if not token:
        raise OauthRefused("invalid_request", "SUBJECT_TOKEN", "subject_token is missing.")
    if fields.get("subject_token_type") not in SUBJECT_TYPES:
        types = " or ".join(sorted(SUBJECT_TYPES))
        raise OauthRefused("invalid_request", "SUBJECT_TOKEN_TYPE", f"subject_token_type must be {types}.")
    return TokenForm(token, fields.get("client_id", ""))


def read_fields(body: bytes) -> dict[str, str]:
    """The fields of a form, each of which comes once; raises OauthRefused."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise OauthRefused("invalid_request", "FORM", "The body is no form, or has too many fields.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OauthRefused("invalid_request", "FORM", "A field comes twice.")
    return fields


def _refuse_wishes(fields: dict[str, str], audience: str) -> None:
    """Raise OauthRefused for a wish that would have to be left out of account: the policy alone says what is given."""
    if fields.get("resource") or fields.get("audience", audience) != audience:
        raise OauthRefused("invalid_target", "AUDIENCE", "Tokens are given for one audience alone: leave audience out.")
    if fields.get("scope"):
        raise OauthRefused("invalid_scope", "SCOPE", "The policy says what a token allows: leave scope out.")
    if fields.get("actor_token") or fields.get("actor_token_type"):
        raise OauthRefused("invalid_request", "ACTOR", "A token is given for its subject alone: leave actor_token out.")
    if fields.get("requested_token_type", ACCESS_TOKEN) not in {ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt"}:
        raise OauthRefused("invalid_request", "REQUESTED_TOKEN_TYPE", f"What is given is an {ACCESS_TOKEN}.")
