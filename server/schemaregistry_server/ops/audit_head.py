"""The heads of an audit: the last record of each chain, as a file that proves later that none of them was cut off."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemaregistry.errors import DataLoss, FailedPrecondition, InvalidArgument
from schemaregistry_server.audit_log.event_lines import ChainEnd
from schemaregistry_server.security.head_signature import KINDS, HeadSummary
from schemaregistry_server.store.audit_chain import missing
from schemaregistry_server.store.base import AuditRecord

FORMAT: Final = "schemaregistry audit head 1"

MEMBERS: Final = {"format": str, "kind": str, "made_at": str, "revision": int, "chains": list}


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last record of a chain: its number and hash. A log's chain is named by its file."""

    chain: str
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The heads of all chains of one store (`sqlite`, `etcd`) or of audit logs (`log`), at a revision and a time."""

    kind: str
    made_at: str
    revision: int
    chains: tuple[ChainHead, ...]
    signed: str = ""

    @property
    def members(self) -> dict[str, object]:
        """All but the digest and the signature."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "made_at": self.made_at,
            "revision": self.revision,
            "chains": [asdict(chain) for chain in self.chains],
        }

    @property
    def digest(self) -> str:
        """The SHA-256 of the members as canonical JSON: ASCII, names sorted, no blanks."""
        return hashlib.sha256(_canonical(self.members)).hexdigest()

    @property
    def summary(self) -> HeadSummary:
        """What the exchanger signs."""
        records = sum(chain.sequence for chain in self.chains)
        return HeadSummary(self.kind, self.digest, self.revision, len(self.chains), records)

    @property
    def text(self) -> str:
        """The head as one line of canonical JSON."""
        signed = {"signed": self.signed} if self.signed else {}
        return _canonical({**self.members, "digest": self.digest, **signed}).decode()


def of_records(kind: str, revision: int, records: Iterable[AuditRecord], now: datetime) -> AuditHead:
    """The head of a store whose audit has these records, in each chain's order."""
    ends = {record.chain: ChainHead(record.chain, record.sequence, record.hash) for record in records}
    return AuditHead(kind, _time(now), revision, tuple(ends[chain] for chain in sorted(ends)))


def of_logs(ends: Mapping[Path, ChainEnd], now: datetime) -> AuditHead:
    """The head of audit logs, by their files' names."""
    chains = sorted((ChainHead(path.name, end.sequence, end.hash) for path, end in ends.items()), key=lambda e: e.chain)
    return AuditHead("log", _time(now), 0, tuple(chains))


def read(path: Path) -> AuditHead:
    """Read a file with a head.

    Raises InvalidArgument (HEAD_UNREADABLE) where it can't be read, DataLoss (HEAD_DAMAGED) where it is no head or was
    changed.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as failed:
        raise InvalidArgument(
            f"{path}: the head can't be read ({failed.strerror}).", reason="HEAD_UNREADABLE"
        ) from None
    except (ValueError, RecursionError):
        raise _damaged(path, "it is no JSON") from None
    if not isinstance(found, dict):
        raise _damaged(path, "it is no head")
    digest, signed = found.pop("digest", ""), found.pop("signed", "")
    if {name: type(value) for name, value in found.items()} != MEMBERS or found["format"] != FORMAT:
        raise _damaged(path, f"it is no head of the format {FORMAT!r}")
    try:
        chains = tuple(ChainHead(**each) for each in found["chains"])
    except TypeError:
        raise _damaged(path, "one of its chains is none") from None
    if any((type(one.chain), type(one.sequence), type(one.hash)) != (str, int, str) for one in chains):
        raise _damaged(path, "one of its chains is none")
    head = AuditHead(found["kind"], found["made_at"], found["revision"], chains, str(signed))
    if head.digest != digest or head.kind not in KINDS:
        raise _damaged(path, "it is not as it was written: its digest is another")
    return head


def require(head: AuditHead, hashes: Mapping[tuple[str, int], str]) -> None:
    """Check that the head is a prefix of what is there: `hashes` are those of every record, by chain and number.

    Raises FailedPrecondition (AUDIT_CUT_OFF), naming chain and records, where one of its records is missing or another.
    """
    for one in head.chains:
        there = hashes.get((one.chain, one.sequence))
        if there == one.hash:
            continue
        chain = f"the chain {one.chain}" if one.chain else "the chain"
        if there is None:
            end = max((number for name, number in hashes if name == one.chain), default=0)
            gone = missing(min(end + 1, one.sequence), one.sequence)
            what = f"{chain} had {one.sequence} records at {head.made_at}, and ends with {end} now: {gone}"
        else:
            what = f"record {one.sequence} of {chain} is another one than at {head.made_at}"
        raise FailedPrecondition(
            f"{what[:1].upper()}{what[1:]}.",
            reason="AUDIT_CUT_OFF",
            metadata={"chain": one.chain, "sequence": str(one.sequence)},
        )


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _time(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")


def _damaged(path: Path, what: str) -> DataLoss:
    return DataLoss(
        f"{path}: {what}. Use a head that is as it was written.", reason="HEAD_DAMAGED", metadata={"file": str(path)}
    )
