"""Clean files: make repairs that the contract leaves no doubt about, load what then conforms, quarantine the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.clean.batch_repair import mend, renamed, trim
from schemaregistry.data.clean.conventions import Conventions, Epoch
from schemaregistry.data.clean.record_repair import RecordMender, as_records, may_hold
from schemaregistry.data.clean.repairing import Repaired
from schemaregistry.data.clean.repairs import Done, Repair, ValueRepair
from schemaregistry.data.engine.binding import bind
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.engine.records import Records
from schemaregistry.data.load.destinations import Destination
from schemaregistry.data.load.file_load import opened_sink, settled
from schemaregistry.data.load.pipeline import OnProgress, Pipeline
from schemaregistry.data.load.quarantine import Quarantine
from schemaregistry.data.load.sinks import Loaded
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import ColumnRows, LineRows, RecordRows, Rows
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.v1 import contract_pb2


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The result of cleaning; `loaded.report` is about the rows after the repairs."""

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
    progress: OnProgress | None = None,
    epoch: Epoch | None = None,
) -> Cleaned:
    """Repair files and load the rows that then conform; the others go to the quarantine as they stand in their file.

    Repaired are: columns in another order; a missing column that is there under one of its `aliases`, or with another
    case or surrounding spaces; values of another type that are exactly one of the contract's (texts are read as CSV
    fields are); white space around texts that conform only without it; numbers and dates spelled as the CSV dialect
    says (`decimal`, `thousands`, `dates`); times that are numbers since 1970 in the unit `epoch`. No value is invented.
    Cleaning the output again changes nothing.

    Raises as `load` does.
    """
    # A column under another name is found only if all columns are read.
    plan = replace(Plan.of(contract), whole_rows=True)
    cleaner = Cleaner(plan, aliases or {}, epoch)
    with opened_sink(sources, plan, destination, quarantine) as sink:
        pipeline = Pipeline(plan, sink, aliases=aliases, revision=revision, progress=progress, repairer=cleaner)
        loaded = settled(pipeline, sink, sources)
        return Cleaned(loaded, pipeline.repairs.all() if loaded.place else ())


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Repairs rows for a plan."""

    plan: Plan
    aliases: Mapping[str, Sequence[str]]
    epoch: Epoch | None = None

    def schema(self, read: FileSchema) -> None:  # noqa: ARG002
        """Return None: the schema after repairs is known once rows are repaired, since a rename depends on them."""
        return

    def repair(self, source: Source, read: FileSchema, rows: Rows) -> Repaired:
        """Repair rows and list the repairs. Raises UnreadableFile for a line that isn't JSON."""
        conventions = Conventions(source.csv.over(self.plan.csv), self.epoch)
        match rows:
            case ColumnRows():
                return self._columns(source.path, read, rows.batch, conventions)
            case LineRows():
                return self._lines(source.path, rows, conventions)
            case RecordRows():
                return self._records(rows.records, conventions)
        return Repaired(rows, None)

    def _columns(self, path: str, read: FileSchema, batch: Batch, conventions: Conventions) -> Repaired:
        names, columns = read.schema.names, [str(place.name) for place in self.plan.columns]
        aliases = renamed(list(batch.columns), columns, self.aliases)
        for name, column in renamed(names, columns, self.aliases).items():
            # Parquet's reader passes over encrypted columns that the contract doesn't name.
            if name not in batch.columns:
                message = f'the column "{name}", which would be "{column}", is encrypted: decrypt the file first'
                raise UnreadableFile(path, "ENCRYPTED", message)
        mended, changes = mend(self.plan, batch, aliases, conventions)
        trimmed, trims = trim(self.plan, bind(self.plan, mended.schema), mended)
        found = [name for name in (aliases.get(name, name) for name in names) if name in columns]
        if found != [name for name in columns if name in found]:
            done = Done("order", None, ", ".join(found), ", ".join(name for name in columns if name in found))
            changes.append(ValueRepair(done, np.ones(batch.rows, bool)))
        return Repaired(ColumnRows(trimmed), FileSchema(trimmed.schema, read.notes), [*changes, *trims])

    def _lines(self, path: str, rows: LineRows, conventions: Conventions) -> Repaired:
        """Keep lines that conform unchanged; parse the others one by one, to tell a JSON string from a number.

        The result has the schema of the lines, unless members are renamed.
        """
        schema = FileSchema(rows.batch.schema)
        conforms = not rows.evaluate(self.plan, bind(self.plan, schema.schema)).findings
        if conforms and not may_hold(rows, self.aliases):
            return Repaired(rows, schema)
        repaired = self._records(as_records(self.plan, rows, path), conventions)
        is_renamed = any(change.done.kind == "rename" for change in repaired.changes)
        return repaired if is_renamed else replace(repaired, schema=schema)

    def _records(self, records: Records, conventions: Conventions) -> Repaired:
        mended, changes = RecordMender(self.plan, self.aliases, conventions).mend(records)
        return Repaired(RecordRows(mended), FileSchema(self.plan.record_schema), changes)
