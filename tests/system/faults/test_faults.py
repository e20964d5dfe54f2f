"""Every kind of fault once, on each store, under writers, readers and watchers: nothing is lost, doubled or stale.

The short form of `make faults`.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("store", "kinds"), [("sqlite", 6), ("etcd", 9)])
def test_every_fault_is_survived_without_a_wrong_answer(store: str, kinds: int, request: pytest.FixtureRequest) -> None:
    if store == "etcd":
        request.getfixturevalue("etcd_built")
    program = [sys.executable, "-m", "tests.system.faults.run"]
    command = [*program, "--store", store, "--faults", str(kinds), "--writes", "0"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    print(ended.stdout)
    # How long writes were away is for `make faults` to judge: here other tests may keep the machine busy.
    for wrong in ("lost", "duplicated", "stale", "disorder", "unexpected"):
        assert re.search(rf"^ *{wrong}: 0$", ended.stdout, re.MULTILINE), ended.stdout + ended.stderr[-3000:]
    assert f"{store}: {kinds} faults over" in ended.stdout
    assert "linearizable: yes" in ended.stdout
