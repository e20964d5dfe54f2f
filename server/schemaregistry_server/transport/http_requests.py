"""Turn an HTTP request's query, headers and body into the request message of its RPC, within their limits."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from google.protobuf.message import Message
from starlette.types import Receive, Scope

from schemaregistry.errors import InvalidArgument, TooLarge
from schemaregistry_server.rpc.limits import MAX_BODY
from schemaregistry_server.transport import encodings
from schemaregistry_server.transport.negotiation import chosen_encoding
from schemaregistry_server.transport.transcoding import HttpRule

HttpHeaders = Iterable[tuple[bytes, bytes]]


def read(rule: HttpRule, scope: Scope, body: bytes = b"") -> Message:
    """Make the request message of a matched path; raises InvalidArgument as `HttpRule.request_of` does.

    `If-None-Match` fills the field `if_none_match`, and `Last-Event-ID` the field `after_revision`.
    """
    headers = scope["headers"]
    query = _parameters(scope["query_string"].decode("latin-1")) if scope["query_string"] else ()
    request = rule.request_of(scope["path_params"], query, header(headers, b"content-type"), body)
    if "if_none_match" in rule.query and (etags := header(headers, b"if-none-match")):
        rule.set(request, "if_none_match", plain_etags(etags, encoding(headers)))
    if "after_revision" in rule.query and (last := header(headers, b"last-event-id")):
        _resume(rule, request, last)
    return request


def check_conditions(rule: HttpRule, headers: HttpHeaders) -> None:
    """Raise InvalidArgument (UNSUPPORTED_PRECONDITION) for a condition that the server doesn't evaluate.

    If it were ignored, a write that should happen only under the condition would happen anyway. On a read,
    `If-None-Match` is evaluated; it always holds for an answer without an ETag. Conditions on dates are ignored, as RFC
    9110 has it (sections 13.1.3 and 13.1.4) where answers have no date of their last change.
    """
    for name, _ in headers:
        if name == b"if-match" or (name == b"if-none-match" and rule.http_method != "GET"):
            raise InvalidArgument(
                f"{_CONDITIONS[name]} is not judged on a {rule.http_method}: leave it out. No "
                "version is ever replaced: other content for one that is there is refused anyway.",
                reason="UNSUPPORTED_PRECONDITION",
            )


_CONDITIONS: Final = {b"if-match": "If-Match", b"if-none-match": "If-None-Match"}


def _parameters(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            f"The query isn't UTF-8 under its percent signs (0x{error.object[error.start]:02x}): write é as %C3%A9.",
            reason="BAD_PARAMETER",
        ) from error


def header(headers: HttpHeaders, name: bytes) -> str:
    """A header's value, "" where it is missing; several lines are joined with commas (RFC 9110, section 5.3).

    Blanks around a line are none of its value (section 5.5).
    """
    found = [value.strip(b" \t") for key, value in headers if key == name]
    return b", ".join(found).decode("latin-1") if found else ""


def encoding(headers: HttpHeaders) -> str:
    """The encoding of OFFERED for the answer, by the request's Accept-Encoding; "" for none."""
    accepted = header(headers, b"accept-encoding")
    return chosen_encoding(accepted, encodings.OFFERED) if accepted else ""


def encoded_etag(etag: str, name: str) -> str:
    """The ETag of a document under an encoding: other bytes need another strong validator (RFC 9110, 8.8.3.3)."""
    return f'{etag[:-1]}-{name}"' if name else etag


def plain_etags(if_none_match: str, name: str) -> str:
    """Keep the ETags of an If-None-Match that name content under the encoding `name`, as ETags of the plain content.

    Where none does, the result is an ETag that matches nothing.
    """
    if not name or if_none_match.strip() == "*":
        return if_none_match
    end = f'-{name}"'
    tags = (tag.strip() for tag in if_none_match.split(","))
    return ", ".join(f'{tag.removesuffix(end)}"' for tag in tags if tag.endswith(end)) or '"-"'


def _resume(rule: HttpRule, request: Message, last_event_id: str) -> None:
    if not last_event_id.isascii() or not last_event_id.isdigit():
        raise InvalidArgument(
            f"Last-Event-ID must be a revision, not {last_event_id[:80]!r}: start again without it.",
            reason="BAD_PARAMETER",
        )
    rule.set(request, "after_revision", last_event_id)


def size(scope: Scope) -> int:
    """The bytes that the body may have: its Content-Length, or MAX_BODY where that is missing or larger."""
    length = header(scope["headers"], b"content-length")
    return int(length) if length.isdigit() and int(length) <= MAX_BODY else MAX_BODY


async def body(scope: Scope, receive: Receive) -> bytes:
    """Read and decode the whole body.

    Raises TooLarge for more than MAX_BODY, InvalidArgument (BODY_CUT, BAD_ENCODING) or UnsupportedEncoding.
    """
    # Refused by its Content-Length before any of it is read; without one, as soon as too much has come.
    length = header(scope["headers"], b"content-length")
    if length.isdigit() and int(length) > MAX_BODY:
        raise _too_large()
    plain = encodings.decoded(await _received(receive), header(scope["headers"], b"content-encoding"), MAX_BODY)
    if len(plain) > MAX_BODY:
        raise _too_large()
    return plain


async def _received(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise InvalidArgument("The connection closed before the body was whole.", reason="BODY_CUT")
        chunks.append(event.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            raise _too_large()
        if not event.get("more_body"):
            return b"".join(chunks)


def _too_large() -> TooLarge:
    message = f"The body is over {MAX_BODY:,} bytes: a document or a batch of records must be smaller."
    return TooLarge(message, reason="TOO_LARGE")
