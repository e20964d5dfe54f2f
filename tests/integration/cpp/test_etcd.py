"""The C++ client's watch and cache against a registry whose store is etcd: the same tests, another store."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        ("tests/watch_test", "WatchTest.Resumes*:WatchTest.EndsWhereTheStore*"),
        ("tests/cache_test", "CacheTest.FollowsAPublish*:CacheTest.IsAnErrorOnce*"),
    ],
)
def test_watches_and_caches_go_on_over_a_restart_on_etcd(
    program: str, tests: str, built: Callable[[str], Path], etcd_built: None
) -> None:
    command = [built(program), f"--gtest_filter={tests}", "--gtest_color=no"]
    env = os.environ | {"SCHEMAREGISTRY_STORE": "etcd"}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^\[  PASSED  \] [23] tests\.$", ran.stdout, re.M), ran.stdout
