"""The manifest of a snapshot in S3: what the snapshot has, its SHA-256 and the head of its audit, signed or not.

It is written once the snapshot is whole: without a manifest there is no snapshot.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from schemaregistry.errors import DataLoss
from schemaregistry_server.ops import audit_head
from schemaregistry_server.ops.audit_head import AuditHead
from schemaregistry_server.ops.snapshot_file import Checked, Header

FORMAT: Final = "schemaregistry snapshot manifest 1"
MOST: Final = 256 << 20
"""Bytes of a manifest, at most: it has the last record of each chain, and etcd has a chain for each id."""

MEMBERS: Final = {
    "format": str,
    "content": str,
    "content_version": str,
    "size": int,
    "sha256": str,
    "header": dict,
    "head": dict,
}
HEADER: Final = {"store": str, "revision": int, "versions": int, "made_at": str, "state_changes": int}


@dataclass(frozen=True, slots=True)
class SnapshotManifest:
    """What was written: the key and the version (empty where the bucket keeps none) of the snapshot, and what it has.

    `head` has the last record of each chain of the audit.
    """

    content: str
    content_version: str
    checked: Checked
    head: AuditHead

    @property
    def text(self) -> bytes:
        """The manifest as one line of JSON: ASCII, names sorted, no blanks."""
        members = {
            "format": FORMAT,
            "content": self.content,
            "content_version": self.content_version,
            "size": self.checked.size,
            "sha256": self.checked.sha256,
            "header": asdict(self.checked.header),
            "head": json.loads(self.head.text),
        }
        return json.dumps(members, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def read_manifest(text: bytes, where: str) -> SnapshotManifest:
    """Read a manifest from `where`, whose text nobody vouches for; raises DataLoss (SNAPSHOT_DAMAGED)."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise damaged(where, "it is no JSON") from None
    if not isinstance(found, dict) or not _are(found, MEMBERS) or found["format"] != FORMAT:
        raise damaged(where, f"it is no manifest of the format {FORMAT!r}")
    if not _are(found["header"], HEADER):
        raise damaged(where, "its header is none")
    try:
        head = audit_head.parse(found["head"], where)
    except DataLoss as wrong:
        raise damaged(where, "its head is not as it was written") from wrong
    checked = Checked(Header(**found["header"]), found["size"], found["sha256"])
    return SnapshotManifest(found["content"], found["content_version"], checked, head)


def _are(members: Mapping[str, object], types: Mapping[str, type]) -> bool:
    return {name: type(value) for name, value in members.items()} == dict(types)


def damaged(where: str, what: str, about: Mapping[str, str] | None = None) -> DataLoss:
    """The error of an object of a snapshot that is not as it was written; `about` is the error's metadata."""
    return DataLoss(
        f"{where}: {what}. Choose another snapshot by @TIME, such as one from before.",
        reason="SNAPSHOT_DAMAGED",
        metadata=dict(about or {}),
    )
