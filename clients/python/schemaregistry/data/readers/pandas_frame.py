"""Convert a pandas frame to an Arrow table: its index, its columns of objects, and errors that name column and row."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.types import Array, Table, is_json
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.pandas_objects import (
    Objects,
    OddObject,
    is_missing,
    large_integers,
    of_objects,
    with_nulls,
)
from schemaregistry.data.readers.pandas_types import arrow_name, exportable, refuse_repeated_labels

_REFUSED: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What pyarrow raises for values that it can't convert."""


class FrameTable(NamedTuple):
    """A frame as an Arrow table.

    `objects` are columns of which some values aren't of the column's type. `changed` are columns that Arrow can't hold:
    null in the table, each with a text that says what it is and what to do.
    """

    table: Table
    objects: dict[str, Objects]
    changed: dict[str, str]


def table_of(frame: Any, plan: Plan) -> FrameTable:
    """Convert a frame to an Arrow table.

    An index without a name only numbers the rows and is left out. Objects in the plan's json columns become JSON text.
    Raises RepeatedName, OddObject, and what pyarrow raises, for a frame that no Arrow table can hold.
    """
    refuse_repeated_labels(frame)
    frame, changed = exportable(frame)
    nameless = {f"__index_level_{level}__" for level, named in enumerate(frame.index.names) if named is None}
    objects: dict[str, Objects] = {}
    whole: dict[str, Array] = {}
    for name, values in _columns_of_objects(frame):
        if name in changed:
            continue
        values, given = with_nulls(name, values), values  # noqa: PLW2901 - the values to read
        place = plan.column(name)
        if place is not None and is_json(place.kind):
            whole[name] = _json(name, values)
            continue
        integers = large_integers(values, None if place is None else place.kind)
        if integers is not None:
            whole[name] = integers
            continue
        found = of_objects(name, values, None if place is None else place.kind)
        if found:
            objects[name] = found
            whole[name] = found.array
        elif values is not given:
            whole[name] = _array_of(name, values)
    # Their values would stop pyarrow, which is given the other columns alone.
    rest = frame.assign(**dict.fromkeys(set(whole).intersection(frame.columns)))
    table = _converted(rest)
    for name, array in whole.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, name, array) if index >= 0 else table
    named = [name for name in table.schema.names if name not in nameless]
    return FrameTable(table.select(named).replace_schema_metadata(), objects, changed)


def _columns_of_objects(frame: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the columns whose values are Python objects, as categories and in the index too."""
    for name, kind in frame.dtypes.items():
        if isinstance(name, str) and "object" in (kind, getattr(getattr(kind, "categories", None), "dtype", None)):
            yield name, list(frame[name])
    for level, name in enumerate(frame.index.names):
        if isinstance(name, str) and name not in frame.columns:
            values = frame.index.get_level_values(level)
            if values.dtype == "object":
                yield name, list(values)


def _array_of(name: str, values: Sequence[Any]) -> Array:
    try:
        return pa.array(values, from_pandas=True)
    except _REFUSED:
        _refuse_unreadable(name, values)
        raise


def _converted(frame: Any) -> Table:
    try:
        return pa.Table.from_pandas(frame)
    except _REFUSED as error:
        for name, values in _columns_of_objects(frame):
            _refuse_unreadable(name, values)
        _refuse_unconvertible(frame)
        raise ValueError("; ".join(map(str, error.args))) from None


def _refuse_unconvertible(frame: Any) -> None:
    """Raise ValueError for the first column that pyarrow can't convert alone."""
    for at, (label, kind) in enumerate(frame.dtypes.items()):
        try:
            pa.Table.from_pandas(frame.iloc[:, [at]], preserve_index=False)
        except _REFUSED as error:
            what = str(error.args[0]) if error.args else type(error).__name__
            message = f'column "{arrow_name(label)}" is pandas\' {kind}, which has no Arrow type ({what}): cast it'
            raise ValueError(message) from None


def _refuse_unreadable(name: str, values: Sequence[Any]) -> None:
    """Raise OddObject for the first value with which a column can't be converted any more."""
    error = _refusal(values)
    if error is None:
        return
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        found = _refusal(values[:middle])
        if found is None:
            low = middle
        else:
            high, error = middle, found
    what = str(error.args[0] if isinstance(error, pa.ArrowException) else error)
    beside = " beside those before it" if _refusal([values[low]]) is None else ""
    if isinstance(values[low], np.datetime64 | np.timedelta64):
        what += ": give it the unit s, ms, us or ns"
    raise OddObject(name, low, f"{_quoted(values[low])} has no Arrow type{beside} ({what})")


def _refusal(values: Sequence[Any]) -> Exception | None:
    try:
        pa.array(values, from_pandas=True)
    except _REFUSED as error:
        return error
    return None


def _quoted(value: Any) -> str:
    text = ascii(value)
    return f"the {type(value).__name__} {text if len(text) <= 80 else text[:79] + '…'}"


def _json(name: str, values: Sequence[Any]) -> Array:
    """Convert the objects of a json column to JSON text."""
    texts = []
    for row, value in enumerate(values):
        try:
            text = _json_text(value)
            if text is not None:
                text.encode()
            texts.append(text)
        except (ValueError, TypeError) as error:
            raise OddObject(name, row, f"{_quoted(value)} is no JSON value ({error})") from None
    return pa.array(texts, pa.string())


def _json_text(value: Any) -> str | None:
    """Convert an object in a json column: a string is JSON text already, NaN and None are missing.

    Raises TypeError for a value that JSON doesn't have.
    """
    if is_missing(value) or isinstance(value, str):
        return None if is_missing(value) else value
    if isinstance(value, bool | int | float | Decimal | list | dict):
        return json_text.written(value)
    if hasattr(value, "tolist"):
        return _json_text(value.tolist())
    raise TypeError(f"a {type(value).__name__} is no JSON value")
