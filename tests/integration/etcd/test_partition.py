"""Reads and writes in a partitioned network that heals, in network namespaces (`partition.py`)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cables import NEW_NETWORK, why_not

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def seen(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    if reason := why_not():
        pytest.skip(reason)
    program = (sys.executable, "-m", "tests.integration.etcd.partition")
    command = [*NEW_NETWORK, *program, str(tmp_path_factory.mktemp("net"))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    print(ended.stdout)
    return json.loads(ended.stdout)


def test_a_server_on_the_smaller_side_says_that_it_is_stale_until_it_is_whole_again(seen):
    scene = seen["leader_is_cut_off_from_the_others"]
    assert scene["missed"] > 0
    assert scene["stale"] <= 6
    assert scene["healed"] <= 10


def test_servers_that_know_the_larger_side_write_on(seen):
    assert seen["leader_is_cut_off_from_the_others"]["gap"] <= 6


def test_a_member_that_its_clients_no_longer_reach_is_left_for_another(seen):
    assert seen["clients_are_cut_off_from_their_member"]["gap"] <= 4
