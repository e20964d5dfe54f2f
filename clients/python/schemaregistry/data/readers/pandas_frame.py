"""Convert a pandas frame to an Arrow table: its index, its columns of objects, and errors that name column and row."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.types import Array, Table, is_json
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.pandas_objects import Objects, OddObject, is_missing, of_objects

_REFUSED: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What pyarrow raises for values that it can't convert."""


def table_of(frame: Any, plan: Plan) -> tuple[Table, dict[str, Objects]]:
    """Return a frame as an Arrow table, and its columns of which some values aren't of the column's type.

    An index without a name only numbers the rows and is left out. Objects in the plan's json columns become JSON text.
    Raises OddObject, and what pyarrow raises, for a frame that no Arrow table can hold.
    """
    nameless = {f"__index_level_{level}__" for level, named in enumerate(frame.index.names) if named is None}
    objects: dict[str, Objects] = {}
    whole: dict[str, Array] = {}
    for name, values in _columns_of_objects(frame) if frame.columns.is_unique else ():
        place = plan.column(name)
        if place is not None and is_json(place.kind):
            whole[name] = _json(name, values)
            continue
        found = of_objects(name, values, None if place is None else place.kind)
        if found:
            objects[name] = found
            whole[name] = found.array
    # Their values would stop pyarrow, which is given the other columns alone.
    rest = frame.assign(**dict.fromkeys(set(whole).intersection(frame.columns)))
    table = _converted(rest)
    for name, array in whole.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, name, array) if index >= 0 else table
    named = [name for name in table.schema.names if name not in nameless]
    return table.select(named).replace_schema_metadata(), objects


def _columns_of_objects(frame: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield the columns whose values are Python objects, as categories and in the index too."""
    for name, kind in frame.dtypes.items():
        if isinstance(name, str) and "object" in (kind, getattr(getattr(kind, "categories", None), "dtype", None)):
            yield name, list(frame[name])
    for level, name in enumerate(frame.index.names):
        if isinstance(name, str) and name not in frame.columns:
            values = frame.index.get_level_values(level)
            if values.dtype == "object":
                yield name, list(values)


def _converted(frame: Any) -> Table:
    try:
        return pa.Table.from_pandas(frame)
    except _REFUSED as error:
        for name, values in _columns_of_objects(frame) if frame.columns.is_unique else ():
            _refuse_unreadable(name, values)
        what = "; ".join(map(str, error.args))
        raise ValueError(f"{what}: give each column one name and one type") from None


def _refuse_unreadable(name: str, values: list[Any]) -> None:
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
    raise OddObject(name, low, f"{_quoted(values[low])} has no Arrow type beside those before it ({what})")


def _refusal(values: list[Any]) -> Exception | None:
    try:
        pa.array(values, from_pandas=True)
    except _REFUSED as error:
        return error
    return None


def _quoted(value: Any) -> str:
    text = ascii(value)
    return f"the {type(value).__name__} {text if len(text) <= 80 else text[:79] + '…'}"


def _json(name: str, values: list[Any]) -> Array:
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
