"""`/healthz` and `/readyz`: for the one who starts servers, and the one who sends calls to them. Holds no socket."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from schemaregistry_server.readiness import State


def routes(state: Callable[[], State], alive: Callable[[], bool] = lambda: True) -> list[Route]:
    """`/healthz`: 200 for as long as the server is `alive`. `/readyz`: 200 or 503, and the state's text."""

    async def healthz(_: Request) -> Response:
        if alive():
            return PlainTextResponse("ok\n")
        return PlainTextResponse(f"{state().text}\n", HTTPStatus.SERVICE_UNAVAILABLE)

    async def readyz(_: Request) -> Response:
        now = state()
        return PlainTextResponse(f"{now.text}\n", HTTPStatus.OK if now.ready else HTTPStatus.SERVICE_UNAVAILABLE)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def create_app(state: Callable[[], State], alive: Callable[[], bool]) -> ASGIApp:
    """The two paths and nothing else, for a port of their own."""
    return Starlette(routes=routes(state, alive))
