"""The pipeline of a check or load: read, repair, bind, evaluate, count, and pass the rows to a sink.

A reader yields a file's schema and its rows, batch by batch. Rows are repaired, if at all; the schema is bound to the
plan; the rows are evaluated; the tally adds up what they break; the sink accepts them.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import pyarrow as pa

from schemaregistry.data.clean.repairing import AS_READ, Repairer
from schemaregistry.data.clean.repairs import Repairs
from schemaregistry.data.engine.binding import Binding, bind
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.engine.schema_findings import fit_notes, schema_findings, schema_notes
from schemaregistry.data.load.sinks import Evaluated, Sink
from schemaregistry.data.readers.bad_lines import BadLines
from schemaregistry.data.readers.csv import CsvReader
from schemaregistry.data.readers.ipc import IpcReader
from schemaregistry.data.readers.json import JsonReader
from schemaregistry.data.readers.lines import Proven
from schemaregistry.data.readers.ndjson import NdjsonReader
from schemaregistry.data.readers.parquet import ParquetReader
from schemaregistry.data.readers.partitions import PartitionColumn, partition_columns
from schemaregistry.data.readers.reader import FileSchema, Reader, ReadPart
from schemaregistry.data.readers.rows import Rows
from schemaregistry.data.readers.sources import FileState, Source
from schemaregistry.data.readers.stdin import Piped
from schemaregistry.data.readers.tables import TableReader
from schemaregistry.data.report.facts import Fault, FileFacts, ReportVerdict, SchemaName
from schemaregistry.data.report.report import Report
from schemaregistry.data.report.tally import Tally
from schemaregistry.data.report.unreadable import UnreadableFile

OnProgress: TypeAlias = Callable[[int], None]
"""Called with the number of bytes read so far, of all files."""

READERS: Final[Mapping[str, Callable[..., Reader]]] = {
    "parquet": ParquetReader,
    "arrow": IpcReader,
    "csv": CsvReader,
    "ndjson": NdjsonReader,
    "json": JsonReader,
    "table": TableReader,
}
"""The reader of each format, called with a source and a plan; with `proving` it may yield Proven instead of rows."""

_NAMED: Final = 50
"""How many undeclared members are listed: each record may have others."""


@dataclass(slots=True)
class _File:
    """A file while it runs through the pipeline.

    `partitions` are the columns in its path, `read` is the schema from the reader, `bound` the schema after repairs,
    and `binding` binds that one to the plan.
    """

    source: Source
    partitions: Mapping[str, PartitionColumn] = field(default_factory=dict)
    rows: int = 0
    read: FileSchema = field(default_factory=lambda: FileSchema(pa.schema([])))
    bound: FileSchema | None = None
    binding: Binding = field(default_factory=Binding)

    @property
    def path(self) -> str:
        """The file's name in the report."""
        return self.source.path


