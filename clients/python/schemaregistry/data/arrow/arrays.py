"""Bring Arrow arrays into layouts that kernels can use: numbers as NumPy views, masks as NumPy booleans.

A mask over an array of N values has N booleans; functions return None for a mask without a True.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from schemaregistry.data.arrow.types import Array, DataType, family, pc

Mask: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.int64]

_VIEWS = {
    "date32[day]": pa.int32(),
    "date64[ms]": pa.int64(),
    "time32[s]": pa.int32(),
    "time32[ms]": pa.int32(),
    "time64[us]": pa.int64(),
    "time64[ns]": pa.int64(),
}
"""The integer type that stores each date and time type."""


def plain(array: Array) -> Array:
    """Return the same values without views, run-end encoding, extension types or half floats.

    A dictionary of texts stays a dictionary. Members and items stay as they are; `flat` converts these too.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(array.storage)
    if isinstance(kind, pa.RunEndEncodedType):
        return _of_runs(array)
    if isinstance(kind, pa.DictionaryType):
        # null_count counts the indices only, so a null among a dictionary's values would be overlooked.
        is_kept = family(kind) == "text" and not array.dictionary.null_count and not pt.is_string_view(kind.value_type)
        return array if is_kept else decoded(array)
    if pt.is_list_view(kind) or pt.is_large_list_view(kind):
        return listed(array, pc.list_flatten(array))
    wanted = next((layout for is_of, layout in _LAYOUTS if is_of(kind)), None)
    return _without_hidden(array).cast(wanted) if wanted else array


def _without_hidden(array: Array) -> Array:
    """Clear the views under nulls of a view array.

    Arrow doesn't validate them, and its cast follows them to any address.
    """
    if not (pt.is_string_view(array.type) or pt.is_binary_view(array.type)) or not array.null_count:
        return array
    validity, views, *data = array.buffers()
    shown = np.frombuffer(views, np.int64, 2 * (array.offset + len(array))).copy().reshape(-1, 2)
    shown[array.offset :][~booleans(array.is_valid())] = 0
    buffers = [validity, pa.py_buffer(shown.tobytes()), *data]
    return pa.Array.from_buffers(array.type, len(array), buffers, offset=array.offset)


def decoded(array: Array) -> Array:
    """Return a dictionary array's values without the dictionary; any other array unchanged.

    Arrow's own decoding, `take` and `filter` don't support views and run-end encoding, nor arrays that contain them.
    """
    return flat(array.dictionary).take(array.indices) if isinstance(array.type, pa.DictionaryType) else array


def flat(array: Array) -> Array:
    """Return a plain array with plain members and items at any depth, so that `take` and `filter` support it.

    A dictionary stays one at the top only: Parquet can't store one within a struct that may be null.
    """
    array = plain(array)
    if isinstance(array.type, pa.DictionaryType) or _is_flat(array.type):
        return array
    if family(array.type) == "struct":
        members = [decoded(flat(member)) for member in array.flatten()]
        return pa.StructArray.from_arrays(members, [member.name for member in array.type], mask=array.is_null())
    return listed(array, decoded(flat(pc.list_flatten(array))))


@cache
def _is_flat(kind: DataType) -> bool:
    if pt.is_struct(kind):
        return all(_is_flat(member.type) for member in kind)
    if pt.is_list_view(kind) or pt.is_large_list_view(kind):
        return False
    if family(kind) == "list":
        return _is_flat(kind.value_type)
    encoded = isinstance(kind, pa.DictionaryType | pa.BaseExtensionType | pa.RunEndEncodedType)
    return not encoded and not any(is_of(kind) for is_of, _ in _LAYOUTS)


def _of_runs(array: Array) -> Array:
    """Repeat each run's value over the run's length."""
    start, stop = array.offset, array.offset + len(array)
    ends = array.run_ends.to_numpy()
    # Of a slice only its own runs are converted, or each slice of a column would cost what the whole column does.
    first = int(np.searchsorted(ends, start, side="right"))
    last = int(np.searchsorted(ends, stop, side="left")) + 1 if stop > start else first
    lengths = np.diff(np.append(start, np.minimum(ends[first:last], stop)))
    return flat(array.values.slice(first, last - first)).take(pa.array(np.repeat(np.arange(last - first), lengths)))


def listed(array: Array, items: Array) -> Array:
    """Build lists of any layout anew from their items; Arrow's cast makes wrong offsets where there are nulls."""
    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int64())
    return pa.LargeListArray.from_arrays(offsets, items, mask=array.is_null())


