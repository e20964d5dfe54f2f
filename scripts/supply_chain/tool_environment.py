"""Environments of tools in Python that the project uses and doesn't import, each from a lock of its own."""

import subprocess
import sys
import venv
from pathlib import Path

from scripts.locking import alone
from scripts.pythons import ROOT

ENVIRONMENT = ROOT / "build/cyclonedx"
"""That of the tools that read and write lists of parts: CycloneDX and a pip that knows PEP 639."""


class ToolsMissing(Exception):
    """The tools could not be installed; the message says what to do."""


def environment_python(tools: str = ENVIRONMENT.name) -> Path:
    """The Python of an environment; it is made in build/ where it is missing or its lock is newer.

    `tools` is the folder of third_party/ that has the lock. Raises ToolsMissing.
    """
    lock, environment = ROOT / "third_party" / tools / "requirements.txt", ROOT / "build" / tools
    ready = environment / ".ready"
    python = environment / "bin/python"
    with alone(ROOT / "build"):
        if ready.is_file() and ready.read_bytes() == lock.read_bytes():
            return python
        print(f"Installing {lock.relative_to(ROOT)} into build/{tools} (once) ...", file=sys.stderr)
        venv.create(environment, clear=True)
        # By this process's pip, which is quicker than to unpack one into the environment first.
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        options = ["--quiet", "--require-hashes", "--no-compile", "--no-deps"]
        ended = subprocess.run([*pip, "install", *options, "-r", str(lock)], check=False)
        if ended.returncode:
            raise ToolsMissing(f"{lock.relative_to(ROOT)} could not be installed: check that pip reaches an index.")
        ready.write_bytes(lock.read_bytes())
    return python
