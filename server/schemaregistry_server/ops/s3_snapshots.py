"""Snapshots in S3: write one, choose one, prove that it is whole, and remove those that are old.

A snapshot is two objects: its content, whose bytes are those of a snapshot file, and its manifest, written last.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from schemaregistry.errors import DataLoss, FailedPrecondition, NotFound, RegistryError
from schemaregistry_server.ops import snapshot_file, snapshot_manifest
from schemaregistry_server.ops.audit_head import AuditHead, ChainEnds
from schemaregistry_server.ops.s3_address import CONTENT, MANIFEST, SnapshotName, name_of, new_name
from schemaregistry_server.ops.s3_bucket import Bucket, Lock
from schemaregistry_server.ops.s3_content import S3Content, Upload
from schemaregistry_server.ops.snapshot_file import Checked, FrameMaker, Header
from schemaregistry_server.ops.snapshot_manifest import SnapshotManifest
from schemaregistry_server.store.base import Write

ABANDONED: Final = timedelta(days=1)
"""An upload that is older was given up by whoever began it: no snapshot takes as long."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot that was written: its manifest's key, the manifest, and how its objects are locked."""

    key: str
    manifest: SnapshotManifest
    lock: Lock


@dataclass(slots=True)
class Tidied:
    """What was done about older snapshots: keys that were removed, and sentences about what else is there."""

    removed: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChosenSnapshot:
    """A snapshot to restore, its manifest read; `newer` are those after it, `halves` contents without a manifest."""

    name: SnapshotName
    manifest: SnapshotManifest
    content: S3Content
    newer: tuple[SnapshotName, ...]
    halves: tuple[SnapshotName, ...]


@dataclass(frozen=True, slots=True)
class _Listed:
    """The names under a prefix, in their order: with a manifest, and with a content alone."""

    whole: list[SnapshotName]
    halves: list[SnapshotName]


async def save(
    bucket: Bucket,
    lock: Lock,
    header: Header,
    writes: AsyncIterator[Write],
    sign: Callable[[AuditHead], AuditHead],
) -> Saved:
    """Write a snapshot's content, and then its manifest with the head that `sign` returns.

    Raises as `Bucket`'s methods do; no manifest is then there, and so no snapshot.
    """
    name = new_name(datetime.fromisoformat(header.made_at))
    frames, ends = FrameMaker(), ChainEnds()
    async with Upload(bucket, name.content(bucket.address), lock) as upload:
        await upload.write(frames.begin(header))
        async for write in writes:
            ends.add(write.record)
            await upload.write(frames.frame(write))
        head = await asyncio.to_thread(sign, ends.head(header.store, header.revision, header.made_at))
        await upload.complete()
    checked = Checked(header, upload.size, upload.sha256.hexdigest())
    manifest = SnapshotManifest(f"{name.text}{CONTENT}", upload.version, checked, head)
    key = name.manifest(bucket.address)
    await asyncio.to_thread(_put_manifest, bucket, key, manifest.text, lock)
    return Saved(key, manifest, lock)


def choose(bucket: Bucket) -> ChosenSnapshot:
    """Choose the newest snapshot until the time of the bucket's address, or of all, and read its manifest.

    Raises NotFound (NO_SNAPSHOT), DataLoss (SNAPSHOT_DAMAGED), or as `Bucket`'s methods do.
    """
    address = bucket.address
    listed = _listed(bucket)
    fitting = [name for name in listed.whole if address.until is None or name.at <= address.until]
    if not fitting:
        until = f" from {address.until.isoformat()} or before" if address.until else ""
        there = f" The oldest one is of {listed.whole[0].at.isoformat()}." if listed.whole else ""
        halves = f" {_halves(listed.halves)}" if listed.halves else ""
        raise NotFound(
            f"{address.url()}: there is no snapshot{until}: look at the bucket and the prefix.{there}{halves}",
            reason="NO_SNAPSHOT",
        )
    name = fitting[-1]
    key = name.manifest(address)
    manifest = _manifest(bucket, key)
    if manifest.content != f"{name.text}{CONTENT}":
        raise bucket.damaged(key, f"it is the manifest of {manifest.content}")
    content = _content(bucket, name, manifest)
    newer = tuple(each for each in listed.whole if each > name)
    return ChosenSnapshot(name, manifest, content, newer, tuple(listed.halves))


def verify(bucket: Bucket, chosen: ChosenSnapshot) -> Checked:
    """Read a snapshot to its end, and compare it with its manifest; raises DataLoss (SNAPSHOT_DAMAGED)."""
    ends, said = ChainEnds(), chosen.manifest
    checked = snapshot_file.check(chosen.content, ends)
    key = chosen.name.content(bucket.address)
    if checked != said.checked:
        raise bucket.damaged(key, f"its SHA-256 is {checked.sha256}, and its manifest says {said.checked.sha256}")
    if ends.head(checked.header.store, checked.header.revision, said.head.made_at).members != said.head.members:
        raise bucket.damaged(key, "its audit does not end with the head that its manifest has")
    return checked


