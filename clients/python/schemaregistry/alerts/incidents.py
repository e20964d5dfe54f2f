"""Which incidents have been told of, across retries and runs: one message for each, and not too many of all.

Sends nothing, and holds no values of data: a state file has digests and times.
"""

import contextlib
import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

from schemaregistry.data.report.report import Report

REMINDER: Final = 24 * 3600.0
"""Seconds after which an incident that goes on is told of again."""
HOUR: Final = 3600.0
A_PLENTY: Final = 20
"""Messages in an hour; more are held back."""
_ABANDONED: Final = 300.0
"""Seconds after which a message that was to be sent is taken not to have been: its sender was killed."""


@dataclass(frozen=True, slots=True)
class Incident:
    """What is wrong (`what`) with a load of the same files to the same destination (`place`), as digests."""

    place: str
    what: str

    @classmethod
    def of(cls, place: Sequence[str], outcome: str, report: Report) -> "Incident":
        """The incident of a report: what became of the load, the rules that are broken, or the fault; not the rows and
        values."""
        rules = sorted((violation.column or "", violation.pointer, violation.rule) for violation in report.violations)
        fault = report.error and (report.error.file, report.error.reason)
        return cls(_digest(place), _digest([outcome, report.verdict, rules, fault]))

    @classmethod
    def named(cls, place: Sequence[str], what: str) -> "Incident":
        """An incident without a report."""
        return cls(_digest(place), _digest(what))


@dataclass(frozen=True, slots=True)
class AlertDecision:
    """Whether an incident is to be told: `send` it, it was `told` at a time, or it is `held` back for now.

    `held` messages have been held back since the last one that was sent.
    """

    answer: Literal["send", "told", "held"]
    at: float = 0.0
    held: int = 0


@dataclass(slots=True)
class _State:
    """`told`: when, and whether that is certain, by place and what. `sent`: the times of the last hour's messages."""

    told: dict[str, tuple[float, bool]] = field(default_factory=dict)
    sent: list[float] = field(default_factory=list)
    held: int = 0


class Incidents:
    """The incidents that a state file knows. A file that can't be read is an empty one."""

    def __init__(self, file: Path, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._now = now

    def decide(self, incident: Incident) -> AlertDecision:
        """Whether to tell of an incident now; who is told to send must say `sent` or `failed`."""
        now, key = self._now(), _key(incident)
        with self._changed() as state:
            at, certain = state.told.get(key, (0.0, False))
            if at > now - (REMINDER if certain else _ABANDONED):
                return AlertDecision("told", at)
            if len(state.sent) >= A_PLENTY:
                state.held += 1
                return AlertDecision("held", held=state.held)
            state.told[key] = (now, False)
            state.sent.append(now)
            return AlertDecision("send", now, state.held)

    def sent(self, incident: Incident) -> None:
        """The message is there."""
        with self._changed() as state:
            state.told[_key(incident)] = (self._now(), True)
            state.held = 0

    def failed(self, incident: Incident) -> None:
        """The message isn't there, or may not be: the next run tells again."""
        with self._changed() as state:
            state.told.pop(_key(incident), None)
            state.sent = state.sent[:-1]

    def settled(self, place: Sequence[str]) -> None:
        """A load has succeeded: whatever was wrong there is over, and is news if it comes again."""
        if self._file.exists():
            start = f"{_digest(place)}:"
            with self._changed() as state:
                state.told = {key: told for key, told in state.told.items() if not key.startswith(start)}

    @contextlib.contextmanager
    def _changed(self) -> Iterator[_State]:
        """The state, written back whole; no two processes change it at once. Raises OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._read()
            yield state
            partial = self._file.with_suffix(".partial")
            partial.write_text(json.dumps(asdict(state)))
            partial.replace(self._file)

    def _read(self) -> _State:
        now = self._now()
        try:
            found = json.loads(self._file.read_text())
            told = {key: (float(at), bool(certain)) for key, (at, certain) in found["told"].items()}
            sent = [float(at) for at in found["sent"]]
            return _State(
                {key: item for key, item in told.items() if item[0] > now - REMINDER},
                [at for at in sent if at > now - HOUR],
                int(found["held"]),
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return _State()


def _key(incident: Incident) -> str:
    return f"{incident.place}:{incident.what}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
