"""What `make audit` prints and ends with: what is vulnerable, accepted, expired, and what nobody looked at."""

from dataclasses import replace
from datetime import date

from scripts.supply_chain.accepted_advisories import Acceptance
from scripts.supply_chain.advisories import Vulnerability
from scripts.supply_chain.advisory_databases import day_of
from scripts.supply_chain.audit_locks import LockAudit, audit, report
from scripts.supply_chain.locked_packages import LockedPackage

TODAY = date(2026, 11, 29)
PACKAGE = LockedPackage("Go", "example.org/one", "1.0.0", "go.mod")
LOCKS = {"go.mod": [PACKAGE], "requirements.txt": [LockedPackage("PyPI", "attrs", "26.1.0", "requirements.txt")]}
FOUND = Vulnerability(PACKAGE, "GO-1", frozenset({"CVE-1"}), "it breaks", ("1.2.3",))
ENTRY = Acceptance("CVE-1", "example.org/one", "not called", date(2026, 12, 31))


def answers(*found: Vulnerability) -> LockAudit:
    return LockAudit(list(found), {"Go": "a database", "PyPI": "a database"})


def test_where_nothing_is_found_it_passes_and_names_each_lock() -> None:
    lines, code = report(LOCKS, answers(), [], TODAY)
    assert code == 0
    assert "audited: requirements.txt: 1 of PyPI, by a database" in lines
    assert lines[-1] == "2 packages in 2 locks: 0 to mend, 0 accepted, 0 locks not audited"


def test_what_no_lock_pins_is_named_too() -> None:
    lines, _ = report(LOCKS, answers(), [], TODAY)
    assert any(line.startswith("not audited: Debian's packages") for line in lines)


def test_a_vulnerability_fails_and_says_what_mends_it() -> None:
    lines, code = report(LOCKS, answers(FOUND), [], TODAY)
    assert code == 1
    assert "VULNERABLE: go.mod: example.org/one 1.0.0: GO-1 (CVE-1): it breaks; fixed in 1.2.3" in lines


def test_a_vulnerability_without_a_fix_says_so() -> None:
    lines, _ = report(LOCKS, answers(replace(FOUND, fixed=())), [], TODAY)
    assert any(line.endswith("it breaks; no version with a fix is known") for line in lines)


def test_a_vulnerability_that_is_accepted_by_any_of_its_ids_passes_with_its_reason() -> None:
    lines, code = report(LOCKS, answers(FOUND), [ENTRY], TODAY)
    assert code == 0
    assert "accepted until 2026-12-31: example.org/one 1.0.0: CVE-1: not called" in lines


def test_an_entry_for_another_package_accepts_nothing() -> None:
    _, code = report(LOCKS, answers(FOUND), [replace(ENTRY, package="example.org/two")], TODAY)
    assert code == 1


def test_an_entry_that_has_ended_fails_whether_its_vulnerability_is_there_or_not() -> None:
    ended = replace(ENTRY, until=date(2026, 11, 28))
    for found in ([FOUND], []):
        lines, code = report(LOCKS, answers(*found), [ended], TODAY)
        assert code == 1
        assert any(line.startswith("EXPIRED: third_party/accepted-advisories.toml: CVE-1 of ex") for line in lines)


def test_an_entry_whose_vulnerability_is_gone_is_named() -> None:
    lines, code = report(LOCKS, answers(), [ENTRY], TODAY)
    assert (code, "accepted, not found today: CVE-1 of example.org/one" in lines) == (0, True)


def test_what_was_not_audited_is_named_and_is_no_success() -> None:
    done = LockAudit(databases={"Go": "a database"}, gaps={"PyPI": "no route"})
    lines, code = report(LOCKS, done, [], TODAY)
    assert code == 3
    assert "not audited: requirements.txt: 1 of PyPI: no route" in lines
    assert not any(line.startswith("audited: requirements.txt") for line in lines)


def test_a_vulnerability_outweighs_what_was_not_audited() -> None:
    done = LockAudit([FOUND], {"Go": "a database"}, {"PyPI": "no route"})
    assert report(LOCKS, done, [], TODAY)[1] == 1


def test_a_lock_that_nothing_reads_is_not_audited() -> None:
    lines, code = report(LOCKS, answers(), [], TODAY, ["uv.lock"])
    assert (code, "not audited: uv.lock: nothing here reads its format" in lines) == (3, True)


def test_an_advisory_s_text_acts_on_no_terminal_and_no_runner() -> None:
    lines, _ = report(LOCKS, answers(replace(FOUND, summary="\x1b[31m\n::error::x")), [], TODAY)
    [line] = [line for line in lines if line.startswith("VULNERABLE")]
    assert line.isprintable()


def test_offline_without_a_database_nothing_is_said_to_be_audited(tmp_path) -> None:
    done = audit([*LOCKS["go.mod"], *LOCKS["requirements.txt"]], None, tmp_path, TODAY)
    assert (done.databases, set(done.gaps)) == ({}, {"Go", "PyPI"})
    assert "has no advisories" in done.gaps["Go"]


def test_the_day_of_go_s_database_is_in_its_version() -> None:
    assert day_of("v0.0.0-20261105234957-e22db6528018") == date(2026, 11, 5)
    assert day_of("v1.2.4-0.20261105234957-e22db6528018") == date(2026, 11, 5)
