"""What `schemaregistry snapshot` and `restore` do with an address in S3; `snapshots.py` has the commands."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from schemaregistry_server.ops import head_signing, s3_snapshots
from schemaregistry_server.ops.head_signing import HeadSigner
from schemaregistry_server.ops.s3_address import S3Options, read_address, read_duration
from schemaregistry_server.ops.s3_bucket import Bucket, Lock
from schemaregistry_server.ops.s3_snapshots import ChosenSnapshot, Saved, Tidied
from schemaregistry_server.ops.snapshot_file import Checked, Header
from schemaregistry_server.ops.store_locator import StoreLocator


@dataclass(frozen=True, slots=True)
class Verified:
    """A snapshot that was read to its end; `words` are about it, `answer` the same for programs."""

    chosen: ChosenSnapshot
    checked: Checked
    words: tuple[str, ...]
    answer: Mapping[str, object]


def snapshot(
    text: str, place: StoreLocator, options: S3Options, signer: HeadSigner, keep: str
) -> tuple[list[str], dict[str, object]]:
    """Write a snapshot of the store under an address, and return what was done: sentences, and for programs."""
    duration = read_duration(keep) if keep else None
    bucket = Bucket(read_address(text), options)
    lock = bucket.lock(duration, s3_snapshots.now())
    saved = uvloop.run(_save(bucket, place, signer, lock))
    tidied = s3_snapshots.tidy(bucket, duration, saved, s3_snapshots.now())
    return _about(bucket, saved, tidied)


def verify(text: str, options: S3Options, key: Path | None) -> Verified:
    """Choose the snapshot that an address means, and read it to its end; raises as `s3_snapshots.verify`.

    `key` is the public key by which the head in its manifest must be signed.
    """
    bucket = Bucket(read_address(text, may_choose=True), options)
    chosen = s3_snapshots.choose(bucket)
    signed, signature = head_signing.signature(chosen.manifest.head, key)
    checked = s3_snapshots.verify(bucket, chosen)
    lost = s3_snapshots.lost_since(bucket, chosen)
    words = (f"All of it was verified: it ends with the head of its manifest, {signed}.", *lost)
    answer = {"snapshot": bucket.address.url(chosen.name.manifest(bucket.address)), "lost": lost, **signature}
    return Verified(chosen, checked, words, answer)


async def _save(bucket: Bucket, place: StoreLocator, signer: HeadSigner, lock: Lock) -> Saved:
    async with place.reading() as store, store.stream() as stored:
        made_at = s3_snapshots.now().isoformat()
        header = Header(place.kind, stored.revision, stored.versions, made_at, stored.state_changes)
        return await s3_snapshots.save(bucket, lock, header, stored.writes, signer.signed)


def _about(bucket: Bucket, saved: Saved, tidied: Tidied) -> tuple[list[str], dict[str, object]]:
    url, head = bucket.address.url(saved.key), saved.manifest.head
    words = [f"Its manifest is {url}: {'with a signed head' if head.signed else 'its head is not signed'}."]
    if saved.lock.words:
        words.append(f"The bucket's objects: {saved.lock.words}.")
    words += [f"Removed: {bucket.address.url(key)}" for key in tidied.removed] + tidied.words
    answer = {
        "manifest": url,
        **asdict(saved.manifest.checked.header),
        "size": saved.manifest.checked.size,
        "sha256": saved.manifest.checked.sha256,
        "signed": bool(head.signed),
        "lock": saved.lock.words,
        "removed": [bucket.address.url(key) for key in tidied.removed],
        "words": tidied.words,
    }
    return words, answer
