"""Keep what is known of the licences of locked packages: third_party/licences.json and third_party/licences.toml."""

import json

from scripts.pythons import ROOT
from scripts.supply_chain.licence_sources import LicenceFacts, PackageFacts
from scripts.supply_chain.licence_terms import LicencePolicy, read_policy
from scripts.supply_chain.locked_packages import LockedPackage

POLICY = ROOT / "third_party/licences.toml"
FACTS = ROOT / "third_party/licences.json"

KnownFacts = dict[str, LicenceFacts]
"""LicenceFacts by ecosystem."""


def policy() -> LicencePolicy:
    """Read third_party/licences.toml; raises BadLicenceFile."""
    return read_policy(POLICY.read_text(encoding="utf-8"))


def decided(facts: KnownFacts, policy: LicencePolicy) -> dict[LockedPackage, str]:
    """The licence of each package, by its metadata or else as clarified; `lock` is empty."""
    return {
        LockedPackage(ecosystem, name, version, ""): one.licence or policy.clarified.get((ecosystem, name), "")
        for ecosystem, of_one in facts.items()
        for (name, version), one in of_one.items()
    }


def to_json(facts: KnownFacts) -> str:
    """Write facts as JSON: ecosystem → "name version" → licence and requirements."""
    document = {
        ecosystem: {
            f"{name} {version}": {"licence": one.licence, "requires": list(one.requires)}
            if one.requires
            else {"licence": one.licence}
            for (name, version), one in of_one.items()
        }
        for ecosystem, of_one in facts.items()
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> KnownFacts:
    """Read facts from JSON."""
    return {
        ecosystem: {
            (key.partition(" ")[0], key.partition(" ")[2]): PackageFacts(one["licence"], tuple(one.get("requires", ())))
            for key, one in of_one.items()
        }
        for ecosystem, of_one in json.loads(text).items()
    }


def known_facts() -> KnownFacts:
    """The facts of third_party/licences.json; none where there is no such file."""
    return from_json(FACTS.read_text(encoding="utf-8")) if FACTS.is_file() else {}
