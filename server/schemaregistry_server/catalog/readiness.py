"""Whether a server is ready for calls, and why not; `transport/health.py` and `runtime/health_process.py` answer it."""

from dataclasses import dataclass

from schemaregistry_server.catalog.current import CurrentCatalog


@dataclass(frozen=True, slots=True)
class ReadinessState:
    """Whether a server is ready for calls, and the text of `/readyz` about it."""

    ready: bool
    text: str


class Readiness:
    """One server process's readiness, from its start to its end."""

    def __init__(self) -> None:
        self._waits_for: str | None = "its start"
        self._current = CurrentCatalog()

    def wait(self, what: str) -> None:
        """Become not ready; `what` is the thing that is waited for."""
        self._waits_for = what

    def serve(self, current: CurrentCatalog) -> None:
        """Become ready; calls are answered from `current`."""
        self._waits_for, self._current = None, current

    @property
    def state(self) -> ReadinessState:
        """The state now. A server whose store can't be reached is ready all the same: it answers from memory.

        Otherwise an outage of the store would take every server out of service at once.
        """
        if self._waits_for:
            return ReadinessState(False, f"waits for {self._waits_for}")
        if outage := self._current.outage:
            since = outage.since.isoformat(timespec="seconds")
            return ReadinessState(True, f"ready; stale since {since}, reads are from memory: {outage.why}")
        return ReadinessState(True, "ready")
