"""The commands `schemaregistry snapshot` and `restore`: save a store's whole history to a file, and load it again.

`snapshot_file.py` has the file's format, `store/store_history.py` the proof of a history.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.errors import DataLoss
from schemaregistry_server.ops import snapshot_file
from schemaregistry_server.ops.snapshot_file import Checked, Header
from schemaregistry_server.ops.store_errors import ending_with_code
from schemaregistry_server.ops.store_locator import AsJsonLine, StoreLocator, tell
from schemaregistry_server.store import store_history
from schemaregistry_server.store.base import StateChange

NEW_REVISIONS: Final = """\
etcd counts its own revisions, so each version has a new one: whoever watches must begin again at revision 0."""

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="The snapshot.")]
Sha256 = Annotated[str, typer.Option(metavar="HEX", help="What FILE must have: `snapshot` said it, or sha256sum.")]


@with_groups
def snapshot(
    file: File,
    *,
    place: StoreLocator,
    as_json: AsJsonLine = False,
) -> None:
    """Write every version with its audit record into FILE, over what is there; the registry may run meanwhile.

    All of it is proved on the way: no snapshot is made of a store whose documents or audit records were changed.
    FILE is a regular file, or a link to one, since it is read back.

    Exit codes: 0 written, 1 the store was changed, 2 the store or FILE can't be used, 3 could not tell.
    """
    with ending_with_code(as_json=as_json):
        snapshot_file.target(file)
        uvloop.run(_save(place, file))
        _say(file, snapshot_file.check(file), as_json=as_json)


@with_groups
def restore(
    file: File,
    *,
    place: StoreLocator,
    sha256: Sha256 = "",
    as_json: AsJsonLine = False,
) -> None:
    """Write what FILE has into an empty store, then read it back and compare.

    FILE is read to its end first: one that was changed, cut off or added to is refused before anything is written,
    with exit code 3.
    The embedded store keeps the revisions; etcd gives new ones, and keeps the order of each schema's versions.

    Exit codes: 0 restored, 1 what was read back differs, 2 the store or FILE can't be used, 3 FILE is damaged, or the
    store is away.
    """
    with ending_with_code(as_json=as_json):
        checked = _checked(file, sha256)
        uvloop.run(_restore(place, file, same_chain=place.kind == checked.header.store))
        _say(file, checked, as_json=as_json)
    if place.kind == "etcd" and not as_json:
        say(NEW_REVISIONS)


def _checked(file: Path, sha256: str) -> Checked:
    checked = snapshot_file.check(file)
    if sha256 and sha256.removeprefix("sha256:").lower() != checked.sha256:
        raise DataLoss(
            f"{file}: its SHA-256 is {checked.sha256}, not {sha256}: it was changed, or is another snapshot.",
            reason="SNAPSHOT_DAMAGED",
            metadata={"file": str(file)},
        )
    return checked


async def _save(place: StoreLocator, file: Path) -> None:
    stored = await place.history()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    changes = sum(isinstance(write.entry, StateChange) for write in stored.writes)
    header = Header(place.kind, stored.revision, len(stored.writes) - changes, now, changes)
    snapshot_file.save(file, header, stored.writes)


async def _restore(place: StoreLocator, file: Path, *, same_chain: bool) -> None:
    async with place.writing() as store:
        await store.restore(write.entry for write in snapshot_file.read(file))
        stored = await store_history.read(store)
    same_revisions = place.kind == "sqlite"
    store_history.require(stored, snapshot_file.read(file), same_chain=same_chain, same_revisions=same_revisions)


def _say(file: Path, checked: Checked, *, as_json: bool) -> None:
    header = checked.header
    changes = f" and {header.state_changes} changes of states" if header.state_changes else ""
    words = (
        f"{file}: {header.versions} versions{changes} up to revision {header.revision} of a store in {header.store}, "
        f"read {header.made_at}; {checked.size} bytes, SHA-256 {checked.sha256}"
    )
    answer = {"file": str(file), **asdict(header), "size": checked.size, "sha256": checked.sha256}
    tell(words, answer, as_json=as_json)
