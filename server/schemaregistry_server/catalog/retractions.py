"""When a version was retracted and when not, by revisions: which versions were ever judged beside each other."""

from dataclasses import dataclass, replace

from schemaregistry.document.version_state import ACTIVE, VersionState
from schemaregistry_server.store.base import StateChange


@dataclass(frozen=True, slots=True)
class StateHistory:
    """A version's state now, and the part of its past that still matters.

    `revision` is that of its last change (0: none), `since` the time from which it has had the state of that name
    (microseconds since the epoch). `retractions` are the stretches of revisions in which it was retracted; the last one
    has no end while it still is.
    """

    state: VersionState = ACTIVE
    revision: int = 0
    since: int = 0
    retractions: tuple[tuple[int, int | None], ...] = ()

    def followed_by(self, change: StateChange) -> "StateHistory":
        """The history with one more change."""
        was, now = self.state.name, change.state.name
        retractions = self.retractions
        if now == "retracted" != was:
            retractions = (*retractions, (change.revision, None))
        elif was == "retracted" != now:
            retractions = (*retractions[:-1], (retractions[-1][0], change.revision))
        since = self.since if was == now else change.changed_at
        return replace(self, state=change.state, revision=change.revision, since=since, retractions=retractions)

    def was_retracted_at(self, revision: int) -> bool:
        """Whether a version that was registered at `revision` was judged without this one."""
        return any(begin < revision and (end is None or revision < end) for begin, end in self.retractions)
