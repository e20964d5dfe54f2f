"""Refuse an HTTP request, before anything else of it is looked at, where its connection has too many a second."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from schemaregistry.errors import ResourceExhausted
from schemaregistry_server.rpc.rate_limits import RateLimits
from schemaregistry_server.transport import health
from schemaregistry_server.transport.problems import problem


class LimitedConnections:
    """An ASGI app that hands on the requests within `rates` to `app`, and all of health's paths."""

    def __init__(self, app: ASGIApp, rates: RateLimits, connection_of: Callable[[Scope], str]) -> None:
        self.app = app
        self.rates = rates
        self.connection_of = connection_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["path"] not in health.PATHS:
            try:
                await self.rates.admit_call(self.connection_of(scope))
            except ResourceExhausted as error:
                app = problem(error)
        await app(scope, receive, send)
