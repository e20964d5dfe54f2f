"""The keys and values of versions, latest pointers and audit records in etcd; `etcd_store.py` reads and writes them.

`/schemas/{id}/versions/{version}` is one line of JSON about the document, then its bytes; `/schemas/{id}/latest` names
the version registered last and the last record of the id's audit chain; `/schemas/{id}/states/{version}/{sequence}` is
one change of a version's state as JSON, and `/audit/{id}/{sequence}` one audit record. Servers that know no states
ignore the keys of states. Counts of reads are under `/observed/` (`etcd_reads.py`).
"""

import hashlib
import json
from dataclasses import dataclass

from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd.v3.kv_pb2 import KeyValue
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry, StateChange
from schemaregistry_server.store.verified_claims import VerifiedClaims


@dataclass(frozen=True, slots=True)
class Head:
    """An id's last registered version and the last record of its audit chain; `revision` is that of the record.

    `sequence` is the number of the id's writes: every one of them has a record.
    """

    version: str
    revision: int
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class KeyLayout:
    """The keys of one registry; `root` is the prefix that tells several registries on one etcd apart ("" for none)."""

    root: str = ""

    @property
    def schemas(self) -> bytes:
        return f"{self.root}/schemas/".encode()

    @property
    def audits(self) -> bytes:
        return f"{self.root}/audit/".encode()

    @property
    def observed(self) -> bytes:
        return f"{self.root}/observed/".encode()

    @property
    def exchanger(self) -> bytes:
        """What exchangers keep: the tokens that were used."""
        return f"{self.root}/exchanger/".encode()

    def version(self, entry: Entry) -> bytes:
        return self.schemas + f"{entry.id}/versions/{entry.version}".encode()

    def state(self, change: StateChange, sequence: int) -> bytes:
        return self.schemas + f"{change.id}/states/{change.version}/{sequence:08d}".encode()

    def latest(self, id: str) -> bytes:  # noqa: A002 (the field's term)
        return self.schemas + f"{id}/latest".encode()

    def audit(self, record: AuditRecord) -> bytes:
        # Zeros in front, so that etcd's order of keys is the order of the chain.
        return self.audits + f"{record.id}/{record.sequence:08d}".encode()

    def read(self, pair: KeyValue) -> Entry | StateChange | tuple[str, Head] | None:
        """Read a key under `schemas`: an entry, a change of a state, or an id with its head.

        None for a key that the registry didn't write.

        Raises FailedPrecondition (STORE_CORRUPT) where the value was changed since it was written.
        """
        try:
            match pair.key[len(self.schemas) :].decode().split("/"):
                case [id, "versions", version]:
                    return _entry(id, version, pair)
                case [id, "states", version, _]:
                    return _change(id, version, pair)
                case [id, "latest"]:
                    head = Head(**json.loads(pair.value), revision=pair.mod_revision)
                    if type(head.sequence) is not int:
                        raise ValueError("its sequence is no number")
                    return id, head
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
            raise FailedPrecondition(
                f"etcd's {pair.key.decode(errors='replace')} is not as it was written ({wrong}). "
                "Restore etcd from a snapshot.",
                reason="STORE_CORRUPT",
            ) from wrong
        return None


def version_value(entry: Entry, write: str) -> bytes:
    """The value of a version's key: a line of JSON, then the document's bytes.

    `write` is a random name of this one write: a writer that got no answer finds its own write by it again, and can
    tell it from another writer's of equal content.
    """
    about = {
        "fingerprint": entry.fingerprint,
        "registered_by": entry.registered_by,
        "registered_at": entry.registered_at,
        "content": hashlib.sha256(entry.raw).hexdigest(),
        "write": write,
    }
    if entry.origin.text:
        about["origin"] = entry.origin.text
    if entry.claims.text:
        about["claims"] = entry.claims.text
    return json.dumps(about, separators=(",", ":")).encode() + b"\n" + entry.raw


