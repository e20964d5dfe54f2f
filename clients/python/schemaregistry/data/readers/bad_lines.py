"""Lines of a text file that are no records of its format: rows of which only the text is known."""

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
"""Lines of a file that are set aside for being no records; with more it is another file than it is taken for."""


@dataclass(frozen=True, slots=True)
class BadLines:
    """Consecutive lines of a file that are no records: number and text of each, and what is wrong with the first.

    `rule` is the format whose rule they break; `columns` are those of the file's other rows. `cut_off`: the file ends
    within the last of them.
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
        """How many lines there are."""
        return len(self.lines)

    def line_of(self, row: int) -> int | None:
        """The number of a line."""
        return self.lines[row]

    def filter(self, mask: Mask) -> "BadLines":
        """The lines that are marked."""
        kept = np.flatnonzero(mask).tolist()
        return replace(self, lines=[self.lines[row] for row in kept], texts=[self.texts[row] for row in kept])

    def completed(self, given: Mapping[str, PartitionColumn], schema: pa.Schema) -> "BadLines":
        """The lines with the columns of their path among those of the file, as its other rows have them."""
        lacking = [name for name in given if schema.get_field_index(name) < 0]
        return replace(self, columns=[*self.columns, *lacking]) if lacking else self

    def evaluate(self, plan: Plan, binding: Binding) -> Evaluation:  # noqa: ARG002
        """Each line breaks the rule of its format, and nothing of it can be held."""
        every = np.ones(self.count, bool)
        return Evaluation(self.count, {RuleKey(None, "", self.rule): Finding(self.expected, every, self._text)}, every)

    def undeclared(self, plan: Plan, binding: Binding) -> Iterable[str]:  # noqa: ARG002
        """No member is known."""
        return ()

    def conformed(self, plan: Plan) -> pa.RecordBatch:
        """Nothing of them can be handed on."""
        return pa.RecordBatch.from_pylist([], plan.schema)

    def original(self, plan: Plan, mask: Mask) -> dict[str, Array]:  # noqa: ARG002
        """The columns of the file's other rows, empty, and the text of each line."""
        kept = np.flatnonzero(mask).tolist()
        columns: dict[str, Array] = {name: pa.nulls(len(kept), pa.string()) for name in self.columns}
        columns[free_name(TEXT, columns)] = pa.array([self._text(row) for row in kept], pa.string())
        return columns

    def _text(self, row: int) -> str:
        return self.texts[row].decode(errors="backslashreplace")
