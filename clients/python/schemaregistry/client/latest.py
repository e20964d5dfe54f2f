"""The latest version of each schema, built from the events of a watch; reading one is a dict lookup.

`follow.py` runs the watch.
"""

import os
import time
from copy import copy

from schemaregistry.client.answers import Event, Fetched
from schemaregistry.client.renewal import forked
from schemaregistry.client.state_warnings import told_once
from schemaregistry.errors import DeadlineExceeded, NotFound, RegistryError, Unavailable


class Latest:
    """The latest versions, and how fresh they are. One thread or task takes events, any number may read."""

    def __init__(self, max_staleness: float) -> None:
        self._max_staleness = max_staleness
        self._heard_at = time.monotonic()
        self._process = os.getpid()
        self._shown: dict[str, Fetched] = {}
        self._filling: dict[str, Fetched] = {}
        self._retracted: set[str] = set()
        self.failure: RegistryError | None = None
        """The error that ended the watch for good."""

    def get(self, id: str) -> Fetched:
        """Return the latest version of `id`.

        Raises NotFound where it isn't registered or isn't followed, or every version is retracted. Raises Unavailable
        (reason STALE) where nothing was heard from the registry for `max_staleness` seconds; in a process that was
        forked since the cache was made, this is FailedPrecondition (reason FORKED). Raises FailedPrecondition (reason
        CLIENT_CLOSED) where the cache or its client was closed, and otherwise the error that ended the watch for good,
        such as PermissionDenied.
        """
        if self.failure is not None:
            raise copy(self.failure)  # a copy, since each raise adds to an exception's traceback
        silence = time.monotonic() - self._heard_at
        if silence > self._max_staleness:
            # A fork doesn't copy the thread that takes events, so here the cache can only grow older.
            if os.getpid() != self._process:
                raise forked("cache")
            allowed = f"longer than the {self._max_staleness:,.0f} s allowed"
            message = f"the registry was last heard of {silence:,.0f} s ago, {allowed}: check that it is running"
            raise Unavailable(message, reason="STALE")
        try:
            return told_once(self._shown[id])
        except KeyError:
            if id in self._retracted:
                message = f"every version of {id} is retracted: ask for one by its number"
                raise NotFound(message, reason="ALL_RETRACTED") from None
            raise NotFound(f"no schema {id} is followed here", reason="NO_SUCH_SCHEMA") from None

    def begin(self) -> None:
        """Start to fill again from the first event of a new watch; `get` serves the old versions until that is done."""
        self._filling = {}

    def take(self, event: Event) -> bool:
        """Take one event. Return whether `get` serves what this watch sent, which is so from its first progress mark
        on."""
        if event.document is not None and event.is_latest:
            fetched = Fetched(event.document, event.id, event.version, event.revision, event.fingerprint)
            self._filling[event.id] = fetched
            self._retracted.discard(event.id)
        if event.kind == "state":
            self._take_state(event)
        if event.kind == "progress":
            self._shown = self._filling
        if not event.stale:
            self._heard_at = time.monotonic()
        return self._shown is self._filling

    def _take_state(self, event: Event) -> None:
        """Follow what `latest` means after a version was deprecated, retracted or made active again."""
        if event.latest is None:
            self._filling.pop(event.id, None)
            self._retracted.add(event.id)
        else:
            self._filling[event.id] = event.latest
            self._retracted.discard(event.id)


def not_filled(timeout: float) -> DeadlineExceeded:
    """Return the error for a registry that doesn't send its versions within `timeout` seconds."""
    message = f"the registry did not send what it has within {timeout:g} s: try again, or allow more time"
    return DeadlineExceeded(message, reason="DEADLINE_EXCEEDED")
