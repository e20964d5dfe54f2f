"""The heads of an audit: the last record of each chain, as a file that proves later that none of them was cut off."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemaregistry.errors import DataLoss, FailedPrecondition, InvalidArgument
from schemaregistry_server.audit_log.event_lines import ChainEnd
from schemaregistry_server.security.head_signature import KINDS, MOST, HeadSummary
from schemaregistry_server.store.audit_chain import missing
from schemaregistry_server.store.base import AuditRecord

FORMAT: Final = "schemaregistry audit head 1"

MEMBERS: Final = {"format": str, "kind": str, "made_at": str, "revision": int, "chains": list}


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last record of a chain: its number and hash.

    A log's chain is named by its last file, and of each of its files has the last record: where that file is removed
    later, it proves where the next one begins.
    """

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
        ends: dict[str, int] = {}
        for one in self.chains:
            ends[one.chain] = max(one.sequence, ends.get(one.chain, 0))
        return HeadSummary(self.kind, self.digest, self.revision, len(ends), sum(ends.values()))

    @property
    def text(self) -> str:
        """The head as one line of canonical JSON."""
        signed = {"signed": self.signed} if self.signed else {}
        return _canonical({**self.members, "digest": self.digest, **signed}).decode()


class ChainEnds:
    """The last record of each chain, of records that come one by one in each chain's order."""

    def __init__(self) -> None:
        self._ends: dict[str, ChainHead] = {}

    def add(self, record: AuditRecord) -> None:
        self._ends[record.chain] = ChainHead(record.chain, record.sequence, record.hash)

    def head(self, kind: str, revision: int, made_at: str) -> AuditHead:
        """The head of a store whose audit ends so; `made_at` is ISO 8601 in UTC."""
        return AuditHead(kind, made_at, revision, tuple(self._ends[chain] for chain in sorted(self._ends)))


def of_records(kind: str, revision: int, records: Iterable[AuditRecord], now: datetime) -> AuditHead:
    """The head of a store whose audit has these records, in each chain's order."""
    ends = ChainEnds()
    for record in records:
        ends.add(record)
    return ends.head(kind, revision, _time(now))


def of_logs(chains: Sequence[Sequence[tuple[Path, ChainEnd]]], now: datetime) -> AuditHead:
    """The head of audit logs: of each chain, its files that have records, in their order, and the ends of those.

    Where the last files of two chains have the same name, they are named with their directories.
    """
    names = Counter(files[-1][0].name for files in chains)
    heads = [
        ChainHead(last.name if names[last.name] == 1 else str(last), end.sequence, end.hash)
        for files in chains
        for last in [files[-1][0]]
        for _, end in files
    ]
    return AuditHead("log", _time(now), 0, tuple(sorted(heads, key=lambda one: (one.chain, one.sequence))))


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
    return parse(found, str(path))


def parse(head: object, where: str) -> AuditHead:
    """Read a head from JSON that was found at `where`; raises DataLoss (HEAD_DAMAGED)."""
    if not isinstance(head, dict):
        raise _damaged(where, "it is no head")
    found = dict(head)
    digest, signed = found.pop("digest", ""), found.pop("signed", "")
    if {name: type(value) for name, value in found.items()} != MEMBERS or found["format"] != FORMAT:
        raise _damaged(where, f"it is no head of the format {FORMAT!r}")
    try:
        chains = tuple(ChainHead(**each) for each in found["chains"])
    except TypeError:
        raise _damaged(where, "one of its chains is none") from None
    if any((type(one.chain), type(one.sequence), type(one.hash)) != (str, int, str) for one in chains):
        raise _damaged(where, "one of its chains is none")
    if not all(0 <= number <= MOST for number in (found["revision"], *(one.sequence for one in chains))):
        raise _damaged(where, "one of its numbers is none of records")
    parsed = AuditHead(found["kind"], found["made_at"], found["revision"], chains, str(signed))
    if parsed.digest != digest or parsed.kind not in KINDS:
        raise _damaged(where, "it is not as it was written: its digest is another")
    return parsed


def require(head: AuditHead, find: Callable[[ChainHead], Mapping[int, str]]) -> None:
    """Check that the head is a prefix of what is there: `find` has the hashes of a chain's records by their numbers.

    Raises FailedPrecondition (AUDIT_CUT_OFF), naming chain and records, where one of its records is missing or another;
    DataLoss (HEAD_TOO_OLD) where it would be in a log's file that isn't named.
    """
    for one in head.chains:
        hashes = find(one)
        there = hashes.get(one.sequence)
        if there == one.hash or not one.sequence:  # a log of no records yet: heads of before had such chains
            continue
        chain = f"the chain {one.chain}" if one.chain else "the chain"
        begin, end = min(hashes, default=0), max(hashes, default=0)
        later = (other for other in head.chains if other.chain == one.chain and other.sequence > one.sequence)
        if one.sequence < begin and any(hashes.get(other.sequence) == other.hash for other in later):
            continue  # its file was removed, and the later record is bound to it
        if one.sequence < begin:
            raise DataLoss(
                f"Record {one.sequence} of {chain}, the last one at {head.made_at}, is in a file before those that are "
                f"named, which begin after record {begin}: name that one, too, or a later head.",
                reason="HEAD_TOO_OLD",
                metadata={"chain": one.chain, "sequence": str(one.sequence)},
            )
        if there is None:
            gone = missing(end + 1, one.sequence)
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


def _damaged(where: Path | str, what: str) -> DataLoss:
    return DataLoss(
        f"{where}: {what}. Use a head that is as it was written.", reason="HEAD_DAMAGED", metadata={"file": str(where)}
    )