class Pipeline:
    """Runs one check or load. With `proving`, readers may report rows that surely conform without yielding them."""

    def __init__(  # noqa: PLR0913
        self,
        plan: Plan,
        sink: Sink,
        *,
        aliases: Mapping[str, Sequence[str]] | None = None,
        revision: int | None = None,
        progress: OnProgress | None = None,
        repairer: Repairer = AS_READ,
        proving: bool = False,
    ) -> None:
        self._plan = plan
        self._sink = sink
        self._aliases = aliases or {}
        self._revision = revision
        self._progress = progress
        self._repairer = repairer
        self._proving = proving
        self._tally = Tally()
        self._undeclared: set[str] = set()
        self._files: list[FileFacts] = []
        self._error: Fault | None = None
        self._started = time.perf_counter()
        self.repairs = Repairs()

    def run(self, sources: Sequence[Source]) -> Report:
        """Run all files through and return the report; the first file that can't be read to its end stops the run."""
        for source in sources:
            if source.fault:
                self._error = source.fault
            else:
                self._pass(source)
            if self._error:
                break
        return self.report(self._error)

    def _pass(self, source: Source) -> None:
        """Run one file through, to its end or to its first error."""
        file = _File(source)
        before, size, state = sum(facts.bytes for facts in self._files), 0, source.state
        with self._reading(source):
            size = source.size
            file.partitions = partition_columns(self._plan, source.path)
            # A proof covers the file's own columns, not those of its path.
            reader = READERS[source.format](source, self._plan, proving=self._proving and not file.partitions)
            for read in reader:
                self._take(file, read)
                if self._progress:
                    self._progress(before + reader.position)
            self._note_fits(file)
        if source.state != state:
            self._error = _changed(source, state)
        if source.remark:
            self._tally.note(source.remark)
        # The size of a pipe is known once it is read.
        if isinstance(source, Piped):
            size = source.size
        self._files.append(FileFacts(source.path, source.format, file.rows, size))
        if file.rows == 0 and not self._error:
            self._tally.note(f"{source.path}: no rows")

    @contextmanager
    def _reading(self, source: Source) -> Iterator[None]:
        """Record the error that keeps a file from being read to its end, or rows from being written."""
        try:
            yield
        except UnreadableFile as unreadable:
            self._error = unreadable.fault
        except MemoryError:
            message = "memory ran out: give the program more; a damaged file may ask for any"
            self._error = UnreadableFile(source.path, "OUT_OF_MEMORY", message).fault
        except OSError as error:
            self._error = UnreadableFile(source.path, "UNREADABLE", error.strerror or str(error)).fault

    def _take(self, file: _File, read: ReadPart) -> None:
        """Process one part that a reader yields."""
        match read:
            case FileSchema():
                file.read = read
                self._bind(file, self._repairer.schema(read))
            case Proven():
                file.rows += read.lines
            case BadLines():
                # Raises for a check; a quarantine accepts such lines.
                self._sink.admit(file.path, read)
                self._take_rows(file, read)
            case _:
                self._take_rows(file, read)

    def _take_rows(self, file: _File, rows: Rows) -> None:
        """Repair, evaluate and count rows, and pass them to the sink."""
        original = rows.completed(file.partitions, file.read.schema)
        repaired = self._repairer.repair(file.source, file.read, original)
        self._bind(file, repaired.schema)
        evaluation = repaired.rows.evaluate(self._plan, file.binding)
        self._tally.add(evaluation, file.path, file.rows, repaired.rows.line_of)
        if self._sink.hands_on:
            self._note_undeclared(repaired.rows.undeclared(self._plan, file.binding))
        self._sink.accept(
            Evaluated(file.path, file.rows, original, repaired.rows, evaluation, all_conform=self._tally.clean)
        )
        start = file.rows
        for change in repaired.changes:
            # Only repairs of rows that are loaded count.
            self.repairs.add(change, ~evaluation.failing, lambda row: (file.path, start + row, original.line_of(row)))
        file.rows += original.count

    def _bind(self, file: _File, schema: FileSchema | None) -> None:
        """Bind a schema that differs from the last one, and count the rules that it breaks by itself."""
        if schema is None or (file.bound is not None and schema.schema.equals(file.bound.schema)):
            return
        fields = [pa.field(name, each.value.type) for name, each in file.partitions.items()]
        file.bound, file.binding = schema, bind(self._plan, schema.schema, fields)
        for note in schema_notes(self._plan, file.binding, schema.schema, self._aliases):
            self._tally.note(note)
        self._tally.add_schema(schema_findings(self._plan, file.binding, schema.schema))

    def _note_fits(self, file: _File) -> None:
        """Add the notes on columns that were read as another type."""
        for place, note in (*(file.bound.notes if file.bound else ()), *fit_notes(self._plan, file.binding)):
            self._tally.note(note, while_fitting=place)

    def _note_undeclared(self, names: Iterable[str]) -> None:
        """Add notes on members that aren't loaded, up to `_NAMED` of them."""
        for name in names:
            if name not in self._undeclared and len(self._undeclared) < _NAMED:
                self._undeclared.add(name)
                self._tally.note(f"{name}: not in the contract, not handed on")
            elif name not in self._undeclared:
                self._tally.note("more members that are not in the contract are not handed on")
                break

    def report(self, error: Fault | None = None) -> Report:
        """Return the report so far; with an error it is undecided."""
        seconds = time.perf_counter() - self._started
        rows = sum(facts.rows for facts in self._files)
        contract = self._plan.contract
        return Report(
            verdict=self._verdict(error),
            schema=SchemaName(contract.id, contract.version, self._revision, contract.fingerprint),
            files=tuple(self._files),
            rows=rows,
            rows_failing=self._tally.rows_failing,
            violations=self._tally.violations(lambda key: self._plan.rank(*key)),
            notes=self._tally.notes(),
            error=error,
            seconds=round(seconds, 6),
            rows_per_second=round(rows / seconds) if seconds else 0,
            peak_memory_bytes=_peak_memory(),
        )

    def _verdict(self, error: Fault | None) -> ReportVerdict:
        """With an error the verdict is undecided even after violations: these may come from damage of the file."""
        if error:
            return "undecided"
        return "conforms" if self._tally.clean else "violates"


def _changed(source: Source, before: FileState | None) -> Fault:
    """Return the fault of a file that isn't what it was before it was read: the rows may be of no state of it."""
    after = source.state
    sizes = f" (it had {before.size:,} bytes, now {after.size:,})" if before and after else ""
    message = f"the file was written to, replaced or removed while it was read{sizes}: try again when nothing writes it"
    return UnreadableFile(source.path, "CHANGED", message).fault


def _peak_memory() -> int:
    """Return the most memory in bytes that this process has held.

    Linux: proc_pid_status(5), since getrusage(2) there includes what the parent held before exec. macOS: getrusage.
    """
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    # In kilobytes, but in bytes on macOS.
    peak_used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_used if sys.platform == "darwin" else peak_used * 1024
