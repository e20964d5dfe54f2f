"""Read the licences of packages from their ecosystem's own metadata, by its own tools.

Each function takes packages and returns what is known of each: a `PackageFacts`. Go modules have no such metadata:
third_party/licensecheck compares the texts in them with those of SPDX.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from scripts.find_go import NoGo, find_go
from scripts.lock_metadata import environments, pinned
from scripts.pythons import ROOT, SUPPORTED
from scripts.supply_chain.licence_terms import named, of_python
from scripts.supply_chain.locked_packages import GO_OWN, LockedPackage
from scripts.supply_chain.tool_environment import environment_python

PackageKey = tuple[str, str]
"""Name and version."""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """The licence of a package as an SPDX expression, "" where it isn't known, and the requirements of a distribution.

    `requires` has the lines of `Requires-Dist`, for PyPI alone.
    """

    licence: str
    requires: tuple[str, ...] = ()


LicenceFacts = dict[PackageKey, PackageFacts]


class Unreadable(Exception):
    """The metadata can't be read here; the message says what is missing."""


def of_distribution(metadata: Mapping[str, Any]) -> PackageFacts:
    """The facts by core metadata in JSON form (https://packaging.python.org/specifications/core-metadata)."""
    classifiers = metadata.get("classifier", [])
    licence = of_python(metadata.get("license_expression", ""), metadata.get("license", ""), classifiers)
    return PackageFacts(licence, tuple(sorted(metadata.get("requires_dist", []))))


def of_pypi(packages: Sequence[LockedPackage]) -> LicenceFacts:
    """Ask the package index for the metadata of distributions, by a pip that knows PEP 639; nothing is installed."""
    pip = environment_python()
    targets = _targets({package.lock for package in packages})
    rounds: list[tuple[PipTarget, dict[str, str]]] = []
    for one in sorted({(package.name, package.version) for package in packages}):
        _add(rounds, targets.get(one, PipTarget(SUPPORTED[0])), *one)
    facts: LicenceFacts = {}
    for target, asked in rounds:
        for metadata in _metadata(pip, target, asked):
            name = str(canonicalize_name(metadata["name"]))
            facts[name, asked[name]] = of_distribution(metadata)
    return facts


@dataclass(frozen=True, slots=True)
class PipTarget:
    """What pip looks for distributions for: a Python, and Windows or else this machine's platform."""

    python: str
    windows: bool = False

    @property
    def options(self) -> list[str]:
        return ["--python-version", self.python, *(["--platform", "win_amd64"] if self.windows else [])]


def _targets(locks: Iterable[str]) -> dict[PackageKey, PipTarget]:
    """The oldest supported Python and platform for which a lock has a distribution: for others it may have no wheel."""
    found: dict[PackageKey, PipTarget] = {}
    for lock in locks:
        if not lock.endswith(".txt"):  # makefiles, whose pins have no markers
            continue
        for pin in pinned((ROOT / lock).read_text(encoding="utf-8")):
            key = (str(canonicalize_name(pin.name)), str(pin.specifier).removeprefix("=="))
            marker = pin.marker
            fitting = next(one for one in environments() if not marker or marker.evaluate(one))
            found[key] = PipTarget(fitting["python_version"], windows=fitting["sys_platform"] == "win32")
    return found


def _add(rounds: list[tuple[PipTarget, dict[str, str]]], target: PipTarget, name: str, version: str) -> None:
    """Add a pin to a round of this target that has no other version of it, since pip takes one version of a name."""
    for each, asked in rounds:
        if each == target and name not in asked:
            asked[name] = version
            return
    rounds.append((target, {name: version}))


def _metadata(pip: Path, target: PipTarget, asked: Mapping[str, str]) -> list[Mapping[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in asked.items()), encoding="utf-8")
        options = ["--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--only-binary=:all:"]
        into = ["--target", str(Path(folder, "none")), "--report", "-"]
        report = _output([str(pip), "-m", "pip", "install", *options, *target.options, *into, "-r", str(wanted)])
    return [one["metadata"] for one in json.loads(report)["install"]]


