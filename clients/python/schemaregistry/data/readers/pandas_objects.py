"""Convert pandas' columns of Python objects to Arrow, where pyarrow's own inference would change a value.

Without an error, pyarrow 26 changes in a column of mixed objects

- a datetime beside dates: it loses its time;
- a time of day: it loses its offset;
- a Timestamp: it loses its nanoseconds;
- a datetime without an offset beside others that have one: it is taken for UTC;
- True beside numbers: it becomes 1;
- a str beside bytes: it becomes bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from numbers import Number
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.json_fault import DEEPEST
from schemaregistry.data.arrow.types import Array, DataType, family

_NEVER_CHANGED: Final = frozenset((str, int, float, Decimal, type(None)))
"""Types whose objects pyarrow converts exactly or refuses, alone and beside one another."""
_PLAIN: Final = frozenset((str, int, float, bool, bytes, type(None)))
"""Types whose objects are neither missing values of pandas nor contain any; NaN is one that pyarrow knows."""
_UNSET: Final = frozenset(("NAType", "NaTType"))
"""The types of pandas' NA and NaT, by name, since pandas may not be imported."""
_ZONED: Final = "datetime with an offset"
_TIMES: Final = frozenset(("date", "time", "datetime", _ZONED))
# In this order: a datetime is a date to Python, a bool and a timedelta64 are numbers.
_KINDS: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((datetime,), "datetime"),
    ((date,), "date"),
    ((time,), "time"),
    ((bool, np.bool_), "bool"),
    ((str,), "str"),
    ((bytes, bytearray, memoryview), "bytes"),
    ((dict,), "dict"),
    ((list, tuple, set, frozenset, np.ndarray), "list"),
    ((np.datetime64,), "datetime64"),
    ((np.timedelta64,), "timedelta64"),
    ((Number,), "number"),
)
_MOST_DIGITS: Final = 76
"""Digits of a decimal256."""
_UNREAD: Final = object()
"""Marks a value that the column's type can't hold."""


class OddObject(ValueError):
    """A value that has no place in its column; the message says in which column and row."""

    def __init__(self, column: str, row: int, what: str) -> None:
        super().__init__(f'column "{column}", row {row}: {what}')


@dataclass(frozen=True, slots=True)
class Objects:
    """A column of N objects: the Arrow array, null where a value isn't of its type, and all values as texts."""

    array: Array
    misfits: Mask
    texts: Array


class _Leaf(NamedTuple):
    """A value that isn't a list or dict; `path` leads to it within the value of row `row`."""

    path: str
    row: int
    value: Any


def with_nulls(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Replace pandas' NaT and NA and numpy's NaT by None, also within lists and dicts; the same object where none is.

    Raises OddObject for a signaling NaN, which raises an error of its own wherever it is compared, and for lists and
    dicts nested more than 200 levels deep, as one that contains itself is.
    """
    if _PLAIN.issuperset(map(type, values)):
        return values
    found: list[Any] = []
    for row, value in enumerate(values):
        try:
            found.append(_with_nulls(value, 0))
        except ValueError as error:
            raise OddObject(name, row, str(error)) from None
    return found if any(new is not old for new, old in zip(found, values, strict=True)) else values


def _with_nulls(value: Any, depth: int) -> Any:
    if isinstance(value, Decimal) and value.is_snan():
        raise ValueError("the Decimal sNaN is no value: make it None")
    is_array = isinstance(value, np.ndarray) and value.dtype == object and value.ndim > 0
    if not is_array and not isinstance(value, dict | list | tuple | set | frozenset):
        return None if _is_unset(value) else value
    if depth == DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep, or contains itself")
    members = list(value.values() if isinstance(value, dict) else value)
    if _PLAIN.issuperset(map(type, members)):
        return value
    # A loop: a comprehension would take a second frame of Python's stack for each level.
    found = []
    for member in members:
        found.append(_with_nulls(member, depth + 1))  # noqa: PERF401
    if all(new is old for new, old in zip(found, members, strict=True)):
        return value
    return dict(zip(value, found, strict=True)) if isinstance(value, dict) else found


def _is_unset(value: Any) -> bool:
    """Whether a value is pandas' NaT or NA, or numpy's NaT, to which pyarrow gives a type or refuses one."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return type(value).__name__ in _UNSET


def of_objects(name: str, values: Sequence[Any], wanted: DataType | None) -> Objects | None:
    """Convert a column of objects; None where pyarrow's own conversion changes no value.

    `wanted` is the contract's type, None for a column that it doesn't name. Raises OddObject for kinds of values that
    no one type holds, and for what would change within lists and dicts.
    """
    if set(map(type, values)) <= _NEVER_CHANGED:
        return None
    kinds = [_kind(value) for value in values]
    present = set(kinds) - {""}
    if not present:
        return None
    if not present <= _TIMES:
        _refuse_mixed(name, [*_leaves("", values)])
        return None
    plain = len(present) < 2 and not any(map(_is_cut, values))
    return None if plain or wanted is None else _times(values, kinds, wanted)


def large_integers(values: Sequence[Any], wanted: DataType | None) -> Array | None:
    """Convert a column of integers of which some are beyond int64, which pyarrow refuses; None for any other column.

    The result is uint64, or decimals where that doesn't hold them: the contract's type, `wanted`, is compared by value.
    """
    found = [None if is_missing(value) else value for value in values]
    integers = [value for value in found if value is not None]
    if not all(
        isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64) for value in integers
    ):
        return None
    least, most = (int(bound(integers, default=0)) for bound in (min, max))
    if (least >= -(2**63) and most < 2**63) or len(str(max(-least, most))) > _MOST_DIGITS:
        return None
    if wanted is not None and family(wanted) not in ("int", "decimal"):
        return None
    kind = pa.uint64() if least >= 0 and most < 2**64 else pa.decimal256(_MOST_DIGITS, 0)
    return pa.array([None if value is None else int(value) for value in found], kind)


