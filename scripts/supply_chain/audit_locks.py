"""Look for known vulnerabilities in all that the repository's locks pin, and say what could not be audited.

Exit codes: 0 all was audited and nothing was found, 1 a vulnerability that isn't accepted or an entry of
third_party/accepted-advisories.toml that has ended, 3 something was not audited.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from schemaregistry.terminal import inert, printable
from scripts.pythons import ROOT
from scripts.supply_chain.accepted_advisories import Acceptance, BadEntry, acceptance_of, read_acceptances
from scripts.supply_chain.advisories import Vulnerability, distinct
from scripts.supply_chain.advisory_databases import (
    GO_MODULE,
    OSV,
    GoDatabase,
    Unaudited,
    ask_osv,
    fetch_go_database,
)
from scripts.supply_chain.locked_packages import LockedPackage, all_locks, unread_locks

ACCEPTED = "third_party/accepted-advisories.toml"
OLDEST = timedelta(days=60)
"""The age at which a copy of Go's database no longer tells about today's vulnerabilities: it grows every week."""

UNCOVERED = (
    "Debian's packages (C++ libraries, Rust, Java, Maven, curl): no lock pins them; Debian's security tracker has them",
    "Maven's plugins in clients/java/pom.xml: Maven has no list of what they depend on",
    "protoc-gen-prost and protoc-gen-tonic, which generate the crate's stubs: their Cargo.lock is inside their crates",
)
"""What the project uses and no lock of it pins."""


@dataclass(slots=True)
class LockAudit:
    """The answers about all packages: vulnerabilities, the database that each ecosystem was looked up in, and gaps."""

    found: list[Vulnerability] = field(default_factory=list)
    databases: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    """Ecosystem → why it was not audited."""


def audit(packages: Sequence[LockedPackage], server: str | None, go_database: Path | None, today: date) -> LockAudit:
    """Ask OSV about everything; where it can't be asked, ask Go's database about Go. `server` None asks no server."""
    done = LockAudit()
    ecosystems = sorted({package.ecosystem for package in packages})
    try:
        if server is None:
            raise Unaudited("no server was asked (--offline)")
        done.found = ask_osv(server, packages)
        done.databases = dict.fromkeys(ecosystems, server)
    except Unaudited as why:
        done.gaps = dict.fromkeys(ecosystems, str(why))
    if "Go" in done.gaps:
        _audit_go([package for package in packages if package.ecosystem == "Go"], go_database, today, done)
    done.found = distinct(done.found)
    return done


def _audit_go(packages: Sequence[LockedPackage], folder: Path | None, today: date, done: LockAudit) -> None:
    try:
        database = GoDatabase(folder, today) if folder else _fetched()
        if today - database.day > OLDEST:
            raise Unaudited(f"{GO_MODULE} is of {database.day}, over {OLDEST.days} days old")
        done.found += database.ask(packages)
    except Unaudited as why:
        done.gaps["Go"] += f"; {why}"
        return
    done.databases["Go"] = f"{GO_MODULE} of {database.day}"
    del done.gaps["Go"]


def _fetched() -> GoDatabase:
    with tempfile.TemporaryDirectory() as outside:
        return fetch_go_database(Path(outside))


def report(
    locks: Mapping[str, Sequence[LockedPackage]],
    done: LockAudit,
    accepted: Sequence[Acceptance],
    today: date,
    unread: Sequence[str] = (),
) -> tuple[list[str], int]:
    """The lines to print and the exit code."""
    lines = [_audited(lock, packages, done.databases) for lock, packages in locks.items()]
    missing = _unaudited(locks, done.gaps) + [f"not audited: {lock}: nothing here reads its format" for lock in unread]
    bad = [_vulnerable(one) for one in done.found if not acceptance_of(one, accepted)]
    bad += [_ended(one) for one in accepted if one.has_expired(today)]
    covered = {entry: one for one in done.found if (entry := acceptance_of(one, accepted))}
    lines += [_accepted(one, found) for one, found in covered.items()]
    lines += [f"accepted, not found today: {one.id} of {one.package}" for one in accepted if one not in covered]
    lines = [line for line in lines if line] + missing + [f"not audited: {what}" for what in UNCOVERED] + bad
    lines.append(
        f"{sum(map(len, locks.values()))} packages in {len(locks)} locks: {len(bad)} to mend, "
        f"{len(covered)} accepted, {len(missing)} locks not audited"
    )
    return [inert(printable(line)) for line in lines], 1 if bad else 3 if missing else 0


def _audited(lock: str, packages: Iterable[LockedPackage], databases: Mapping[str, str]) -> str:
    """A line about the packages of a lock that were audited; empty where none was."""
    counts = Counter(package.ecosystem for package in packages if package.ecosystem in databases)
    parts = [f"{count} of {ecosystem}, by {databases[ecosystem]}" for ecosystem, count in counts.items()]
    return f"audited: {lock}: {'; '.join(parts)}" if parts else ""


def _unaudited(locks: Mapping[str, Sequence[LockedPackage]], gaps: Mapping[str, str]) -> list[str]:
    return [
        f"not audited: {lock}: {count} of {ecosystem}: {gaps[ecosystem]}"
        for lock, packages in locks.items()
        for ecosystem, count in Counter(package.ecosystem for package in packages).items()
        if ecosystem in gaps
    ]


def _vulnerable(one: Vulnerability) -> str:
    fixed = f"fixed in {', '.join(one.fixed)}" if one.fixed else "no version with a fix is known"
    others = f" ({', '.join(sorted(one.aliases))})" if one.aliases else ""
    return f"VULNERABLE: {one.package.lock}: {one.package}: {one.id}{others}: {one.summary}; {fixed}"


def _accepted(entry: Acceptance, found: Vulnerability) -> str:
    return f"accepted until {entry.until}: {found.package}: {entry.id}: {entry.reason}"


def _ended(entry: Acceptance) -> str:
    return (
        f"EXPIRED: {ACCEPTED}: {entry.id} of {entry.package} was accepted until {entry.until}: "
        "update the package, look at it again, or remove the entry"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osv", default=OSV, help="the OSV server to ask")
    parser.add_argument("--offline", action="store_true", help="ask no server; audit Go alone")
    parser.add_argument("--go-database", type=Path, help="a folder of Go's advisories, instead of the newest module")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    asked = parser.parse_args()
    today = datetime.now(UTC).date()
    try:
        accepted = read_acceptances((asked.root / ACCEPTED).read_text(encoding="utf-8"), today)
    except BadEntry as why:
        print(f"{ACCEPTED}: {why}", file=sys.stderr)
        return 2
    locks = all_locks(asked.root)
    packages = [package for pinned in locks.values() for package in pinned]
    done = audit(packages, None if asked.offline else asked.osv, asked.go_database, today)
    lines, code = report(locks, done, accepted, today, unread_locks(asked.root))
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