def of_npm(packages: Sequence[LockedPackage]) -> LicenceFacts:
    """Read package-lock.json, which has each package's licence."""
    facts: LicenceFacts = {}
    for lock in {package.lock for package in packages}:
        for path, one in json.loads((ROOT / lock).read_text(encoding="utf-8"))["packages"].items():
            name = one.get("name") or path.rpartition("node_modules/")[2]
            facts[name, one.get("version", "")] = PackageFacts(named(one.get("license", "")))
    return facts


def of_crates(packages: Sequence[LockedPackage]) -> LicenceFacts:
    """Ask cargo, which fetches the crates of a Cargo.lock."""
    facts: LicenceFacts = {}
    for lock in {package.lock for package in packages}:
        manifest = str((ROOT / lock).with_name("Cargo.toml"))
        output = _output(["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", manifest])
        for one in json.loads(output)["packages"]:
            facts[one["name"], one["version"]] = PackageFacts(named(one["license"] or ""))
    return facts


def of_go(packages: Sequence[LockedPackage]) -> LicenceFacts:
    """Fetch Go modules and compare the licences' texts in them with those that licensecheck knows."""
    facts: LicenceFacts = {}
    folders: dict[str, PackageKey] = {}
    modules = [package for package in packages if package.name not in GO_OWN]
    try:
        go = str(find_go())
    except NoGo as failed:
        raise Unreadable(str(failed)) from None
    with tempfile.TemporaryDirectory() as outside:
        wanted = [f"{package.name}@v{package.version}" for package in modules]
        output = _output([go, "mod", "download", "-json", *wanted], Path(outside)) if wanted else ""
    for one in re.findall(r"^\{.*?^\}", output, re.M | re.S):
        module = json.loads(one)
        folders[module["Dir"]] = (module["Path"], module["Version"].removeprefix("v"))
    if folders:
        for line in _output([go, "run", ".", *folders], ROOT / "third_party/licensecheck").splitlines():
            folder, _, ids = line.partition("\t")
            facts[folders[folder]] = PackageFacts("" if "unknown" in ids else named(" AND ".join(ids.split())))
    return facts


def of_maven(packages: Sequence[LockedPackage]) -> LicenceFacts:
    """Ask Maven's license plugin, which reads the POMs of all that clients/java/pom.xml resolves to."""
    del packages
    with tempfile.TemporaryDirectory() as folder:
        plugin = "org.codehaus.mojo:license-maven-plugin:2.7.0:add-third-party"
        into = [f"-Dlicense.outputDirectory={folder}", "-Dlicense.thirdPartyFilename=licences.txt"]
        _output(["mvn", "-q", "-B", "-f", str(ROOT / "clients/java/pom.xml"), plugin, *into])
        text = Path(folder, "licences.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^\s+((?:\([^)]*\) ?)+).* \(([\w.-]+:[\w.-]+):([\w.-]+) - ", text, re.M)
    return {
        (name, version): PackageFacts(_all(named(one) for one in re.findall(r"\(([^)]*)\)", licences)))
        for licences, name, version in lines
    }


def _all(expressions: Iterable[str]) -> str:
    """Combine licences that all apply; "" where one isn't known."""
    known = sorted(set(expressions))
    return " AND ".join(known) if all(known) else ""


def _output(command: list[str], folder: Path = ROOT) -> str:
    environment = os.environ | {"GOWORK": "off", "GOTOOLCHAIN": "local"}
    try:
        return subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
    except FileNotFoundError:
        raise Unreadable(f"{command[0]} is not here: run 'make test-needs'") from None
    except subprocess.CalledProcessError as failed:
        raise Unreadable(f"'{' '.join(command[:3])} …' failed, for the reason above ({failed.returncode})") from None
