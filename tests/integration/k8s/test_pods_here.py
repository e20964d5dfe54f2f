"""The pods of `prod` do what they are for, with their own arguments, files and kinds of certificates, on loopback."""

import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from devtools.servers import until
from tests.integration.k8s.conftest import overlay
from tests.integration.k8s.pods_here import MEMBERS, PodsHere, pods_here


def run(pods: PodsHere, workload: str, *changes: tuple[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a Job's pod to its end."""
    command = pods.command(workload)
    for old, new in changes:
        command = [new if word == old else word for word in command]
    return subprocess.run([word for word in command if word], capture_output=True, text=True, check=False)


@contextmanager
def running(pods: PodsHere, workload: str, ordinal: int = 0) -> Iterator[None]:
    log = pods.folder / f"{workload.replace('/', '-')}-{ordinal}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(pods.command(workload, ordinal), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def ready(pods: PodsHere, pod: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{pods.port(pod, port)}/readyz", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def members(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodsHere]:
    """Three members of etcd, which have found one another."""
    pods = pods_here(overlay("prod"), tmp_path_factory.mktemp("pods"))
    with ExitStack() as stack:
        for member in MEMBERS:
            stack.enter_context(running(pods, "StatefulSet/etcd", member))
        until(lambda: all(ready(pods, f"etcd-{member}", 2381) for member in MEMBERS))
        yield pods


@pytest.fixture(scope="module")
def cluster(members: PodsHere) -> PodsHere:
    """The members, with authentication on."""
    done = run(members, "Job/etcd-auth")
    assert done.returncode == 0, done.stderr
    return members


def test_etcd_auth_is_done_once(cluster: PodsHere) -> None:
    done = run(cluster, "Job/etcd-auth")
    assert (done.returncode, "nothing to do" in done.stdout) == (0, True), done.stderr


def test_the_registry_becomes_ready(cluster: PodsHere) -> None:
    with running(cluster, "Deployment/registry"):
        until(lambda: ready(cluster, "registry-0", 8081))


def test_the_exchanger_answers_a_probe_without_a_certificate(cluster: PodsHere) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = f"https://localhost:{cluster.port('exchanger-0', 8443)}/healthz"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, context=context, timeout=5) as answer:
                return bool(answer.read() == b"ok\n")
        except OSError:
            return False

    with running(cluster, "Deployment/exchanger"):
        until(answers)


def test_root_defragments_every_member(cluster: PodsHere) -> None:
    done = run(cluster, "CronJob/etcd-defrag")
    assert (done.returncode, done.stdout.count("Finished defragmenting")) == (0, len(MEMBERS)), done.stderr


def test_the_auditor_may_take_a_snapshot(cluster: PodsHere, tmp_path: Path) -> None:
    """Into a file, since there is no bucket here."""
    file = str(tmp_path / "snapshot")
    done = run(cluster, "CronJob/snapshot", ("$(SNAPSHOT_URL)", file), ("--keep=$(SNAPSHOT_KEEP)", ""))
    assert done.returncode == 0, done.stderr
