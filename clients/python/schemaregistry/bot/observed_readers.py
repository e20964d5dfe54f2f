"""Readers of a schema that a registry has observed and no consumer file declares: what a review says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from schemaregistry.bot.consumers import Consumer
from schemaregistry.bot.review import ConsumerImpact, ReviewNote, SchemaReview
from schemaregistry.document import parse_version
from schemaregistry.errors import InvalidArgument, NotFound, RegistryError

_NAMED: Final = 5
"""Readers that a note names; the review's JSON has all of them."""


@dataclass(frozen=True, slots=True)
class ObservedReader:
    """One reader of a schema within a week, as the registry counted it; days are YYYY-MM-DD.

    `identity` is the certificate's name, "" for readers that the registry doesn't tell apart.
    """

    identity: str
    versions: tuple[str, ...]
    reads: int
    first_seen: str
    last_seen: str


class ObservedReaders:
    """Compares a registry's readers with the declared consumers. `notes` grows with each schema that is asked for.

    `ask` returns the readers of an id, or raises RegistryError; `own` is the identity of the review itself, which reads
    schemas, too, and is left out.
    """

    def __init__(self, ask: Callable[[str], Sequence[ObservedReader]], own: str, consumers: Sequence[Consumer]) -> None:
        self.notes: list[ReviewNote] = []
        self._ask = ask
        self._own = own
        self._consumers = consumers

    def impacts(self, found: SchemaReview) -> tuple[ConsumerImpact, ...]:
        """Return the readers of a changed, removed or broken schema whose reads nobody declared."""
        if found.verdict is None and found.status not in ("removed", "broken"):
            return ()
        try:
            readers = self._ask(found.id)
        except (NotFound, InvalidArgument):  # nothing is published under that id, or it is none
            return ()
        except RegistryError as error:  # this is for information: it must not keep a review from its answer
            self.notes.append(ReviewNote(found.path, f"Who reads {found.id} is not known: {error.message}"))
            return ()
        impacts = tuple(filter(None, (self._impact(found.id, each) for each in readers if each.identity != self._own)))
        if impacts:
            names = ", ".join(each.name for each in impacts[:_NAMED])
            more = f" and {len(impacts) - _NAMED} more" if len(impacts) > _NAMED else ""
            text = (
                f"{found.id} is read by {names}{more}, as the registry observed, and no consumer file declares that. "
                "Whether the change breaks them can't be told: ask them, and declare what they read (`identity`)."
            )
            self.notes.append(ReviewNote(found.path, text))
        return impacts

    def _impact(self, id: str, reader: ObservedReader) -> ConsumerImpact | None:
        """What is known of one reader; None where its declaration covers every version that it reads."""
        reads = f"{reader.reads:,} {'read' if reader.reads == 1 else 'reads'}"
        seen = f"{reads} from {reader.first_seen} to {reader.last_seen}"
        if not reader.identity:
            return _observed("others", f"The registry counted {seen} by callers that it doesn't tell apart.")
        theirs = [each for each in self._consumers if reader.identity in each.identities]
        ranges = [read.versions for each in theirs for read in each.reads if read.id == id]
        undeclared = [
            version for version in reader.versions if not any(each.holds(parse_version(version)) for each in ranges)
        ]
        if not undeclared:
            return None
        who = ", ".join(each.name for each in theirs)
        lack = f"the declaration of {who} leaves that out" if who else "no consumer file names this identity"
        return _observed(reader.identity, f"It read {', '.join(undeclared)} ({seen}), and {lack}.")


def _observed(name: str, why: str) -> ConsumerImpact:
    return ConsumerImpact(name, team="", language="", reads=(), direction="", breaks=None, why=why, source="observed")
