"""Validate the offsets, indices and decimals of arrays in memory, which Arrow's quick validation leaves out.

Arrow's full validation reads every value as well, and refuses what the checks report row by row: texts that aren't
UTF-8 and times of a day or more.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.types import Array, pc

_AS_BYTES: Final = (
    (pt.is_string, pa.binary()),
    (pt.is_large_string, pa.large_binary()),
    (pt.is_string_view, pa.binary_view()),
)


def refuse_invalid(array: Array) -> None:
    """Raise ArrowInvalid for offsets or indices that lead out of an array's buffers, at any depth.

    Also for decimals of more digits than their type says, which Arrow would change when it casts or writes them.
    """
    array.validate()
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        refuse_invalid(array.storage)
    elif isinstance(kind, pa.DictionaryType):
        ends = pc.min_max(array.indices)
        least, greatest = ends["min"].as_py(), ends["max"].as_py()
        if least is not None and not 0 <= least <= greatest < len(array.dictionary):
            raise pa.ArrowInvalid(f"an index is beyond the {len(array.dictionary)} values of its dictionary")
        refuse_invalid(array.dictionary)
    elif isinstance(kind, pa.RunEndEncodedType):
        refuse_invalid(array.values)
    elif pt.is_struct(kind):
        # Flattened, a field is null where its struct is: what stands beneath a null is nobody's value, and pyarrow puts
        # index 0 there, even where the dictionary is empty. Runs it would give a null bitmap, which they can't have.
        for index, field in enumerate(array.flatten()):
            runs = isinstance(field.type, pa.RunEndEncodedType)
            refuse_invalid(array.field(index) if runs else field)
    elif pt.is_list(kind) or pt.is_large_list(kind) or pt.is_map(kind):
        _refuse_offsets(array)
        for part in (array.keys, array.items) if pt.is_map(kind) else (array.values,):
            refuse_invalid(part)
    elif pt.is_fixed_size_list(kind) or pt.is_list_view(kind) or pt.is_large_list_view(kind):
        refuse_invalid(array.values)
    elif pt.is_decimal(kind):
        array.validate(full=True)
    else:
        _refuse_bytes(array)


def _refuse_offsets(array: Array) -> None:
    wide: Any = np.int64 if pt.is_large_list(array.type) else np.int32
    buffer = array.buffers()[1]
    # An array without values may come without offsets.
    offsets = np.frombuffer(buffer, wide, array.offset + len(array) + 1)[array.offset :] if len(array) else np.empty(0)
    if len(offsets) and (offsets[0] < 0 or (offsets[1:] < offsets[:-1]).any()):
        raise pa.ArrowInvalid("the offsets of its lists go backwards")


def _refuse_bytes(array: Array) -> None:
    kind = next((binary for is_of, binary in _AS_BYTES if is_of(array.type)), array.type)
    if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_binary_view(kind):
        array.view(kind).validate(full=True)
