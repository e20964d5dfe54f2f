"""The list of vulnerabilities that are accepted: each with a reason and a last day."""

from datetime import UTC, date, datetime

import pytest

from scripts.pythons import ROOT
from scripts.supply_chain.accepted_advisories import Acceptance, BadEntry, read_acceptances
from scripts.supply_chain.audit_locks import ACCEPTED

TODAY = date(2026, 11, 29)
ENTRY = """\
[[accepted]]
id = "GO-1"
package = "example.org/one"
reason = "not called"
until = 2026-12-31
"""


def test_an_entry_is_read() -> None:
    entry = Acceptance("GO-1", "example.org/one", "not called", date(2026, 12, 31))
    assert read_acceptances(ENTRY, TODAY) == [entry]
    assert read_acceptances("# none\n", TODAY) == []


def test_an_entry_holds_on_its_last_day_and_no_longer() -> None:
    [entry] = read_acceptances(ENTRY, TODAY)
    assert not entry.has_expired(date(2026, 12, 31))
    assert entry.has_expired(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('reason = "not called"\n', "", r"entry 1 \(GO-1\) has id, package, until: it needs id, package, reason"),
        ('"not called"', '" "', r"entry 1 \(GO-1\): reason must be a text that is not empty"),
        ('"example.org/one"', "7", r"entry 1 \(GO-1\): package must be a text"),
        ("2026-12-31", '"2026-12-31"', r"entry 1 \(GO-1\): until must be a day without quotes, such as 2026-11-29"),
        ("2026-12-31", "2026-12-31T00:00:00Z", r"until must be a day without quotes"),
        ("2026-12-31", "2027-12-01", r"until is more than a year away: name a day up to 2027-11-30"),
        ("until", "severity = 1\nuntil", r"entry 1 \(GO-1\) has id, package, reason, severity, until"),
        ("[[accepted]]", "[[ignored]]", r"it has ignored: only \[\[accepted\]\] is known"),
        ("[[accepted]]", ENTRY + "[[accepted]]", r"GO-1 of example.org/one is there twice"),
        ("[[accepted]]", "[[accepted", r"it is not TOML"),
    ],
)
def test_an_entry_that_is_wrong_is_refused_with_its_place(old: str, new: str, told: str) -> None:
    assert old in ENTRY
    with pytest.raises(BadEntry, match=told):
        read_acceptances(ENTRY.replace(old, new, 1), TODAY)


def test_the_project_s_list_is_sound() -> None:
    read_acceptances((ROOT / ACCEPTED).read_text("utf-8"), datetime.now(UTC).date())
