"""How versions, latest pointers and audit records lie in etcd: their keys and values. Holds no I/O.

`/schemas/{id}/versions/{version}` is one line of JSON about the document, then its bytes; `/schemas/{id}/latest` names
the newest version and the end of the id's audit chain; `/audit/{id}/{sequence}` is one audit record as JSON.
"""

import hashlib
import json
from dataclasses import dataclass

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd.v3.kv_pb2 import KeyValue
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry


@dataclass(frozen=True, slots=True)
class Head:
    """An id's latest version and the last record of its audit chain; `revision` is that of both."""

    version: str
    revision: int
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class KeyLayout:
    """The keys under `root` (empty, or what one registry of several on one etcd has before its keys)."""

    root: str = ""

    @property
    def schemas(self) -> bytes:
        return f"{self.root}/schemas/".encode()

    @property
    def audits(self) -> bytes:
        return f"{self.root}/audit/".encode()

    def version(self, entry: Entry) -> bytes:
        return self.schemas + f"{entry.id}/versions/{entry.version}".encode()

    def latest(self, id: str) -> bytes:  # noqa: A002 (the field's term)
        return self.schemas + f"{id}/latest".encode()

    def audit(self, record: AuditRecord) -> bytes:
        return self.audits + f"{record.id}/{record.sequence:08d}".encode()

    def read(self, pair: KeyValue) -> Entry | tuple[str, Head] | None:
        """The entry, or the id and its head, that a key under `schemas` holds; None for a key that is not ours.

        Raises FailedPrecondition (STORE_CORRUPT) where the value is not as it was written.
        """
        try:
            match pair.key[len(self.schemas) :].decode().split("/"):
                case [id, "versions", version]:
                    return _entry(id, version, pair)
                case [id, "latest"]:
                    return id, Head(**json.loads(pair.value), revision=pair.mod_revision)
        except (ValueError, KeyError, TypeError) as wrong:
            raise FailedPrecondition(
                f"etcd's {pair.key.decode(errors='replace')} is not as it was written ({wrong}). "
                "Restore etcd from a snapshot.",
                reason="STORE_CORRUPT",
            ) from wrong
        return None


def version_value(entry: Entry, write: str) -> bytes:
    """`write` names this one write, so that whoever got no answer to it can tell it from another's of equal content."""
    about = {
        "fingerprint": entry.fingerprint,
        "registered_by": entry.registered_by,
        "registered_at": entry.registered_at,
        "content": hashlib.sha256(entry.raw).hexdigest(),
        "write": write,
    }
    return json.dumps(about, separators=(",", ":")).encode() + b"\n" + entry.raw


def _entry(id: str, version: str, pair: KeyValue) -> Entry:  # noqa: A002
    about, _, raw = pair.value.partition(b"\n")
    found = json.loads(about)
    if hashlib.sha256(raw).hexdigest() != found["content"]:
        raise ValueError("its bytes have another SHA-256")
    return Entry(
        id, version, raw, found["fingerprint"], found["registered_by"], found["registered_at"], pair.mod_revision
    )


def next_record(entry: Entry, head: Head | None) -> AuditRecord:
    """The audit record of writing `entry`. Each id has its own chain: writers of different ids never meet."""
    sequence, previous = (head.sequence, head.hash) if head else (0, audit_chain.GENESIS)
    return audit_chain.record(entry, chain=entry.id, sequence=sequence + 1, previous=previous)


def latest_value(record: AuditRecord) -> bytes:
    head = {"version": record.version, "sequence": record.sequence, "hash": record.hash}
    return json.dumps(head, separators=(",", ":")).encode()


def audit_value(record: AuditRecord) -> bytes:
    members = {name: getattr(record, name) for name in AuditRecord.__slots__ if name != "revision"}
    return json.dumps(members, separators=(",", ":")).encode()


def audit_record(pair: KeyValue) -> AuditRecord:
    """The record in `pair`; raises FailedPrecondition (AUDIT_BROKEN) for what is none."""
    try:
        return AuditRecord(**json.loads(pair.value), revision=pair.mod_revision)
    except (ValueError, TypeError) as wrong:
        raise FailedPrecondition(
            f"etcd's {pair.key.decode(errors='replace')} is no audit record ({wrong}): compare with a snapshot.",
            reason="AUDIT_BROKEN",
        ) from wrong
