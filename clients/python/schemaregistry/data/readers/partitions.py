"""Partition columns in a file's path, as Hive and Spark write them: `date=2026-01-05/symbol=A/part.parquet`.

A partition column has the same value in every row of the file; its text is read as the contract's type.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.arrays import Mask, booleans
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import Array, family, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.plan import Place, Plan
from schemaregistry.data.engine.records import Records
from schemaregistry.data.engine.stored_value import NotUtf8
from schemaregistry.data.report.unreadable import UnreadableFile

_KEY: Final = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_NULL: Final = "__HIVE_DEFAULT_PARTITION__"
"""Hive's directory name for null."""


@dataclass(frozen=True, slots=True)
class PartitionColumn:
    """One column from the path: its place in the plan, its text, and its value as an array of length 1.

    `is_misfit`: the contract's type can't hold the text.
    """

    place: int
    text: str | None
    value: Array
    is_misfit: bool


def keys_of(path: str) -> Iterator[tuple[str, str | None]]:
    """Parse the `name=value` directories of a path; null is None, and bytes that aren't UTF-8 become surrogates."""
    for part in PurePath(path).parts[:-1]:
        if key := _KEY.fullmatch(part):
            name, text = map(_unquoted, key.groups())
            # An empty value is null, as an empty field of CSV is.
            yield name, None if text in ("", _NULL) else text


def _unquoted(text: str) -> str:
    """Decode percent signs: Hive encodes the characters that a directory's name can't have."""
    return unquote_to_bytes(os.fsencode(text)).decode(errors="surrogateescape")


def partition_columns(plan: Plan, path: str) -> dict[str, PartitionColumn]:
    """Return those partition columns of a path that the contract declares, by name.

    Raises UnreadableFile (DUPLICATE_COLUMN) where the path states two values of one of them.
    """
    found: dict[str, PartitionColumn] = {}
    stated: dict[str, str | None] = {}
    for name, text in keys_of(path):
        place = plan.column(name)
        # A directory may be named `a=b` for other reasons, so only the contract's columns are read.
        if place is not None:
            if stated.setdefault(name, text) != text:
                message = f'the path states two values of "{name}": which of them is meant can\'t be told'
                raise UnreadableFile(path, "DUPLICATE_COLUMN", message)
            found[name] = _column(place, text)
    return found


def _column(place: Place, text: str | None) -> PartitionColumn:
    try:
        texts = pa.array([text], pa.string())
    except UnicodeEncodeError:
        escaped = NotUtf8(os.fsencode(str(text)).decode(errors="backslashreplace"))
        return PartitionColumn(place.index, escaped, pa.nulls(1, place.kind or pa.string()), is_misfit=True)
    is_typed = place.kind is not None and family(place.kind) != "text"
    value, unread = text_parsing.read(texts, place.kind) if is_typed else (texts, None)
    return PartitionColumn(place.index, text, value, unread is not None)


def completed_batch(batch: Batch, columns: Mapping[str, PartitionColumn]) -> Batch:
    """Fill in partition columns in the rows of a batch that have no value of their own."""
    values, misfits, texts = dict(batch.columns), dict(batch.misfits), dict(batch.texts)
    for name, each in columns.items():
        own = values.get(name)
        filled = np.ones(batch.rows, bool) if own is None else booleans(own.is_null()) & ~_marked(batch, each.place)
        repeated = _repeated(each.value, batch.rows)
        values[name] = repeated if own is None else pc.if_else(pa.array(filled), repeated.cast(own.type), own)
        text = _repeated(pa.array([each.text], pa.string()), batch.rows)
        written = texts.get(each.place)
        texts[each.place] = text if written is None else pc.if_else(pa.array(filled), text, written)
        if each.is_misfit and filled.any():
            misfits[each.place] = _marked(batch, each.place) | filled
    return replace(batch, columns=values, misfits=misfits, texts=texts)


def _marked(batch: Batch, place: int) -> Mask:
    return batch.misfits.get(place, np.zeros(batch.rows, bool))


def _repeated(value: Array, count: int) -> Array:
    return value.take(pa.array(np.zeros(count, np.int64)))


def completed_records(records: Records, columns: Mapping[str, PartitionColumn]) -> Records:
    """Fill in partition columns in the records that have no value of their own."""
    added = {name: each.text if each.is_misfit else to_json(each.value)[0] for name, each in columns.items()}
    values = [
        record | {name: value for name, value in added.items() if record.get(name) is None and value is not None}
        if isinstance(record, dict)
        else record
        for record in records.values
    ]
    return replace(records, values=values)
