"""Real servers for every test that needs one: `running` for a session, `start_server` for those that end or restart."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from devtools.etcd_cluster import EtcdCluster
from devtools.etcd_cluster import running as etcd_running
from devtools.etcd_tls import kept
from devtools.servers import Server, launch_dev
from scripts import toolchains

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas"

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")

KINDS = ("unit", "integration", "system")
"""Folders of tests by what they start: nothing, a server or a compiler, a whole set-up. Each is a marker, too."""
LONGEST = (
    "clients",
    "gateways",
    "snapshot",
    "production",
    "k8s",
    "attacks",
    "etcd",
    "cpp",
    "monitoring",
    "faults",
    "gx",
    "data",
    "load",
)
"""Folders that begin first where several workers share the tests."""
TOGETHER = {"clients": "toolchains", "gateways": "toolchains", "production": "production", "etcd": "etcd"}
"""Folders whose tests one worker runs, one after the other: they share what they build, or a cluster."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its kind. Where workers share the tests (pytest-xdist), the longest folders begin first."""
    for item in items:
        kind = item.path.relative_to(ROOT / "tests").parts[0]
        if kind in KINDS:
            item.add_marker(kind)
    if hasattr(config, "workerinput"):
        ranks = {folder: rank for rank, folder in enumerate(LONGEST)}
        items.sort(key=lambda item: ranks.get(_folder(item.nodeid), len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests are one worker's, and those of TOGETHER a folder's.

    pytest-xdist 3.8 knows its own groups by a suffix of `_nodeid`, which pytest 9.2 no longer looks at.
    """
    from xdist.scheduler import LoadScopeScheduling  # where the oldest of our dependencies are tested, there is none

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = lambda nodeid: TOGETHER.get(_folder(nodeid), nodeid.partition("::")[0])
    return scheduler


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a test as soon as it has failed, and not after all the others: the whole takes many minutes."""
    if report.failed and not os.environ.get("PYTEST_XDIST_WORKER"):
        sys.stderr.write(f"\nfailed: {report.nodeid} ({report.when})\n")


def _folder(nodeid: str) -> str:
    """The folder of a test, beside those of its kind."""
    _, first, second = nodeid.partition("::")[0].split("/")[:3]
    return second if first in KINDS else first


def start(data: Path, *options: str) -> Server:
    """Start a server on free ports and return it once it listens; it judges for as long as a busy machine needs."""
    limits = ("--judge-seconds", "10")
    return launch_dev(data, "--grpc", "localhost:0", "--rest", "127.0.0.1:0", *limits, *options).wait()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole session, with `schemas/` published. Tests write under ids of their own."""
    server = start(tmp_path_factory.mktemp("running") / "data", "--publish", str(SCHEMAS))
    yield server
    server.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A factory: `start_server(*options, data=DIR)`; every server that it started is gone after the test."""
    started: list[Server] = []

    def begin(*options: str, data: Path | None = None) -> Server:
        started.append(start(data or tmp_path / "data", *options))
        return started[-1]

    yield begin
    for server in started:
        server.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def etcd_built() -> None:
    """Build etcd where it is missing."""
    command = [sys.executable, "-m", "scripts.build_tools", "third_party/etcd", "build/etcd/bin"]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def etcd_cluster(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdCluster]:
    """Three etcd members, shared by tests that each use keys of their own and compact nothing."""
    with kept(etcd_running(tmp_path_factory.mktemp("etcd"))) as cluster:
        yield cluster


@pytest.fixture
async def breakable(etcd_cluster: EtcdCluster) -> AsyncIterator[EtcdCluster]:
    """A folder's own cluster for a test that may leave members dead or stopped."""
    yield etcd_cluster
    for member in etcd_cluster.members.values():
        member.send(signal.SIGCONT)
        member.start()
    await etcd_cluster.ready()


@pytest.fixture(scope="session")
def toolchain() -> Callable[[str], str]:
    """The path of a program that is new enough; without it the test is skipped, and fails where CI is set."""
    toolchains.use_own()

    def find(program: str) -> str:
        need = toolchains.needed_by(program)
        if not need.is_met():
            message = f"{need} is not on PATH: `make test-needs` installs it"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
        return str(shutil.which(program))

    return find
