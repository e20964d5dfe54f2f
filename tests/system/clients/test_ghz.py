"""ghz, as `make ghz-bench` runs it: every call is answered."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_call_of_a_short_run_is_answered(told: dict[str, str]) -> None:
    subprocess.run(["make", "-s", "ghz"], cwd=ROOT, check=True)
    environment = os.environ | told | {"CALLS": "200"}
    said = subprocess.run(
        ["clients/ghz-bench.sh"], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert re.search(r"^\s+Count:\s+200$", said, re.M)
    assert re.search(r"^\s+\[OK\]\s+200 responses", said, re.M)
    assert "Error distribution" not in said
