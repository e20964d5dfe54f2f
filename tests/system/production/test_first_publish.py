"""docs/production.md's way from nothing to the first publish leads there as it is printed, but for the ports."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from devtools import etcd_cluster
from tests.support.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
PORTS = ("2379", "2380", "8443", "50051", "8081")
STAYS = re.compile(r"^(etcd |schemaregistry (exchanger|serve) )", re.M)
"""The beginning of a command that goes on until it is stopped; it is the last of its block."""


def blocks(ports: dict[str, str]) -> list[str]:
    """What is to be typed, block by block, with other ports."""
    page = (ROOT / "docs" / "production.md").read_text()
    section = page.split("## From nothing to the first publish, with tokens\n", 1)[1].split("\n## ", 1)[0]
    section = re.sub(rf"\b({'|'.join(ports)})\b", lambda found: ports[found[1]], section)
    return re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)


def free_ports() -> dict[str, str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in PORTS]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {printed: str(each.getsockname()[1]) for printed, each in zip(PORTS, sockets, strict=True)}


@contextmanager
def running(script: str, port: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a script that goes on, once it listens on a port."""
    log = folder / f"said-{port}"
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["/bin/sh", "-euc", script], cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(log.read_text())
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def listens(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def done(script: str, folder: Path, environment: dict[str, str]) -> str:
    ran = subprocess.run(
        ["/bin/sh", "-euc", script],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.mark.usefixtures("etcd_built")
def test_the_way_leads_to_a_version_that_is_audited(tmp_path: Path) -> None:
    ports = free_ports()
    programs = [str(Path(sys.executable).parent), str(etcd_cluster.BUILT.parent), os.environ["PATH"]]
    environment = {"PATH": os.pathsep.join(programs), "HOME": str(tmp_path)}
    listening = iter([ports["2379"], ports["8443"], ports["50051"]])
    said = ""
    with ExitStack() as stack:
        for block in blocks(ports):
            if stays := STAYS.search(block):
                script = f"{block[: stays.start()]}exec {block[stays.start() :]}"
                stack.enter_context(running(script, next(listening), tmp_path, environment))
            else:
                said += done(block, tmp_path, environment)
    assert "fills_v1 1.0.0 created" in said
    assert "all as they were written" in said
