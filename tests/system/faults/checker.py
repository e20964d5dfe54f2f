"""The checker of histories (`tests/system/linearizability`), built from Go where it is missing, and what it says."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.find_go import ROOT, find_go

SOURCE = ROOT / "tests/system/linearizability"
PROGRAM = ROOT / "build/bin/linearizability"


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was judged, and the ids of which no order explains every answer, or could not be told in time."""

    operations: int
    ids: int
    unknown_outcomes: int
    illegal: tuple[str, ...]
    undecided: tuple[str, ...]


def build() -> None:
    """Raises CalledProcessError, or NoGo where there is no Go."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    command = [str(find_go()), "build", "-buildvcs=false", "-trimpath", "-p=2", "-o", str(PROGRAM), "."]
    subprocess.run(command, cwd=SOURCE, env=environment, check=True)


def check(lines: Path) -> Checked:
    """Judge the history in a file; draws the first id without an order beside it."""
    page = lines.with_suffix(".html")
    command = [str(PROGRAM), "-html", str(page), str(lines)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in {0, 1, 3}:
        raise RuntimeError(f"the checker failed: {ended.stderr}")
    said = json.loads(ended.stdout)
    return Checked(**said | {name: tuple(said[name]) for name in ("illegal", "undecided")})
