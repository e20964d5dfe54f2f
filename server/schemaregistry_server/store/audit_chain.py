"""The audit chain: who wrote what, each record bound to the one before it by SHA-256.

This module makes records and verifies a chain; each store decides where it keeps them.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from schemaregistry.document.version_state import StateName
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store.base import AuditRecord, Entry, StateChange

DONE: Final[dict[StateName, str]] = {"active": "reinstate", "deprecated": "deprecate", "retracted": "retract"}
"""The words of the audit for giving a version a state."""

GENESIS = "0" * 64
"""The `previous` hash of a chain's first record."""


def record(entry: Entry | StateChange, *, sequence: int, previous: str, chain: str = "") -> AuditRecord:
    """Make the audit record of writing `entry`; `previous` is the hash of the record before it in `chain`."""
    if isinstance(entry, StateChange):
        what, who, at = DONE[entry.state.name], entry.changed_by, entry.changed_at
        content = entry.state.text.encode()
    else:
        what, who, at, content = "register", entry.registered_by, entry.registered_at, entry.raw
    unsealed = AuditRecord(
        sequence=sequence,
        who=who,
        what=what,
        id=entry.id,
        version=entry.version,
        fingerprint=entry.fingerprint,
        content=hashlib.sha256(content).hexdigest(),
        at=at,
        previous=previous,
        revision=entry.revision,
        chain=chain,
        origin="" if isinstance(entry, StateChange) else entry.origin.text,
        claims=entry.claims.text,
    )
    return replace(unsealed, hash=_digest(unsealed))


def verify(records: Iterable[AuditRecord]) -> int:
    """Check every chain in `records` and return the number of records.

    `records` are in order within each chain. Raises FailedPrecondition (AUDIT_BROKEN) at the first record that was
    changed or that does not follow the one before it.
    """
    check = ChainCheck()
    for found in records:
        check.add(found)
    return sum(check.ends.values())


class ChainCheck:
    """Checks records that come one by one, in order within each chain; `ends` are the numbers of the last ones."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, str]] = {}

    @property
    def ends(self) -> dict[str, int]:
        return {chain: sequence for chain, (sequence, _) in self._heads.items()}

    def add(self, found: AuditRecord) -> None:
        """Check the next record; raises FailedPrecondition (AUDIT_BROKEN) as `verify` does."""
        sequence, previous = self._heads.get(found.chain, (0, GENESIS))
        if wrong := _wrong(found, sequence, previous):
            raise broken(found, wrong)
        self._heads[found.chain] = found.sequence, found.hash


def broken(found: AuditRecord, what: str) -> FailedPrecondition:
    """Make the error about a record, which names its place in its chain."""
    chain = f" of the chain {found.chain}" if found.chain else ""
    return FailedPrecondition(
        f"Audit record {found.sequence}{chain} ({found.who} {found.what} {found.id} {found.version}) {what}: compare "
        "with a snapshot.",
        reason="AUDIT_BROKEN",
        metadata={
            "sequence": str(found.sequence),
            "chain": found.chain,
            "id": found.id,
            "version": found.version,
        },
    )


def missing(first: int, last: int) -> str:
    """Words about the records of a chain that are not there, by their first and last number."""
    return f"record {first} is missing" if first == last else f"records {first} to {last} are missing"


def _wrong(found: AuditRecord, sequence: int, previous: str) -> str:
    """What is wrong with a record that comes after number `sequence` with the hash `previous`; "" for nothing."""
    if type(found.sequence) is not int or found.hash != _digest(found):
        return "is not as it was written"
    if found.sequence > sequence + 1:
        return f"comes after record {sequence}: {missing(sequence + 1, found.sequence - 1)}, or in another place"
    if found.sequence <= sequence:
        return f"comes after record {sequence}: it is there twice, or in another place"
    return "" if found.previous == previous else "is of another chain, or the record before it is another one"


def _members(found: AuditRecord) -> tuple[int | str, ...]:
    """The members of a record that its hash covers.

    Without an origin and claims they are those of records from before there were such members. Claims come with the
    origin, even an empty one, so that what a writer stated has another hash than the same text as what a token proved.

    A named chain (etcd) leaves out the revision, because etcd assigns it only when the record is already written. There
    `store_history.pair` compares the revisions of a version and its record instead; only etcd can set those.
    """
    members = (
        found.sequence,
        found.who,
        found.what,
        found.id,
        found.version,
        found.fingerprint,
        found.content,
        found.at,
        found.previous,
        found.chain,
    )
    about = (found.origin, found.claims) if found.claims else (found.origin,) if found.origin else ()
    return (*members, *about) if found.chain else (*members, found.revision, *about)


def _digest(found: AuditRecord) -> str:
    # `default`: what was put there in place of a text or a number has another digest, whatever it is.
    return hashlib.sha256(json.dumps(_members(found), default=repr).encode()).hexdigest()
