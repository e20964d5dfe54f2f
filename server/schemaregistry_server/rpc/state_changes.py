"""Set the state of a registered version: active, deprecated or retracted.

A retracted version is no longer `latest`, and candidates are not judged against it. It can come back unless that would
put two versions beside each other that were never judged together.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

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

    async def set(
        self,
        id: str,  # noqa: A002 (the field's term)
        version: str,
        state: VersionState,
        *,
        who: str,
        expected_revision: int,
    ) -> AppliedState:
        """Give a version its state, for the identity `who`; once this returns, this server's reads see it.

        With an `expected_revision` that of the version's last change must be it, unless the version is in that state
        already. Raises NotFound, FailedPrecondition (STATE_CHANGED, JUDGED_APART) or Unavailable.
        """
        number = str(parse_version(version.removeprefix("v")))
        return await self._registrar.in_turn(id, lambda: self._attempt(id, number, state, who, expected_revision))

    async def _attempt(self, id: str, number: str, state: VersionState, who: str, expected: int) -> AppliedState:  # noqa: A002
        schema = self._current.catalog.schema(id)
        found = schema.find(number)
        before = found.history.state
        if before == state:
            return AppliedState(found, before, schema, changed=False)
        _check_unchanged(found, expected)
        if found.is_retracted and state.name != "retracted":
            _check_judged_together(found, schema.standing)
        entry = found.entry
        change = StateChange(id, number, state, entry.fingerprint, who, time.time_ns() // 1000)
        revision = await self._store.put_state(change, expected_writes=schema.writes)
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
