"""The development cluster: its data is kept, and its processes end with their parent."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import etcd_cluster
from devtools.etcd_cluster import running
from devtools.servers import until
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts
from schemaregistry_server.etcd.v3.rpc_pb2 import TxnRequest

ROOT = Path(__file__).parents[3]

HOLD = """
import asyncio, sys
from pathlib import Path
from devtools.etcd_cluster import running

async def hold():
    async with running(Path(sys.argv[1])) as cluster:
        print(*(member._process.pid for member in cluster.members.values()), flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


async def test_a_cluster_that_is_started_again_has_its_data_and_its_addresses(etcd_built: None, tmp_path: Path):
    async with running(tmp_path) as first:
        client = EtcdClient(EtcdConnection(first.endpoints))
        await client.transact(TxnRequest(success=[puts(b"/kept", b"yes")]))
        await client.close()
    async with running(tmp_path) as again:
        assert again.endpoints == first.endpoints
        client = EtcdClient(EtcdConnection(again.endpoints))
        _, there = await client.get(b"/kept")
        assert there[b"/kept"].value == b"yes"
        await client.close()
    assert not any(member.running for member in again.members.values())


@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death is told to its children on Linux alone")
def test_members_end_with_the_process_that_started_them_even_when_it_is_killed(etcd_built: None, tmp_path: Path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in holder.stdout.readline().split()]
    assert len(pids) == 3
    holder.kill()
    holder.wait()
    holder.stdout.close()
    until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that ended may wait for its new parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_member_whose_port_was_taken_meanwhile_says_so(etcd_built: None, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], *(free_port() for _ in range(5))]
        (tmp_path / "ports.json").write_text(json.dumps(ports))
        with pytest.raises(FailedPrecondition) as failed:
            async with running(tmp_path):
                pass
    assert failed.value.reason == "ETCD_NOT_STARTED"
    assert f"127.0.0.1:{ports[0]}" in failed.value.message
    assert "address already in use" in failed.value.message


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


async def test_without_etcd_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(etcd_cluster, "BUILT", tmp_path / "etcd")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FailedPrecondition, match="make etcd"):
        async with running(tmp_path):
            pass
