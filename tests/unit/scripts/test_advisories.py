"""Which versions an advisory of OSV's format affects."""

from typing import Any

import pytest

from scripts.supply_chain.advisories import Vulnerability, applies, distinct, vulnerability
from scripts.supply_chain.locked_packages import LockedPackage


def package(version: str, name: str = "example.org/one") -> LockedPackage:
    return LockedPackage("Go", name, version, "go.mod")


def advisory(*events: tuple[str, str], **more: Any) -> dict[str, Any]:
    ranges = [{"type": "SEMVER", "events": [{kind: version} for kind, version in events]}]
    affected = {"package": {"ecosystem": "Go", "name": "example.org/one"}, "ranges": ranges}
    return {"id": "GO-1", "summary": "it breaks", "affected": [affected]} | more


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("0.9.0", True),
        ("1.2.2", True),
        ("1.2.3-rc.1", True),
        ("1.2.3", False),
        ("1.4.0", False),
        ("1.5.0-0.20260101000000-abcdefabcdef", True),
        ("1.5.1", True),
        ("1.5.2", False),
        ("2.0.0+incompatible", False),
        ("0.0.0-20200625001655-4c5254603344", True),
    ],
)
def test_a_version_is_affected_from_its_introduction_up_to_the_fix(version: str, affected: bool) -> None:
    ranges = advisory(("introduced", "0"), ("fixed", "1.2.3"), ("introduced", "1.5.0-0"), ("fixed", "1.5.2"))
    assert applies(package(version), ranges) is affected


def test_the_order_in_which_the_events_stand_does_not_matter() -> None:
    ranges = advisory(("fixed", "1.5.2"), ("introduced", "1.5.0"), ("fixed", "1.2.3"), ("introduced", "0"))
    assert [applies(package(version), ranges) for version in ("1.0.0", "1.3.0", "1.5.1", "1.6.0")] == [
        True, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("version", "affected"), [("1.2.3", True), ("1.2.4", False)])
def test_the_last_affected_version_is_affected(version: str, affected: bool) -> None:
    assert applies(package(version), advisory(("introduced", "0"), ("last_affected", "1.2.3"))) is affected


def test_a_fix_in_a_version_without_a_patch_number_counts_from_its_first() -> None:
    ranges = advisory(("introduced", "0"), ("fixed", "1.21"))
    assert applies(package("1.20.9"), ranges)
    assert not applies(package("1.21.0"), ranges)


def test_without_a_fix_every_version_is_affected() -> None:
    assert applies(package("99.0.0"), advisory(("introduced", "0")))


def test_a_version_that_is_listed_is_affected() -> None:
    listed = advisory()
    listed["affected"][0]["versions"] = ["1.0.0"]
    assert applies(package("1.0.0"), listed)
    assert not applies(package("1.0.1"), listed)


def test_another_package_is_not_affected() -> None:
    assert not applies(package("1.0.0", "example.org/other"), advisory(("introduced", "0")))


def test_an_advisory_that_was_withdrawn_affects_nothing() -> None:
    assert not applies(package("1.0.0"), advisory(("introduced", "0"), withdrawn="2026-01-01T00:00:00Z"))


def test_a_vulnerability_names_the_versions_with_a_fix_of_this_package_alone() -> None:
    document = advisory(("introduced", "0"), ("fixed", "1.2.3"), aliases=["CVE-1"])
    other = advisory(("introduced", "0"), ("fixed", "9.9.9"))["affected"][0]
    document["affected"].append(other | {"package": {"ecosystem": "Go", "name": "example.org/other"}})
    found = vulnerability(package("1.0.0"), document)
    assert found == Vulnerability(package("1.0.0"), "GO-1", frozenset({"CVE-1"}), "it breaks", ("1.2.3",))


def test_an_advisory_without_a_title_shows_the_first_line_of_its_details() -> None:
    document = advisory(("introduced", "0"), details="first\nsecond")
    del document["summary"]
    assert vulnerability(package("1.0.0"), document).summary == "first"


def test_two_databases_advisories_on_one_fault_are_one() -> None:
    document = advisory(("introduced", "0"), aliases=["GHSA-1"])
    copied = document | {"id": "GHSA-1", "aliases": ["GO-1"]}
    other = document | {"id": "GO-2", "aliases": []}
    found = [vulnerability(package("1.0.0"), one) for one in (document, other, copied)]
    assert [one.id for one in distinct(found)] == ["GHSA-1", "GO-2"]
