"""Install the lock file as a new user would, with the oldest and the newest pip of each supported Python found here.

It runs `pip install -r requirements.txt` in an empty environment, as `make setup` and every guide do.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.pythons import ROOT, SUPPORTED, found

OLDEST = {"3.11": "22.3", "3.12": "23.2.1", "3.13": "24.2", "3.14": "25.2"}
"""Python's version → the pip that its first release has, which `python -m venv` installs."""
NEWEST = "newest"


def fault(python: Path, pip: str, lock: Path) -> str:
    """Install the lock with one pip; return pip's error, or "" where all is installed without conflicts."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, "environment")
        own = [str(environment / "bin/python"), "-m", "pip"]
        install = [*own, "install", "--quiet", "--disable-pip-version-check"]
        for command in (
            [str(python), "-m", "venv", str(environment)],
            [*install, "--upgrade", "pip" if pip == NEWEST else f"pip=={pip}"],
            [*install, "-r", str(lock)],
            [*own, "check", "--disable-pip-version-check"],
        ):
            ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if ended.returncode:
                return f"{ended.stdout}{ended.stderr}".strip()
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.txt")
    parser.add_argument("--pythons", default=" ".join(SUPPORTED), help="the versions, with spaces")
    asked = parser.parse_args()
    failed = tried = False
    for version in asked.pythons.split():
        python = found(version)
        if python is None:
            print(f"Python {version}: not on this machine, so not tried (make fresh-check has a Debian with it)")
            continue
        for pip in (OLDEST[version], NEWEST):
            tried = True
            why = fault(python, pip, asked.lock.resolve())
            failed |= bool(why)
            print(f"Python {version}, pip {pip}: {why or 'installed'}", flush=True)
    if not tried:
        print(f"None of Python {asked.pythons} is here: nothing was tried", file=sys.stderr)
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