def is_missing(value: Any) -> bool:
    """Whether pandas takes an object for a missing value: None, NaN, NaT, NA."""
    if value is None:
        return True
    if isinstance(value, str | list | dict | tuple) or (hasattr(value, "__array__") and np.ndim(value)):
        return False
    # NA answers every comparison with NA.
    return type(value).__name__ in _UNSET or bool(value != value)  # noqa: PLR0124


def _kind(value: Any) -> str:
    """Return which kind of value an object is, in words; empty for a missing one."""
    if is_missing(value):
        return ""
    if isinstance(value, datetime) and value.tzinfo:
        return _ZONED
    return next((kind for types, kind in _KINDS if isinstance(value, types)), type(value).__name__)


def _is_cut(value: Any) -> bool:
    """Whether pyarrow would cut something off a value."""
    return bool(getattr(value, "nanosecond", 0)) or (isinstance(value, time) and value.tzinfo is not None)


def _leaves(path: str, values: Sequence[Any], row: int | None = None) -> Iterator[_Leaf]:
    """Yield the values of a column, lists and dicts themselves included, and what is within them."""
    for index, value in enumerate(values):
        here = index if row is None else row
        yield _Leaf(path, here, value)
        match value:
            case dict():
                for key, member in value.items():
                    yield from _leaves(f"{path}.{key}", [member], here)
            case list() | tuple() | set() | frozenset():
                yield from _leaves(f"{path}[]", list(value), here)
            case np.ndarray() if value.ndim:
                # All items are of one kind, unless they are objects.
                yield from _leaves(f"{path}[]", list(value if value.dtype == object else value[:1]), here)


def _refuse_mixed(name: str, leaves: Sequence[_Leaf]) -> None:
    """Raise OddObject for values of more than one kind at the same place, and for times that would be cut."""
    first: dict[str, str] = {}
    for path, row, value in leaves:
        kind = _kind(value)
        other = first.setdefault(path, kind) if kind else ""
        if other and other != kind:
            raise OddObject(f"{name}{path}", row, f"a {kind} beside a {other}: give the column values of one type")
        if path and _is_cut(value):
            raise OddObject(f"{name}{path}", row, f"{value} would lose digits or its offset: make the column Arrow's")


def _times(values: Sequence[Any], kinds: Sequence[str], wanted: DataType) -> Objects:
    """Convert a column of dates and times, as the contract's type where a value is of it, else as the first one's."""
    zoned = _ZONED if getattr(wanted, "tz", None) else "datetime"
    kind = {"date": "date", "time": "time", "timestamp": zoned}.get(family(wanted), "")
    if kind not in kinds:
        kind = next(filter(None, kinds))
    found = [None if not own else _as(kind, value) for own, value in zip(kinds, values, strict=True)]
    array = _array(found)
    if array is None:
        # Nanoseconds beside years that nanoseconds don't reach.
        found = [_UNREAD if getattr(value, "nanosecond", 0) else value for value in found]
        array = _array(found)
    misfits = np.array([value is _UNREAD for value in found], bool)
    texts = [value.isoformat() if own else None for own, value in zip(kinds, values, strict=True)]
    return Objects(array, misfits, pa.array(texts, pa.string()))


def _as(kind: str, value: Any) -> Any:
    """Return a value as one of another kind where both are exactly the same, else `_UNREAD`."""
    own = _kind(value)
    if kind == "date" and own == "datetime" and value == datetime.combine(value.date(), time()):
        return value.date()
    if kind == "datetime" and own == "date":
        return datetime.combine(value, time())
    if own != kind or (kind == "time" and value.tzinfo and value.utcoffset() != timedelta(0)):
        return _UNREAD
    return value.replace(tzinfo=None) if kind == "time" else value


def _array(values: Sequence[Any]) -> Array | None:
    """Convert values of one kind; None where they need nanoseconds and are beyond their years."""
    there = [None if value is _UNREAD else value for value in values]
    array = pa.array(there)
    if not any(getattr(value, "nanosecond", 0) for value in there):
        return array
    try:
        return pa.array(there, pa.timestamp("ns", array.type.tz))
    except pa.ArrowInvalid:
        return None
