"""The checker of histories: its own tests, on histories that are known to be good and bad."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def go() -> Path:
    """A Go that is new enough, installed where there is none."""
    found = subprocess.run([sys.executable, "-m", "scripts.find_go"], cwd=ROOT, check=True, capture_output=True)
    return Path(found.stdout.decode().strip())


def run(*command: str | Path) -> str:
    environment = os.environ | {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    ended = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_it_tells_good_histories_from_bad_ones(go: Path) -> None:
    run(go, "vet", "./...")
    assert "ok" in run(go, "test", "-count=1", "./...")


def test_it_is_formatted_as_gofmt_does(go: Path) -> None:
    assert run(go.resolve().with_name("gofmt"), "-l", ".") == ""
