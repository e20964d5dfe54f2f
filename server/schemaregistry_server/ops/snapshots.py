"""The commands `schemaregistry snapshot` and `restore`: save a store's whole history to a file or to S3, and load it.

`s3_commands.py` has what is done in S3, `snapshot_file.py` the file's format, `store/store_history.py` the proof of a
history.
"""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.document.message_text import shown
from schemaregistry.errors import DataLoss, InvalidArgument
from schemaregistry.plural import counted
from schemaregistry_server.ops import snapshot_file
from schemaregistry_server.ops.head_signing import HeadSigner
from schemaregistry_server.ops.s3_address import S3Options, is_s3
from schemaregistry_server.ops.snapshot_file import Checked, Header, SnapshotSource
from schemaregistry_server.ops.store_errors import ending_with_code
from schemaregistry_server.ops.store_locator import AsJsonLine, StoreLocator, tell
from schemaregistry_server.store import store_history
from schemaregistry_server.store.base import StateChange
from schemaregistry_server.store.store_history import WriteDigests

NEW_REVISIONS: Final = """\
etcd counts its own revisions, so each version has a new one: whoever watches must begin again at revision 0."""

Snapshot = Annotated[
    str, typer.Argument(metavar="FILE|s3://BUCKET/PREFIX/", show_default=False, help="Where it is written.")
]
Taken = Annotated[
    str, typer.Argument(metavar="FILE|s3://BUCKET/PREFIX/[@TIME]", show_default=False, help="The snapshot.")
]
Sha256 = Annotated[str, typer.Option(metavar="HEX", help="What it must have: `snapshot` said it, or sha256sum.")]


@with_groups
def snapshot(  # noqa: PLR0913 (the options of a command)
    file: Snapshot,
    *,
    keep: Annotated[
        str, typer.Option(metavar="TIME", help="In S3: remove those that are older (14d, 36h, 2w), never the newest.")
    ] = "",
    place: StoreLocator,
    s3: S3Options,
    signer: HeadSigner,
    as_json: AsJsonLine = False,
) -> None:
    """Write every version with its audit record into FILE, over what is there, or into a bucket of S3, beside it.

    The registry may run meanwhile. All is proved on the way: no snapshot is made of a store whose documents or audit
    records were changed. FILE is a regular file, or a link to one, since it is read back. In S3 a manifest is written
    last, with the audit's head, signed where a signer is named; without its manifest an upload is no snapshot.

    Exit codes: 0 written, 1 the store was changed, 2 the store, FILE or bucket can't be used, 3 could not tell.
    """
    with ending_with_code(as_json=as_json):
        if is_s3(file):
            from schemaregistry_server.ops import s3_commands  # noqa: PLC0415 (boto3 is an extra)

            sentences, told = s3_commands.snapshot(file, place, s3, signer, keep)
            tell("\n".join(sentences), told, as_json=as_json)
            return
        if keep or signer.sign:
            raise InvalidArgument("--keep and --sign are for a snapshot in S3: s3://BUCKET/PREFIX/.", reason="NOT_S3")
        path = Path(file)
        snapshot_file.target(path)
        uvloop.run(_save(place, path))
        words, answer = _about(file, snapshot_file.check(path))
    tell(words, answer, as_json=as_json)


@with_groups
def restore(  # noqa: PLR0913 (as above)
    file: Taken,
    *,
    place: StoreLocator,
    s3: S3Options,
    sha256: Sha256 = "",
    key: Annotated[
        Path | None, typer.Option(metavar="PEM", help="The public key that the manifest's head in S3 is signed by.")
    ] = None,
    as_json: AsJsonLine = False,
) -> None:
    """Write what a snapshot has into an empty store, then read it back and compare.

    It is read to its end first: one that was changed, cut off or added to is refused before anything is written, with
    exit code 3. In S3 it is the newest one with a manifest, or with @TIME the newest until then.
    The embedded store keeps the revisions; etcd gives new ones, and keeps the order of each schema's versions.

    Exit codes: 0 restored, 1 what was read back differs, or --key has not signed it, 2 the store or FILE can't be
    used, 3 the snapshot is damaged, or the store or the bucket is away.
    """
    with ending_with_code(as_json=as_json):
        sha256 = _hex_digits(sha256)
        source: SnapshotSource
        if is_s3(file):
            from schemaregistry_server.ops import s3_commands  # noqa: PLC0415 (boto3 is an extra)

            found = s3_commands.verify(file, s3, key)
            source, checked, further = found.chosen.content, found.checked, found
        else:
            if key:
                raise InvalidArgument("--key is for a snapshot in S3, whose manifest has a head.", reason="NOT_S3")
            source = Path(file)
            checked = snapshot_file.check(source)
        _require_sum(str(source), checked, sha256)
        uvloop.run(_restore(place, source, same_chain=place.kind == checked.header.store))
        words, answer = _about(str(source), checked)
        if is_s3(file):
            words, answer = " ".join([words + ".", *further.words]), {**answer, **further.answer}
    tell(words, answer, as_json=as_json)
    if place.kind == "etcd" and not as_json:
        say(NEW_REVISIONS)


def _hex_digits(sha256: str) -> str:
    digits = sha256.removeprefix("sha256:").lower()
    if digits and not re.fullmatch("[0-9a-f]{64}", digits):
        raise InvalidArgument(f"--sha256 {shown(sha256)}: not 64 hex digits.", reason="BAD_SHA256")
    return digits


def _require_sum(name: str, checked: Checked, sha256: str) -> None:
    if sha256 and sha256 != checked.sha256:
        raise DataLoss(
            f"{name}: its SHA-256 is {checked.sha256}, not {sha256}: it was changed, or is another snapshot.",
            reason="SNAPSHOT_DAMAGED",
            metadata={"file": name},
        )


async def _save(place: StoreLocator, file: Path) -> None:
    stored = await place.history()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    changes = sum(isinstance(write.entry, StateChange) for write in stored.writes)
    header = Header(place.kind, stored.revision, len(stored.writes) - changes, now, changes)
    snapshot_file.save(file, header, stored.writes)


async def _restore(place: StoreLocator, file: SnapshotSource, *, same_chain: bool) -> None:
    """Write the snapshot into the store, read it back and compare: each id's writes as a whole.

    Where they differ, since somebody else writes there, or something is wrong, all are compared one by one.
    """
    same_revisions = place.kind == "sqlite"
    written = WriteDigests(same_chain=same_chain, same_revisions=same_revisions)
    there = WriteDigests(same_chain=same_chain, same_revisions=same_revisions)
    async with place.writing() as store:
        await store.restore(write.entry for write in written.passing(snapshot_file.read(file)))
        async with store.stream() as stored:
            async for write in stored.writes:
                there.add(write)
        if there.of_ids != written.of_ids:
            stored_all = await store_history.read(store)
            store_history.require(
                stored_all, snapshot_file.read(file), same_chain=same_chain, same_revisions=same_revisions
            )


def _about(name: str, checked: Checked) -> tuple[str, dict[str, object]]:
    """What a snapshot has, in words and for programs."""
    header = checked.header
    changes = counted(header.state_changes, "change of a state", "changes of states")
    held = counted(header.versions, "version") + (f" and {changes}" if header.state_changes else "")
    words = (
        f"{name}: {held} up to revision {header.revision} of a store in {header.store}, "
        f"read {header.made_at}; {checked.size} bytes, SHA-256 {checked.sha256}"
    )
    return words, {"file": name, **asdict(header), "size": checked.size, "sha256": checked.sha256}
