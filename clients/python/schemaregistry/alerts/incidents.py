"""Remember which incidents were reported, across retries and runs, and limit the number of messages in an hour.

The state file has digests and times, no values of the data. `slack.py` sends the messages.
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
"""Seconds after which an incident that lasts is reported again."""
HOUR: Final = 3600.0
"""Seconds in which at most MAX_PER_HOUR messages are sent."""
MAX_PER_HOUR: Final = 20
"""Messages in an hour; further ones are held back."""
_ABANDONED: Final = 300.0
"""Seconds after which a message without a result counts as not sent: its process was killed."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident of a load. `what` is the digest of the problem, `place` that of the load's files and destination."""

    place: str
    what: str

    @classmethod
    def of(cls, place: Sequence[str], outcome: str, report: Report) -> "Incident":
        """Return the incident of a report, from the load's outcome and the broken rules, or the fault.

        Rows and values don't count, so that a retry with other rows is the same incident.
        """
        rules = sorted((violation.column or "", violation.pointer, violation.rule) for violation in report.violations)
        fault = report.error and (report.error.file, report.error.reason)
        return cls(_digest(place), _digest([outcome, report.verdict, rules, fault]))

    @classmethod
    def named(cls, place: Sequence[str], what: str) -> "Incident":
        """Return an incident without a report."""
        return cls(_digest(place), _digest(what))


@dataclass(frozen=True, slots=True)
class AlertDecision:
    """Whether to report an incident: `send` it now, it was `told` at the time `at`, or it is `held` back.

    `held` is how many messages were held back since the last one that was sent.
    """

    answer: Literal["send", "told", "held"]
    at: float = 0.0
    held: int = 0


@dataclass(slots=True)
class _State:
    """The contents of the state file.

    `told` has, for each place and problem, the time of the message and whether it surely arrived; `sent` the times of
    the last hour's messages.
    """

    told: dict[str, tuple[float, bool]] = field(default_factory=dict)
    sent: list[float] = field(default_factory=list)
    held: int = 0


class Incidents:
    """The incidents in a state file; a file that is missing or unreadable counts as empty."""

    def __init__(self, file: Path, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._now = now

    def decide(self, incident: Incident) -> AlertDecision:
        """Decide whether to report an incident now; after `send` the caller must call `sent` or `failed`."""
        now, key = self._now(), _key(incident)
        with self._changed() as state:
            at, certain = state.told.get(key, (0.0, False))
            if at > now - (REMINDER if certain else _ABANDONED):
                return AlertDecision("told", at)
            if len(state.sent) >= MAX_PER_HOUR:
                state.held += 1
                return AlertDecision("held", held=state.held)
            # Recorded before it is sent, so that no other process sends it meanwhile.
            state.told[key] = (now, False)
            state.sent.append(now)
            return AlertDecision("send", now, state.held)

    def sent(self, incident: Incident) -> None:
        """Record that the message arrived."""
        with self._changed() as state:
            state.told[_key(incident)] = (self._now(), True)
            state.held = 0

    def failed(self, incident: Incident) -> None:
        """Record that the message didn't arrive, or may not have: the next run reports the incident again."""
        with self._changed() as state:
            state.told.pop(_key(incident), None)
            state.sent = state.sent[:-1]

    def settled(self, place: Sequence[str]) -> None:
        """Record that a load succeeded: its incidents are over, and are reported anew if they return."""
        if self._file.exists():
            start = f"{_digest(place)}:"
            with self._changed() as state:
                state.told = {key: told for key, told in state.told.items() if not key.startswith(start)}

    @contextlib.contextmanager
    def _changed(self) -> Iterator[_State]:
        """Yield the state and write it back, under a lock against other processes. Raises OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # The lock is on a file of its own, since the state file is replaced by each writer.
        with self._file.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._read()
            yield state
            partial = self._file.with_suffix(".partial")
            partial.write_text(json.dumps(asdict(state)))
            # Renamed into place: a process that is killed leaves the old state whole.
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
