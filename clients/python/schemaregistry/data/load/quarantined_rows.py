"""The table of quarantined rows: each as it stands in its file, with its place and the rules that it breaks."""

import os

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.types import Array
from schemaregistry.data.engine.evaluation import Evaluation
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.original_rows import free_name
from schemaregistry.data.readers.rows import Rows


def quarantined(plan: Plan, rows: Rows, evaluation: Evaluation, path: str, start: int) -> pa.RecordBatch:
    """Return the rows that break a rule, by the file's own columns and the reasons; the first row has number `start`.

    After the file's own columns come `_file`, `_row` (from 0), `_line` (from 1, in text formats), and the rules that
    the row breaks as three parallel lists: `_column`, `_rule`, `_pointer`. Where the file has columns of these names
    they get more underscores.
    """
    columns = rows.original(plan, evaluation.failing)
    for name, array in _reasons(rows, evaluation, path, start).items():
        columns[free_name(name, columns)] = array
    return pa.RecordBatch.from_pydict(columns)


def _reasons(rows: Rows, evaluation: Evaluation, path: str, start: int) -> dict[str, Array]:
    """Return the columns with each row's place and the rules that it breaks."""
    kept = np.flatnonzero(evaluation.failing)
    keys = [[key for key, finding in evaluation.findings.items() if finding.rows[row]] for row in kept]
    texts = pa.list_(pa.string())
    return {
        "_file": pa.array([_as_text(path)] * len(kept), pa.string()),
        "_row": pa.array(kept + start, pa.int64()),
        "_line": pa.array([rows.line_of(row) for row in kept.tolist()], pa.int64()),
        "_column": pa.array([[key.column for key in each] for each in keys], texts),
        "_rule": pa.array([[key.rule for key in each] for each in keys], texts),
        "_pointer": pa.array([[key.pointer for key in each] for each in keys], texts),
    }


def _as_text(path: str) -> str:
    r"""Return a path as text; a byte that isn't UTF-8 is written `\xfc`."""
    return os.fsencode(path).decode(errors="backslashreplace")
