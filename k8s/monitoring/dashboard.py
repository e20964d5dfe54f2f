"""Write the Grafana dashboard: `python k8s/monitoring/dashboard.py` prints `dashboard.json`, which Grafana imports.

Panels are listed here, a line of queries each; the JSON around them is the same for all.
"""

import json
import sys
from dataclasses import dataclass
from typing import Final

CALLS: Final = 'grpc_service="schemaregistry.v1.SchemaRegistry"'
QUIET: Final = f'{CALLS}, grpc_method!="WatchSchemas"'
RATE: Final = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: its title, the unit of its axis, and its queries by their legend."""

    title: str
    unit: str
    queries: dict[str, str]


def rate(metric: str, by: str, labels: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{labels}}}[{RATE}]))"


def quantile(share: float, metric: str, labels: str = "", by: str = "") -> str:
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', f'le{by}', labels)})"


ROWS: Final = {
    "Calls": (
        Panel("gRPC calls by method", "reqps", {"{{grpc_method}}": rate("grpc_server_handled_total", "grpc_method")}),
        Panel("gRPC calls by status", "reqps", {"{{grpc_code}}": rate("grpc_server_handled_total", "grpc_code")}),
        Panel(
            "Seconds of gRPC calls, without watches",
            "s",
            {
                "half": quantile(0.5, "grpc_server_handling_seconds", QUIET),
                "99 %": quantile(0.99, "grpc_server_handling_seconds", QUIET),
            },
        ),
        Panel("REST by route", "reqps", {"{{method}} {{route}}": rate("http_requests_total", "method, route")}),
        Panel("REST by status", "reqps", {"{{status}}": rate("http_requests_total", "status")}),
        Panel(
            "Seconds of REST, without watches",
            "s",
            {"99 % {{route}}": quantile(0.99, "http_request_duration_seconds", 'route!="/schemas:watch"', ", route")},
        ),
    ),
    "Catalog and store": (
        Panel(
            "Revision served, and the store's",
            "short",
            {"{{instance}}": "schemaregistry_catalog_revision", "store": "max(schemaregistry_store_revision)"},
        ),
        Panel("Lag behind the store", "s", {"{{instance}}": "schemaregistry_catalog_lag_seconds"}),
        Panel(
            "Seconds of calls to the store (99 %)",
            "s",
            {"{{operation}}": quantile(0.99, "schemaregistry_store_seconds", by=", operation")},
        ),
        Panel("etcd's members", "short", {"{{endpoint}}": "max by (endpoint) (schemaregistry_etcd_up)"}),
        Panel("Versions", "short", {"{{instance}}": "schemaregistry_catalog_versions"}),
    ),
    "Watches and verdicts": (
        Panel("Open watches", "short", {"{{instance}}": "schemaregistry_watchers"}),
        Panel("Watches cut off", "reqps", {"{{instance}}": rate("schemaregistry_watchers_dropped_total", "instance")}),
        Panel("Verdicts", "reqps", {"{{result}}": rate("schemaregistry_verdict_seconds_count", "result")}),
        Panel("Seconds of verdicts (99 %)", "s", {"all": quantile(0.99, "schemaregistry_verdict_seconds")}),
        Panel(
            "Processes killed",
            "reqps",
            {"{{worker}}: {{reason}}": rate("schemaregistry_workers_killed_total", "worker, reason")},
        ),
    ),
    "Certificates, tokens, snapshots": (
        Panel(
            "Days until certificates expire",
            "d",
            {"{{certificate}}": "min by (certificate) (schemaregistry_certificate_days_left)"},
        ),
        Panel("Tokens", "reqps", {"{{result}} {{reason}}": rate("schemaregistry_exchanges_total", "result, reason")}),
        Panel(
            "Age of the last snapshot",
            "s",
            {"age": 'time() - max(kube_cronjob_status_last_successful_time{cronjob=~".*snapshot.*"})'},
        ),
    ),
}


def dashboard() -> dict[str, object]:
    """The dashboard as Grafana's JSON."""
    panels: list[dict[str, object]] = []
    top = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": {"h": 1, "w": 24, "x": 0, "y": top}})
        top += 1
        for place, panel in enumerate(row):
            across, down = place % 3, place // 3
            panels.append(_graph(panel, {"h": 8, "w": 8, "x": 8 * across, "y": top + 8 * down}))
        top += 8 * (1 + (len(row) - 1) // 3)
    for number, made in enumerate(panels, 1):
        made["id"] = number
    return {
        "uid": "schemaregistry",
        "title": "Schema registry",
        "tags": ["schemaregistry"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}]},
        "panels": panels,
    }


def _graph(panel: Panel, place: dict[str, int]) -> dict[str, object]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "gridPos": place,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": query, "legendFormat": legend}
            for number, (legend, query) in enumerate(panel.queries.items())
        ],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dashboard(), indent=2) + "\n")
