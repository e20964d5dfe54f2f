"""The HTTP paths `/healthz` (is the server alive, for whatever restarts it) and `/readyz` (may calls be sent to it)."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from schemaregistry_server.catalog.readiness import ReadinessState

PATHS: Final = frozenset({"/healthz", "/readyz"})


class _Text:
    """An ASGI app that answers 200 or 503 with lines of text."""

    def __init__(self, answer: Callable[[], tuple[bool, str]]) -> None:
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        well, text = self.answer()
        code = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        await PlainTextResponse(f"{text}\n", code)(scope, receive, send)


class _Metrics:
    """An ASGI app that answers with metrics. An object, since Starlette takes functions for something else."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.app = prometheus_client.make_asgi_app(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def answers(
    state: Callable[[], ReadinessState], alive: Callable[[], bool] = lambda: True
) -> dict[str, dict[str, ASGIApp]]:
    """The apps of both paths, by path and method.

    `/healthz` answers 200 for as long as the server is `alive`, `/readyz` 200 or 503 with the text of `state`.
    """
    return {
        "/healthz": {"GET": _Text(lambda: (True, "ok") if alive() else (False, state().text))},
        "/readyz": {"GET": _Text(lambda: ((now := state()).ready, now.text))},
    }


def create_app(
    state: Callable[[], ReadinessState], alive: Callable[[], bool], metrics: CollectorRegistry | None = None
) -> ASGIApp:
    """An app with the two paths, and `/metrics` where there are `metrics`, for the health port."""
    routes = [Route(path, by_method["GET"], methods=["GET"]) for path, by_method in answers(state, alive).items()]
    if metrics:
        routes.append(Route("/metrics", _Metrics(metrics), methods=["GET"]))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app
