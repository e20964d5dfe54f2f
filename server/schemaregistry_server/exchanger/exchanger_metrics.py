"""What the exchanger counts about itself, for Prometheus, and the HTTP port that tells it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from schemaregistry.errors import RegistryError
from schemaregistry_server.security import certificates

UNKNOWN: Final = float("nan")


class ExchangerMetrics:
    """The metrics of one exchanger. Labels are reason codes and grants, of which there are a few dozen."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """`files` are the certificates whose ends are told, by the name of their label."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._exchanges = Counter(
            "schemaregistry_exchanges_total",
            "Requests for tokens and signatures, by what was asked for, and why it was refused.",
            ("grant", "result", "reason"),
            registry=self.registry,
        )
        days = Gauge(
            "schemaregistry_certificate_days_left",
            "Days until a certificate expires.",
            ("certificate",),
            registry=self.registry,
        )
        for name, path in files.items():
            days.labels(name).set_function(partial(_days_left, path))

    def exchanged(self, grant: str) -> None:
        """Count what was given; `grant` is `token`, `certificate` or `head`."""
        self._exchanges.labels(grant, "exchanged", "").inc()

    def refused(self, grant: str, reason: str) -> None:
        """Count what was refused; `grant` is "" where it wasn't known yet."""
        self._exchanges.labels(grant, "refused", reason).inc()

    def app(self) -> Starlette:
        """The ASGI app with `/metrics` and nothing else."""
        return Starlette(routes=[Route("/metrics", _App(self.registry), methods=["GET"])])


class _App:
    """prometheus-client's ASGI app as an object, since Starlette takes functions for something else."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.app = prometheus_client.make_asgi_app(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def _days_left(path: Path) -> float:
    try:
        return certificates.days_left(path)
    except RegistryError:  # whoever uses the file says what is wrong with it
        return UNKNOWN
