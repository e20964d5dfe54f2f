"""The command `schemaregistry audit`: prove that nothing in a store was changed, by `store/store_history.py`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from schemaregistry.cli.option_groups import with_groups
from schemaregistry_server.ops import snapshot_file
from schemaregistry_server.ops.store_errors import ending_with_code
from schemaregistry_server.ops.store_locator import AsJsonLine, StoreLocator, tell
from schemaregistry_server.store import store_history


class Action(StrEnum):
    VERIFY = "verify"


@with_groups
def audit(
    action: Annotated[Action, typer.Argument(show_default=False, help="verify is all there is.")],  # noqa: ARG001
    snapshot: Annotated[Path | None, typer.Option(metavar="FILE", help="A snapshot that was taken before.")] = None,
    *,
    place: StoreLocator,
    as_json: AsJsonLine = False,
) -> None:
    """Prove that every audit record follows the one before it, and that each version is what its record says.

    Whoever can write to the store could make a whole new chain: with --snapshot it is also proved that all that was
    there then is there still, and unchanged.

    Exit codes: 0 as it was written, 1 changed, 2 there is no such store or snapshot, 3 could not tell (a file is cut
    off). With --json what is wrong is a line of JSON, too.
    """
    with ending_with_code(as_json=as_json):
        records, revision = uvloop.run(_verified(place, snapshot))
    words = f"{records} audit records up to revision {revision}: all as they were written."
    tell(words, {"records": records, "revision": revision}, as_json=as_json)


async def _verified(place: StoreLocator, snapshot: Path | None) -> tuple[int, int]:
    """Verify the store, and compare it with `snapshot` if that is set; return its number of records and revision."""
    stored = await place.history()
    if snapshot:
        same_chain = snapshot_file.check(snapshot).header.store == place.kind
        store_history.require(stored, snapshot_file.read(snapshot), same_chain=same_chain)
    return len(stored.writes), stored.revision
