"""The latest version of each schema as a watch tells of it: reading one costs a dict lookup. Watches nothing itself."""

import os
import time
from copy import copy

from schemaregistry.client.answers import Event, Fetched
from schemaregistry.client.renewal import forked
from schemaregistry.errors import DeadlineExceeded, NotFound, RegistryError, Unavailable


class Latest:
    """What a followed registry has, and how fresh that is. One thread or task takes events, any number read."""

    def __init__(self, max_staleness: float) -> None:
        self._max_staleness = max_staleness
        self._heard_at = time.monotonic()
        self._process = os.getpid()
        self._shown: dict[str, Fetched] = {}
        self._filling: dict[str, Fetched] = {}
        self.failure: RegistryError | None = None
        """What ended the watch for good."""

    def get(self, id: str) -> Fetched:
        """The latest version of `id`.

        Raises:
            NotFound: it isn't registered, or isn't followed.
            Unavailable: the registry was not heard of for `max_staleness` seconds (reason STALE).
            FailedPrecondition: it was closed, as was its client (reason CLIENT_CLOSED), or made before this process was
                forked, and is that old by now (reason FORKED).
            PermissionDenied, …: what ended the watch for good.
        """
        if self.failure is not None:
            raise copy(self.failure)
        silence = time.monotonic() - self._heard_at
        if silence > self._max_staleness:
            if os.getpid() != self._process:
                raise forked("cache")
            allowed = f"longer than the {self._max_staleness:,.0f} s allowed"
            message = f"the registry was last heard of {silence:,.0f} s ago, {allowed}: check that it is running"
            raise Unavailable(message, reason="STALE")
        try:
            return self._shown[id]
        except KeyError:
            raise NotFound(f"no schema {id} is followed here", reason="NO_SUCH_SCHEMA") from None

    def begin(self) -> None:
        """Fill anew, from a watch's first event; what is there is shown until then."""
        self._filling = {}

    def take(self, event: Event) -> bool:
        """Take one event; true where everything that the registry has is shown, from the first progress mark on."""
        if event.document is not None:
            fetched = Fetched(event.document, event.id, event.version, event.revision, event.fingerprint)
            self._filling[event.id] = fetched
        if event.kind == "progress":
            self._shown = self._filling
        if not event.stale:
            self._heard_at = time.monotonic()
        return self._shown is self._filling


def not_filled(timeout: float) -> DeadlineExceeded:
    """The error of a registry that does not send what it has in time."""
    message = f"the registry did not send what it has within {timeout:g} s: try again, or allow more time"
    return DeadlineExceeded(message, reason="DEADLINE_EXCEEDED")
