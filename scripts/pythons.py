"""Read the supported Python versions from pyproject.toml, and find their interpreters on this machine."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def supported(pyproject: str) -> list[str]:
    """The minor versions that `requires-python = ">=3.A,<3.B"` allows: 3.A up to the one before 3.B."""
    asked = tomllib.loads(pyproject)["project"]["requires-python"]
    found = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", asked)
    assert found, f"requires-python = {asked!r} is not of the form >=3.A,<3.B"
    first, end = found.groups()
    return [f"3.{minor}" for minor in range(int(first), int(end))]


SUPPORTED = supported((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def found(version: str) -> Path | None:
    """Find a Python of this minor version on PATH or in pyenv; None where there is none."""
    named = shutil.which(f"python{version}")
    candidates = [Path(named)] if named else []
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
        candidates += sorted(Path(root).glob(f"versions/{version}.*/bin/python"))
    return next((path for path in candidates if _is(path, version)), None)


def _is(python: Path, version: str) -> bool:
    """Whether `python` runs and is of that version; pyenv's shims also exist for versions that aren't selected."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    ended = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    return ended.returncode == 0 and ended.stdout.strip() == version
