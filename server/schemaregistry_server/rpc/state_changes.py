"""Set the state of a registered version: active, deprecated or retracted.

A retracted version is no longer `latest`, and candidates are not judged against it. It can come back unless that would
put two versions beside each other that were never judged together.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemaregistry.document import parse_version
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.catalog.catalog import Schema
from schemaregistry_server.catalog.catalog_version import CatalogVersion
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.rpc.registration import Registrar
from schemaregistry_server.store.base import StateChange, Store


@dataclass(frozen=True, slots=True)
class AppliedState:
    """The version in its new state, the one before, and the schema as it is now; `changed` is false where it was so."""

    version: CatalogVersion
    before: VersionState
    schema: Schema
    changed: bool


class StateChanges:
    """Writes changes of states; they take turns with the registrations of the same id."""

    def __init__(self, store: Store, current: CurrentCatalog, registrar: Registrar) -> None:
        self._store = store
        self._current = current
        self._registrar = registrar

    async def set(self, change: StateChange, *, expected_revision: int, token: str = "") -> AppliedState:
        """Give a version its state, for the identity `changed_by`, whose `token` the store gets.

        Of `change` the fingerprint and the time are filled in here. Once this returns, this server's reads see it.

        With an `expected_revision` that of the version's last change must be it, unless the version is in that state
        already. Raises NotFound, FailedPrecondition (STATE_CHANGED, JUDGED_APART) or Unavailable.
        """
        change = replace(change, version=str(parse_version(change.version.removeprefix("v"))))
        return await self._registrar.in_turn(change.id, lambda: self._attempt(change, expected_revision, token))

    async def _attempt(self, change: StateChange, expected: int, token: str) -> AppliedState:
        id, number, state = change.id, change.version, change.state  # noqa: A001 (the field's term)
        schema = self._current.catalog.schema(id)
        found = schema.find(number)
        before = found.history.state
        if before == state:
            return AppliedState(found, before, schema, changed=False)
        _check_unchanged(found, expected)
        if found.is_retracted and state.name != "retracted":
            _check_judged_together(found, schema.standing)
        change = replace(change, fingerprint=found.entry.fingerprint, changed_at=time.time_ns() // 1000)
        revision = await self._store.put_state(change, expected_writes=schema.writes, token=token)
        schema = (await self._registrar.seen(revision)).schema(id)
        return AppliedState(schema.by_version[number], before, schema, changed=True)


def _check_unchanged(found: CatalogVersion, expected: int) -> None:
    revision = found.history.revision or found.revision
    if expected not in (0, revision):
        state = found.history.state
        raise FailedPrecondition(
            f"{found.id} {found.version} has been {state.name} since revision {revision}, and you expected {expected}: "
            "someone else changed it. Look at it again, then decide.",
            reason="STATE_CHANGED",
            metadata={"state": state.name, "state_revision": str(revision)},
        )


def _check_judged_together(back: CatalogVersion, standing: Sequence[CatalogVersion]) -> None:
    """Raise FailedPrecondition where one version was registered while the other was retracted.

    It was then judged without regard to the other.
    """
    for other in standing:
        if back.history.was_retracted_at(other.revision) or other.history.was_retracted_at(back.revision):
            raise FailedPrecondition(
                f"{back.id} {back.version} can't come back: {other.version} was registered without regard to it, so "
                "that the two were never compared. Publish its content under a new version.",
                reason="JUDGED_APART",
                metadata={"id": back.id, "version": back.version, "other": other.version},
            )
