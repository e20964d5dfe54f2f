"""Sinks: what happens to evaluated rows. There is one for checks, and one for each policy of a load."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from schemaregistry.data.engine.conform import refused_nulls
from schemaregistry.data.engine.evaluation import Evaluation
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.load.destinations import Destination
from schemaregistry.data.load.quarantine import Quarantine
from schemaregistry.data.load.quarantined_rows import quarantined
from schemaregistry.data.readers.bad_lines import MOST_BAD_LINES, BadLines
from schemaregistry.data.readers.rows import Rows
from schemaregistry.data.report.report import Report
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.errors import RegistryError
from schemaregistry.plural import counted


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of a load.

    `place` is where the loaded rows are, None for nowhere, and `rows` how many there are. `quarantine` is the folder of
    the quarantined ones. `went_on`: the policy accepts the violations (`warn`).
    """

    report: Report
    place: str | None
    rows: int = 0
    quarantine: str | None = None
    went_on: bool = False

    @property
    def exit_code(self) -> int:
        """0 where every row is loaded, else the report's exit code."""
        return 0 if self.went_on else self.report.exit_code


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Consecutive rows of the file `path` with their evaluation; `start` is the number of the first row.

    `original` are the rows as they were read, `rows` as they were evaluated, after repairs. `all_conform`: no rule is
    broken so far, in these rows and all before them.
    """

    path: str
    start: int
    original: Rows
    rows: Rows
    evaluation: Evaluation
    all_conform: bool


class Sink(Protocol):
    """Accepts evaluated rows, and decides what happens to them once all are evaluated."""

    @property
    def hands_on(self) -> bool:
        """True for loads; only a load reports the undeclared members that it drops."""
        ...

    def admit(self, path: str, lines: BadLines) -> None:
        """Raise the fault of lines that can't be parsed, unless they may be quarantined."""
        ...

    def accept(self, part: Evaluated) -> None:
        """Accept the next rows.

        Raises UnreadableFile (DESTINATION_FAILED, TOO_MUCH_FOR_THE_TYPE) where they can't be written.
        """
        ...

    def finish(self, report: Report) -> Loaded:
        """Publish the rows, or not, by the verdict of `report`. Raises UnreadableFile (DESTINATION_FAILED)."""
        ...


class ReportSink:
    """The sink of a check, whose only result is the report."""

    hands_on = False

    def admit(self, path: str, lines: BadLines) -> None:  # noqa: ARG002
        """Raise the fault of the lines."""
        raise lines.fault

    def accept(self, part: Evaluated) -> None:
        """Drop the rows."""

    def finish(self, report: Report) -> Loaded:
        """Return the report."""
        return Loaded(report, None)


class Outlet:
    """Writes rows to a destination, converted to the contract's types, and counts them."""

    def __init__(self, plan: Plan, destination: Destination) -> None:
        self.rows = 0
        self._plan = plan
        self._destination = destination

    def conformed(self, path: str, rows: Rows) -> pa.RecordBatch:
        """Convert rows to the contract's types.

        Raises UnreadableFile (TOO_MUCH_FOR_THE_TYPE) for more distinct values than a dictionary's index type can
        number.
        """
        try:
            return rows.conformed(self._plan)
        except pa.ArrowException as error:
            raise UnreadableFile(path, "TOO_MUCH_FOR_THE_TYPE", str(error)) from None

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch. Raises UnreadableFile (DESTINATION_FAILED)."""
        with _writing(self._destination.name):
            self._destination.write(batch)
        self.rows += batch.num_rows

    def publish(self) -> str | None:
        """Publish the rows and return where they are. Raises UnreadableFile (DESTINATION_FAILED)."""
        with _writing(self._destination.name):
            return self._destination.publish()


class HaltSink:
    """Writes rows until one doesn't conform, and publishes them only if all conform."""

    hands_on = True

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def admit(self, path: str, lines: BadLines) -> None:  # noqa: ARG002
        """Raise the fault of the lines."""
        raise lines.fault

    def accept(self, part: Evaluated) -> None:
        """Write the rows if these and all before them conform."""
        # After a violation nothing will be published, so nothing more is written.
        if part.all_conform:
            self._outlet.write(self._outlet.conformed(part.path, part.rows))

    def finish(self, report: Report) -> Loaded:
        """Publish the rows if all conform."""
        place = self._outlet.publish() if report.verdict == "conforms" else None
        return Loaded(report, place, self._outlet.rows if place else 0)


