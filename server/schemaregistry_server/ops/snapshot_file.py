"""The format of a snapshot file: a header and every write of a store, in frames that detect any changed byte.

The file is one line that names the format, then frames: `SHA-256 LENGTH`, a newline, LENGTH bytes, a newline. The first
frame is the header as JSON. Each other frame is a write: a line of JSON, then the document's bytes as they were
registered, or none for a change of a version's state. Each SHA-256 is over all frames up to its own (length, newline
and bytes of each), so that it also proves that no frame is missing, doubled or in another place.
`snapshots.py` has the commands.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol

from schemaregistry import output_files
from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import DataLoss, FailedPrecondition, InvalidArgument
from schemaregistry_server.ops.audit_head import ChainEnds
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry, StateChange, Write
from schemaregistry_server.store.verified_claims import VerifiedClaims

FORMAT: Final = b"schemaregistry snapshot 4\n"
FORMER: Final = b"schemaregistry snapshot 2\n"
"""The format before there were states; files of it are read as well. There is no 3: one changed bit makes it a 2."""

LINE: Final = 64 + 1 + 8 + 1
"""Bytes of a frame's first line, at most: hexadecimal SHA-256, space, length of up to 8 digits, newline."""

HEADER: Final = {"store": str, "revision": int, "versions": int, "made_at": str, "state_changes": int}
"""The members of the header, with their types. The former format has no `state_changes`."""

ENTRY: Final = {
    "id": str,
    "version": str,
    "revision": int,
    "fingerprint": str,
    "registered_by": str,
    "registered_at": int,
}
"""The members of a version's line, besides `audit`, `origin` and `claims`: the texts of these, where it has any."""

STATE: Final = {
    "id": str,
    "version": str,
    "revision": int,
    "state": str,
    "fingerprint": str,
    "changed_by": str,
    "changed_at": int,
}
"""The members of the line of a change of a state, besides `audit` and `claims`; `state` is `VersionState.text`."""

LINK: Final = {"chain": str, "sequence": int, "previous": str, "hash": str}
"""The members of `audit`, the write's link in the audit chain: only what the entry doesn't have."""


@dataclass(frozen=True, slots=True)
class Header:
    """The store's kind (`sqlite` or `etcd`), its revision, its numbers of versions and of changes of states.

    `made_at`, when they were read, is ISO 8601 in UTC.
    """

    store: str
    revision: int
    versions: int
    made_at: str
    state_changes: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A snapshot file that was read to its end and is intact: its header, its size in bytes, and its SHA-256."""

    header: Header
    size: int
    sha256: str


class SnapshotSource(Protocol):
    """What a snapshot is read from, each time from its start: a file, or an object in S3. `str` names it to people."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


def target(path: Path) -> Path:
    """Return the regular file that a snapshot at `path` replaces or makes; symbolic links are followed.

    Raises InvalidArgument where `path` names a FIFO or a device (SNAPSHOT_UNWRITABLE: a snapshot is read back), or
    what no file can be written to (OUTPUT_UNWRITABLE).
    """
    found = output_files.regular_target(path)
    if found is None:
        raise InvalidArgument(
            f"{path} is a pipe or a device, and a snapshot is read back once it is written: name a regular file.",
            reason="SNAPSHOT_UNWRITABLE",
        )
    return found


def save(path: Path, header: Header, writes: Iterable[Write]) -> None:
    """Write a temporary file beside the one that `path` names, sync it, and rename it into place.

    Raises as `target` does, and InvalidArgument (SNAPSHOT_UNWRITABLE) where that fails; the file is then as it was.
    """
    file_path = target(path)
    beside = file_path.with_name(f".schemaregistry-{os.getpid()}.part")
    try:
        beside.unlink(missing_ok=True)
        with beside.open("xb") as file:
            _write(file, header, writes)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(file_path)
        # The rename itself is durable only once its directory is synced.
        output_files.sync_directory(file_path.parent)
    except OSError as failed:
        raise InvalidArgument(
            f"{path}: the snapshot can't be written ({failed.strerror}). Name another file, or make room.",
            reason="SNAPSHOT_UNWRITABLE",
        ) from failed
    finally:
        with suppress(OSError):
            beside.unlink()


def check(path: SnapshotSource, ends: ChainEnds | None = None) -> Checked:
    """Read the whole file and verify its frames and its audit chain; `ends` learns the last record of each chain.

    Raises DataLoss (SNAPSHOT_DAMAGED), naming file and offset, where a byte was changed, added or is missing;
    InvalidArgument (SNAPSHOT_UNREADABLE) where the file can't be read.
    """
    reader = _SnapshotReader(path)
    try:
        audit_chain.verify(_told(reader.writes(), ends or ChainEnds()))
    except FailedPrecondition as broken:
        raise reader.damaged("its audit record does not follow those before it") from broken
    return Checked(reader.header, reader.offset, reader.all.hexdigest())


def read(path: SnapshotSource) -> Iterator[Write]:
    """Yield the writes of a file in their order. Raises as `check` does, but only when it comes to the damage."""
    return _SnapshotReader(path).writes()


def _told(writes: Iterable[Write], ends: ChainEnds) -> Iterator[AuditRecord]:
    for write in writes:
        ends.add(write.record)
        yield write.record