def lost_since(bucket: Bucket, chosen: ChosenSnapshot) -> list[str]:
    """Sentences about what is known to have been written after the chosen snapshot, and isn't in it."""
    words = []
    if chosen.newer:
        key = chosen.newer[-1].manifest(bucket.address)
        revision = chosen.manifest.checked.header.revision
        try:
            newest = _manifest(bucket, key).checked.header.revision
        except RegistryError as unknown:
            words.append(f"What is lost since is not known: {unknown.message}")
        else:
            lost = f"revisions {revision + 1} to {newest}" if newest > revision else "no revision"
            words.append(
                f"Not restored: {lost}, which {bucket.address.url(key)} of {chosen.newer[-1].at.isoformat()} has; "
                "what was written after that one is not known here."
            )
    else:
        words.append(
            f"It is the newest snapshot: what was written after revision {chosen.manifest.checked.header.revision} "
            f"({chosen.manifest.checked.header.made_at}) is lost, as far as no other copy has it."
        )
    if halves := [name for name in chosen.halves if name > chosen.name]:
        words.append(_halves(halves))
    return words


def tidy(bucket: Bucket, keep: timedelta | None, made: Saved, now: datetime) -> Tidied:
    """Remove snapshots that are older than `keep`, never the newest whole one, and what was left by broken uploads.

    What can't be removed is said, and stays.
    """
    done = Tidied()
    try:
        listed = _listed(bucket)
        _abort_abandoned(bucket, now, done)
    except RegistryError as failed:
        done.words.append(f"Older snapshots were not looked at: {failed.message}")
        return done
    if halves := [name for name in listed.halves if keep is None or now - name.at < max(keep, ABANDONED)]:
        done.words.append(_halves(halves))
    if keep is None:
        return done
    newest = {listed.whole[-1]} if listed.whole else set()
    made_here = {name for name in listed.whole if name.manifest(bucket.address) == made.key}
    for name in listed.whole:
        if name not in newest | made_here and now - name.at >= keep:
            # The manifest first: what is left of a removal that breaks off is no snapshot.
            _remove(bucket, [name.manifest(bucket.address), name.content(bucket.address)], done)
    for name in listed.halves:
        if now - name.at >= max(keep, ABANDONED):
            _remove(bucket, [name.content(bucket.address)], done)
    if done.removed and bucket.versions():
        done.words.append("The bucket keeps versions: what was removed can be brought back until its own rules end it.")
    return done


def _remove(bucket: Bucket, keys: Iterable[str], done: Tidied) -> None:
    try:
        for key in keys:
            bucket.remove(key)
            done.removed.append(key)
    except RegistryError as refused:
        done.words.append(f"Not removed: {refused.message}")


def _abort_abandoned(bucket: Bucket, now: datetime, done: Tidied) -> None:
    for key, upload, begun in bucket.unfinished():
        url = bucket.address.url(key)
        if now - begun < ABANDONED:
            done.words.append(f"{url}: an upload that is not complete was passed over: another snapshot may be made.")
        else:
            bucket.abort(key, upload)
            done.words.append(f"{url}: an upload that was begun {begun.isoformat()} and never completed was removed.")


def _listed(bucket: Bucket) -> _Listed:
    address, keys = bucket.address, bucket.listed()
    manifests = {name for key in keys if (name := name_of(address, key, MANIFEST))}
    contents = {name for key in keys if (name := name_of(address, key, CONTENT))}
    return _Listed(sorted(manifests), sorted(contents - manifests))


def _manifest(bucket: Bucket, key: str) -> SnapshotManifest:
    return snapshot_manifest.read_manifest(bucket.read(key, snapshot_manifest.MOST), bucket.address.url(key))


def _content(bucket: Bucket, name: SnapshotName, manifest: SnapshotManifest) -> S3Content:
    """The content that a manifest tells of, of the size that it tells.

    Another bucket, to which it was copied, has other versions: its only one is then taken, and its SHA-256 decides.
    """
    key = name.content(bucket.address)
    try:
        version, size = manifest.content_version, bucket.size(key, manifest.content_version)
    except DataLoss:
        if not manifest.content_version:
            raise
        version, size = "", bucket.size(key)
    if size != manifest.checked.size:
        raise bucket.damaged(key, f"it has {size} bytes, and its manifest says {manifest.checked.size}")
    return S3Content(bucket, key, version, size)


def _put_manifest(bucket: Bucket, key: str, text: bytes, lock: Lock) -> None:
    checksum = base64.b64encode(hashlib.sha256(text).digest()).decode()
    try:
        with bucket.telling(key):
            bucket.client.put_object(
                Bucket=bucket.address.bucket,
                Key=key,
                Body=text,
                ChecksumSHA256=checksum,
                ContentType="application/json",
                IfNoneMatch="*",
                **lock.arguments,
            )
    except FailedPrecondition:
        # The answer may have been lost, and the request been sent again: then it is ours.
        if bucket.read(key, snapshot_manifest.MOST) != text:
            raise


def _halves(names: Iterable[SnapshotName]) -> str:
    listed = list(names)
    what = "is half an upload, or being made" if len(listed) == 1 else "are half uploads, or being made"
    return f"Without a manifest, and so passed over: {', '.join(name.text for name in listed)}, which {what}."


def now() -> datetime:
    """The time in UTC, by whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