class WarnSink:
    """Loads every row that the contract's types can hold."""

    hands_on = True

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._left_out = 0

    def admit(self, path: str, lines: BadLines) -> None:  # noqa: ARG002
        """Raise the fault of the lines."""
        raise lines.fault

    def accept(self, part: Evaluated) -> None:
        """Write the rows that the contract's types can hold."""
        if part.evaluation.failing.any():
            batch = self._outlet.conformed(part.path, part.rows.filter(~part.evaluation.misfits))
            # A null in a field that isn't nullable is no misfit, but can't be stored either.
            nulls = refused_nulls(batch)
            if nulls is not None:
                batch = batch.filter(pa.array(~nulls))
            self._left_out += part.rows.count - batch.num_rows
        else:
            batch = self._outlet.conformed(part.path, part.rows)
        self._outlet.write(batch)

    def finish(self, report: Report) -> Loaded:
        """Publish the rows."""
        if self._left_out:
            left_out = f"{counted(self._left_out, 'row')} of values that the contract's types can't hold: not handed on"
            report = replace(report, notes=(*report.notes, left_out))
        # An empty file is published only for data that conform.
        place = self._outlet.publish() if self._outlet.rows or report.verdict == "conforms" else None
        return Loaded(report, place, self._outlet.rows, went_on=not self._left_out)


class QuarantineSink:
    """Loads the rows that conform and quarantines the others.

    The quarantine is published first: after a crash in between, rows are in the quarantine and none is loaded, and the
    same load again completes it. The other way round the failing rows would be lost.
    """

    hands_on = True

    def __init__(self, plan: Plan, outlet: Outlet, quarantine: Quarantine) -> None:
        self._plan = plan
        self._outlet = outlet
        self._quarantine = quarantine
        self._bad_lines: Counter[str] = Counter()

    def admit(self, path: str, lines: BadLines) -> None:
        """Raise the fault of the lines where the file ends within one of them, or has more than `MOST_BAD_LINES`."""
        self._bad_lines[path] += lines.count
        if lines.cut_off or self._bad_lines[path] > MOST_BAD_LINES:
            raise lines.fault

    def accept(self, part: Evaluated) -> None:
        """Write the rows that conform to the destination, and the others as they were read to the quarantine."""
        failing, rows = part.evaluation.failing, part.rows
        if failing.any():
            with _writing(self._quarantine.name):
                self._quarantine.write(
                    part.path, quarantined(self._plan, part.original, part.evaluation, part.path, part.start)
                )
            if failing.all():
                return
            rows = rows.filter(~failing)
        self._outlet.write(self._outlet.conformed(part.path, rows))

    def finish(self, report: Report) -> Loaded:
        """Publish the destination and the quarantine, or neither."""
        if report.verdict == "conforms":
            place = self._outlet.publish()
            return Loaded(report, place, self._outlet.rows if place else 0)
        sides = f"{counted(self._outlet.rows, 'row')} handed on, {counted(report.rows_failing, 'row')} set aside"
        report = replace(report, notes=(*report.notes, sides))
        with _writing(self._quarantine.name):
            folder = self._quarantine.publish(report)
        try:
            place = self._outlet.publish() if self._outlet.rows else None
        except UnreadableFile:
            # Otherwise the quarantine would tell of a load that didn't happen.
            self._quarantine.withdraw()
            raise
        return Loaded(report, place, self._outlet.rows, folder)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    """Raise UnreadableFile (DESTINATION_FAILED) for an error while rows are written."""
    try:
        yield
    except (OSError, RegistryError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise UnreadableFile(name, "DESTINATION_FAILED", reason) from None
