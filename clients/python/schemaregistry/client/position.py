"""Where a watch is: what to ask for next, what was had already, when to try again. Sends nothing and never waits."""

import random
from collections.abc import Iterable
from typing import Final

from schemaregistry.client.answers import Event, EventKind
from schemaregistry.client.calls import message_of
from schemaregistry.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    RegistryError,
    Unauthenticated,
    Unimplemented,
)
from schemaregistry.v1 import registry_pb2

_FINAL: Final = (
    InvalidArgument,
    NotFound,
    FailedPrecondition,
    OutOfRange,
    Unauthenticated,
    PermissionDenied,
    Unimplemented,
)
"""What asking again won't change."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


def many_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids to watch; raises InvalidArgument (reason BAD_IDS) for a single string, which would be watched by letters."""
    if isinstance(ids, str):
        raise InvalidArgument(f"ids={ids!r}: give a list of ids, as in [{ids!r}]", reason="BAD_IDS")
    return tuple(ids)


class Position:
    """The state of one watch through all its connections."""

    def __init__(self, after_revision: int, ids: Iterable[str], *, include_documents: bool) -> None:
        self._revision = after_revision
        self._ids = tuple(ids)
        self._include_documents = include_documents
        self._heard = False
        self._caught_up = False
        self._failures = 0

    def request(self) -> registry_pb2.WatchSchemasRequest:
        """What brings everything that was not delivered yet."""
        return message_of(
            registry_pb2.WatchSchemasRequest,
            after_revision=self._revision,
            ids=self._ids,
            include_documents=self._include_documents,
        )

    def accept(self, message: registry_pb2.WatchSchemasResponse) -> Event | None:
        """The event to deliver, None for a version that was delivered before.

        After a new connection the server calls `snapshot` what was registered meanwhile; to this watch it is a change.
        """
        self._heard, self._failures = True, 0
        if message.HasField("progress"):
            self._caught_up = True
            self._revision = max(self._revision, message.revision)
            return Event("progress", self._revision, stale=message.progress.stale)
        if message.revision <= self._revision:
            return None
        self._revision = message.revision
        entry = message.change if message.HasField("change") else message.snapshot
        kind: EventKind = "change" if self._caught_up else "snapshot"
        document = message.document if self._include_documents else None
        return Event(kind, message.revision, entry.id, entry.version, entry.fingerprint, document)

    def survives(self, error: RegistryError) -> bool:
        """Whether to connect again after `error`: not where that changes nothing, and not before the first message."""
        return self._heard and not isinstance(error, _FINAL)

    def pause(self) -> float:
        """Seconds to wait before connecting again: random, so that watchers spread out, up to a bound that doubles."""
        bound = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return random.uniform(0, bound)  # noqa: S311 (spreading load, not keeping a secret)
