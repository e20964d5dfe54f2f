"""Arrow and Parquet files whose columns are odd, but legal: the two languages give one report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

DOCUMENT = json.dumps(
    {
        "$id": "odd_v1",
        "version": "1.0.0",
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "n": {"type": "integer"},
            "t": {"type": "string", "format": "date-time"},
        },
    }
).encode()
WEIRD = pa.field("n", pa.int64(), metadata={"ARROW:extension:name": "com.acme.weird", "ARROW:extension:metadata": "z"})


def named(names: list[str], *rest: Any) -> pa.Table:
    return pa.Table.from_arrays([pa.array(["A"]), *map(pa.array, rest)], names=names)


def zoned(zone: str) -> pa.Table:
    return pa.table({"id": ["A"], "t": pa.array([0], pa.timestamp("us", zone))})


ODD = {
    "a name of the contract twice": (named(["id", "n", "n"], [1], [2]), "DUPLICATE_COLUMN"),
    "another name twice": (named(["id", "x", "x"], [1], [2]), "DUPLICATE_COLUMN"),
    "two empty names": (named(["id", "", ""], [1], [2]), "DUPLICATE_COLUMN"),
    "one empty name": (named(["id", ""], [1]), None),
    "dots": (named(["id", "a.b", "a"], [1], [{"b": 1}]), None),
    "an extension that nobody knows": (pa.table([["A"], [1]], schema=pa.schema([("id", pa.string()), WEIRD])), None),
    "uuid": (pa.table({"id": pa.array([b"0" * 16], pa.uuid())}), None),
    "a dictionary of integers": (pa.table({"id": ["A"], "n": pa.array([1]).dictionary_encode()}), None),
    "a decimal of negative scale": (pa.table({"id": ["A"], "n": pa.array([100], pa.decimal128(5, -2))}), None),
    "hours alone as a zone": (zoned("+05"), None),
    "a zone of no city": (zoned("Mars/Base"), None),
    "an old zone": (zoned("EST5EDT"), None),
    "a zone of lower case": (zoned("utc"), None),
    "no rows": (pa.table({"id": pa.array([], pa.string())}), None),
}


def test_a_page_whose_checksum_is_wrong_is_damaged(
    tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"id": ["mango", "papaya"]})
    pq.write_table(
        table, path, write_page_checksum=True, compression="none", use_dictionary=False, write_statistics=False
    )
    path.write_bytes(path.read_bytes().replace(b"mango", b"tango", 1))
    cpp = schema_load(path, "--contract", compiled(DOCUMENT), "--json", "--check-only").report
    python = data.check(data.find([str(path)]), compile_contract(parse(DOCUMENT)))
    assert python.error
    assert (cpp["error"]["reason"], python.error.reason) == ("CORRUPT", "CORRUPT")
    assert "CRC" in python.error.message


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
@pytest.mark.parametrize("name", ODD)
def test_both_languages_report_alike(
    name: str, kind: str, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    table, reason = ODD[name]
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        if name == "a decimal of negative scale":
            pytest.skip("Parquet has no negative scale")
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    cpp = schema_load(path, "--contract", compiled(DOCUMENT), "--json", "--check-only").report
    python = json.loads(json.dumps(data.check(data.find([str(path)]), compile_contract(parse(DOCUMENT))).to_json()))
    for member in ("verdict", "rows", "rows_failing", "error", "violations", "notes"):
        assert cpp[member] == python[member]
    assert (python["error"] or {}).get("reason") == reason
