"""The kinds of rows that readers yield, all behind the protocol `Rows`.

`ColumnRows` come from columnar formats and CSV, `LineRows` and `RecordRows` from JSON; lines that can't be parsed are
`BadLines` in `bad_lines.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import Array
from schemaregistry.data.engine.batch_evaluation import evaluate_batch
from schemaregistry.data.engine.binding import Binding
from schemaregistry.data.engine.conform import from_batch, from_records
from schemaregistry.data.engine.evaluation import Evaluation
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.engine.record_evaluation import RecordEvaluator, evaluate_records
from schemaregistry.data.engine.records import Records
from schemaregistry.data.readers import original_rows
from schemaregistry.data.readers.partitions import PartitionColumn, completed_batch, completed_records

BATCH_ROWS: Final = 1 << 16
"""Rows evaluated at a time: a batch of a file or table may have any number of them."""


class Rows(Protocol):
    """Consecutive rows of one file, as a frozen value."""

    @property
    def count(self) -> int:
        """The number of rows."""
        ...

    def line_of(self, row: int) -> int | None:
        """Return the line number (from 1) on which row `row` starts; None for formats without lines."""
        ...

    def filter(self, mask: Mask) -> "Rows":
        """Return the rows where `mask`, one boolean for each row, is true."""
        ...

    def completed(self, columns: Mapping[str, PartitionColumn], schema: pa.Schema) -> "Rows":
        """Fill in the partition columns of the file's path, in rows without a value of their own.

        `columns` are the partition columns by name, `schema` is the file's own schema.
        """
        ...

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:
        """Evaluate the plan's checks on the rows; `binding` says which column stands at which place."""
        ...

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:
        """Name the members without a place in the contract: `name`, `object.name`, `list[].name`."""
        ...

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """Convert the rows to the contract's types and column order; no row may have a misfit."""
        ...

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """Return the rows where `mask` is true as they stand in the file, by column; text formats give text."""
        ...


@dataclass(frozen=True, slots=True)
class _BatchRows:
    """The methods that all rows stored as a `Batch` share."""

    batch: Batch

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.batch.rows

    def line_of(self, row: int) -> int | None:
        """Return the line number on which a row starts; None for formats without lines."""
        return None if self.batch.line_of is None else self.batch.line_of(row)

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:
        """Evaluate the plan's checks on the batch."""
        return evaluate_batch(plan, binding, self.batch)

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:
        """Name the columns and members without a place in the contract."""
        return binding.undeclared(plan)

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """Convert the rows to the contract's types and column order."""
        return from_batch(self.batch, plan.schema)


@dataclass(frozen=True, slots=True)
class ColumnRows(_BatchRows):
    """Rows of Parquet, Arrow, CSV or a table in memory."""

    def filter(self, mask: Mask) -> "ColumnRows":
        """Return the rows where `mask` is true."""
        return ColumnRows(self.batch.filter(mask))

    def completed(self, columns: Mapping[str, PartitionColumn], schema: pa.Schema) -> "ColumnRows":
        """Add those partition columns that the file doesn't have itself."""
        lacking = {name: each for name, each in columns.items() if schema.get_field_index(name) < 0}
        return ColumnRows(completed_batch(self.batch, lacking)) if lacking else self

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """Return the file's own columns, for CSV the text of each field."""
        return original_rows.of_batch(plan, self.batch, mask)


@dataclass(frozen=True, slots=True)
class LineRows(_BatchRows):
    """JSON records, one a line, that Arrow's parser read as a batch; `text_of` returns the text of a row."""

    text_of: Callable[[int], bytes]

    def filter(self, mask: Mask) -> "LineRows":
        """Return the rows where `mask` is true."""
        kept = np.flatnonzero(mask)
        return LineRows(self.batch.filter(mask), lambda row: self.text_of(int(kept[row])))

    def completed(self, columns: Mapping[str, PartitionColumn], schema: pa.Schema) -> "LineRows":  # noqa: ARG002
        """Fill in the partition columns; unlike in a columnar file, each record may lack another member."""
        return replace(self, batch=completed_batch(self.batch, columns)) if columns else self

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """Return the text of each line, and the text of each of the contract's columns."""
        return original_rows.of_lines(plan, [self.text_of(row) for row in np.flatnonzero(mask).tolist()])


@dataclass(frozen=True, slots=True)
class RecordRows:
    """JSON records that were parsed one by one."""

    records: Records

    @property
    def count(self) -> int:
        """The number of records."""
        return len(self.records.values)

    def line_of(self, row: int) -> int | None:
        """Return the line number on which a record starts."""
        return self.records.lines[row]

    def filter(self, mask: Mask) -> "RecordRows":
        """Return the records where `mask` is true."""
        return RecordRows(self.records.filter(mask))

    def completed(self, columns: Mapping[str, PartitionColumn], schema: pa.Schema) -> "RecordRows":  # noqa: ARG002
        """Fill in the partition columns; each record may lack another member."""
        return RecordRows(completed_records(self.records, columns)) if columns else self

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:  # noqa: ARG002
        """Evaluate the plan's checks on the records."""
        return evaluate_records(plan, self.records)

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:  # noqa: ARG002
        """Name the members without a place in the contract, each once."""
        return RecordEvaluator(plan).undeclared(self.records)

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """Convert the records to the contract's types and column order."""
        return from_records(RecordEvaluator(plan).stored(self.records), plan.schema)

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """Return the text of each line, and the text of each of the contract's columns."""
        return original_rows.of_lines(plan, [self.records.texts[row] for row in np.flatnonzero(mask).tolist()])
