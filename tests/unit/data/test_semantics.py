"""What a file may hold that a contract didn't foresee, a case a time, in every format that can hold it."""

import datetime as dt
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

Json = Any
Contents = pa.Table | str | bytes
Broken = Mapping[tuple[str | None, str], list[int]]


@dataclass(frozen=True)
class Case:
    """Properties with their Arrow types; the same rows in each format (`table`: in both binary ones); what is found.

    `broken` are the rows that fail by column and rule, `note` is a part of a note, `fault` the reason of an undecided
    check. `apart` are formats of which something else is true, with that.
    """

    properties: dict[str, tuple[Json, Json]]
    table: pa.Table | None = None
    csv: Contents | None = None
    ndjson: Contents | None = None
    broken: Broken = field(default_factory=dict)
    note: str | Mapping[str, str] = ""
    fault: str | Mapping[str, str] = ""
    actual: str = ""
    more: dict[str, Json] = field(default_factory=dict)
    apart: Mapping[str, Broken] = field(default_factory=dict)


def lines(*records: Json) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


INT32 = ({"type": "integer"}, {"name": "int32"})
FLOAT = ({"type": "number"}, {"name": "float64"})
TEXT = ({"type": "string"}, {"name": "utf8"})
NULLABLE = ({"type": ["string", "null"]}, {"name": "utf8"})
STAMP = ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "us"})
STAMP_UTC = ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "us", "tz": "UTC"})
DATE = ({"type": "string", "format": "date"}, {"name": "date32"})
TIME = ({"type": "string", "format": "time"}, {"name": "time64", "unit": "us"})
DECIMAL = ({"type": "number"}, {"name": "decimal128", "precision": 5, "scale": 2})
BYTES = ({"type": "string", "contentEncoding": "base64"}, {"name": "binary"})
ONE = {"a": TEXT, "b": TEXT}
CLOSED = {"additionalProperties": False}
REQUIRED = {"required": ["b"]}
B_MISSING: Broken = {("b", "required"): [0, 1]}


def one(array: pa.Array) -> pa.Table:
    return pa.table({"a": array})


def stamps(values: list[int], unit: str, tz: str | None = None) -> pa.Table:
    return one(pa.array(values, pa.timestamp(unit, tz)))


