"""Decimals of Parquet with more digits than their column says: a writer would cut them off."""

import io
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, check, find, load
from schemaregistry.document import parse

DOCUMENT = b"""{"$id": "d_v1", "version": "1.0.0", "type": "object", "properties": {"v": {"type": "number"}},
 "arrow": {"fields": [{"name": "v", "type": {"name": "decimal128", "precision": 5, "scale": 0}}]}}"""


def of_five_digits(*values: int) -> bytes:
    """A column of 64-bit integers that says that they are decimals of five digits."""
    column = pa.array([Decimal(value) for value in values], pa.decimal128(18, 0))
    sink = io.BytesIO()
    pq.write_table(pa.table({"v": column}), sink, store_decimal_as_integer=True, store_schema=False)
    data = sink.getvalue()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[start:]
    assert footer.count(b"\x15\x24") >= 1, "18, as Thrift's compact protocol has it"
    return data[:start] + footer.replace(b"\x15\x24", b"\x15\x0a")


@pytest.mark.parametrize(("values", "verdict"), [((1, 99_999), "conforms"), ((1, 10**10), "undecided")])
def test_a_decimal_of_more_digits_than_its_column_says_is_not_cut_off(
    values: tuple[int, ...], verdict: str, tmp_path: Path
) -> None:
    (tmp_path / "v.parquet").write_bytes(of_five_digits(*values))
    assert pq.read_schema(tmp_path / "v.parquet").field("v").type == pa.decimal128(5, 0)
    contract = compile_contract(parse(DOCUMENT))
    sources = find([str(tmp_path / "v.parquet")])
    assert check(sources, contract).verdict == verdict
    loaded = load(sources, contract, lambda schema: Directory(tmp_path / "out", schema, "v"))
    assert (loaded.place is not None) == (verdict == "conforms")
    if loaded.report.error:
        assert loaded.report.error.reason == "CORRUPT"
        assert "precision" in loaded.report.error.message
