"""The kinds of rows that readers give, behind one protocol: what can be asked of rows, however they were read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

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


class Rows(Protocol):
    """Consecutive rows of one file, as a frozen value."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    def line_of(self, row: int) -> int | None:
        """The line of a row, where its format has lines."""
        ...

    def filter(self, mask: Mask) -> "Rows":
        """The rows that are marked."""
        ...

    def completed(self, given: Mapping[str, PartitionColumn], schema: pa.Schema) -> "Rows":
        """The rows with the columns of their path, where they have no value of their own; `schema` is the file's."""
        ...

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:
        """The rules that the rows break."""
        ...

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:
        """Members that the contract has no place for: `name`, `object.name`, `list[].name`."""
        ...

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """Rows that the contract's types can hold, in these types and the contract's order."""
        ...

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """The rows that are marked, as their file has them: text formats give text."""
        ...


@dataclass(frozen=True, slots=True)
class _BatchRows:
    """What rows of a batch have in common."""

    batch: Batch

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.batch.rows

    def line_of(self, row: int) -> int | None:
        """The line of a row, where its format has lines."""
        return None if self.batch.line_of is None else self.batch.line_of(row)

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:
        """The rules that the rows break."""
        return evaluate_batch(plan, binding, self.batch)

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:
        """Members that the contract has no place for."""
        return binding.undeclared(plan)

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """The rows in the contract's types and order."""
        return from_batch(self.batch, plan.schema)


@dataclass(frozen=True, slots=True)
class ColumnRows(_BatchRows):
    """Rows of a format of columns, or of CSV."""

    def filter(self, mask: Mask) -> "ColumnRows":
        """The rows that are marked."""
        return ColumnRows(self.batch.filter(mask))

    def completed(self, given: Mapping[str, PartitionColumn], schema: pa.Schema) -> "ColumnRows":
        """The rows with those columns of their path that the file lacks."""
        lacking = {name: each for name, each in given.items() if schema.get_field_index(name) < 0}
        return ColumnRows(completed_batch(self.batch, lacking)) if lacking else self

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """The file's own columns; in CSV the fields."""
        return original_rows.of_batch(plan, self.batch, mask)


@dataclass(frozen=True, slots=True)
class LineRows(_BatchRows):
    """JSON records that were read together, a line each; `text_of` tells the text of a row."""

    text_of: Callable[[int], bytes]

    def filter(self, mask: Mask) -> "LineRows":
        """The rows that are marked."""
        kept = np.flatnonzero(mask)
        return LineRows(self.batch.filter(mask), lambda row: self.text_of(int(kept[row])))

    def completed(self, given: Mapping[str, PartitionColumn], schema: pa.Schema) -> "LineRows":  # noqa: ARG002
        """The rows with the columns of their path: any record may lack one."""
        return replace(self, batch=completed_batch(self.batch, given)) if given else self

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """The lines, and the values of the contract's columns as text."""
        return original_rows.of_lines(plan, [self.text_of(row) for row in np.flatnonzero(mask).tolist()])


@dataclass(frozen=True, slots=True)
class RecordRows:
    """JSON records that were read one by one."""

    records: Records

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.records.values)

    def line_of(self, row: int) -> int | None:
        """The line of a row."""
        return self.records.lines[row]

    def filter(self, mask: Mask) -> "RecordRows":
        """The rows that are marked."""
        return RecordRows(self.records.filter(mask))

    def completed(self, given: Mapping[str, PartitionColumn], schema: pa.Schema) -> "RecordRows":  # noqa: ARG002
        """The rows with the columns of their path: any record may lack one."""
        return RecordRows(completed_records(self.records, given)) if given else self

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:  # noqa: ARG002
        """The rules that the rows break."""
        return evaluate_records(plan, self.records)

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:  # noqa: ARG002
        """Members that the contract has no place for, each once."""
        return RecordEvaluator(plan).undeclared(self.records)

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """The rows in the contract's types and order."""
        return from_records(RecordEvaluator(plan).stored(self.records), plan.schema)

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:
        """The lines, and the values of the contract's columns as text."""
        return original_rows.of_lines(plan, [self.records.texts[row] for row in np.flatnonzero(mask).tolist()])
