"""The Grafana dashboard: its JSON is what the script writes, and a Prometheus that scrapes real servers answers it."""

import asyncio
import http.server
import itertools
import json
import runpy
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
import yaml

from devtools.etcd_cluster import EtcdCluster
from devtools.servers import Server, launch_dev, register, until
from schemaregistry.v1 import registry_pb2 as pb
from tests.support.exchanger_fixtures import RunningExchanger, Start
from tests.support.oidc_issuer import OidcIssuer

MONITORING = Path(__file__).parents[3] / "k8s/monitoring"

DOCUMENT = {
    "$id": "seen_v1",
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"size": {"type": "integer"}},
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def document(version: str) -> bytes:
    return json.dumps(DOCUMENT | {"version": version}).encode()


@pytest.fixture
def server(tmp_path: Path, etcd_cluster: EtcdCluster) -> Iterator[Server]:
    """A server on etcd, with REST and the health port."""
    health = free_port()
    store = f"etcd://{','.join(etcd_cluster.endpoints)}"
    started = launch_dev(
        tmp_path / "data", "--grpc", "localhost:0", "--rest", "127.0.0.1:0", "--store", store,
        "--health", f"127.0.0.1:{health}", "--slow-seconds", "0.2",
    )  # fmt: skip
    try:
        started.wait()
        started.health = f"http://127.0.0.1:{health}"
        yield started
    finally:
        started.stop()


@pytest.fixture
def cronjobs() -> Iterator[int]:
    """The port of what stands in for kube-state-metrics."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            name = "kube_cronjob_status_last_successful_time"
            self.wfile.write(f'{name}{{cronjob="snapshot"}} {time.time():.0f}\n'.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_address[1]
        listening.shutdown()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[list[str]], httpx.Client]]:
    """A factory: a Prometheus that scrapes these addresses twice a second, and a client of its API."""
    started: list[subprocess.Popen[bytes]] = []
    clients: list[httpx.Client] = []

    def start(targets: list[str]) -> httpx.Client:
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "scrape_configs": [{"job_name": "schemaregistry", "static_configs": [{"targets": targets}]}],
            "rule_files": [str(MONITORING / "alerts.yaml")],
        }
        (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        port = free_port()
        options = [
            f"--config.file={tmp_path / 'prometheus.yaml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (tmp_path / "prometheus.log").open("wb") as log:
            started.append(subprocess.Popen(["prometheus", *options], stdout=log, stderr=log))
        clients.append(client := httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))

        def ready() -> bool:
            try:
                return client.get("/-/ready").status_code == 200
            except httpx.TransportError:
                return False

        until(ready)
        return client

    yield start
    for client in clients:
        client.close()
    for process in started:
        process.terminate()
        process.wait(30)


def queries() -> list[str]:
    panels = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    return [
        target["expr"].replace("$__rate_interval", "30s") for panel in panels for target in panel.get("targets", ())
    ]


def use(server: Server) -> None:
    """Calls of every kind that has a panel."""
    register(server.stub("ci-bot"), "seen_v1", document("1.0.0"))
    register(server.stub("ci-bot"), "seen_v1", document("1.0.1"))
    server.stub().GetSchema(pb.GetSchemaRequest(id="seen_v1"), timeout=10)
    next(server.stub().WatchSchemas(pb.WatchSchemasRequest(), timeout=10))
    with pytest.raises(grpc.RpcError):
        server.stub().GetSchema(pb.GetSchemaRequest(id="unseen_v1"), timeout=10)
    assert httpx.get(f"{server.rest}/schema/seen_v1").status_code == 200


def test_the_json_is_what_the_script_writes() -> None:
    written = runpy.run_path(str(MONITORING / "dashboard.py"))["dashboard"]()
    assert json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8")) == written


@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs prometheus: make test-needs")
async def test_prometheus_answers_every_query_of_the_dashboard(
    server: Server,
    cronjobs: int,
    prometheus: Callable[[list[str]], httpx.Client],
    start_exchanger: Start,
    issuer: OidcIssuer,
) -> None:
    port = free_port()
    exchanger: RunningExchanger = await start_exchanger(top=f'metrics = "127.0.0.1:{port}"')
    targets = [server.health.removeprefix("http://"), f"127.0.0.1:{port}", f"127.0.0.1:{cronjobs}"]
    await exchanger.exchange(issuer.token())
    client = await asyncio.to_thread(prometheus, targets)
    await asyncio.to_thread(use, server)
    publisher, reader, numbers = server.stub("ci-bot"), server.stub(), itertools.count(2)
    unanswered = queries()
    assert len(unanswered) > 20

    def answered(query: str) -> bool:
        answer = client.get("/api/v1/query", params={"query": query}).json()
        assert answer["status"] == "success", (query, answer)
        return any(value != "NaN" for _, value in (each["value"] for each in answer["data"]["result"]))

    # Judges that die are not made here: their counter has no series until one does.
    unanswered = [query for query in unanswered if "workers_killed" not in query]

    def all_answered() -> bool:
        use_again()
        unanswered[:] = [query for query in unanswered if not answered(query)]
        return not unanswered

    def use_again() -> None:
        """Rates need a second sample that is higher than the first."""
        register(publisher, "seen_v1", document(f"1.0.{next(numbers)}"))
        reader.GetSchema(pb.GetSchemaRequest(id="seen_v1"), timeout=10)
        assert httpx.get(f"{server.rest}/schema/seen_v1").status_code == 200

    try:
        await asyncio.to_thread(until, all_answered, 60)
    except AssertionError:
        raise AssertionError(unanswered) from None
