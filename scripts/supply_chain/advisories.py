"""Read advisories in OSV's format and decide which apply to a locked package.

Format: https://ossf.github.io/osv-schema/. Versions are compared as semantic versions, which Go's database uses; for
other ecosystems OSV's server compares.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from semver import Version

from scripts.supply_chain.locked_packages import LockedPackage

OsvDocument = Mapping[str, Any]
"""An advisory as its JSON has it."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """An advisory that applies to a locked package: its id and other ids, its title, and the versions with a fix."""

    package: LockedPackage
    id: str
    aliases: frozenset[str]
    summary: str
    fixed: tuple[str, ...]

    @property
    def ids(self) -> frozenset[str]:
        return self.aliases | {self.id}


def vulnerability(package: LockedPackage, advisory: OsvDocument) -> Vulnerability:
    """Combine a package and an advisory that applies to it."""
    affected = [one for one in advisory.get("affected", []) if _names(one, package)]
    summary = advisory.get("summary") or str(advisory.get("details", "")).partition("\n")[0]
    fixed = {event["fixed"] for one in affected for event in _events(one) if "fixed" in event}
    aliases = frozenset(advisory.get("aliases", []))
    return Vulnerability(package, advisory["id"], aliases, summary, tuple(sorted(fixed)))


def applies(package: LockedPackage, advisory: OsvDocument) -> bool:
    """Whether an advisory affects the version of a package, by its list of versions and its SEMVER ranges."""
    if "withdrawn" in advisory:
        return False
    affected = [one for one in advisory.get("affected", []) if _names(one, package)]
    return any(package.version in one.get("versions", []) or _in_ranges(package.version, one) for one in affected)


def distinct(found: Iterable[Vulnerability]) -> list[Vulnerability]:
    """Sort, and of advisories on one package that share an id keep the first: databases copy from each other."""
    kept: list[Vulnerability] = []
    for one in sorted(found, key=lambda each: (each.package.lock, each.package, each.id)):
        if not any(one.package == other.package and one.ids & other.ids for other in kept):
            kept.append(one)
    return kept


def _names(affected: OsvDocument, package: LockedPackage) -> bool:
    named = affected.get("package", {})
    return (named.get("ecosystem"), named.get("name")) == (package.ecosystem, package.name)


def _events(affected: OsvDocument) -> list[Mapping[str, str]]:
    return [event for one in affected.get("ranges", []) for event in one.get("events", [])]


def _in_ranges(version: str, affected: OsvDocument) -> bool:
    ranges = affected.get("ranges", [])
    return any(one["type"] == "SEMVER" and _in_range(version, one["events"]) for one in ranges)


def _in_range(version: str, events: list[Mapping[str, str]]) -> bool:
    """Go through the events in their versions' order: what comes last before `version` decides (OSV, "Evaluation")."""
    at = semantic(version)
    affected = False
    for where, kind in sorted((semantic(text), kind) for event in events for kind, text in event.items()):
        if kind == "introduced" and at >= where:
            affected = True
        elif (kind == "fixed" and at >= where) or (kind == "last_affected" and at > where):
            affected = False
    return affected


def semantic(text: str) -> Version:
    """Parse a version of an event: "0" is before all others, and "1.21" is 1.21.0; a leading "v" is left out."""
    if text == "0":
        return Version(0, 0, 0, "0")
    return Version.parse(text.removeprefix("v"), optional_minor_and_patch=True)