_LAYOUTS: Final[tuple[tuple[Callable[[DataType], bool], DataType], ...]] = (
    (pt.is_string_view, pa.large_string()),
    (pt.is_binary_view, pa.large_binary()),
    (pt.is_fixed_size_binary, pa.large_binary()),
    (pt.is_float16, pa.float32()),
)
"""Layouts without kernels, each with the layout to cast it to."""


def items_of(array: Array) -> Array:
    """Return the items of all lists, one after another.

    pyarrow 26 can't build an empty array of structs that contain `arrow.json`, so lists without items are a case of
    their own.
    """
    return pa.nulls(0, array.type.value_type) if array.null_count == len(array) else pc.list_flatten(array)


def parents(lists: Array) -> Indices:
    """Return, for each item of `list_flatten`, the index of its list.

    Arrow's `list_parent_indices` also counts the items under null lists.
    """
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(lists), dtype=np.int64), lengths)


def integers(array: Array) -> Array:
    """Return dates, times and timestamps as the integers that store them; integers unchanged."""
    if pt.is_timestamp(array.type):
        return array.view(pa.int64())
    kind = _VIEWS.get(str(array.type))
    return array.view(kind) if kind else array


def numbers(array: Array) -> NDArray[Any]:
    """Return the values of an array of integers or floats as a NumPy view; the value under a null is arbitrary."""
    array = integers(array)
    buffer = array.buffers()[1]
    if buffer is None:
        return np.empty(0, array.type.to_pandas_dtype())
    # A buffer may be longer than its values, by any number of bytes.
    return np.frombuffer(buffer, array.type.to_pandas_dtype(), array.offset + len(array))[array.offset :]


def valid(array: Array) -> Mask | None:
    """Return where values aren't null; None: everywhere."""
    return booleans(array.is_valid()) if array.null_count else None


def booleans(array: Array) -> Mask:
    """Return a boolean array as a mask; null becomes False."""
    if array.null_count:
        array = array.fill_null(False)
    mask: Mask = array.to_numpy(zero_copy_only=False)
    return mask


def some(mask: Mask | None) -> Mask | None:
    """Return the mask, or None where it has no True."""
    return mask if mask is not None and mask.any() else None


def either(left: Mask | None, right: Mask | None) -> Mask | None:
    """Return where either mask is True; None stands for a mask without a True."""
    if left is None or right is None:
        return right if left is None else left
    return left | right


def without(mask: Mask | None, other: Mask | None) -> Mask | None:
    """Return where the first mask is True and the other isn't."""
    return mask if mask is None or other is None else some(mask & ~other)


def where_valid(mask: Mask | None, array: Array) -> Mask | None:
    """Return the mask without the positions of nulls."""
    there = valid(array) if mask is not None else None
    return some(mask if mask is None or there is None else mask & there)


def bounds(kind: DataType) -> tuple[int, int]:
    """Return the least and the greatest integer of an integer type."""
    if pt.is_signed_integer(kind):
        return -(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1
    return 0, 2**kind.bit_width - 1


def outside(array: Array, low: float, high: float) -> Mask | None:
    """Return which numbers aren't within `low` and `high`, both included; NaN isn't reported.

    Bounds of an integer array must be integers or infinite, those of a float array doubles.
    """
    array = integers(array)
    ends = pc.min_max(array)
    # Most columns have no value outside, which the extremes show without a mask.
    least, greatest = ends["min"].as_py(), ends["max"].as_py()
    if least is None or (low <= least and greatest <= high):
        return None
    values = numbers(array)
    if pt.is_integer(array.type):
        first, last = bounds(array.type)
        # A bound that the type can't hold decides for all values alike.
        below = values < low if first < low <= last else np.full(len(values), low > last)
        above = values > high if first <= high < last else np.full(len(values), high < first)
    else:
        below, above = values < np.float64(low), values > np.float64(high)
    return where_valid(below | above, array)


def each(array: Array, passes: Callable[[Any], bool]) -> Mask | None:
    """Return which values don't pass, checked one by one in Python: for rules without a kernel."""
    values = integers(array).to_pylist()
    return some(np.fromiter((value is not None and not passes(value) for value in values), bool, len(values)))


def spread(mask: Mask | None, array: Array) -> Mask | None:
    """Turn a mask of a dictionary's values into a mask of the array's values."""
    if mask is None or not isinstance(array.type, pa.DictionaryType):
        return mask
    if len(mask) == 0:
        return None
    indices = array.indices.fill_null(0) if array.indices.null_count else array.indices
    return where_valid(mask[indices.to_numpy(zero_copy_only=False)], array)


def is_utf8(data: bytes) -> bool:
    """Whether all bytes are UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
