"""The state of a registered version: active, deprecated or retracted, with the reason for it."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, get_args

from schemaregistry.document.message_text import cut
from schemaregistry.document.model import Json
from schemaregistry.errors import InvalidArgument

StateName: TypeAlias = Literal["active", "deprecated", "retracted"]
STATE_NAMES: Final[tuple[StateName, ...]] = get_args(StateName)

MAX_REASON: Final = 1024
"""Characters of a reason."""

MAX_SUNSET: Final = 253_402_300_799
"""The last second of the year 9999, after which neither HTTP nor protobuf can write a date."""

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionState:
    """A version's state, why it has it, and when a deprecated version may be withdrawn.

    `sunset` is in seconds since the epoch, UTC; None where no date is set.
    """

    name: StateName = "active"
    reason: str = ""
    sunset: int | None = None

    @property
    def text(self) -> str:
        """The state as JSON, as stores keep it and the audit's SHA-256 covers it."""
        members = {"name": self.name, "reason": self.reason} | ({} if self.sunset is None else {"sunset": self.sunset})
        return json.dumps(members, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> "VersionState":
        """Read `text` as the property gives it; raises ValueError or TypeError where it is none."""
        state = cls(**json.loads(text))
        if state.name not in STATE_NAMES:
            raise ValueError(f"{state.name!r} is no state")
        return state


ACTIVE: Final = VersionState()
"""The state of a version for which none was ever set."""


def check_state(name: str, reason: str = "", sunset: int | None = None) -> VersionState:
    """Return the state of these parts; the reason loses white space around it.

    Raises InvalidArgument: BAD_STATE, NO_REASON, BAD_REASON, BAD_SUNSET.
    """
    known = next((each for each in STATE_NAMES if each == name), None)
    if known is None:
        raise InvalidArgument(f"{cut(name)!r} is no state: use one of {', '.join(STATE_NAMES)}.", reason="BAD_STATE")
    reason = reason.strip()
    if known != "active" and not reason:
        raise InvalidArgument(f"Say why the version is {known}: its readers are shown the reason.", reason="NO_REASON")
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise InvalidArgument(
            f"A reason is one line of at most {MAX_REASON:,} characters, none of them a control character.",
            reason="BAD_REASON",
        )
    if sunset is not None and known != "deprecated":
        raise InvalidArgument(
            f"A sunset is the date of a deprecated version: leave it out where the state is {known}.",
            reason="BAD_SUNSET",
        )
    if sunset is not None and not 0 <= sunset <= MAX_SUNSET:
        raise InvalidArgument("A sunset lies between the years 1970 and 9999.", reason="BAD_SUNSET")
    return VersionState(known, reason, sunset)


def read_sunset(text: str) -> int:
    """Read a date (midnight UTC) or a time with its offset, as RFC 3339 writes them; return seconds since the epoch.

    Raises InvalidArgument (BAD_SUNSET).
    """
    try:
        if not _RFC_3339.fullmatch(text):
            raise ValueError
        return int(datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00Z").timestamp())
    except (ValueError, OverflowError):
        raise InvalidArgument(
            f"{cut(text)!r} is no date: write 2027-01-31, or a time with its offset, 2027-01-31T12:00:00Z.",
            reason="BAD_SUNSET",
        ) from None


def sunset_text(sunset: int) -> str:
    """Write a sunset as RFC 3339 in UTC: only the date where it is midnight."""
    moment = datetime.fromtimestamp(sunset, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").removesuffix("T00:00:00Z")


def state_notice(id: str, version: str, state: VersionState) -> str:  # noqa: A002 (the field's term)
    """A sentence for those who use the version; "" where it is active."""
    if state.name == "active":
        return ""
    until = f" It may be withdrawn from {sunset_text(state.sunset)} on." if state.sunset is not None else ""
    return f"{id} {version} is {state.name}: {state.reason.rstrip('.')}.{until}"


def state_facts(state: VersionState) -> dict[str, Json]:
    """The state as members of a JSON object: `state`, `state_reason` and `sunset` (RFC 3339, or null)."""
    sunset = None if state.sunset is None else sunset_text(state.sunset)
    return {"state": state.name, "state_reason": state.reason, "sunset": sunset}
