"""Lines of a text file that can't be parsed as records, treated as rows of which only the text is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.types import Array
from schemaregistry.data.engine.binding import Binding
from schemaregistry.data.engine.evaluation import Evaluation, Finding, RuleKey
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.original_rows import TEXT, free_name
from schemaregistry.data.readers.partitions import PartitionColumn
from schemaregistry.data.report.unreadable import UnreadableFile

MOST_BAD_LINES: Final = 10_000
"""The most such lines to quarantine from one file; a file with more probably isn't of the format that its name says."""


@dataclass(frozen=True, slots=True)
class BadLines:
    """Consecutive lines that can't be parsed: the number and text of each, and what is wrong with the first.

    `rule` names the format whose syntax they break. `columns` are the columns of the file's other rows: quarantined
    lines have the same columns, all null. `cut_off`: the file ends within the last line, so that it may be truncated.
    """

    rule: str
    expected: str
    lines: Sequence[int]
    texts: Sequence[bytes]
    fault: UnreadableFile
    columns: Sequence[str]
    cut_off: bool = False

    @property
    def count(self) -> int:
        """The number of lines."""
        return len(self.lines)

    def line_of(self, row: int) -> int | None:
        """Return the line number of a row."""
        return self.lines[row]

    def filter(self, mask: Mask) -> "BadLines":
        """Return the lines where `mask` is true."""
        kept = np.flatnonzero(mask).tolist()
        return replace(self, lines=[self.lines[row] for row in kept], texts=[self.texts[row] for row in kept])

    def completed(self, columns: Mapping[str, PartitionColumn], schema: pa.Schema) -> "BadLines":
        """Add the partition columns to `columns`, as to those of other rows."""
        lacking = [name for name in columns if schema.get_field_index(name) < 0]
        return replace(self, columns=[*self.columns, *lacking]) if lacking else self

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:  # noqa: ARG002
        """Every line breaks the rule of its format, and is a misfit."""
        every = np.ones(self.count, bool)
        return Evaluation(self.count, {RuleKey(None, "", self.rule): Finding(self.expected, every, self._text)}, every)

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:  # noqa: ARG002
        """Name no members: none could be parsed."""
        return ()

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """Return no rows: a line without values can't be loaded."""
        return pa.RecordBatch.from_pylist([], plan.schema)

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:  # noqa: ARG002
        """Return the columns of the file's other rows, all null, and a column with the text of each line."""
        kept = np.flatnonzero(mask).tolist()
        columns: dict[str, Array] = {name: pa.nulls(len(kept), pa.string()) for name in self.columns}
        columns[free_name(TEXT, columns)] = pa.array([self._text(row) for row in kept], pa.string())
        return columns

    def _text(self, row: int) -> str:
        # The line need not be UTF-8, but must be stored as text.
        return self.texts[row].decode(errors="backslashreplace")
