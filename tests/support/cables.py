"""An etcd cluster on a network of its own: each member has one cable to its clients and one to the other members.

Needs a network namespace of its own (`NEW_NETWORK`), so that nothing outside it is touched.
"""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devtools.etcd_cluster import NAMES, EtcdCluster, MemberAddress, running

NEW_NETWORK = ["unshare", "--net"]
"""What the command of a program begins with that is to have a network of its own."""

NETWORKS = {"c": "10.213.1", "p": "10.213.2"}
"""The clients' network and the members'."""


def why_not() -> str | None:
    """Why there can be no network of our own here, None where there can."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return "no unshare or ip here (util-linux, iproute2)"
    bridge = ["ip", "link", "add", "name", "bridge0", "type", "bridge"]
    tried = subprocess.run([*NEW_NETWORK, *bridge], capture_output=True, text=True, check=False)
    return f"network namespaces are not permitted: {tried.stderr.strip()}" if tried.returncode else None


def sh(line: str) -> None:
    subprocess.run(line.split(), check=True)


def cable(name: str, network: str, state: str) -> None:
    """Plug a member's cable in (`up`) or pull it (`down`)."""
    sh(f"ip link set {network}{NAMES.index(name)} {state}")


@asynccontextmanager
async def networked(directory: Path) -> AsyncIterator[EtcdCluster]:
    spaces = {name: f"registry-{os.getpid()}-{name}" for name in NAMES}
    try:
        lay(spaces)
        places = {
            name: MemberAddress(
                f"{NETWORKS['c']}.{n}:2379", f"{NETWORKS['p']}.{n}:2380", ("ip", "netns", "exec", spaces[name])
            )
            for n, name in enumerate(NAMES, start=1)
        }
        async with running(directory, places=places) as cluster:
            yield cluster
    finally:
        take_up(spaces)


def lay(spaces: dict[str, str]) -> None:
    sh("ip link set lo up")
    for network, addresses in NETWORKS.items():
        sh(f"ip link add {network} type bridge")
        sh(f"ip link set {network} up")
        sh(f"ip addr add {addresses}.254/24 dev {network}")
    for n, space in enumerate(spaces.values()):
        sh(f"ip netns add {space}")
        sh(f"ip -n {space} link set lo up")
        for network, addresses in NETWORKS.items():
            sh(f"ip link add {network}{n} type veth peer name {network} netns {space}")
            sh(f"ip link set {network}{n} master {network} up")
            sh(f"ip -n {space} addr add {addresses}.{n + 1}/24 dev {network}")
            sh(f"ip -n {space} link set {network} up")


def take_up(spaces: dict[str, str]) -> None:
    for space in spaces.values():
        subprocess.run(["ip", "netns", "del", space], check=False)
