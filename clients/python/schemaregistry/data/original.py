"""Rows as their file has them, with why each is set aside: what a table of refused rows is made of. Judges nothing.

Text formats give text: in CSV the fields; in NDJSON the whole line, and the values of the contract's columns.
"""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry.data import jsontext
from schemaregistry.data.arrays import Mask, decoded, flat
from schemaregistry.data.bad_lines import BadLines
from schemaregistry.data.binding import needed
from schemaregistry.data.failing import Failing, any_of
from schemaregistry.data.frame import Batch
from schemaregistry.data.judge import Judge
from schemaregistry.data.ndjson import Lines
from schemaregistry.data.picking import count, line_of
from schemaregistry.data.plan import Place, Plan
from schemaregistry.data.records import Records
from schemaregistry.data.types import Array, DataType, is_json
from schemaregistry.data.values import to_json
from schemaregistry.document import Json

_TEXT: Final = "_text"


def refused(judge: Judge, rows: Batch | Records, broken: Failing, start: int) -> pa.RecordBatch:
    """Those of a file's rows that break a rule, as the file has them and with the reasons; the first is row `start`.

    After the file's own columns come `_file`, `_row` (from 0) and `_line` (from 1, in text formats), and the rules that
    the row breaks, as lists that belong together: `_column`, `_rule`, `_pointer`. They get more underscores where the
    file has columns of these names.
    """
    mask = any_of(broken, count(rows))
    columns = _columns(judge.plan, rows, mask)
    for name, array in _reasons(rows, broken, mask, judge.path, start).items():
        columns[_free(name, columns)] = array
    return pa.RecordBatch.from_pydict(columns)


def refused_lines(judge: Judge, lines: BadLines, start: int) -> pa.RecordBatch:
    """Lines of a judge's file that are no records, in the columns of its other rows; the first is row `start`.

    Only `_text` says what is in them, and `_rule` the format.
    """
    count, texts = len(lines.lines), pa.list_(pa.string())
    known = [str(place.name) for place in judge.plan.columns]
    names = needed(judge.plan, judge.binding) if lines.rule == "csv" else known
    columns: dict[str, Array] = {name: pa.nulls(count, pa.string()) for name in names}
    text = (line.decode(errors="backslashreplace") for line in lines.texts)
    columns[_free(_TEXT, columns)] = pa.array(text, pa.string())
    reasons = {
        "_file": pa.array([_name(judge.path)] * count, pa.string()),
        "_row": pa.array(range(start, start + count), pa.int64()),
        "_line": pa.array(lines.lines, pa.int64()),
        "_column": pa.array([[None]] * count, texts),
        "_rule": pa.array([[lines.rule]] * count, texts),
        "_pointer": pa.array([[""]] * count, texts),
    }
    for name, array in reasons.items():
        columns[_free(name, columns)] = array
    return pa.RecordBatch.from_pydict(columns)


def _columns(plan: Plan, rows: Batch | Records, mask: Mask) -> dict[str, Array]:
    kept = np.flatnonzero(mask).tolist()
    if isinstance(rows, Records):
        return _of_lines(plan, [rows.texts[row] for row in kept])
    if isinstance(rows, Lines):
        return _of_lines(plan, [rows.text_of(row) for row in kept])
    columns = [place for place in plan.columns if place.index in rows.texts]
    found = dict(rows.columns) | {str(place.name): rows.texts[place.index] for place in columns}
    stored = {name: _stored(flat(array).filter(pa.array(mask))) for name, array in found.items()}
    if rows.line_of is not None:
        stored[_free(_TEXT, stored)] = pa.nulls(len(kept), pa.string())
    return stored


def _of_lines(plan: Plan, lines: Sequence[bytes]) -> dict[str, Array]:
    records = [_members(line) for line in lines]
    columns: dict[str, Array] = {
        str(place.name): pa.array([_member(record.get(str(place.name)), place) for record in records], pa.string())
        for place in plan.columns
    }
    columns[_free(_TEXT, columns)] = pa.array([line.decode() for line in lines], pa.string())
    return columns


def _members(line: bytes) -> dict[str, str]:
    text = line.decode()
    return jsontext.members(text) if text.lstrip().startswith("{") else {}


def _member(text: str | None, place: Place) -> str | None:
    """A member as it is written; a text of a column that isn't json without its quotes, null as null."""
    if text is None or is_json(place.kind):
        return text
    return _text(json.loads(text)) if text.startswith(('"', "null")) else text


def _text(value: Json) -> str | None:
    """A text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _stored(array: Array) -> Array:
    """A plain array as Parquet can hold it: without dictionaries; as JSON text where it has no such type."""
    array = decoded(array)
    return array if _is_stored(array.type) else pa.array(map(_text, to_json(array)), pa.string())


def _is_stored(kind: DataType) -> bool:
    try:
        pq.write_table(pa.table({"": pa.nulls(0, kind)}), pa.BufferOutputStream())
    except (pa.ArrowException, TypeError):
        return False
    return True


def _name(path: str) -> str:
    r"""The path as text: a byte that isn't UTF-8 is written `\xfc`."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _reasons(rows: Batch | Records, broken: Failing, mask: Mask, path: str, start: int) -> dict[str, Array]:
    """The place of each row, and what it breaks."""
    kept = np.flatnonzero(mask)
    keys = [[key for key, breaking in broken.items() if breaking[row]] for row in kept]
    texts = pa.list_(pa.string())
    return {
        "_file": pa.array([_name(path)] * len(kept), pa.string()),
        "_row": pa.array(kept + start, pa.int64()),
        "_line": pa.array([line_of(rows, row) for row in kept.tolist()], pa.int64()),
        "_column": pa.array([[key.column for key in each] for each in keys], texts),
        "_rule": pa.array([[key.rule for key in each] for each in keys], texts),
        "_pointer": pa.array([[key.pointer for key in each] for each in keys], texts),
    }


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name = f"_{name}"
    return name
