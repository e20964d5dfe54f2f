"""The audit chain: who wrote what, each record bound to the one before it by SHA-256.

Holds how a record is made and how the chain is proved; where records are kept is each store's own.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store.base import AuditRecord, Entry

GENESIS = "0" * 64
"""What the first record has for the hash of the one before it."""


def record(entry: Entry, *, sequence: int, previous: str, chain: str = "") -> AuditRecord:
    """The record of registering `entry`, next in its chain after the one whose hash is `previous`."""
    unsealed = AuditRecord(
        sequence=sequence,
        who=entry.registered_by,
        what="register",
        id=entry.id,
        version=entry.version,
        fingerprint=entry.fingerprint,
        content=hashlib.sha256(entry.raw).hexdigest(),
        at=entry.registered_at,
        previous=previous,
        revision=entry.revision,
        chain=chain,
    )
    return replace(unsealed, hash=_digest(unsealed))


def verify(records: Iterable[AuditRecord]) -> int:
    """Return how many records there are; raise FailedPrecondition (AUDIT_BROKEN) at the first one that was changed."""
    heads: dict[str, tuple[int, str]] = {}
    for found in records:
        sequence, previous = heads.get(found.chain, (0, GENESIS))
        if (found.sequence, found.previous, found.hash) != (sequence + 1, previous, _digest(found)):
            raise FailedPrecondition(
                f"Audit record {found.sequence} ({found.who} {found.what} {found.id} {found.version}) is not as it was "
                "written, or records before it are missing: compare with a snapshot.",
                reason="AUDIT_BROKEN",
                metadata={"sequence": str(found.sequence)},
            )
        heads[found.chain] = found.sequence, found.hash
    return sum(sequence for sequence, _ in heads.values())


def _members(found: AuditRecord) -> tuple[int | str, ...]:
    """What is hashed.

    The revision is left out of a chain of one id's writes: etcd numbers a write as it is made, and only then. There
    `history.pair` asks that the version and its record have the same revision, which nobody but etcd can give them.
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
    return members if found.chain else (*members, found.revision)


def _digest(found: AuditRecord) -> str:
    return hashlib.sha256(json.dumps(_members(found)).encode()).hexdigest()
