"""Errors over HTTP: `application/problem+json` (RFC 9457) with gRPC's code beside HTTP's."""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from schemaregistry.errors import RegistryError, Unauthenticated
from schemaregistry_server.rpc.proto_json import compact
from schemaregistry_server.transport import status

MEDIA_TYPE: Final = "application/problem+json"

SCOPES: Final = frozenset({"TOKEN_NEEDED", "NOT_A_PUBLISHER", "NOT_AN_OPERATOR", "NOT_YOUR_SCHEMA"})
"""Reasons of refusals that a token with more rights would help with."""


def members(error: RegistryError, code: int) -> dict[str, object]:
    """The members of a problem: code, reason, pointer and metadata of the error. `text` adds the encoded verdict."""
    body: dict[str, object] = {
        "type": "about:blank",
        # Python 3.13 renamed 413 to "Content Too Large"; gateways in front of this transport have the older name.
        "title": "Request Entity Too Large" if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else HTTPStatus(code).phrase,
        "status": code,
        "detail": error.message,
        "code": error.code,
        "reason": error.reason,
    }
    if error.pointer is not None:
        body["pointer"] = error.pointer
    body |= sorted(error.metadata.items())
    return body


def text(error: RegistryError, code: int) -> bytes:
    """The problem as JSON, with the verdict of a refused write; `code` is the HTTP status."""
    body = compact(members(error, code)).encode()
    verdict = status.verdict_of(error)
    return body if verdict is None else b'%b,"verdict":%b}' % (body[:-1], verdict.json)


def problem(error: RegistryError, code: int | None = None) -> Response:
    """Make the HTTP response of an error; `code` overrides its HTTP status."""
    code = code or status.http_status(error)
    seconds = status.retry_after(error)
    headers = {"retry-after": str(max(1, round(seconds)))} if seconds else {}
    if challenge := _challenge(error):
        headers["www-authenticate"] = challenge
    return Response(text(error, code), code, headers, media_type=MEDIA_TYPE)


def _challenge(error: RegistryError) -> str:
    """The WWW-Authenticate header (RFC 6750, section 3): what a caller could show in place of what it showed."""
    if error.reason == "NO_IDENTITY":
        return "Bearer"
    if isinstance(error, Unauthenticated):
        return f'Bearer error="invalid_token", error_description="{error.reason}"'
    if error.reason in SCOPES:
        return f'Bearer error="insufficient_scope", error_description="{error.reason}"'
    return ""
