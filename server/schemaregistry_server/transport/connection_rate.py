"""Refuse an HTTP request, before anything else of it is looked at, where its connection has too many a second."""

from starlette.types import ASGIApp, Receive, Scope, Send

from schemaregistry.errors import ResourceExhausted
from schemaregistry_server.rpc.rate_limits import RateLimits
from schemaregistry_server.transport import health
from schemaregistry_server.transport.problems import problem


class LimitedConnections:
    """An ASGI app that hands on the requests within `rates` to `app`, and all of health's paths."""

    def __init__(self, app: ASGIApp, rates: RateLimits) -> None:
        self.app = app
        self.rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["path"] not in health.PATHS:
            host, port = scope["client"] or ("", 0)
            try:
                await self.rates.admit_call(f"{host}:{port}")
            except ResourceExhausted as error:
                app = problem(error)
        await app(scope, receive, send)
