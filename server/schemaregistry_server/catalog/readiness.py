"""Whether calls should come to a server now, and why not: what `/readyz` says. Holds no HTTP."""

from dataclasses import dataclass

from schemaregistry_server.catalog.current import CurrentCatalog


@dataclass(frozen=True, slots=True)
class ReadinessState:
    """Whether calls should come, and a line or more about it."""

    ready: bool
    text: str


class Readiness:
    """What one server process waits for, from its start to its end."""

    def __init__(self) -> None:
        self._waits_for: str | None = "its start"
        self._current = CurrentCatalog()

    def wait(self, what: str) -> None:
        """Say that no calls should come, for want of `what`."""
        self._waits_for = what

    def serve(self, current: CurrentCatalog) -> None:
        """Say that calls may come, which are answered from `current`."""
        self._waits_for, self._current = None, current

    @property
    def state(self) -> ReadinessState:
        """A server whose store is away is ready all the same: it reads from memory, and says so."""
        if self._waits_for:
            return ReadinessState(False, f"waits for {self._waits_for}")
        if outage := self._current.outage:
            since = outage.since.isoformat(timespec="seconds")
            return ReadinessState(True, f"ready; stale since {since}, reads are from memory: {outage.why}")
        return ReadinessState(True, "ready")
