"""Write the CycloneDX 1.6 document of a wheel: every locked distribution with its hashes, licence and requirements.

It is run by the Python of `tool_environment.py`, which has CycloneDX's library. The same wheel, lock and
SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch) give the same bytes: the serial number
is made of the wheel's hash.
"""

import argparse
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from scripts.lock_metadata import environments, pinned
from scripts.pythons import ROOT
from scripts.supply_chain.dependency_graph import Pin, RequirementGraph, requirement_graph
from scripts.supply_chain.licence_facts import known_facts, policy

LOCK = ROOT / "requirements.txt"


class NotListed(Exception):
    """A distribution of the lock has no licence in third_party/licences.json."""


@dataclass(frozen=True, slots=True)
class LicensedPin:
    """A pin's licence (SPDX), whether it was read by hand, and its requirements (`Requires-Dist`)."""

    licence: str
    by_hand: bool
    requires: tuple[str, ...]


def locked_hashes(lock: str) -> dict[Pin, list[str]]:
    """The SHA-256 of each file that a lock allows, by pin."""
    pins = re.split(r"^(?=[^\s#])", lock.replace("\\\n", " "), flags=re.M)[1:]
    found: dict[Pin, list[str]] = {}
    for text in pins:
        [requirement] = pinned(text.splitlines()[0])
        found[_key(requirement)] = re.findall(r"--hash=sha256:([0-9a-f]{64})", text)
    return found


def licensed(pins: Mapping[Pin, object]) -> dict[Pin, LicensedPin]:
    """The licence of each pin; raises NotListed."""
    facts = known_facts().get("PyPI", {})
    clarified = policy().clarified
    found = {}
    for pin in pins:
        fact = facts.get(pin)
        licence = fact and (fact.licence or clarified.get(("PyPI", pin[0]), ""))
        if not fact or not licence:
            raise NotListed(f"{' '.join(pin)} has no known licence: run 'make licences' first")
        found[pin] = LicensedPin(licence, not fact.licence, fact.requires)
    return found


def bill(wheel: Path, made: datetime) -> Bom:
    """The document of a wheel; raises NotListed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = LOCK.read_text(encoding="utf-8")
    hashes = locked_hashes(lock)
    licences = licensed(hashes)
    requires = {pin: one.requires for pin, one in licences.items()}
    base = [Requirement(line) for line in project["dependencies"]]
    extras = [Requirement(line) for lines in project["optional-dependencies"].values() for line in lines]
    needed, possible, every = (
        requirement_graph(roots, pinned(lock), requires, environments())
        for roots in (base, base + extras, pinned(lock))
    )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root = _component(project["name"], project["version"], LicensedPin(project["license"], False, ()), [], None)
    root.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=digest))
    parts = {
        pin: _component(*pin, licences[pin], files, _scope(pin, needed, possible)) for pin, files in hashes.items()
    }
    bom = Bom(components=parts.values(), serial_number=uuid5(NAMESPACE_URL, f"{wheel.name}#sha256={digest}"))
    bom.metadata.component = root
    bom.metadata.timestamp = made
    bom.metadata.tools.components.add(this_component())
    bom.register_dependency(root, [parts[pin] for pin in sorted(possible.direct)])
    for pin, part in parts.items():
        bom.register_dependency(part, [parts[to] for to in sorted(every.edges.get(pin, ()))])
    return bom


def _scope(pin: Pin, needed: RequirementGraph, possible: RequirementGraph) -> ComponentScope:
    """Required by every installation; optional with an extra; excluded where only development uses it."""
    if pin in needed.reached:
        return ComponentScope.REQUIRED
    return ComponentScope.OPTIONAL if pin in possible.reached else ComponentScope.EXCLUDED


def _component(
    name: str, version: str, licensed_pin: LicensedPin, hashes: list[str], scope: ComponentScope | None
) -> Component:
    purl = PackageURL("pypi", name=name, version=version)
    files = [HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes]
    reference = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        comment="the files that the lock allows",
        hashes=files,
    )
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        scope=scope,
        licenses=[_licence(licensed_pin)],
        external_references=[reference] if files else [],
    )


def _licence(one: LicensedPin) -> DisjunctiveLicense | LicenseExpression:
    how = LicenseAcknowledgement.CONCLUDED if one.by_hand else LicenseAcknowledgement.DECLARED
    if " " in one.licence:
        return LicenseExpression(one.licence, acknowledgement=how)
    return DisjunctiveLicense(id=one.licence, acknowledgement=how)


def _key(requirement: Requirement) -> Pin:
    return requirement.name, str(requirement.specifier).removeprefix("==")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("into", type=Path, help="the document to write")
    asked = parser.parse_args()
    made = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    try:
        document = JsonV1Dot6(bill(asked.wheel, made)).output_as_string(indent=2) + "\n"
    except NotListed as failed:
        print(failed, file=sys.stderr)
        return 1
    asked.into.write_text(document, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
