"""What becomes of rows while they are judged: three policies, one run each. Who asks for which is load's."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import pyarrow as pa

from schemaregistry.data.arrays import Mask
from schemaregistry.data.bad_lines import MOST_BAD_LINES, BadLines
from schemaregistry.data.check import Progress, Run
from schemaregistry.data.destination import Destination
from schemaregistry.data.facts import Example
from schemaregistry.data.failing import Failing, any_of, failing, unheld
from schemaregistry.data.faults import Unreadable
from schemaregistry.data.frame import Batch
from schemaregistry.data.handon import from_batch, from_records, refused_nulls
from schemaregistry.data.judge import Judge
from schemaregistry.data.original import refused, refused_lines
from schemaregistry.data.picking import count, picked
from schemaregistry.data.plan import Plan
from schemaregistry.data.quarantine import Quarantine
from schemaregistry.data.records import Records
from schemaregistry.data.report import Report
from schemaregistry.data.sources import Source
from schemaregistry.data.tally import Key
from schemaregistry.data.values import shown
from schemaregistry.data.wording import counted
from schemaregistry.errors import RegistryError

Policy: TypeAlias = Literal["halt", "warn"] | Callable[[], Quarantine]
"""What becomes of data some of which don't conform: nothing is handed on; all rows are; those that conform are, and the
others set aside in the quarantine."""

_NAMED: Final = 50
"""Members that aren't handed on and are named, at most: an object may have others in each record."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a load.

    `place` is where the `rows` handed on are, None where none are; `quarantine` the folder with those set aside.
    `went_on`: the policy lets what was found pass.
    """

    report: Report
    place: str | None
    rows: int = 0
    quarantine: str | None = None
    went_on: bool = False

    @property
    def exit_code(self) -> int:
        """0 where every row is handed on, else the report's."""
        return 0 if self.went_on else self.report.exit_code


class Halting(Run):
    """Rows are handed on while nothing is wrong, and seen only if nothing is."""

    def __init__(self, plan: Plan, revision: int | None, progress: Progress | None, destination: Destination) -> None:
        super().__init__(plan, revision, progress)
        self._destination = destination
        self._rows = 0
        self._undeclared: set[str] = set()

    def load(self, sources: Sequence[Source]) -> Loaded:
        """Judge each file and settle what becomes of all of them."""
        report = self.run(sources)
        loaded = Loaded(report, None) if report.verdict == "undecided" else self.settle(report)
        return Loaded(self.report(), None) if self.error else loaded

    def take(self, judge: Judge, rows: Batch | Records) -> None:
        """Judge the next rows of a file; write those that may go on where nobody sees them yet."""
        failing_before, start = self.tally.rows_failing, judge.rows
        super().take(judge, rows)
        self.note_undeclared(judge, rows)
        if self.tally.rows_failing > failing_before:
            self.sort(judge, rows, start)
        else:
            self.pass_on(judge, rows)

    def note_undeclared(self, judge: Judge, rows: Batch | Records) -> None:
        """Say which columns and members of objects aren't handed on, the first of them by name."""
        for name in judge.undeclared(rows):
            if name not in self._undeclared and len(self._undeclared) < _NAMED:
                self._undeclared.add(name)
                judge.tally.note(f"{name}: not in the contract, not handed on")
            elif name not in self._undeclared:
                judge.tally.note("more members that are not in the contract are not handed on")
                break

    def sort(self, judge: Judge, rows: Batch | Records, start: int) -> None:
        """Pass on what may be of rows some of which fail; `start` is the first one's number."""

    def pass_on(self, judge: Judge, rows: Batch | Records) -> None:
        """Pass on rows that conform."""
        if self.tally.clean:
            self.write(self.converted(judge, rows))

    def settle(self, report: Report) -> Loaded:
        """Let rows be seen, or not, once all of them have been judged."""
        place = self.publish() if report.verdict == "conforms" else None
        return Loaded(report, place, self._rows if place else 0)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows to the destination."""
        with _writing(self._destination.name):
            self._destination.write(batch)
        self._rows += batch.num_rows

    def converted(self, judge: Judge, rows: Batch | Records) -> pa.RecordBatch:
        """Rows in the contract's types; raises Unreadable for more texts than a dictionary's indices can number."""
        try:
            if isinstance(rows, Batch):
                return from_batch(rows, self.plan.schema)
            return from_records(judge.stored(rows), self.plan.schema)
        except pa.ArrowException as error:
            raise Unreadable(judge.path, "TOO_MUCH_FOR_THE_TYPE", str(error)) from None

    def publish(self) -> str | None:
        """Let the rows be seen; None where that fails."""
        try:
            with _writing(self._destination.name):
                return self._destination.publish()
        except Unreadable as failed:
            self.error = failed.fault
            return None


class GoingOn(Halting):
    """Every row goes on that the contract's types can hold."""

    def __init__(self, plan: Plan, revision: int | None, progress: Progress | None, destination: Destination) -> None:
        super().__init__(plan, revision, progress, destination)
        self._left_out = 0

    def sort(self, judge: Judge, rows: Batch | Records, start: int) -> None:  # noqa: ARG002
        """Pass on the rows that the contract's types can hold."""
        held = picked(rows, ~unheld(judge, rows))
        batch = self.converted(judge, held)
        nulls = refused_nulls(batch)
        if nulls is not None:
            batch = batch.filter(pa.array(~nulls))
        self._left_out += count(rows) - batch.num_rows
        self.write(batch)

    def pass_on(self, judge: Judge, rows: Batch | Records) -> None:
        """Pass on rows that conform."""
        self.write(self.converted(judge, rows))

    def settle(self, report: Report) -> Loaded:
        """Let the rows be seen."""
        if self._left_out:
            left_out = f"{counted(self._left_out, 'row')} of values that the contract's types can't hold: not handed on"
            report = replace(report, notes=(*report.notes, left_out))
        place = self.publish() if self._rows or report.verdict == "conforms" else None
        return Loaded(report, place, self._rows, went_on=not self._left_out)


