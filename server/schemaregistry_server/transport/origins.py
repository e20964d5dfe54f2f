"""Which web pages may use REST: those of the origins in `cors-origin`, none unless it names some.

A browser shows a client certificate for any page, and keeps answers from pages of another origin, but not requests: so
writes of other pages are refused here. For the origins that are named, starlette answers as the CORS protocol has it
(Fetch, https://fetch.spec.whatwg.org/#http-cors-protocol).
"""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemaregistry.document.message_text import shown
from schemaregistry.errors import PermissionDenied
from schemaregistry_server.transport.problems import problem

METHODS: Final = ("GET", "HEAD", "POST")

REQUEST_HEADERS: Final = ("authorization", "content-encoding", "if-none-match", "last-event-id")
"""Headers that a page may send, beside those that Fetch lets it send anyway."""

RESPONSE_HEADERS: Final = (
    "deprecation",
    "etag",
    "retry-after",
    "sunset",
    "www-authenticate",
    "x-schema-commit",
    "x-schema-fingerprint",
    "x-schema-id",
    "x-schema-path",
    "x-schema-progress-seconds",
    "x-schema-pull-request",
    "x-schema-registered-by",
    "x-schema-repository",
    "x-schema-revision",
    "x-schema-stale",
    "x-schema-state",
    "x-schema-state-reason",
    "x-schema-version",
)
"""Headers that a page may read, beside those that Fetch lets it read anyway."""

PREFLIGHT_SECONDS: Final = 600
"""How long a browser may remember that a page may send such a request."""


class Origins:
    """An ASGI app that lets pages of the `allowed` origins use `app`, and refuses the writes of other pages."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self.app = app
        self.allowed = frozenset(allowed)
        self.cors = CORSMiddleware(
            app,
            allow_origins=self.allowed,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            allow_credentials=True,  # a client certificate is one, and each origin is named
            expose_headers=RESPONSE_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if len(origins) == 1 and origins[0] in self.allowed:
            await self.cors(scope, receive, send)
            return
        app = self.app
        if origins and scope["method"] == "POST" and any(origin != _own(scope) for origin in origins):
            app = problem(
                PermissionDenied(
                    f"Pages of {shown(origins[0])} may not write here: name their origin in --cors-origin, or call "
                    "without a browser.",
                    reason="ORIGIN_NOT_ALLOWED",
                )
            )
        await app(scope, receive, _varied(send) if self.allowed else send)


def _own(scope: Scope) -> str:
    hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
    return f"https://{hosts[0]}" if len(hosts) == 1 else ""


def _varied(send: Send) -> Send:
    """Mark answers as dependent on the origin, lest a cache hands one without CORS's headers to a named page."""

    async def mark(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).add_vary_header("Origin")
        await send(message)

    return mark
