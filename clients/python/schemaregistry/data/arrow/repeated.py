"""Lists in which an item occurs twice (`UniqueItems` in contract.proto). Knows no plan.

Items are numbered by their value, so that equal ones in one list are equal numbers side by side once sorted.
"""

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Indices, Mask, decoded, some
from schemaregistry.data.arrow.types import Array, family, pc


def repeating(items: Array, parents: Indices, lists: int, misfits: Mask | None) -> Mask | None:
    """Which of `lists` lists hold two equal items; `parents` says in which list each item is. A misfit is a null."""
    codes = _codes(items)
    if misfits is not None:
        codes = np.where(misfits, 0, codes)
    width = int(codes.max(initial=0)) + 1
    keys = np.sort(parents * width + codes)
    mask = np.zeros(lists, bool)
    mask[keys[1:][keys[1:] == keys[:-1]] // width] = True
    return some(mask)


def _codes(items: Array) -> Indices:
    """Numbers from 1 that are equal where scalars are; 0 for nulls."""
    if family(items.type) == "null":
        return np.zeros(len(items), np.int64)
    items = decoded(items)
    if family(items.type) == "float":
        items = pc.add(items, pa.scalar(0, items.type))  # -0.0 is 0.0
    indices = pc.dictionary_encode(items).indices.fill_null(-1)
    codes: Indices = indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return codes
