"""Judging files by a contract: one pass over each, batch by batch, into one report.

Holds the order of things; reading is the readers', judging judge's.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pyarrow as pa

from schemaregistry.data.bad_lines import BadLines
from schemaregistry.data.csvfile import CsvReader
from schemaregistry.data.facts import Fault, FileFacts, SchemaName, Verdict
from schemaregistry.data.faults import Unreadable
from schemaregistry.data.frame import Batch
from schemaregistry.data.ipc import IpcReader
from schemaregistry.data.jsonfile import JsonReader
from schemaregistry.data.judge import Judge
from schemaregistry.data.lines import Proven
from schemaregistry.data.ndjson import Lines, NdjsonReader
from schemaregistry.data.parquet import ParquetReader
from schemaregistry.data.partitions import Given, completed, given
from schemaregistry.data.plan import Plan
from schemaregistry.data.records import Records
from schemaregistry.data.report import Report
from schemaregistry.data.sources import Source
from schemaregistry.data.stdin import Piped
from schemaregistry.data.tables import TableReader
from schemaregistry.data.tally import Key, Tally
from schemaregistry.v1 import contract_pb2

Progress: TypeAlias = Callable[[int], None]
"""Told how many bytes of all files are done."""


Read: TypeAlias = Batch | Records | BadLines | Proven
"""What a reader gives."""


class Reader(Protocol):
    """What reads one format."""

    @property
    def position(self) -> int:
        """Bytes on disk that are done."""
        ...

    def __iter__(self) -> "Iterator[Batch] | Iterator[Batch | BadLines | Proven] | Iterator[Read]": ...


READERS: Final[dict[str, Callable[[Source, Judge], Reader]]] = {
    "parquet": ParquetReader,
    "arrow": IpcReader,
    "csv": CsvReader,
    "ndjson": NdjsonReader,
    "json": JsonReader,
    "table": TableReader,
}


def check(
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    *,
    revision: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Judge files by a contract. Bounded memory, whatever their size.

    Raises InvalidArgument (UNKNOWN_PLAN, BAD_CONTRACT) for a contract that can't be read here; what is wrong with the
    data is in the report.
    """
    return Run(Plan.of(contract), revision, progress, by_proof=True).run(sources)


class Run:
    """One check: its plan, and what it has found so far. `by_proof`: rows that surely conform aren't taken."""

    def __init__(self, plan: Plan, revision: int | None, progress: Progress | None, *, by_proof: bool = False) -> None:
        self.plan = plan
        self.tally = Tally()
        self.files: list[FileFacts] = []
        self.error: Fault | None = None
        self._revision = revision
        self._progress = progress
        self._by_proof = by_proof
        self._started = time.perf_counter()

    def run(self, sources: Sequence[Source]) -> Report:
        """Judge each file; the first that can't be read ends it."""
        for source in sources:
            self.judge(source)
            if self.error:
                break
        return self.report()

    def judge(self, source: Source) -> None:
        """Judge one file."""
        if source.fault:
            self.error = source.fault
            return
        columns = given(self.plan, source.path)
        fields = [pa.field(name, each.value.type) for name, each in columns.items()]
        judge = Judge(self.plan, self.tally, source.path, by_proof=self._by_proof and not columns, given=fields)
        before, size = sum(facts.bytes for facts in self.files), 0
        try:
            size = source.size
            reader = READERS[source.format](source, judge)
            for rows in reader:
                if isinstance(rows, Proven):
                    judge.rows += rows.lines
                elif isinstance(rows, BadLines):
                    self.take_bad_lines(judge, rows)
                else:
                    self.take(judge, completed(rows, self._added(columns, judge, rows)))
                if self._progress:
                    self._progress(before + reader.position)
            judge.finish()
        except Unreadable as unreadable:
            self.error = unreadable.fault
        except MemoryError:
            message = "memory ran out: give the program more; a damaged file may ask for any"
            self.error = Unreadable(source.path, "OUT_OF_MEMORY", message).fault
        except OSError as error:
            self.error = Unreadable(source.path, "UNREADABLE", error.strerror or str(error)).fault
        if source.remark:
            self.tally.note(source.remark)
        if isinstance(source, Piped):
            size = source.size
        self.files.append(FileFacts(source.path, source.format, judge.rows, size))
        if judge.rows == 0 and not self.error:
            self.tally.note(f"{source.path}: no rows")

    def take(self, judge: Judge, rows: Batch | Records) -> None:
        """Judge the next rows of a file."""
        judge.judge(rows)

    def _added(self, columns: Mapping[str, Given], judge: Judge, rows: Batch | Records) -> Mapping[str, Given]:
        """The columns of a file's path that its rows haven't: of JSON, any record may lack one."""
        if isinstance(rows, Records | Lines):
            return columns
        return {name: each for name, each in columns.items() if name in judge.binding.given}

    def take_bad_lines(self, judge: Judge, lines: BadLines) -> None:  # noqa: ARG002
        """Take lines that are no records; raises Unreadable where they end it."""
        raise lines.fault

    def report(self) -> Report:
        """What has been found."""
        seconds = time.perf_counter() - self._started
        rows = sum(facts.rows for facts in self.files)
        contract = self.plan.contract
        return Report(
            verdict=self.verdict,
            schema=SchemaName(contract.id, contract.version, self._revision, contract.fingerprint),
            files=tuple(self.files),
            rows=rows,
            rows_failing=self.tally.rows_failing,
            violations=self.tally.violations(self._rank),
            notes=self.tally.notes(),
            error=self.error,
            seconds=round(seconds, 6),
            rows_per_second=round(rows / seconds) if seconds else 0,
            peak_memory_bytes=_peak_memory(),
        )

    @property
    def verdict(self) -> Verdict:
        """Undecided where a file couldn't be read to its end: what was found in it may be its damage."""
        if self.error:
            return "undecided"
        return "conforms" if self.tally.clean else "violates"

    def _rank(self, key: Key) -> tuple[int, int, str, str]:
        return self.plan.rank(*key)


def _peak_memory() -> int:
    """The most memory in bytes that this process has held.

    Linux: proc_pid_status(5), since getrusage(2) there counts what the parent held before exec, too. macOS: getrusage.
    """
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    peak_used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_used if sys.platform == "darwin" else peak_used * 1024