class FrameMaker:
    """Makes the bytes of a snapshot, one frame after the other."""

    def __init__(self) -> None:
        self._running = hashlib.sha256()

    def begin(self, header: Header) -> bytes:
        """The line that names the format, and the header's frame."""
        return FORMAT + self._made(_json(asdict(header)))

    def frame(self, write: Write) -> bytes:
        """The next write's frame."""
        return self._made(_payload(write))

    def _made(self, payload: bytes) -> bytes:
        self._running.update(b"%d\n%b" % (len(payload), payload))
        return b"%b %d\n%b\n" % (self._running.hexdigest().encode(), len(payload), payload)


def _write(file: IO[bytes], header: Header, writes: Iterable[Write]) -> None:
    frames = FrameMaker()
    file.write(frames.begin(header))
    for write in writes:
        file.write(frames.frame(write))


def _payload(write: Write) -> bytes:
    entry = write.entry
    link: dict[str, object] = {"audit": {name: getattr(write.record, name) for name in LINK}}
    if entry.claims.text:
        link["claims"] = entry.claims.text
    if isinstance(entry, StateChange):
        about = {name: getattr(entry, name) for name in STATE} | {"state": entry.state.text}
        return _json(about | link) + b"\n"
    about = {name: getattr(entry, name) for name in ENTRY}
    if entry.origin.text:
        about["origin"] = entry.origin.text
    return _json(about | link) + b"\n" + entry.raw


def _unpack(payload: bytes) -> Write:
    """Decode the write in a frame's payload; raises ValueError, TypeError or KeyError where it is none."""
    line, _, raw = payload.partition(b"\n")
    about = json.loads(line)
    link = about.pop("audit")
    claims = VerifiedClaims.read(about.pop("claims", ""))
    entry: Entry | StateChange
    if "state" in about:
        state = VersionState.read(_typed(about, STATE).pop("state"))
        entry = StateChange(state=state, claims=claims, **about)
    else:
        origin = Origin.read(about.pop("origin", ""))
        entry = Entry(raw=raw, origin=origin, claims=claims, **_typed(about, ENTRY))
    hash_ = _typed(link, LINK).pop("hash")
    record = audit_chain.record(entry, **link)
    if record.hash != hash_:
        raise ValueError("its audit record is another version's")
    return Write(entry, record)


def _typed(members: dict[str, Any], types: dict[str, type]) -> dict[str, Any]:
    # `type`, since a bool is an instance of int.
    if {name: type(value) for name, value in members.items()} != types:
        raise ValueError(f"it must have {', '.join(types)} and nothing else")
    return members


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class _SnapshotReader:
    """One pass over a file. `offset`: bytes read so far; `_start`: the offset of the current frame."""

    header: Header

    def __init__(self, path: SnapshotSource) -> None:
        self._path = path
        self.offset = self._start = 0
        self.all = hashlib.sha256()
        self._frames = hashlib.sha256()

    def writes(self) -> Iterator[Write]:
        try:
            with self._path.open("rb") as file:
                begins = self._take(file, len(FORMAT))
                if not begins:
                    raise self.damaged("the file is empty")
                if begins not in (FORMAT, FORMER):
                    cut_off = FORMAT.startswith(begins)
                    raise self.damaged(
                        "it is cut off" if cut_off else "this is no snapshot of a format that can be read here"
                    )
                self.header = self._header(self._frame(file), former=begins == FORMER)
                revision = 0
                for _ in range(self.header.versions + self.header.state_changes):
                    write = self._write(self._frame(file), after=revision)
                    revision = write.entry.revision
                    yield write
                self._start = self.offset
                if file.read(1):
                    raise self.damaged("here is more than was written")
        except OSError as failed:
            raise InvalidArgument(
                f"{self._path}: the snapshot can't be read ({failed.strerror}).", reason="SNAPSHOT_UNREADABLE"
            ) from failed

    def damaged(self, what: str) -> DataLoss:
        return DataLoss(
            f"{self._path}: in the record at byte {self._start}: {what}. Use a snapshot that is as it was written.",
            reason="SNAPSHOT_DAMAGED",
            metadata={"file": str(self._path), "offset": str(self._start)},
        )

    def _frame(self, file: IO[bytes]) -> bytes:
        """Read the next frame and return its payload, once its SHA-256 was compared."""
        self._start = self.offset
        line = file.readline(LINE)  # bounded: a damaged file may have no newline
        length = line[65:-1]
        if not (length.isdigit() and line.endswith(b"\n")):
            raise self.damaged("it is cut off, or was changed")
        self._count(line)
        payload, end = self._take(file, int(length)), self._take(file, 1)
        self._frames.update(b"%d\n%b" % (len(payload), payload))
        if line + end != b"%b %d\n\n" % (self._frames.hexdigest().encode(), len(payload)):
            raise self.damaged("it is not what was written here")
        return payload

    def _take(self, file: IO[bytes], size: int) -> bytes:
        taken = file.read(size)
        self._count(taken)
        return taken

    def _count(self, taken: bytes) -> None:
        self.offset += len(taken)
        self.all.update(taken)

    def _header(self, payload: bytes, *, former: bool) -> Header:
        types = {name: kind for name, kind in HEADER.items() if name != "state_changes"} if former else HEADER
        try:
            return Header(**_typed(json.loads(payload), types))
        except (ValueError, AttributeError, RecursionError) as wrong:
            raise self.damaged(f"it is no header ({wrong})") from wrong

    def _write(self, payload: bytes, *, after: int) -> Write:
        try:
            write = _unpack(payload)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
            raise self.damaged(f"it is no version ({wrong})") from wrong
        if write.entry.revision <= after:
            raise self.damaged("its revision does not follow the one before it")
        return write