CASES: dict[str, Case] = {
    "a required column is missing": Case(
        ONE, pa.table({"a": ["x", "y"]}), "a\nx\ny\n", lines({"a": "x"}, {"a": "y"}), B_MISSING, more=REQUIRED
    ),
    "an optional column is missing": Case(ONE, pa.table({"a": ["x"]}), "a\nx\n", lines({"a": "x"})),
    "an extra column where that is allowed": Case(
        {"a": TEXT}, pa.table({"a": ["x"], "z": [1]}), "a,z\nx,1\n", lines({"a": "x", "z": 1})
    ),
    "an extra column where that is not allowed": Case(
        {"a": TEXT},
        pa.table({"a": ["x", "y"], "z": [1, None]}),
        "a,z\nx,1\ny,\n",
        lines({"a": "x", "z": 1}, {"a": "y", "z": None}),
        {("z", "additionalProperties"): [0, 1]},
        more=CLOSED,
    ),
    "two columns of one name": Case(
        ONE,
        pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], ["a", "a"]),
        "a,a\nx,y\n",
        '{"a": "x", "a": "y"}\n',
        fault={"": "DUPLICATE_COLUMN", "ndjson": "NOT_JSON"},
    ),
    "two names that differ in case only": Case(
        {"a": TEXT},
        pa.table({"a": ["x"], "A": ["y"]}),
        "a,A\nx,y\n",
        lines({"a": "x", "A": "y"}),
        # JSON has members, not columns: a line may have any.
        note=dict.fromkeys(("parquet", "arrow", "csv"), 'the columns "a" and "A" differ in case only'),
    ),
    "a null where a value is required": Case(
        ONE,
        pa.table({"a": ["x", "y"], "b": ["z", None]}),
        "a,b\nx,z\ny,\n",
        lines({"a": "x", "b": "z"}, {"a": "y", "b": None}),
        {("b", "required"): [1]},
        more=REQUIRED,
    ),
    "a null that counts as absent": Case(
        ONE, pa.table({"a": ["x"], "b": pa.nulls(1, pa.string())}), "a,b\nx,\n", lines({"a": "x", "b": None})
    ),
    "a null that the type allows": Case(
        {"a": TEXT, "b": NULLABLE},
        pa.table({"a": ["x"], "b": pa.nulls(1, pa.string())}),
        "a,b\nx,\n",
        lines({"a": "x", "b": None}),
        more=REQUIRED,
    ),
    "integers in a wider type, all in range": Case(
        {"a": INT32},
        one(pa.array([1, -(2**31)], pa.int64())),
        "a\n1\n-2147483648\n",
        lines({"a": 1}, {"a": -(2**31)}),
        note={"parquet": "int64 column read as int32: every value is in range", "arrow": "int64 column read as int32"},
    ),
    "integers in a wider type, one beyond": Case(
        {"a": INT32},
        one(pa.array([1, 2**31], pa.int64())),
        "a\n1\n2147483648\n",
        lines({"a": 1}, {"a": 2**31}),
        {("a", "type"): [1]},
    ),
    "an integer beyond int64": Case(
        {"a": INT32},
        one(pa.array([1, 2**64 - 1], pa.uint64())),
        f"a\n1\n{2**80}\n",
        lines({"a": 1}, {"a": 2**80}),
        {("a", "type"): [1]},
    ),
    "floats for an integer, whole and not": Case(
        {"a": INT32},
        one(pa.array([1.0, 1.5])),
        "a\n1.0\n1.5\n",
        lines({"a": 1.0}, {"a": 1.5}),
        {("a", "type"): [1]},
    ),
    "nanoseconds that are whole microseconds": Case(
        {"a": STAMP},
        stamps([1_000, 2_000], "ns"),
        "a\n1970-01-01T00:00:00.000001Z\n1970-01-01T00:00:00.000002000Z\n",
        lines({"a": "1970-01-01T00:00:00.000001Z"}, {"a": "1970-01-01T00:00:00.000002000Z"}),
    ),
    "nanoseconds that are not": Case(
        {"a": STAMP},
        stamps([1_000, 2_001], "ns"),
        "a\n1970-01-01T00:00:00.000001Z\n1970-01-01T00:00:00.000002001Z\n",
        lines({"a": "1970-01-01T00:00:00.000001Z"}, {"a": "1970-01-01T00:00:00.000002001Z"}),
        {("a", "format"): [1]},
    ),
    "another time zone": Case(
        {"a": STAMP_UTC},
        stamps([0], "us", "Europe/Paris"),
        broken={("a", "arrow"): [0]},
        actual="Europe/Paris",
    ),
    "no time zone where there should be one": Case(
        {"a": STAMP_UTC},
        stamps([0], "us"),
        "a\n1970-01-01T00:00:00\n",
        lines({"a": "1970-01-01T00:00:00"}),
        {("a", "arrow"): [0]},
        apart={"csv": {("a", "format"): [0]}, "ndjson": {("a", "format"): [0]}},
    ),
    "NaN and infinity for a number": Case(
        {"a": FLOAT},
        one(pa.array([1.0, float("nan"), float("inf"), float("-inf")])),
        "a\n1.0\nNaN\ninf\n-inf\n",
        broken={("a", "type"): [1, 2, 3]},
    ),
    "NaN, which JSON lacks": Case({"a": FLOAT}, ndjson='{"a": 1.0}\n{"a": NaN}\n', fault="NOT_JSON"),
    "a number beyond what a double reaches": Case({"a": FLOAT}, csv="a\n1\n1e999\n", broken={("a", "type"): [1]}),
    "texts in a dictionary": Case({"a": TEXT}, one(pa.array(["x", "y", "x"]).dictionary_encode())),
    "texts with long offsets": Case({"a": TEXT}, one(pa.array(["x"], pa.large_string()))),
    "texts as views": Case({"a": TEXT}, one(pa.array(["x"], pa.string_view()))),
    "decimals with the contract's digits": Case(
        {"a": DECIMAL},
        one(pa.array([Decimal("123.45"), Decimal("-0.10")], pa.decimal128(9, 4))),
        "a\n123.45\n-0.1\n",
        '{"a": 123.45}\n{"a": -0.10}\n',
    ),
    "decimals with more digits": Case(
        {"a": DECIMAL},
        one(pa.array([Decimal("1.25"), Decimal("1.255"), Decimal("1234.5")], pa.decimal128(9, 4))),
        "a\n1.25\n1.255\n1234.5\n",
        '{"a": 1.25}\n{"a": 1.255}\n{"a": 1234.5}\n',
        {("a", "type"): [1, 2]},
    ),
    "floats for decimals": Case({"a": DECIMAL}, one(pa.array([1.25])), broken={("a", "arrow"): [0]}),
    "dates": Case({"a": DATE}, one(pa.array([dt.date(2026, 1, 5)])), "a\n2026-01-05\n", lines({"a": "2026-01-05"})),
    "no dates": Case(
        {"a": DATE},
        csv="a\n2026-01-05\n2026-02-30\n2026-01-05T00:00:00Z\n",
        ndjson=lines(*({"a": each} for each in ("2026-01-05", "2026-02-30", "2026-01-05T00:00:00Z"))),
        broken={("a", "format"): [1, 2]},
    ),
    "timestamps for dates, at midnight though they are": Case(
        {"a": DATE}, stamps([0], "s"), broken={("a", "arrow"): [0]}
    ),
    "times": Case({"a": TIME}, one(pa.array([dt.time(9, 30)])), "a\n09:30:00Z\n", lines({"a": "09:30:00Z"})),
    "bytes": Case({"a": BYTES}, one(pa.array([b"\x00\xff"])), "a\nAP8=\n", lines({"a": "AP8="})),
    "texts for bytes": Case(
        {"a": BYTES},
        one(pa.array(["AP8="])),
        "a\nAP8\n",
        lines({"a": "AP8"}),
        {("a", "arrow"): [0]},
        apart={"csv": {("a", "type"): [0]}, "ndjson": {("a", "type"): [0]}},
    ),
    "no rows": Case(ONE, pa.table({"a": pa.array([], pa.string())}), "a\n", "", note="no rows"),
    "no rows, and a required column is missing": Case(
        ONE, pa.table({"a": pa.array([], pa.string())}), "a\n", broken={("b", "required"): []}, more=REQUIRED
    ),
    "an empty file, of which no row lacks a column": Case(ONE, ndjson="", note="no rows", more=REQUIRED),
}
FORMATS = [
    pytest.param(name, kind, id=f"{name}-{kind}")
    for name, case in CASES.items()
    for kind in ("parquet", "arrow", "csv", "ndjson")
    if (case.table if kind in ("parquet", "arrow") else getattr(case, kind)) is not None
]


