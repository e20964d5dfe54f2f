"""Write third_party/licences.json and docs/licences.md: the licence of every package that the locks pin.

Only packages that aren't in the JSON yet are looked up, so that nothing is fetched where nothing changed. It fails
where a licence isn't known or isn't allowed by third_party/licences.toml, and names the package. With --check, nothing
is looked up or written, and it fails where either file is not up to date.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.pythons import ROOT
from scripts.supply_chain.licence_facts import FACTS, KnownFacts, decided, known_facts, policy, to_json
from scripts.supply_chain.licence_page import Locks, page
from scripts.supply_chain.licence_sources import (
    LicenceFacts,
    PackageFacts,
    Unreadable,
    of_crates,
    of_go,
    of_maven,
    of_npm,
    of_pypi,
)
from scripts.supply_chain.licence_terms import BadLicenceFile, LicencePolicy, is_allowed
from scripts.supply_chain.locked_packages import LockedPackage, all_locks
from scripts.supply_chain.tool_environment import ToolsMissing

PAGE = ROOT / "docs/licences.md"

SOURCES: dict[str, Callable[[Sequence[LockedPackage]], LicenceFacts]] = {
    "PyPI": of_pypi,
    "Go": of_go,
    "crates.io": of_crates,
    "npm": of_npm,
    "Maven": of_maven,
}
"""What reads the licences of an ecosystem; GitHub's actions, which only CI runs, have none."""


def wanted(locks: Locks) -> dict[str, list[LockedPackage]]:
    """The packages whose licences are listed, by ecosystem."""
    packages = sorted(package for pinned in locks.values() for package in pinned)
    return {ecosystem: [one for one in packages if one.ecosystem == ecosystem] for ecosystem in SOURCES}


def brought_up_to_date(known: KnownFacts, locks: Locks) -> KnownFacts:
    """Look up the packages that aren't known, and leave out what no lock pins; raises Unreadable and ToolsMissing.

    What was looked up is saved after each ecosystem, since it takes minutes and may fail.
    """
    facts: KnownFacts = {}
    for ecosystem, packages in wanted(locks).items():
        old = known.get(ecosystem, {})
        missing = [one for one in packages if (one.name, one.version) not in old]
        found = SOURCES[ecosystem](missing) if missing else {}
        keys = sorted({(one.name, one.version) for one in packages})
        facts[ecosystem] = {key: found.get(key) or old.get(key) or PackageFacts("") for key in keys}
        _write(FACTS, to_json(known | facts))
    return facts


def objections(facts: KnownFacts, rules: LicencePolicy) -> list[str]:
    """Sentences about licences that are unknown or not allowed, and about clarifications that nothing needs."""
    lines = []
    for package, licence in decided(facts, rules).items():
        if not licence:
            lines.append(f"{package.ecosystem}: {package}: its licence is unknown: read it, and enter it as clarified")
        elif not is_allowed(licence, rules.allowed):
            lines.append(f"{package.ecosystem}: {package}: {licence} is not allowed: use another package, or allow it")
    needed = {(ecosystem, name) for ecosystem, of_one in facts.items() for name, _ in _silent(of_one)}
    unneeded = sorted(rules.clarified.keys() - needed)
    return lines + [f"{ecosystem}: {name}: clarified, but not needed: remove the entry" for ecosystem, name in unneeded]


def _silent(facts: LicenceFacts) -> list[tuple[str, str]]:
    return [key for key, one in facts.items() if not one.licence]


def stale(locks: Locks, rules: LicencePolicy) -> list[str]:
    """Sentences about what third_party/licences.json and docs/licences.md lack or have too much of."""
    facts = known_facts()
    lines = []
    for ecosystem, packages in wanted(locks).items():
        pinned = {(one.name, one.version) for one in packages}
        for name, version in sorted(pinned ^ facts.get(ecosystem, {}).keys()):
            what = "is not listed" if (name, version) in pinned else "is listed, but no lock pins it"
            lines.append(f"{ecosystem}: {name} {version} {what}: run 'make licences'")
    if not lines and page(facts, locks, rules) != PAGE.read_text(encoding="utf-8"):
        lines.append(f"{PAGE.relative_to(ROOT)} is not what 'make licences' writes")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look nothing up and write nothing")
    parser.add_argument("--again", action="store_true", help="look everything up, also what is known")
    asked = parser.parse_args()
    locks = all_locks()
    try:
        rules = policy()
        if asked.check:
            bad = stale(locks, rules) or objections(known_facts(), rules)
        else:
            facts = brought_up_to_date({} if asked.again else known_facts(), locks)
            _write(PAGE, page(facts, locks, rules))
            bad = objections(facts, rules)
    except (BadLicenceFile, ToolsMissing, Unreadable) as failed:
        print(failed, file=sys.stderr)
        return 3
    for line in bad:
        print(line, file=sys.stderr)
    return 1 if bad else 0


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
