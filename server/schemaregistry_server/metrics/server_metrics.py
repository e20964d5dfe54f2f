"""Every metric of the registry, each defined once; docs/metrics.md describes them for whoever runs a server.

A label's values are always from a fixed, short list: names that callers choose (ids, identities, paths) never become
labels, since each value costs memory here and in Prometheus.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemaregistry_server.metrics.call_tally import BUCKETS, BatchHistogram, CallTally

OTHER: Final = "other"
"""The label of whatever isn't on the list."""

GRPC_LABELS: Final = ("grpc_type", "grpc_service", "grpc_method")
HTTP_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

VERDICT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GaugeMode = Literal["livemin", "livemax", "livesum"]
"""Which value of several processes that live is shown."""

STORE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ServerMetrics:
    """The metrics of one process of a server. Those of its processes are added up in `shared_files.py`.

    For a gauge `multiprocess_mode` says how: the least revision and the greatest lag count, watchers are a sum.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._tallies: list[CallTally] = []
        self._grpc_started = Counter(
            "grpc_server_started_total", "RPCs started on the server.", GRPC_LABELS, registry=registry
        )
        self._grpc_handled = Counter(
            "grpc_server_handled_total",
            "RPCs completed on the server, by their status.",
            (*GRPC_LABELS, "grpc_code"),
            registry=registry,
        )
        self._grpc_seconds = BatchHistogram(
            "grpc_server_handling_seconds",
            "Seconds from an RPC's start to its end.",
            GRPC_LABELS,
            buckets=BUCKETS,
            registry=registry,
        )
        self._http_requests = Counter(
            "http_requests_total",
            "HTTP requests that were answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._http_seconds = BatchHistogram(
            "http_request_duration_seconds",
            "Seconds from an HTTP request's headers to the end of its answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=registry,
        )
        self.catalog_revision = _gauge(registry, "catalog_revision", "The revision that is served.", "livemin")
        self.catalog_versions = _gauge(registry, "catalog_versions", "Versions and changes of states.", "livemin")
        self.catalog_lag = _gauge(
            registry,
            "catalog_lag_seconds",
            "For how long the catalog has not had what the store has, or the store hasn't answered.",
            "livemax",
        )
        self.store_revision = _gauge(registry, "store_revision", "The newest revision of the store.", "livemax")
        self.store_seconds = Histogram(
            "schemaregistry_store_seconds",
            "Seconds of a call to the store, by what it does and whether it succeeded.",
            ("operation", "result"),
            buckets=STORE_BUCKETS,
            registry=registry,
        )
        self.etcd_up = _gauge(
            registry, "etcd_up", "Whether a member of etcd answers and has a leader.", "livemax", ("endpoint",)
        )
        self.watchers = _gauge(registry, "watchers", "Watches that are open.", "livesum")
        self.watchers_dropped = Counter(
            "schemaregistry_watchers_dropped_total",
            "Watches that were cut off, since a message was not taken in time.",
            registry=registry,
        )
        self.verdict_seconds = Histogram(
            "schemaregistry_verdict_seconds",
            "Seconds of a comparison of documents, by its result; verdicts from the cache are not among them.",
            ("result",),
            buckets=VERDICT_BUCKETS,
            registry=registry,
        )
        self.certificate_days = _gauge(
            registry, "certificate_days_left", "Days until a certificate expires.", "livemin", ("certificate",)
        )

    def grpc_method(self, kind: str, service: str, method: str) -> CallTally:
        """The tally of a gRPC method; `kind` is `unary`, `server_stream` or `bidi_stream`."""
        labels = (kind, service, method)
        return self._kept(
            CallTally(
                self._grpc_started.labels(*labels),
                cache(lambda code: self._grpc_handled.labels(*labels, code)),
                self._grpc_seconds.labels(*labels),
            )
        )

    def http_route(self, method: str, route: str) -> CallTally:
        """The tally of an HTTP method, one of HTTP_METHODS or OTHER, and a template of the proto's paths or OTHER."""
        return self._kept(
            CallTally(
                None,
                cache(lambda status: self._http_requests.labels(method, route, status)),
                self._http_seconds.labels(method, route),
            )
        )

    def flush(self) -> None:
        """Bring the tallies of calls over."""
        for tally in self._tallies:
            tally.flush()

    def _kept(self, tally: CallTally) -> CallTally:
        self._tallies.append(tally)
        return tally


def _gauge(registry: CollectorRegistry, name: str, text: str, mode: GaugeMode, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(f"schemaregistry_{name}", text, labels, registry=registry, multiprocess_mode=mode)


@cache
def metrics() -> ServerMetrics:
    """The metrics of this process, made when they are first asked for."""
    return ServerMetrics(CollectorRegistry())


@cache
def workers_killed() -> Counter:
    """The counter of processes that were killed or died, by themselves: judges of documents, and a server's workers.

    Apart from the others, since the process that supervises workers has this one alone.
    """
    return Counter(
        "schemaregistry_workers_killed_total",
        "Processes that were killed or died: judges of documents, and a server's workers.",
        ("worker", "reason"),
        registry=CollectorRegistry(),
    )
