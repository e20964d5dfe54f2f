"""Arrays in memory whose buffers aren't what Arrow's format says: undecided, named, and never followed."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import schemaregistry
from schemaregistry.document import parse

DOCUMENT = parse(
    b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"n": {}}, "dependencies": {"n": []}}'
)


def texts(kind: Any = None, offsets: str = "i4") -> pa.Array:
    buffers = [None, pa.py_buffer(np.array([0, 5, 3], offsets).tobytes()), pa.py_buffer(b"abc")]
    return pa.Array.from_buffers(kind or pa.string(), 2, buffers)


def backwards(kind: Any, offsets: str = "i4") -> pa.Array:
    buffers = [None, pa.py_buffer(np.array([0, 5, 3], offsets).tobytes())]
    return pa.Array.from_buffers(kind, 2, buffers, children=[pa.array([1, 2, 3])])


VIEW = np.array([100, 0, 0, 7], "i4").tobytes()
INVALID: dict[str, pa.Array] = {
    "utf8": texts(),
    "large utf8": texts(pa.large_string(), "i8"),
    "binary": texts(pa.binary()),
    "views": pa.Array.from_buffers(pa.string_view(), 1, [None, pa.py_buffer(VIEW)]),
    "lists": backwards(pa.list_(pa.int64())),
    "large lists": backwards(pa.large_list(pa.int64()), "i8"),
    "texts in lists": pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), texts()),
    "texts in structs": pa.StructArray.from_arrays([texts()], ["a"]),
    "indices": pa.DictionaryArray.from_arrays(pa.array([0, 9]), pa.array(["a"]), safe=False),
    "texts of a dictionary": pa.DictionaryArray.from_buffers(
        pa.dictionary(pa.int8(), pa.string()), 1, [None, pa.py_buffer(b"\0")], texts()
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_offsets_and_indices_are_corrupt(name: str) -> None:
    report = schemaregistry.check(pa.Table.from_arrays([INVALID[name]], ["n"]), DOCUMENT)
    assert report.error is not None
    assert (report.verdict, report.error.reason) == ("undecided", "CORRUPT")
    # Arrow itself refuses views when it takes the table, before its columns are looked at.
    assert 'column "n"' in report.error.message or name == "views"
