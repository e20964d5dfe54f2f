"""Files cleaned: repaired where the contract leaves no doubt; what conforms then goes on, the rest is set aside.

How a batch is repaired is mend's, a record mend_records'.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from schemaregistry.data.bad_lines import BadLines
from schemaregistry.data.check import Progress
from schemaregistry.data.conventions import Conventions, Epoch
from schemaregistry.data.destination import Destination
from schemaregistry.data.ends import open_destination, open_quarantine
from schemaregistry.data.failing import failing
from schemaregistry.data.frame import Batch
from schemaregistry.data.judge import Judge
from schemaregistry.data.mend import AS_IT_IS, mend, renamed, trim
from schemaregistry.data.mend_records import RecordMender, as_records, may_hold
from schemaregistry.data.ndjson import Lines
from schemaregistry.data.picking import count, line_of
from schemaregistry.data.plan import Plan
from schemaregistry.data.policies import Loaded, SettingAside
from schemaregistry.data.quarantine import Quarantine
from schemaregistry.data.records import Records
from schemaregistry.data.repairs import Change, Done, Repair, Repairs
from schemaregistry.data.sources import Source
from schemaregistry.data.tally import Tally
from schemaregistry.v1 import contract_pb2


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of files that were cleaned: `loaded.report` is of the rows as they are after the repairs."""

    loaded: Loaded
    repairs: tuple[Repair, ...]


def clean(  # noqa: PLR0913
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    destination: Callable[[pa.Schema], Destination],
    quarantine: Callable[[], Quarantine],
    *,
    aliases: Mapping[str, Sequence[str]] | None = None,
    revision: int | None = None,
    progress: Progress | None = None,
    epoch: Epoch | None = None,
) -> Cleaned:
    """Repair files and hand on the rows that conform then; the others are set aside as their file has them.

    Repaired are: columns in another order; a column that is missing, under one of its `aliases`, or but for case and
    spaces; values of another type that are exactly one of the contract's (texts as CSV's fields are read); whitespace
    around texts that conform only without it; numbers and dates that are spelled as the dialect of CSV says (`decimal`,
    `thousands`, `dates`), and times that are numbers since 1970 in the unit `epoch`. Nothing else, and nothing is made
    up. What was cleaned is left as it is when it is cleaned again.

    Raises as `load` does.
    """
    plan = replace(Plan.of(contract), whole_rows=True)
    with ExitStack() as stack:
        into = open_destination(stack, sources, destination, plan.schema)
        aside = open_quarantine(stack, sources, quarantine)
        cleaning = _Cleaning(plan, revision, progress, into, aside)
        cleaning.aliases = aliases or {}
        cleaning.epoch = epoch
        loaded = cleaning.load(sources)
        return Cleaned(loaded, cleaning.repairs.all() if loaded.place else ())


class _Cleaning(SettingAside):
    """Rows are repaired before they are judged.

    Readers ask a judge of the file as it is which columns to read; what that one says of the file counts for nothing.
    """

    aliases: Mapping[str, Sequence[str]]
    epoch: Epoch | None = None
    conventions: Conventions = AS_IT_IS

    def __init__(
        self,
        plan: Plan,
        revision: int | None,
        progress: Progress | None,
        destination: Destination,
        quarantine: Quarantine,
    ) -> None:
        super().__init__(plan, revision, progress, destination, quarantine)
        self.repairs = Repairs()
        self._cleaned = self.tally
        self._after = Judge(plan, self._cleaned, "")

    def judge(self, source: Source) -> None:
        """Repair and judge one file."""
        self.conventions = Conventions(source.csv.over(self.plan.csv), self.epoch)
        self.tally = Tally()
        self._after = Judge(self.plan, self._cleaned, source.path)
        super().judge(source)
        self.tally = self._cleaned
        self._after.finish()
        for note in (source.remark, "" if self._after.rows or self.error else f"{source.path}: no rows"):
            if note:
                self.tally.note(note)

    def take(self, judge: Judge, rows: Batch | Records) -> None:
        """Repair and judge the next rows of a file, and write them to where they go."""
        start, failing_before = self._after.rows, self._cleaned.rows_failing
        mended, changes = self._mended(judge, rows)
        self._bind(mended)
        self._after.judge(mended)
        judge.rows = self._after.rows
        if self._cleaned.rows_failing > failing_before:
            kept = self.part(self._after, mended, judge, rows, start)
        else:
            kept = np.ones(count(mended), bool)
            if kept.any():
                self.pass_on(self._after, mended)
        for change in changes:
            self.repairs.add(change, kept, lambda row: (judge.path, start + row, line_of(rows, row)))

    def take_bad_lines(self, judge: Judge, lines: BadLines) -> None:
        """Set aside lines that are no records: nothing repairs them."""
        before, self.tally = self.tally, self._cleaned
        super().take_bad_lines(judge, lines)
        self.tally, self._after.rows = before, judge.rows

    def _mended(self, judge: Judge, rows: Batch | Records) -> tuple[Batch | Records, list[Change]]:
        if isinstance(rows, Records):
            return RecordMender(self.plan, self.aliases, self.conventions).mend(rows)
        if isinstance(rows, Lines):
            self._bind(rows)
            if not failing(self._after, rows) and not may_hold(rows, self.aliases):
                return rows, []
            return RecordMender(self.plan, self.aliases, self.conventions).mend(as_records(self.plan, rows, judge.path))
        return self._mended_batch(judge, rows)

    def _mended_batch(self, judge: Judge, batch: Batch) -> tuple[Batch, list[Change]]:
        columns = [str(place.name) for place in self.plan.columns]
        names = renamed(list(batch.columns), columns, self.aliases)
        mended, changes = mend(self.plan, batch, names, self.conventions)
        self._bind(mended)
        trimmed, trims = trim(self._after, mended)
        found = [name for name in (names.get(name, name) for name in judge.names) if name in columns]
        if found != [name for name in columns if name in found]:
            done = Done("order", None, ", ".join(found), ", ".join(name for name in columns if name in found))
            changes.append(Change(done, np.ones(batch.rows, bool)))
        return trimmed, [*changes, *trims]

    def _bind(self, rows: Batch | Records) -> None:
        """Tell the judge of what comes out which columns that has; records have all of the contract's."""
        if isinstance(rows, Batch):
            self._after.bind(pa.schema([(name, array.type) for name, array in rows.columns.items()]))
        else:
            self._after.bind(self.plan.record_schema)
        self.note_undeclared(self._after, rows)
