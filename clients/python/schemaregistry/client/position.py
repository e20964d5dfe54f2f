"""The position of a watch: what to ask for next, which events were delivered, and when to try again.

`watch.py` sends the requests and waits.
"""

import random
from collections.abc import Iterable
from typing import Final

from schemaregistry.client.answers import Event, EventKind, Fetched
from schemaregistry.client.calls import message_of, state_of
from schemaregistry.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    RegistryError,
    ResourceExhausted,
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
"""Errors after which connecting again is useless."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
"""Seconds."""


def many_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids as a tuple.

    Raises InvalidArgument (reason BAD_IDS) for what is no list, and for a single string: each of its letters would be
    taken for an id.
    """
    if isinstance(ids, str):
        raise InvalidArgument(f"ids={ids!r}: give a list of ids, as in [{ids or 'ticks_v1'!r}]", reason="BAD_IDS")
    try:
        return tuple(ids)
    except TypeError:
        raise InvalidArgument(f"ids={ids!r}: give a list of ids, as in ['ticks_v1']", reason="BAD_IDS") from None


class Position:
    """The state of one watch, across all its connections."""

    def __init__(self, after_revision: int, ids: Iterable[str], *, include_documents: bool) -> None:
        self._revision = after_revision
        self._ids = tuple(ids)
        self._include_documents = include_documents
        self._heard = False
        self._caught_up = False
        self._failures = 0
        self._told = 0.0

    def request(self) -> registry_pb2.WatchSchemasRequest:
        """Return the request for everything that wasn't delivered yet.

        Raises InvalidArgument (reason BAD_ARGUMENT) where an id or the revision has the wrong type or range.
        """
        return message_of(
            registry_pb2.WatchSchemasRequest,
            after_revision=self._revision,
            ids=self._ids,
            include_documents=self._include_documents,
        )

    def accept(self, message: registry_pb2.WatchSchemasResponse) -> Event | None:
        """Return the event to deliver, or None for a version that was delivered before.

        After a reconnection the server sends the versions registered meanwhile as `snapshot`; this watch has caught up
        before, so for its reader they are changes.
        """
        self._heard, self._failures = True, 0
        if message.HasField("progress"):
            self._caught_up = True
            self._revision = max(self._revision, message.revision)
            return Event("progress", self._revision, stale=message.progress.stale)
        if message.revision <= self._revision:
            return None
        self._revision = message.revision
        if message.HasField("state_change"):
            return _state_event(message)
        entry = message.change if message.HasField("change") else message.snapshot
        kind: EventKind = "change" if self._caught_up else "snapshot"
        document = message.document if self._include_documents else None
        # A server from before this field (and states) says nothing: what it sends last counts as the latest there.
        is_latest = message.latest_version == entry.version or not (message.latest_version or entry.state)
        return Event(kind, message.revision, entry.id, entry.version, entry.fingerprint, document, is_latest=is_latest)

    def should_reconnect(self, error: RegistryError) -> bool:
        """Tell whether to connect again after `error`: not after a final one, and not before the first message.

        A watch that never heard anything fails, so that its caller learns at once that the registry can't be reached.
        """
        self._told = error.retry_after if isinstance(error, ResourceExhausted) else 0.0
        return self._heard and not isinstance(error, _FINAL)

    def pause(self) -> float:
        """Return the seconds to wait before connecting again, and count a failure.

        They are random, so that watchers don't all come back at once, below a bound that doubles with each failure;
        and as many more as the registry asked for, where a limit was reached.
        """
        # The exponent is limited, since a float overflows after some thousand failures.
        bound = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return self._told + random.uniform(0, bound)  # noqa: S311 (spreading load, not keeping a secret)


def _state_event(message: registry_pb2.WatchSchemasResponse) -> Event:
    changed, found = message.state_change, message.latest
    latest = None
    if message.HasField("latest"):
        facts = (found.id, found.version, found.revision, found.fingerprint)
        latest = Fetched(message.document, *facts, state=state_of(found))
    return Event(
        "state",
        message.revision,
        changed.id,
        changed.version,
        changed.fingerprint,
        is_latest=message.latest_version == changed.version,
        state=state_of(changed),
        latest=latest,
    )