def _entry(id: str, version: str, pair: KeyValue) -> Entry:  # noqa: A002
    about, _, raw = pair.value.partition(b"\n")
    found = json.loads(about)
    if hashlib.sha256(raw).hexdigest() != found["content"]:
        raise ValueError("its bytes have another SHA-256")
    return Entry(
        id,
        version,
        raw,
        found["fingerprint"],
        found["registered_by"],
        found["registered_at"],
        pair.mod_revision,
        Origin.read(found.get("origin", "")),
        VerifiedClaims.read(found.get("claims", "")),
    )


def state_value(change: StateChange, write: str) -> bytes:
    """The value of the key of a change of a state: one line of JSON; `write` is as in `version_value`."""
    about = {
        "state": change.state.text,
        "fingerprint": change.fingerprint,
        "changed_by": change.changed_by,
        "changed_at": change.changed_at,
        "content": hashlib.sha256(change.state.text.encode()).hexdigest(),
        "write": write,
    }
    if change.claims.text:
        about["claims"] = change.claims.text
    return json.dumps(about, separators=(",", ":")).encode()


def _change(id: str, version: str, pair: KeyValue) -> StateChange:  # noqa: A002
    found = json.loads(pair.value)
    if hashlib.sha256(found["state"].encode()).hexdigest() != found["content"]:
        raise ValueError("the state has another SHA-256")
    return StateChange(
        id,
        version,
        VersionState.read(found["state"]),
        found["fingerprint"],
        found["changed_by"],
        found["changed_at"],
        pair.mod_revision,
        VerifiedClaims.read(found.get("claims", "")),
    )


def next_record(entry: Entry | StateChange, head: Head | None) -> AuditRecord:
    """The audit record of writing `entry` after the id's `head`.

    Each id has a chain of its own. With one chain for all, every write compares the same key: 77 writes a second in
    place of 2,475 (docs/decisions/etcd-store.md).
    """
    sequence, previous = (head.sequence, head.hash) if head else (0, audit_chain.GENESIS)
    return audit_chain.record(entry, chain=entry.id, sequence=sequence + 1, previous=previous)


def latest_value(version: str, record: AuditRecord) -> bytes:
    """The value of an id's latest pointer once `record` is the end of its chain, and `version` registered last."""
    head = {"version": version, "sequence": record.sequence, "hash": record.hash}
    return json.dumps(head, separators=(",", ":")).encode()


def audit_value(record: AuditRecord) -> bytes:
    """The value of an audit record's key: JSON without the revision, which is the key's own in etcd.

    Without claims it is a record that servers of before there were claims can read.
    """
    left_out = {"revision"} if record.claims else {"revision", "claims"}
    members = {name: getattr(record, name) for name in AuditRecord.__slots__ if name not in left_out}
    return json.dumps(members, separators=(",", ":")).encode()


def audit_record(pair: KeyValue, layout: KeyLayout | None = None) -> AuditRecord:
    """Read the audit record in `pair`, which must be that of its key where `layout` is given.

    Raises FailedPrecondition (AUDIT_BROKEN) where it is none.
    """
    try:
        record = AuditRecord(**json.loads(pair.value), revision=pair.mod_revision)
    except (ValueError, TypeError, RecursionError) as wrong:
        raise _misplaced(pair, str(wrong)) from wrong
    if layout:
        check_place(record, pair, layout)
    return record


def check_place(record: AuditRecord, pair: KeyValue, layout: KeyLayout) -> None:
    """Raise FailedPrecondition (AUDIT_BROKEN) where a record is not the one of its key."""
    right = type(record.sequence) is int and type(record.id) is str and record.chain == record.id
    if not right or layout.audit(record) != pair.key:
        raise _misplaced(pair, f"it is number {record.sequence} of {record.id}")


def _misplaced(pair: KeyValue, why: str) -> FailedPrecondition:
    key = pair.key.decode(errors="replace")
    return FailedPrecondition(
        f"etcd's {key} is no audit record of its place ({why}): compare with a snapshot.",
        reason="AUDIT_BROKEN",
        metadata={"key": key},
    )
