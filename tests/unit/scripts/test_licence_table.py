"""The licences of all that the locks pin: known, allowed, listed, and as the installed metadata have them."""

from importlib.metadata import PackageNotFoundError, distribution

import pytest

from scripts.supply_chain import licence_table
from scripts.supply_chain.licence_facts import from_json, known_facts, policy, to_json
from scripts.supply_chain.licence_page import page, short_names
from scripts.supply_chain.licence_sources import LicenceFacts, PackageFacts, of_distribution
from scripts.supply_chain.licence_table import brought_up_to_date, objections, stale
from scripts.supply_chain.licence_terms import LicencePolicy
from scripts.supply_chain.locked_packages import LockedPackage, all_locks

RULES = LicencePolicy(frozenset({"MIT"}), {})
FACTS = {"PyPI": {("one", "1.0"): PackageFacts("MIT", ("two>=1",)), ("two", "2.0"): PackageFacts("")}}
LOCKS = {"a.txt": [LockedPackage("PyPI", "one", "1.0", "a.txt"), LockedPackage("PyPI", "two", "2.0", "a.txt")]}


def test_every_locked_package_has_an_allowed_licence_and_is_listed() -> None:
    """Where this fails, `make licences` mends it, or says what to do."""
    assert stale(all_locks(), policy()) + objections(known_facts(), policy()) == []


def test_the_installed_metadata_say_what_is_listed() -> None:
    compared = 0
    for (name, version), facts in known_facts()["PyPI"].items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        if found.version == version:
            assert of_distribution(found.metadata.json) == facts, name
            compared += 1
    assert compared > 100


def test_a_licence_that_is_unknown_or_not_allowed_is_named_with_its_package() -> None:
    facts = {"PyPI": {("one", "1.0"): PackageFacts("GPL-3.0-only"), ("two", "2.0"): PackageFacts("")}}
    assert objections(facts, RULES) == [
        "PyPI: one 1.0: GPL-3.0-only is not allowed: use another package, or allow it",
        "PyPI: two 2.0: its licence is unknown: read it, and enter it as clarified",
    ]


def test_what_was_read_by_hand_counts_where_the_metadata_say_nothing() -> None:
    assert objections(FACTS, LicencePolicy(frozenset({"MIT"}), {("PyPI", "two"): "MIT"})) == []


def test_what_was_read_by_hand_and_isn_t_needed_is_named() -> None:
    rules = LicencePolicy(frozenset({"MIT"}), {("PyPI", "one"): "MIT", ("PyPI", "two"): "MIT"})
    assert objections(FACTS, rules) == ["PyPI: one: clarified, but not needed: remove the entry"]


def test_a_pin_that_isn_t_listed_and_one_that_is_gone_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licence_table, "known_facts", lambda: FACTS)
    locks = {"a.txt": [LockedPackage("PyPI", "one", "1.1", "a.txt"), LOCKS["a.txt"][1]]}
    assert stale(locks, RULES) == [
        "PyPI: one 1.0 is listed, but no lock pins it: run 'make licences'",
        "PyPI: one 1.1 is not listed: run 'make licences'",
    ]


def test_only_what_isn_t_known_is_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    asked: list[LockedPackage] = []

    def source(packages: list[LockedPackage]) -> LicenceFacts:
        asked.extend(packages)
        return {("two", "2.1"): PackageFacts("ISC")}

    monkeypatch.setattr(licence_table, "SOURCES", {"PyPI": source})
    monkeypatch.setattr(licence_table, "FACTS", tmp_path / "facts.json")
    new = LockedPackage("PyPI", "two", "2.1", "a.txt")
    facts = brought_up_to_date(FACTS, {"a.txt": [LOCKS["a.txt"][0], new]})
    assert asked == [new]
    assert facts == {"PyPI": {("one", "1.0"): FACTS["PyPI"]["one", "1.0"], ("two", "2.1"): PackageFacts("ISC")}}
    assert from_json((tmp_path / "facts.json").read_text()) == facts


def test_facts_are_written_and_read_without_loss() -> None:
    assert from_json(to_json(FACTS)) == FACTS


def test_the_page_marks_what_was_read_by_hand_and_moves_long_licences_to_its_notes() -> None:
    long = " AND ".join(["BSD-3-Clause-Open-MPI"] * 6)
    text = page(FACTS, LOCKS, LicencePolicy(frozenset(), {("PyPI", "two"): long}))
    assert "| one | 1.0 | MIT | a |" in text
    assert "| two | 2.0 | note 1 | a |" in text
    assert text.endswith(" AND BSD-3-Clause-Open-MPI *\n")
    assert max(map(len, text.splitlines())) <= 120


def test_a_lock_s_short_name_is_its_own_or_its_folder_s_and_differs_from_all_others() -> None:
    assert short_names(
        ["requirements.txt", "x/envoy.txt", "c/go/go.mod", "t/go/requirements.txt", "t/etcd/go.mod"]
    ) == {
        "c/go/go.mod": "c/go",
        "requirements.txt": "requirements",
        "t/etcd/go.mod": "etcd",
        "t/go/requirements.txt": "t/go",
        "x/envoy.txt": "envoy",
    }