class SettingAside(Halting):
    """Rows that conform go on, those that don't go to the quarantine.

    The quarantine is published first: where a crash comes between, rows are set aside that aren't handed on yet, and
    the same load again completes it. The other way round rows would be lost.
    """

    def __init__(
        self,
        plan: Plan,
        revision: int | None,
        progress: Progress | None,
        destination: Destination,
        quarantine: Quarantine,
    ) -> None:
        super().__init__(plan, revision, progress, destination)
        self._quarantine = quarantine
        self._bad_lines = 0

    def sort(self, judge: Judge, rows: Batch | Records, start: int) -> None:
        """Pass on the rows that conform, and set the others aside."""
        self.part(judge, rows, judge, rows, start)

    def part(self, judge: Judge, rows: Batch | Records, read_by: Judge, read: Batch | Records, start: int) -> Mask:
        """Pass on the rows that conform, set the others aside as they were `read`; give which were passed on.

        `rows` are those that were judged: what was read, or what a repair made of it, row by row.
        """
        broken = failing(judge, rows)
        kept: Mask = ~any_of(broken, count(rows))
        self.set_aside(read_by, read, broken, start)
        if kept.any():
            self.pass_on(judge, picked(rows, kept))
        return kept

    def pass_on(self, judge: Judge, rows: Batch | Records) -> None:
        """Pass on rows that conform."""
        self.write(self.converted(judge, rows))

    def set_aside(self, judge: Judge, rows: Batch | Records, broken: Failing, start: int) -> None:
        """Write rows to the quarantine, as a judge's file has them."""
        with _writing(self._quarantine.name):
            self._quarantine.write(judge.path, refused(judge, rows, broken, start))

    def take_bad_lines(self, judge: Judge, lines: BadLines) -> None:
        """Set aside lines that are no records, but where the file ends within one, or has too many of them."""
        self._bad_lines += len(lines.lines)
        if lines.cut_off or self._bad_lines > MOST_BAD_LINES:
            raise lines.fault
        key = Key(None, "", lines.rule)
        wanted = self.tally.wants(key)
        places = zip(range(wanted), lines.lines, lines.texts, strict=False)
        examples = [
            Example(judge.path, judge.rows + at, line, shown(text.decode(errors="backslashreplace")))
            for at, line, text in places
        ]
        self.tally.add(key, lines.expected, len(lines.lines), examples)
        self.tally.rows_failing += len(lines.lines)
        with _writing(self._quarantine.name):
            self._quarantine.write(judge.path, refused_lines(judge, lines, judge.rows))
        judge.rows += len(lines.lines)

    def judge(self, source: Source) -> None:
        """Judge one file."""
        self._bad_lines = 0
        super().judge(source)

    def settle(self, report: Report) -> Loaded:
        """Let the rows be seen on both sides, or on none."""
        if report.verdict == "conforms":
            return super().settle(report)
        sides = f"{counted(self._rows, 'row')} handed on, {counted(report.rows_failing, 'row')} set aside"
        report = replace(report, notes=(*report.notes, sides))
        try:
            with _writing(self._quarantine.name):
                folder = self._quarantine.publish(report)
        except Unreadable as failed:
            self.error = failed.fault
            return Loaded(report, None)
        place = self.publish() if self._rows else None
        if self.error:
            self._quarantine.withdraw()
        return Loaded(report, place, self._rows, folder)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    """Raise Unreadable (DESTINATION_FAILED) for what goes wrong where rows are written."""
    try:
        yield
    except (OSError, RegistryError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise Unreadable(name, "DESTINATION_FAILED", reason) from None
