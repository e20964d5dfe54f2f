"""Write a file of sample rows: make them, write them, check the file like any other, and only then rename it."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data import Report, check, find
from schemaregistry.data.arrow.types import Array, DataType, Table, is_json, pc
from schemaregistry.data.engine.conform import converted
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.load.atomic_files import hidden_file
from schemaregistry.document.model import PLAIN_CSV, CsvDialect
from schemaregistry.output_files import opened_through, regular_target, unwritable
from schemaregistry.sampling.faults import SampleFault, chosen, cut_off
from schemaregistry.sampling.files import TableWriter, Target, format_of, writer
from schemaregistry.sampling.row_maker import RowMaker
from schemaregistry.sampling.unsampleable import bad_request, not_as_wanted
from schemaregistry.v1 import contract_pb2

MOST_ROWS: Final = 10**10
"""The most rows that can be asked for."""
Faulty: TypeAlias = range | tuple[int, ...]
"""Row numbers in ascending order."""
Made: TypeAlias = tuple[SampleFault | None, Faulty]
"""The fault that was put in, and the rows with it."""
_TABS: Final = CsvDialect(delimiter="\t")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for a sample: the number of rows, and a fault `KIND` or `KIND:COLUMN` in `fault_rows` of them.

    `format` is needed where the file's name doesn't show it.
    """

    rows: int
    fault: str | None = None
    fault_rows: int = 12
    seed: int = 7
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """The result.

    `faulty` are the rows with the fault: all for a fault of a whole column, none for a truncated file.
    """

    rows: int
    bytes: int
    fault: SampleFault | None
    faulty: Faulty
    report: Report | None


def sample(contract: contract_pb2.Contract, out: Path, wanted: Wanted, *, checked: bool = True) -> Sampled:
    """Write rows that conform to a contract, except for the requested fault, in the format of the file's name.

    The same arguments give the same rows. Nothing is written on an error; a FIFO or a device named `out` gets the bytes
    once they are checked. Raises InvalidArgument (UNKNOWN_FORMAT,
    UNKNOWN_FAULT, BAD_COUNT, NO_COLUMNS, NOT_FOR_CSV, DESTINATION_UNWRITABLE, OUTPUT_UNWRITABLE), and Unimplemented
    (NO_SAMPLE) where no conforming rows are found.
    """
    form = format_of(out, wanted.format)
    _check_counts(wanted)
    plan = Plan.of(contract)
    if not plan.columns:
        raise bad_request(f"{contract.id} has no columns: there is nothing to sample", "NO_COLUMNS")
    row_maker = RowMaker.of(plan, wanted.seed)
    fault = chosen(wanted.fault, plan, row_maker.makers) if wanted.fault else None
    faulty = _faulty(wanted, fault, form)
    target = regular_target(out)
    hidden = hidden_file(target.parent if target else Path(tempfile.gettempdir()))
    try:
        with _writable(out):
            with os.fdopen(os.dup(hidden.descriptor), "wb") as file:
                _write(row_maker, Target(file, form, out.suffix.lower()), wanted.rows, fault, faulty)
            if fault and fault.name == "truncated":
                cut_off(hidden.path, form)
        csv = _TABS if out.suffix.lower() == ".tsv" else PLAIN_CSV
        report = _checked(contract, hidden.path, csv, form, (fault, faulty)) if checked else None
        size = hidden.path.stat().st_size
        if target is None:
            _copy(hidden.path, out)
        else:
            with _writable(out):
                hidden.show(target)
    finally:
        hidden.discard()
        os.close(hidden.descriptor)
    return Sampled(wanted.rows, size, fault, faulty, report)


def tables(contract: contract_pb2.Contract, rows: int, seed: int = 7) -> Iterator[Table]:
    """Yield the rows that `sample` would write as Arrow tables in the contract's types, some at a time."""
    row_maker = RowMaker.of(Plan.of(contract), seed)
    for columns in row_maker.tables(rows):
        yield _table(row_maker, columns, "arrow")


def _check_counts(wanted: Wanted) -> None:
    if not 0 <= wanted.rows <= MOST_ROWS or wanted.fault_rows < 1 or wanted.seed < 0:
        message = f"rows are 0 to {MOST_ROWS:,}, rows with a fault at least 1, a seed at least 0"
        raise bad_request(message, "BAD_COUNT")
    if wanted.fault and wanted.fault != "truncated" and not wanted.rows:
        raise bad_request("no row can have a fault where there are none: ask for at least one row", "BAD_COUNT")


def _faulty(wanted: Wanted, fault: SampleFault | None, form: str) -> Faulty:
    if fault is None or fault.kind.change is None:
        return ()
    if form in fault.kind.whole:
        return range(wanted.rows)
    # A seed of its own: the rows are the same with and without a fault.
    random = np.random.default_rng(wanted.seed + 1)
    count = min(wanted.fault_rows, wanted.rows)
    return tuple(np.sort(random.choice(wanted.rows, count, replace=False)).tolist())


def _table(row_maker: RowMaker, columns: Mapping[str, Array], form: str) -> Table:
    """Build a table in the contract's types, with all fields nullable; json columns are text, except for NDJSON."""
    fields, arrays = [], []
    for place, field in zip(row_maker.plan.columns, row_maker.plan.schema, strict=True):
        array = columns[field.name]
        if is_json(field.type) and place.null_is_value and form == "ndjson":
            array = pc.fill_null(array, "null")
        kind = nullable(field.type) if form == "ndjson" or not is_json(field.type) else pa.string()
        arrays.append(converted(array, kind, len(array)))
        fields.append(pa.field(field.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def nullable(kind: DataType) -> DataType:
    """Return the same type with nullable members and items: beneath a null struct they may all be null."""
    if pt.is_struct(kind):
        return pa.struct([pa.field(each.name, nullable(each.type)) for each in kind])
    return pa.list_(nullable(kind.value_type)) if pt.is_list(kind) else kind


def _write(row_maker: RowMaker, target: Target, rows: int, fault: SampleFault | None, faulty: Faulty) -> None:
    opened: TableWriter | None = None
    start, marked = 0, np.asarray(faulty, np.int64)
    for columns in row_maker.tables(rows):
        table = _table(row_maker, columns, target.format)
        count = table.num_rows
        if fault:
            table = fault.put(table, marked[(marked >= start) & (marked < start + count)] - start, target.format)
        opened = opened or writer(target, table.schema, row_maker.plan.csv)
        opened.write(table)
        start += count
    if opened is not None:
        opened.close()


def _checked(contract: contract_pb2.Contract, path: Path, csv: CsvDialect, form: str, made: Made) -> Report:
    """Check the file and return the report.

    Raises Unimplemented (NO_SAMPLE) where the result isn't the requested one.
    """
    fault, faulty = made
    report = check(find([str(path)], form, csv), contract)
    right = report.verdict == "conforms"
    if fault is not None:
        right = report.verdict == "undecided" or (report.verdict == "violates" and report.rows_failing == len(faulty))
    if not right:
        raise not_as_wanted(report)
    return report


def _copy(made: Path, out: Path) -> None:
    """Write a finished file through into a FIFO, a device or a descriptor."""
    with made.open("rb") as rows, opened_through(out) as stream:
        shutil.copyfileobj(rows, stream)


@contextmanager
def _writable(out: Path) -> Iterator[None]:
    """Raise InvalidArgument (OUTPUT_UNWRITABLE) for an error of the file system."""
    try:
        yield
    except OSError as error:
        raise unwritable(out, error) from None
