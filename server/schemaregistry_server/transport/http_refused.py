"""Answers to requests that a connection refuses before they reach the app; `http_connection.py` has the limits."""

import json
import re
from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

_REQUEST: Final = re.compile(rb"(?:\A|\n)([!-~]{1,40}) \S+ HTTP/1\.")

_CODES: Final = {
    HTTPStatus.SERVICE_UNAVAILABLE: "RESOURCE_EXHAUSTED",
    HTTPStatus.NOT_IMPLEMENTED: "UNIMPLEMENTED",
}
"""gRPC's code of a refusal, beside INVALID_ARGUMENT."""


class HttpRefused(Exception):
    """A request is refused before it reaches the app: the HTTP status, the reason and the sentence of the answer."""

    def __init__(self, code: HTTPStatus, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.reason = reason
        self.detail = detail

    @property
    def answer(self) -> bytes:
        """The bytes of the whole response: status line, headers and a problem (RFC 9457)."""
        exhausted = self.code == HTTPStatus.SERVICE_UNAVAILABLE
        code = _CODES.get(self.code, "INVALID_ARGUMENT")
        body = json.dumps(
            {
                "type": "about:blank",
                "title": self.code.phrase,
                "status": self.code,
                "detail": self.detail,
                "code": code,
                "reason": self.reason,
            },
            separators=(",", ":"),
        ).encode()
        again = b"retry-after: 1\r\n" if exhausted else b""
        head = b"content-type: application/problem+json\r\ncontent-length: %d\r\n%sconnection: close\r\n\r\n"
        return STATUS_LINE[self.code] + head % (len(body), again) + body


NOT_HTTP: Final = HttpRefused(HTTPStatus.BAD_REQUEST, "NOT_HTTP", "This is no HTTP/1.1 request: try curl.")
UNKNOWN_CODING: Final = HttpRefused(
    HTTPStatus.NOT_IMPLEMENTED,
    "UNKNOWN_TRANSFER_ENCODING",
    "The only Transfer-Encoding is chunked. A body in gzip says so with Content-Encoding: gzip.",
)
BAD_TARGET: Final = HttpRefused(
    HTTPStatus.BAD_REQUEST, "BAD_TARGET", "What is asked for is no path: it begins with / and is ASCII, é as %C3%A9."
)


def malformed(reason: str) -> HttpRefused:
    """The refusal of a request that isn't well formed; `reason` is the parser's (`Duplicate Content-Length`)."""
    return HttpRefused(HTTPStatus.BAD_REQUEST, "NOT_HTTP", f"This is no HTTP/1.1 request ({reason}): try curl.")


def unknown_method(part: bytes) -> HttpRefused:
    """The refusal of a request in `part` whose method the parser doesn't know; it names a method in lower case."""
    for method in _REQUEST.findall(part):
        written = method.decode("ascii")
        if written != written.upper():
            detail = f"The method is {written!r}: methods are in upper case, {written.upper()}."
            return HttpRefused(HTTPStatus.BAD_REQUEST, "NOT_HTTP", detail)
    return NOT_HTTP
