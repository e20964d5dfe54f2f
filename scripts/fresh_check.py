"""Run both commands of the README on fresh machines: a new Debian for each supported Python, with nothing else in it.

Each Debian has Python, its venv module, make and git, empty home and caches, and a clone of HEAD. `make run` is
started, asked by curl and stopped; `make test` runs with CI set, so that it installs what it needs and skips no test
for lack of it. Then the same is done in another new Debian while other work keeps every core busy. The script needs
root (for chroot) and mmdebstrap.

The settings by which pip, npm, Go, Cargo, Maven and apt reach their registries are copied from this machine.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from scripts.fresh_root import CLONE, Root, configure
from scripts.pythons import SUPPORTED

ROOT = Path(__file__).resolve().parent.parent
FRESH = ROOT / "build/fresh"
SUITES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "forky"}
"""Python's version → the release of Debian whose `python3` it is."""
INSIDE = ("python3", "python3-venv", "make", "git", "ca-certificates")
TARGETS = {"run": "run", "test": "test", "lock": "lock-check"}
"""A step → its target in the Makefile."""
CLOSING = re.compile(r"tests passed, \d+ tests failed|^=+ .* in [\d.]+s.*=+$")
"""The last lines of ctest and of pytest."""
PROGRAMS = ("mmdebstrap", "unshare", "setpriv", "chroot", "curl", "apt-config")
START_SECONDS, STOP_SECONDS = 1200, 120
REST = "http://localhost:8000"


class StepFailed(Exception):
    """A step failed; the message is a sentence about it."""


def debootstrapped(suite: str, place: Path) -> Root:
    """Make a new Debian of the release `suite` in `place`, from the mirror that this machine uses."""
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    settings = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    options = [f"--aptopt={line.removesuffix(';')}" for line in settings.splitlines() if line.endswith('";')]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(INSIDE)}", *options]
    subprocess.run([*command, suite, str(place), *sources(suite)], check=True)
    configure(place)
    clone = ["git", "clone", "--quiet", "--no-hardlinks", ROOT.as_uri(), str(place / CLONE.relative_to("/"))]
    subprocess.run(clone, check=True)
    return Root(place)


def sources(suite: str) -> list[str]:
    """The lines of sources.list for a release, its updates and its security updates, on this machine's mirror."""
    words = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    places = dict(line.split() for line in said)
    if "Debian" not in places:
        raise StepFailed("apt has no list of Debian's packages: run 'apt-get update' first")
    lines = [f"deb {places['Debian']} {name} main" for name in (suite, f"{suite}-updates")]
    if "Debian-Security" in places:
        lines.append(f"deb {places['Debian-Security']} {suite}-security main")
    return lines


def run(root: Root, log: Path) -> None:
    """Check `make run`: it starts, answers curl with the document in schemas/, and stops cleanly on Ctrl-C.

    Raises StepFailed.
    """
    with log.open("wb") as output, root.started("make run", output) as process:
        ends = time.monotonic() + START_SECONDS
        while not answers("/readyz"):
            if process.poll() is not None or time.monotonic() > ends:
                raise StepFailed(f"`make run` did not come up:\n{end_of(log)}")
            time.sleep(1)
        if answers("/schema/ticks_v1") != (ROOT / "schemas/ticks_v1.json").read_bytes():
            raise StepFailed("/schema/ticks_v1 is not the document in schemas/")
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"`make run` went on for {STOP_SECONDS} s after Ctrl-C:\n{end_of(log)}") from None
    if "Traceback" in log.read_text(encoding="utf-8", errors="replace"):
        raise StepFailed(f"`make run` wrote a traceback:\n{end_of(log)}")


def answers(path: str) -> bytes:
    """The body that curl gets from `path`; empty where the status isn't 2xx."""
    ended = subprocess.run(["curl", "-sf", "-m", "10", f"{REST}{path}"], capture_output=True, check=False)
    return ended.stdout if ended.returncode == 0 else b""


def make(target: str, root: Root, log: Path) -> None:
    """Run a target of the Makefile, and print the closing lines of its test runners; raises StepFailed."""
    with log.open("wb") as output, root.started(f"CI=true make {target}", output) as process:
        code = process.wait()
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    print(*(f"    {line}" for line in lines if CLOSING.search(line)), sep="\n")
    if code:
        raise StepFailed(f"`make {target}` ended with {code}:\n{end_of(log)}")


def end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-25:])


@contextmanager
def busy() -> Iterator[None]:
    """Keep every core busy with other work during the context."""
    work = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in work:
            process.kill()
            process.wait()


def checked(python: str, steps: list[str], *, load: bool) -> list[str]:
    """Run the steps in a new Debian, and return a sentence for each that failed."""
    name = f"{python}-load" if load else python
    print(f"Python {python}, Debian {SUITES[python]}{', other work on every core' if load else ''}", flush=True)
    try:
        root = debootstrapped(SUITES[python], FRESH / name)
    except (StepFailed, subprocess.CalledProcessError) as fault:
        return [f"Python {python}: no new Debian could be made: {fault}"]
    failed = []
    with busy() if load else nullcontext():
        for step in steps:
            log, began = FRESH / f"{name}.{step}.log", time.monotonic()
            try:
                run(root, log) if step == "run" else make(TARGETS[step], root, log)
                ended = "passed"
            except StepFailed as fault:
                failed.append(f"Python {python}, {step}: {fault}\n    (all of it: {log.relative_to(ROOT)})")
                ended = "FAILED"
            print(f"  {step}: {ended} after {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    shutil.rmtree(root.place)
    return failed


def unable() -> str:
    """Why this machine can't run the check; empty where it can."""
    if os.geteuid():
        return "It makes and enters root file systems: run it as root (sudo make fresh-check)."
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    if lacking:
        return f"Missing: {' '.join(lacking)}. On Debian: apt-get install mmdebstrap util-linux curl"
    return f"Something answers at {REST} already: stop it first." if answers("/healthz") else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", default=" ".join(SUPPORTED), help="the versions, with spaces")
    parser.add_argument("--steps", default="run test", help=f"of {' '.join(TARGETS)}, with spaces")
    parser.add_argument("--load", default="no yes", help="no, yes or both: beside other work")
    asked = parser.parse_args()
    if why := unable():
        print(why, file=sys.stderr)
        return 2
    failed = []
    for python in asked.pythons.split():
        if python not in SUITES:
            print(f"Python {python}: not tried, no release of Debian has it as its python3.")
            continue
        for load in asked.load.split():
            failed += checked(python, asked.steps.split(), load=load == "yes")
    print("\n".join(failed) or f"Passed on fresh machines: {asked.steps} (beside other work: {asked.load}).")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
