"""Write docs/licences.md: a table of the packages of each ecosystem, with their licences and locks."""

import textwrap
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from scripts.supply_chain.licence_facts import KnownFacts, decided
from scripts.supply_chain.licence_terms import LicencePolicy
from scripts.supply_chain.locked_packages import LockedPackage

Locks = Mapping[str, Sequence[LockedPackage]]
"""The packages of each lock, by its path."""

INTRODUCTION = """\
# Licences of what is used

`make licences` writes this page: every package that a lock pins, the licence that its own metadata states (an SPDX
expression), and the locks that pin it. `*`: read by hand, since the metadata name no exact licence.
[licences.toml](../third_party/licences.toml) says which licences are allowed, and what was read by hand, where.

The project's own wheel contains none of these packages: pip fetches them from PyPI when the wheel is installed. Copied
into the repository, and not listed, are Google's API protos (`third_party/googleapis`, `clients/cpp/proto`) and etcd's
(`third_party/etcd/proto`), Apache-2.0; Unicode's data for host names in the C++ gate, Unicode-3.0; and files of other
projects that tests read, each with its LICENSE beside it (`tests/corpus`). Not listed either are Debian's packages,
Maven's plugins and GitHub's actions, whose licences no lock leads to.
"""

COMMON_NAMES = frozenset({"Cargo.lock", "dependencies.txt", "go.mod", "package-lock.json", "requirements.txt"})

COLUMNS = 120
"""The longest line of a page."""


def page(facts: KnownFacts, locks: Locks, policy: LicencePolicy) -> str:
    """The text of docs/licences.md."""
    used: dict[tuple[str, str, str], list[str]] = {}
    for lock, packages in locks.items():
        for one in packages:
            if one.ecosystem in facts:
                used.setdefault((one.ecosystem, one.name, one.version), []).append(lock)
    names = short_names({lock for those in used.values() for lock in those})
    rows = [f"| {name} | [{lock}](../{lock}) |" for lock, name in names.items()]
    notes: list[str] = []
    parts = [INTRODUCTION, _table("Locks", ("name", "lock"), rows)]
    for ecosystem in facts:
        rows = []
        for one, licence in decided(facts, policy).items():
            if one.ecosystem == ecosystem:
                by_hand = "" if facts[ecosystem][one.name, one.version].licence else " *"
                which = ", ".join(names[lock] for lock in used[ecosystem, one.name, one.version])
                rows.append(_row(one, licence + by_hand, which, notes))
        parts.append(_table(ecosystem, ("package", "version", "licence", "locks"), rows))
    if notes:
        lines = [f"{number}. {_wrapped(note)}\n" for number, note in enumerate(notes, 1)]
        parts.append(f"## Notes\n\n{''.join(lines)}")
    return "\n".join(parts)


def short_names(locks: Collection[str]) -> dict[str, str]:
    """A short name for each lock, sorted: its own, or its folder's where every lock of its kind has the same name."""
    names = {}
    for lock in sorted(locks):
        path = PurePosixPath(lock)
        names[lock] = path.parent.name if path.name in COMMON_NAMES and path.parent.name else path.stem
    often = Counter(names.values())
    return {lock: name if often[name] == 1 else str(PurePosixPath(lock).parent) for lock, name in names.items()}


def _table(title: str, columns: Sequence[str], rows: Sequence[str]) -> str:
    head = f"## {title}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    return head + "".join(f"{row}\n" for row in rows)


def _row(one: LockedPackage, licence: str, locks: str, notes: list[str]) -> str:
    """A row of the table; a licence for which a line has no room goes to the notes."""
    row = f"| {one.name} | {_short(one.version)} | {licence} | {locks} |"
    if len(row) <= COLUMNS:
        return row
    if licence not in notes:
        notes.append(licence)
    return f"| {one.name} | {_short(one.version)} | note {notes.index(licence) + 1} | {locks} |"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, COLUMNS - 4, subsequent_indent="   ")


def _short(version: str) -> str:
    """Cut the commit of a pseudo-version to seven letters, so that a row fits a line."""
    head, dash, commit = version.rpartition("-")
    return f"{head}-{commit[:7]}" if dash and len(commit) == 12 else version
