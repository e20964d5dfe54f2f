"""The verdict on two versions and its parts: outcome, changes, witness, risk and bump."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from schemaregistry.document.model import Json, Level


class Outcome(StrEnum):
    """The answer to a claim: proven, refuted by a counterexample, or neither."""

    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    UNKNOWN = "unknown"


Risk = Literal["none", "low", "medium", "high"]
Bump = Literal["major", "minor", "patch"]
Effect = Literal["none", "compatible", "incompatible", "unknown"]
Way = Literal["backward", "forward"]
"""A direction: `backward` is a reader of the new version on old data, `forward` one of the old version on new data."""


class Absent:
    """The type of ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        """Pickle by name, so that `is ABSENT` also holds in the process that loads it."""
        return "ABSENT"


ABSENT: Final = Absent()
"""The mark for "no value"; None can't be it, since it is JSON's null."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A record that is valid under one version (`valid_under`) and invalid under the other, by both validators."""

    instance: Json
    valid_under: Literal["old", "new"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents, at its JSON pointer (RFC 6901), with its effect by itself.

    `old` or `new` is ABSENT where the place doesn't exist on that side.
    """

    pointer: str
    kind: str
    old: Json
    new: Json
    effect: Effect
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to whether a new version is compatible with an old one in a direction, with what supports it.

    `consumers` names the declared consumers that the change breaks, as `bot review` finds them; elsewhere it is empty.
    """

    outcome: Outcome
    message: str
    direction: Level
    risk: Risk
    required_bump: Bump
    changes: tuple[Change, ...] = ()
    witness: Witness | None = None
    old_version: str = ""
    new_version: str = ""
    consumers: tuple[str, ...] = ()
