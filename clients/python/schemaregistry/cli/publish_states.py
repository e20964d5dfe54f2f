"""Set and compare the states of versions that git states, for `schemaregistry bot publish` and `drift`."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from schemaregistry.bot.drift import Difference
from schemaregistry.bot.states import StateOutcome, StatesInGit, apply, differing
from schemaregistry.cli.exit_codes import UNKNOWN, of_all
from schemaregistry.cli.say import say
from schemaregistry.document import Json
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.client import Client
    from schemaregistry.v1.registry_pb2 import SchemaVersion


class StatePublisher:
    """Sets what git states: first of the versions that are registered, later of those that were published since."""

    def __init__(self, client: "Client", in_git: StatesInGit, *, dry_run: bool, as_json: bool) -> None:
        self.in_git = in_git
        self._client = client
        self._dry_run = dry_run
        self._as_json = as_json
        self._waiting = in_git

    def tell_first(self) -> int:
        """Set the states of versions that are there; print what became of each, and what can't be read.

        Return the exit code so far.
        """
        for fault in self.in_git.faults:
            told: dict[str, Json] = {
                "file": fault.id,
                "result": "refused",
                "id": "",
                "version": "",
                "message": fault.text,
            }
            say(json_text(told) if self._as_json else printable(f"{fault.id} refused: {fault.text}"))
        outcomes = list(apply(self._client, self.in_git, dry_run=self._dry_run))
        self._waiting = StatesInGit(tuple(each.stated for each in outcomes if each.result == "no such version"))
        codes = [self._tell(each) for each in outcomes if each.stated not in self._waiting.stated]
        return of_all([*codes, *([1] if self.in_git.faults else [])])

    def tell_later(self, rehearsed: Collection[tuple[str, str]]) -> int:
        """Set the states of versions that weren't there before; print and return as `tell_first`.

        `rehearsed`: the id and version of each document that a dry run would have registered.
        """
        would_be = [each for each in self._waiting.stated if (each.id, each.version) in rehearsed]
        others = StatesInGit(tuple(each for each in self._waiting.stated if each not in would_be))
        codes = [self._tell(StateOutcome("would be set", each)) for each in would_be]
        codes += [self._tell(each) for each in apply(self._client, others, dry_run=self._dry_run)]
        return of_all(codes)

    def _tell(self, outcome: StateOutcome) -> int:
        say(json_text(outcome.to_json()) if self._as_json else printable(outcome.line))
        return 0 if not outcome.refused else UNKNOWN if outcome.forbidden else 1


def state_differences(states: StatesInGit, versions: "Mapping[str, Sequence[SchemaVersion]]") -> list[Difference]:
    """Return where the states of git and the registry differ; `versions`: id → its versions in the registry."""
    from schemaregistry.client.calls import state_of

    there = {id: {each.version: state_of(each) for each in found} for id, found in versions.items()}
    broken = [Difference(each.id, "", "broken", each.text) for each in states.faults]
    return [*broken, *(Difference(id, version, "state", text) for id, version, text in differing(states, there))]
