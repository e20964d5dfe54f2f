"""docs/clients.md: the C++ lines are those of the example, and the example says what the page promises."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Server

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S))


def test_the_cpp_lines_stand_in_the_example() -> None:
    lines = [line.strip() for line in (ROOT / "clients/cpp/examples/first.cpp").read_text().splitlines()]
    wanted = [line.strip() for line in BLOCKS["cpp"].splitlines()]
    assert any(lines[start : start + len(wanted)] == wanted for start in range(len(lines)))


def test_the_cpp_lines_do_as_the_page_says(running: Server, built: Callable[[str], Path]) -> None:
    env = os.environ | {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    done = subprocess.run([built("first")], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == BLOCKS["text"], done.stderr
