"""The gate: rows judged and handed on in one pass, to be seen only if all of them conform. Sends no alert."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from schemaregistry.data.check import Progress, Run
from schemaregistry.data.destination import Destination
from schemaregistry.data.faults import Unreadable
from schemaregistry.data.frame import Batch
from schemaregistry.data.handon import from_batch, from_records
from schemaregistry.data.judge import Judge
from schemaregistry.data.plan import ROW, Plan
from schemaregistry.data.records import Records
from schemaregistry.data.report import Report
from schemaregistry.data.sources import Source
from schemaregistry.errors import RegistryError
from schemaregistry.v1 import contract_pb2


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a load: `place` is where the rows are, None where it was halted."""

    report: Report
    place: str | None


def load(
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    destination: Callable[[pa.Schema], Destination],
    *,
    revision: int | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Judge files and hand their rows on, in the contract's types and order, only if every row conforms.

    What is handed on is what was judged: each row is read once. Raises as `check` does, and what `destination` raises.
    """
    plan = Plan.of(contract)
    run = _Loading(plan, revision, progress, destination(plan.schema))
    try:
        report = run.run(sources)
        place = run.publish(report)
    finally:
        run.destination.discard()
    return Loaded(run.report() if run.error else report, place)


class _Loading(Run):
    """A check that passes rows on while nothing is wrong."""

    def __init__(self, plan: Plan, revision: int | None, progress: Progress | None, destination: Destination) -> None:
        super().__init__(plan, revision, progress)
        self.destination = destination

    def take(self, judge: Judge, rows: Batch | Records) -> None:
        """Judge the next rows of a file; write them where nobody sees them yet."""
        super().take(judge, rows)
        for name in judge.binding.extras.get(ROW, ()):
            self.tally.note(f"{name}: not in the contract, not handed on")
        if not self.tally.clean:
            return
        try:
            self.destination.write(self._converted(judge, rows))
        except OSError as error:
            raise self._unwritable(error) from None

    def _converted(self, judge: Judge, rows: Batch | Records) -> pa.RecordBatch:
        """The rows in the contract's types; raises Unreadable for more texts than a dictionary's indices can number."""
        try:
            if isinstance(rows, Batch):
                return from_batch(rows, self.plan.schema)
            return from_records(judge.stored(rows), self.plan.schema)
        except pa.ArrowException as error:
            raise Unreadable(judge.path, "TOO_MUCH_FOR_THE_TYPE", str(error)) from None

    def publish(self, report: Report) -> str | None:
        """Let the rows be seen if all of them conform."""
        if report.verdict != "conforms":
            return None
        try:
            return self.destination.publish()
        except (OSError, RegistryError) as error:
            self.error = self._unwritable(error).fault
            return None

    def _unwritable(self, error: OSError | RegistryError) -> Unreadable:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        return Unreadable(self.destination.name, "DESTINATION_FAILED", reason)