def contract(case: Case) -> Contract:
    fields = [{"name": name, "type": type_} for name, (_, type_) in case.properties.items()]
    document = {
        "$id": "case_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {name: rules for name, (rules, _) in case.properties.items()},
        "arrow": {"fields": fields},
        **case.more,
    }
    return compile_contract(parse(json.dumps(document).encode()))


def judged(folder: Path, case: Case, kind: str) -> Report:
    path = folder / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(case.table, path)
    elif kind == "arrow":
        feather.write_feather(case.table, str(path))
    else:
        path.write_text(getattr(case, kind))
    return check(find([str(path)]), contract(case))


@pytest.mark.parametrize(("name", "kind"), FORMATS)
def test_a_case(name: str, kind: str, tmp_path: Path) -> None:
    case = CASES[name]
    report = judged(tmp_path, case, kind)
    fault = case.fault if isinstance(case.fault, str) else case.fault.get(kind, case.fault[""])
    broken = case.apart.get(kind, case.broken)
    assert (report.error.reason if report.error else "") == fault
    assert report.verdict == ("undecided" if fault else "violates" if broken else "conforms")
    found = {(it.column, it.rule): [example.row for example in it.examples] for it in report.violations}
    if not fault:
        assert found == broken
        assert report.rows_failing == len({row for rows in broken.values() for row in rows})
    note = case.note if isinstance(case.note, str) else case.note.get(kind, "")
    assert note in " ".join(report.notes)
    assert case.actual in " ".join(violation.actual for violation in report.violations)


def test_both_zones_are_named(tmp_path: Path) -> None:
    (violation,) = judged(tmp_path, CASES["another time zone"], "arrow").violations
    assert "UTC" in violation.expected
    assert "Europe/Paris" in violation.actual


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_compressed_text_that_is_cut_off_or_grows_without_bounds(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemaregistry.data.readers.lines._BOMB_BYTES", 1 << 20)
    line = "x\n" if kind == "csv" else lines({"a": "x"})
    whole = gzip.compress(("a\n" * (kind == "csv") + line * 5_000).encode())
    path = tmp_path / f"t.{kind}.gz"
    for contents, reason in (
        (whole, ""),
        (whole[:-9], "CORRUPT"),
        (whole[:20], "CORRUPT"),
        (gzip.compress(b"\n" * (4 << 20)), "DECOMPRESSION_BOMB"),
    ):
        path.write_bytes(contents)
        report = check(find([str(path)]), contract(CASES["texts as views"]))
        assert (report.error.reason if report.error else "") == reason
