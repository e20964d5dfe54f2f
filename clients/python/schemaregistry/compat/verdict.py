"""The values that a judgement is made of. Holds no procedure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from schemaregistry.document.model import Json, Level


class Outcome(StrEnum):
    """What is known of a claim: a proof, a counterexample, or neither."""

    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    UNKNOWN = "unknown"


Risk = Literal["none", "low", "medium", "high"]
Bump = Literal["major", "minor", "patch"]
Effect = Literal["none", "compatible", "incompatible", "unknown"]
Way = Literal["backward", "forward"]
"""Who reads: `backward` is a reader of the new version on old data, `forward` one of the old version on new data."""


class Absent:
    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        """Pickled by its name, so that it is the same value in every process."""
        return "ABSENT"


ABSENT: Final = Absent()
"""No instance or value here (None is JSON's null)."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A JSON instance valid under one side (`old` or `new`) and invalid under the other, by both validators."""

    instance: Json
    valid_under: Literal["old", "new"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents, at the JSON pointer of the place; `old` or `new` may be ABSENT."""

    pointer: str
    kind: str
    old: Json
    new: Json
    effect: Effect
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim about two documents in a direction, with what supports it."""

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
