"""Arrays in memory whose buffers aren't what Arrow's format says: undecided, named, and never followed."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, load, rows_of
from schemaregistry.document import parse
from tests.unit.data.test_decimals import DOCUMENT as DECIMALS

DOCUMENT = parse(
    b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"n": {}}, "dependencies": {"n": []}}'
)


def texts(kind: Any = None, offsets: str = "i4") -> pa.Array:
    buffers = [None, pa.py_buffer(np.array([0, 5, 3], offsets).tobytes()), pa.py_buffer(b"abc")]
    return pa.Array.from_buffers(kind or pa.string(), 2, buffers)


def backwards(kind: Any, offsets: str = "i4") -> pa.Array:
    buffers = [None, pa.py_buffer(np.array([0, 5, 3], offsets).tobytes())]
    return pa.Array.from_buffers(kind, 2, buffers, children=[pa.array([1, 2, 3])])


def too_wide(kind: Any, width: int = 16) -> pa.Array:
    """A null and two decimals, of which the last has more digits than the type says."""
    numbers = b"".join(number.to_bytes(width, "little") for number in (10**9, 1, 10 ** int(kind.precision)))
    return pa.Array.from_buffers(kind, 3, [pa.py_buffer(b"\6"), pa.py_buffer(numbers)])


WIDE = too_wide(pa.decimal128(5, 2))
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
    "decimal32": too_wide(pa.decimal32(5, 2), 4),
    "decimal64": too_wide(pa.decimal64(12, 2), 8),
    "decimal128": WIDE,
    "decimal128 of all its digits": too_wide(pa.decimal128(38, 10)),
    "decimal256": too_wide(pa.decimal256(70, 2), 32),
    "a slice of decimals": WIDE[1:],
    "chunks of decimals": pa.chunked_array([WIDE[:2], WIDE[2:]]),
    "decimals in lists": pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), WIDE),
    "decimals in lists of two": pa.FixedSizeListArray.from_arrays(WIDE[1:], 2),
    "decimals in structs": pa.StructArray.from_arrays([WIDE], ["a"]),
    "decimals of a map": pa.MapArray.from_arrays(pa.array([0, 3], pa.int32()), pa.array(["a", "b", "c"]), WIDE),
    "decimals of a dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1]), WIDE),
    "runs of decimals": pa.Array.from_buffers(
        pa.run_end_encoded(pa.int32(), WIDE.type), 3, [None], children=[pa.array([1, 2, 3], pa.int32()), WIDE]
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_offsets_and_indices_are_corrupt(name: str) -> None:
    report = schemaregistry.check(pa.Table.from_arrays([INVALID[name]], ["n"]), DOCUMENT)
    assert report.error is not None
    assert (report.verdict, report.error.reason) == ("undecided", "CORRUPT")
    # Arrow itself refuses views when it takes the table, before its columns are looked at.
    assert 'column "n"' in report.error.message or name == "views"


def test_a_null_may_stand_on_any_number_and_what_a_slice_leaves_out_does_not_count() -> None:
    table = pa.Table.from_arrays([WIDE[:2]], ["n"])
    assert schemaregistry.check(table, DOCUMENT).verdict == "conforms"


def test_a_decimal_of_more_digits_than_its_type_says_is_not_loaded_as_another(tmp_path: Path) -> None:
    loaded = load(
        rows_of(pa.Table.from_arrays([WIDE], ["v"])),
        compile_contract(parse(DECIMALS)),
        lambda schema: Directory(tmp_path / "out", schema, "v"),
    )
    assert loaded.report.error is not None
    assert (loaded.place, loaded.report.error.reason) == (None, "CORRUPT")
