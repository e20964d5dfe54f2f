"""Read third_party/accepted-advisories.toml: vulnerabilities that were looked at and don't matter here, until a day.

Each entry is `[[accepted]]` with `id`, `package`, `reason` and `until`.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scripts.supply_chain.advisories import Vulnerability

LONGEST = timedelta(days=366)
"""The furthest day that `until` may name, so that each entry is looked at once a year."""


class BadEntry(Exception):
    """The file is not of its form; the message names the entry and what to do."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A vulnerability of a package that is accepted for a reason, up to and including the day `until`."""

    id: str
    package: str
    reason: str
    until: date

    def covers(self, found: Vulnerability) -> bool:
        return self.id in found.ids and self.package == found.package.name

    def has_expired(self, today: date) -> bool:
        return today > self.until


def read_acceptances(text: str, today: date) -> list[Acceptance]:
    """Parse the file's text; raises BadEntry."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failed:
        raise BadEntry(f"it is not TOML: {failed}") from None
    if unknown := sorted(document.keys() - {"accepted"}):
        raise BadEntry(f"it has {', '.join(unknown)}: only [[accepted]] is known")
    entries = [_entry(number, one, today) for number, one in enumerate(document.get("accepted", []), 1)]
    keys = [(one.id, one.package) for one in entries]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise BadEntry(f"{twice[0][0]} of {twice[0][1]} is there twice: keep one entry")
    return entries


def _entry(number: int, entry: dict[str, object], today: date) -> Acceptance:
    where = f"entry {number} ({entry.get('id', 'without an id')})"
    if entry.keys() != {"id", "package", "reason", "until"}:
        raise BadEntry(f"{where} has {', '.join(entry) or 'nothing'}: it needs id, package, reason and until")
    for name in ("id", "package", "reason"):
        if not isinstance(entry[name], str) or not str(entry[name]).strip():
            raise BadEntry(f"{where}: {name} must be a text that is not empty")
    until = entry["until"]
    if not isinstance(until, date) or isinstance(until, datetime):
        raise BadEntry(f"{where}: until must be a day without quotes, such as {today}")
    if until > today + LONGEST:
        raise BadEntry(f"{where}: until is more than a year away: name a day up to {today + LONGEST}")
    return Acceptance(str(entry["id"]), str(entry["package"]), str(entry["reason"]), until)


def acceptance_of(found: Vulnerability, accepted: Iterable[Acceptance]) -> Acceptance | None:
    """The entry that covers a vulnerability, if there is one."""
    return next((one for one in accepted if one.covers(found)), None)
