"""Count in memory who reads which version, for each day (UTC), within bounds.

`read_saving.py` writes the counts to the store, `read_summary.py` sums them up.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from schemaregistry_server.store.base import ReadCount

DAYS: Final = 7
"""Days that are kept, today among them."""

MOST: Final = 10_000
"""Identities with schema and version that a process tells apart in a day: 2 to 4 MB; 25 MB with the longest names."""

MOST_OTHERS: Final = 1_000
"""Schemas for which reads beyond MOST are counted apart; those of further ones are counted together."""

DAY_SECONDS: Final = 86_400

OTHERS: Final = ("", "")
"""Identity and version of reads beyond MOST. A certificate's name is never empty."""

log = logging.getLogger(__name__)

Marks = Mapping[str, frozenset[str]]
"""Day → the ids with counts that aren't saved."""


class _Day:
    """The counts of one day: id → (identity, version) → reads.

    `writer` is the random name under which they are stored. It is the day's own: were the clock set back to a day that
    has left memory, the counts begun anew would else replace those that are stored.
    """

    def __init__(self) -> None:
        self.writer = secrets.token_hex(8)
        self.reads: dict[str, dict[tuple[str, str], int]] = {}
        self.unsaved: set[str] = set()
        self.size = self.others = 0

    def begin(self, identity: str, id: str, version: str, most: int, most_others: int) -> None:  # noqa: A002
        """Count the first read of an identity and version: by itself while there is room, else among the others."""
        key = (identity, version)
        if self.size < most:
            self.size += 1
        else:
            if not self.others:
                log.warning(
                    "over %d callers with schema and version today: reads of further ones are counted together", most
                )
            key = OTHERS
            if OTHERS not in self.reads.get(id, {}):
                id = id if self.others < most_others else ""  # noqa: A001
                self.others += 1
        known = self.reads.setdefault(id, {})
        known[key] = known.get(key, 0) + 1
        self.unsaved.add(id)


class ReadCounts:
    """The reads that this process counted: today's, and those of up to DAYS days while they can't be saved.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, *, most: int = MOST, most_others: int = MOST_OTHERS
    ) -> None:
        self._clock = clock
        self._most, self._most_others = most, most_others
        self._days: dict[str, _Day] = {}
        self._turn()

    def count(self, identity: str, id: str, version: str) -> None:  # noqa: A002 (the field's term)
        """Count one read, in constant time: this runs in every answered read."""
        if not self._begins <= self._clock() < self._ends:
            self._turn()
        today = self._today
        try:
            today.reads[id][identity, version] += 1
        except KeyError:
            today.begin(identity, id, version, self._most, self._most_others)
        else:
            today.unsaved.add(id)

    def first_day(self) -> str:
        """The oldest day that is kept."""
        return _day(self._clock() - (DAYS - 1) * DAY_SECONDS)

    def take_unsaved(self) -> tuple[Marks, list[ReadCount]]:
        """Return what has changed since the last call: the marks for `mark_unsaved`, and the counts to save.

        Of a day and id all counts are returned, in the order of their first reads.
        """
        if not self._begins <= self._clock() < self._ends:
            self._turn()
        marks = {name: frozenset(day.unsaved) for name, day in self._days.items() if day.unsaved}
        counts = [each for name, ids in marks.items() for known in ids for each in self._counts(name, known)]
        for day in self._days.values():
            day.unsaved = set()
        return marks, counts

    def mark_unsaved(self, marks: Marks) -> None:
        """Note that the counts of `marks` could not be saved."""
        for name, ids in marks.items():
            if name in self._days:
                self._days[name].unsaved |= ids

    def drop_saved(self) -> None:
        """Forget the days before today that are saved."""
        for name, day in list(self._days.items()):
            if day is not self._today and not day.unsaved:
                del self._days[name]

    def of(self, id: str) -> list[ReadCount]:  # noqa: A002 (the field's term)
        """The counts in memory of one id, and those of no id."""
        return [each for name in self._days for known in (id, "") for each in self._counts(name, known)]

    def _counts(self, day: str, id: str) -> Iterator[ReadCount]:  # noqa: A002
        for (identity, version), reads in self._days[day].reads.get(id, {}).items():
            yield ReadCount(day, self._days[day].writer, id, identity, version, reads)

    def _turn(self) -> None:
        """Begin the day of the clock, and drop days that are too old to be kept."""
        now = self._clock()
        self._begins = now // DAY_SECONDS * DAY_SECONDS
        self._ends = self._begins + DAY_SECONDS
        self._today = self._days.setdefault(_day(now), _Day())
        oldest = self.first_day()
        for name in [name for name in self._days if name < oldest]:
            del self._days[name]


def _day(seconds: float) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).date().isoformat()
