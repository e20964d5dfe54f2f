"""Find lists with equal items (`UniqueItems` in contract.proto).

Items get a number for each distinct value; equal items of a list are then neighbours once the numbers are sorted.
"""

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Indices, Mask, decoded, some
from schemaregistry.data.arrow.types import Array, family, pc


def repeating(items: Array, parents: Indices, lists: int, misfits: Mask | None) -> Mask | None:
    """Return which of `lists` lists contain two equal items; None: none.

    `parents` has the index of each item's list. A misfit counts as null.
    """
    codes = _codes(items)
    if misfits is not None:
        codes = np.where(misfits, 0, codes)
    width = int(codes.max(initial=0)) + 1
    # One key for each pair of list and value, so that equal items of a list are neighbours.
    keys = np.sort(parents * width + codes)
    mask = np.zeros(lists, bool)
    mask[keys[1:][keys[1:] == keys[:-1]] // width] = True
    return some(mask)


def _codes(items: Array) -> Indices:
    """Number the items from 1, equal values alike; nulls are 0."""
    if family(items.type) == "null":
        return np.zeros(len(items), np.int64)
    items = decoded(items)
    if family(items.type) == "float":
        items = pc.add(items, pa.scalar(0, items.type))  # -0.0 becomes 0.0, which JSON Schema holds equal
    indices = pc.dictionary_encode(items).indices.fill_null(-1)
    codes: Indices = indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return codes
