"""Columns of the contract's type json: parse their values, and convert them to Arrow's `arrow.json`.

A column of texts, in any layout, holds JSON texts; a column of another type holds values as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.arrays import Indices, Mask, decoded, plain, some
from schemaregistry.data.arrow.types import JSON, Array, family, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.document import Json


@dataclass(frozen=True, slots=True)
class JsonTexts:
    """The JSON texts of an array, each distinct one parsed once.

    `codes` has, for each value of the array, its index in `values`; a null has the index `len(values)`. `unread` marks
    the distinct texts that aren't JSON, whose value is None.
    """

    codes: Indices
    values: Sequence[Json]
    unread: Mask

    @classmethod
    def of(cls, array: Array) -> "JsonTexts":
        """Parse the texts of a plain array."""
        # As bytes, since to_pylist fails for the whole array if one text isn't UTF-8.
        encoded = pc.dictionary_encode(decoded(array).cast(pa.large_binary()))
        texts = encoded.dictionary.to_pylist()
        found = [_read(text) for text in texts]
        codes: Indices = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        return cls(codes, [value for value, _ in found], np.array([not is_json for _, is_json in found], bool))

    @property
    def misfits(self) -> Mask | None:
        """Which of the array's values aren't JSON texts; None: all are."""
        return some(np.append(self.unread, np.zeros(1, bool))[self.codes])

    def all(self) -> list[Json]:
        """Return the value of each text; None for nulls and for texts that aren't JSON."""
        every = [*self.values, None]
        return [every[code] for code in self.codes.tolist()]


def not_json(array: Array) -> Mask | None:
    """Return which lists or structs of a plain array aren't JSON, since they contain NaN or infinity; None: all are."""
    return some(np.array([not _is_json(value) for value in to_json(array)], bool))


def read_as_json(array: Array) -> list[Json]:
    """Return the JSON value of each value of a column."""
    array = plain(array)
    return JsonTexts.of(array).all() if family(array.type) == "text" else to_json(array)


def as_json(array: Array) -> Array:
    """Convert a plain array to `arrow.json`; texts stay as they are written."""
    if family(array.type) == "text":
        return texts_as_json(decoded(array).cast(pa.string()))
    texts = [json_text.written(value) for value in to_json(array)]
    return texts_as_json(pa.array(texts, pa.string(), mask=np.array(array.is_null())))


def texts_as_json(texts: Array) -> Array:
    """Wrap an array of JSON texts as `arrow.json`."""
    return pa.ExtensionArray.from_storage(JSON, texts)


def _read(text: bytes) -> tuple[Json, bool]:
    try:
        return json_text.read(text.decode()), True
    except ValueError:
        return None, False


def _is_json(value: Json) -> bool:
    match value:
        case float() | Decimal():
            return isfinite(value)
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(map(_is_json, value.values()))
    return True
