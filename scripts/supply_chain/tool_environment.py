"""The environment of the tools that read and write lists of parts: CycloneDX and a pip that knows PEP 639."""

import subprocess
import sys
import venv
from pathlib import Path

from scripts.locking import alone
from scripts.pythons import ROOT

LOCK = ROOT / "third_party/cyclonedx/requirements.txt"
ENVIRONMENT = ROOT / "build/cyclonedx"


class ToolsMissing(Exception):
    """The tools could not be installed; the message says what to do."""


def environment_python() -> Path:
    """The environment's Python; the environment is made where it is missing or the lock is newer.

    Raises ToolsMissing.
    """
    ready = ENVIRONMENT / ".ready"
    python = ENVIRONMENT / "bin/python"
    with alone(ROOT / "build"):
        if ready.is_file() and ready.read_bytes() == LOCK.read_bytes():
            return python
        print("Installing CycloneDX's tools from PyPI into build/cyclonedx (once) ...", file=sys.stderr)
        venv.create(ENVIRONMENT, clear=True)
        # By this process's pip, which is quicker than to unpack one into the environment first.
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        options = ["--quiet", "--require-hashes", "--no-compile", "--no-deps"]
        ended = subprocess.run([*pip, "install", *options, "-r", str(LOCK)], check=False)
        if ended.returncode:
            raise ToolsMissing(f"{LOCK.relative_to(ROOT)} could not be installed: check that pip reaches an index.")
        ready.write_bytes(LOCK.read_bytes())
    return python
