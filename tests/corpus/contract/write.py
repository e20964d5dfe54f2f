"""Writes the cases of this folder: `python tests/corpus/contract/write.py`.

A case is a document, a batch (Arrow IPC file) and the report that any interpreter of contracts gives for them, without
what hangs on the run (seconds, rows_per_second, peak_memory_bytes). What each case must find is stated here by hand;
the reports are written only where that is what was found.
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.document import parse

HERE = Path(__file__).parent
OF_THE_RUN = ("seconds", "rows_per_second", "peak_memory_bytes")
NAN, INF = float("nan"), float("inf")

Column = tuple[str, pa.DataType, list[Any]]


@dataclass(frozen=True)
class Case:
    """`found` is what must be found: (column, rule) and the rows that break it."""

    name: str
    properties: dict[str, Any]
    columns: list[Column]
    found: dict[tuple[str | None, str], int] = field(default_factory=dict)
    arrow: dict[str, Any] = field(default_factory=dict)
    """The types of columns; derived where there are none."""
    rest: dict[str, Any] = field(default_factory=dict)
    """Further members of the document."""
    undecided: str = ""


INTEGER, NUMBER, STRING = {"type": "integer"}, {"type": "number"}, {"type": "string"}
STAMP = {"type": "string", "format": "date-time"}
US, US_UTC = {"name": "timestamp", "unit": "us"}, {"name": "timestamp", "unit": "us", "tz": "UTC"}
LEVEL = {
    "type": "object",
    "properties": {"price": {"type": "number", "exclusiveMinimum": 0}, "size": {"type": "integer", "minimum": 1}},
    "required": ["price", "size"],
    "additionalProperties": False,
}
LEVELS = pa.list_(pa.struct([("price", pa.float64()), ("size", pa.int64())]))
NOON = 1_767_614_400_000_000

CASES = [
    Case("clean", {"a": INTEGER, "b": STRING}, [("a", pa.int64(), [1, 2]), ("b", pa.string(), ["x", None])]),
    Case(
        "column-missing-required",
        {"a": INTEGER, "b": INTEGER},
        [("a", pa.int64(), [1, 2])],
        {("b", "required"): 2},
        rest={"required": ["b"]},
    ),
    Case("column-missing-optional", {"a": INTEGER, "b": INTEGER}, [("a", pa.int64(), [1, 2])]),
    Case("column-extra-open", {"a": INTEGER}, [("a", pa.int64(), [1]), ("b", pa.int64(), [1])]),
    Case(
        "column-extra-closed",
        {"a": INTEGER},
        [("a", pa.int64(), [1, 2]), ("b", pa.int64(), [None, 1])],
        {("b", "additionalProperties"): 2},
        rest={"additionalProperties": False},
    ),
    Case(
        "column-renamed",
        {"price": NUMBER},
        [("px", pa.float64(), [1.5])],
        {("price", "required"): 1, ("px", "additionalProperties"): 1},
        rest={"required": ["price"], "additionalProperties": False},
    ),
    Case(
        "column-duplicate",
        {"a": INTEGER},
        [("a", pa.int64(), [1]), ("a", pa.int64(), [1])],
        undecided="DUPLICATE_COLUMN",
    ),
    Case("column-names-differ-in-case", {"a": INTEGER}, [("a", pa.int64(), [1]), ("A", pa.int64(), [1])]),
    Case(
        "null-in-required",
        {"a": INTEGER},
        [("a", pa.int64(), [1, None, 3])],
        {("a", "required"): 1},
        rest={"required": ["a"]},
    ),
    Case(
        "null-in-undeclared-is-absent",
        {"a": INTEGER},
        [("a", pa.int64(), [1, 2]), ("x", pa.string(), ["long", None])],
        {("x", "maxLength"): 1},
        rest={"additionalProperties": {"type": "string", "maxLength": 3}},
    ),
    Case("null-in-optional-is-absent", {"a": {"type": "string", "enum": ["x"]}}, [("a", pa.string(), ["x", None])]),
    Case(
        "null-where-the-type-allows-it",
        {"a": {"type": ["integer", "null"]}},
        [("a", pa.int64(), [1, None])],
        rest={"required": ["a"]},
    ),
    Case(
        "null-refused-by-enum",
        {"a": {"type": ["string", "null"], "enum": ["x"]}},
        [("a", pa.string(), ["x", None])],
        {("a", "enum"): 1},
    ),
    Case("null-type-column", {"a": STRING, "b": INTEGER}, [("a", pa.null(), [None, None]), ("b", pa.int64(), [1, 2])]),
    Case(
        "int64-in-int32-overflow",
        {"size": INTEGER},
        [("size", pa.int64(), [1, 2**31, -(2**31) - 1, 2**31 - 1])],
        {("size", "type"): 2},
        arrow={"size": {"name": "int32"}},
    ),
    Case(
        "int64-in-int32-in-range", {"size": INTEGER}, [("size", pa.int64(), [1, 2])], arrow={"size": {"name": "int32"}}
    ),
    Case("uint64-in-int64-overflow", {"a": INTEGER}, [("a", pa.uint64(), [2**63, 2**63 - 1])], {("a", "type"): 1}),
    Case(
        "float-for-integer", {"a": INTEGER}, [("a", pa.float64(), [1.0, 1.5, NAN, 2.0**63, None])], {("a", "type"): 3}
    ),
    Case("integer-for-float", {"a": NUMBER}, [("a", pa.int64(), [1, 2**53 + 1])], {("a", "type"): 1}),
    Case(
        "float64-in-float32",
        {"a": NUMBER},
        [("a", pa.float64(), [0.5, 0.1, 1e300])],
        {("a", "type"): 2},
        arrow={"a": {"name": "float32"}},
    ),
    Case("nan-and-infinity", {"a": NUMBER}, [("a", pa.float64(), [1.0, NAN, INF, -INF, None])], {("a", "type"): 3}),
    Case(
        "nan-is-judged-no-further",
        {"a": {"type": "number", "minimum": 0}},
        [("a", pa.float64(), [NAN, -1.0])],
        {("a", "type"): 1, ("a", "minimum"): 1},
    ),
    Case("bool-for-integer", {"a": INTEGER}, [("a", pa.bool_(), [True])], {("a", "type"): 1}),
    Case("text-for-number", {"a": NUMBER}, [("a", pa.string(), ["1", None])], {("a", "type"): 1}),
    Case(
        "text-for-timestamp",
        {"t": STAMP},
        [("t", pa.string(), ["2026-01-05T12:00:00Z"])],
        {("t", "arrow"): 1},
        arrow={"t": US},
    ),
    Case(
        "dictionary-of-text",
        {"a": {"type": "string", "enum": ["x", "y"]}},
        [("a", pa.dictionary(pa.int8(), pa.string()), ["x", "z", None, "y"])],
        {("a", "enum"): 1},
    ),
    Case(
        "large-utf8-and-string-view",
        {"a": {"type": "string", "maxLength": 1}, "b": {"type": "string", "maxLength": 1}},
        [("a", pa.large_string(), ["x", "xx"]), ("b", pa.string_view(), ["xx", "x"])],
        {("a", "maxLength"): 1, ("b", "maxLength"): 1},
    ),
    Case(
        "timestamp-ns-in-us",
        {"t": STAMP},
        [("t", pa.timestamp("ns"), [NOON * 1000, NOON * 1000 + 1])],
        {("t", "format"): 1},
        arrow={"t": US},
    ),
    Case(
        "timestamp-s-in-ns-overflow",
        {"t": STAMP},
        [("t", pa.timestamp("s"), [NOON // 10**6, 9_300_000_000])],
        {("t", "format"): 1},
        arrow={"t": {"name": "timestamp", "unit": "ns"}},
    ),
    Case(
        "timestamp-zone-not-expected",
        {"t": STAMP},
        [("t", pa.timestamp("us", "UTC"), [NOON])],
        {("t", "arrow"): 1},
        arrow={"t": US},
    ),
    Case(
        "timestamp-zone-missing",
        {"t": STAMP},
        [("t", pa.timestamp("us"), [NOON])],
        {("t", "arrow"): 1},
        arrow={"t": US_UTC},
    ),
    Case(
        "timestamp-zone-other",
        {"t": STAMP},
        [("t", pa.timestamp("us", "America/New_York"), [NOON])],
        {("t", "arrow"): 1},
        arrow={"t": US_UTC},
    ),
    Case(
        "timestamp-zone-spelled-otherwise",
        {"t": STAMP},
        [("t", pa.timestamp("us", "+00:00"), [NOON])],
        arrow={"t": US_UTC},
    ),
    Case(
        "timestamp-beyond-year-9999",
        {"t": STAMP},
        [("t", pa.timestamp("us"), [NOON, 253_402_300_800_000_000])],
        {("t", "format"): 1},
        arrow={"t": US},
    ),
    Case(
        "timestamp-as-text-for-pattern",
        {"t": STAMP | {"pattern": "^2026-"}},
        [("t", pa.timestamp("us"), [NOON, 0])],
        {("t", "pattern"): 1},
        arrow={"t": US},
    ),
    Case(
        "date64-in-date32",
        {"d": {"type": "string", "format": "date"}},
        [("d", pa.date64(), [86_400_000, None])],
    ),
    Case(
        "time-us-in-ms",
        {"t": {"type": "string", "format": "time"}},
        [("t", pa.time64("us"), [1000, 1001])],
        {("t", "format"): 1},
        arrow={"t": {"name": "time32", "unit": "ms"}},
    ),
    Case(
        "decimal-digits",
        {"a": {"type": "number", "minimum": 0.1}},
        [("a", pa.decimal128(20, 4), [Decimal("0.1"), Decimal("0.0999"), Decimal("1.5"), Decimal("123456789.5")])],
        {("a", "type"): 2},
        arrow={"a": {"name": "decimal128", "precision": 10, "scale": 2}},
    ),
    Case(
        "float-for-decimal",
        {"a": NUMBER},
        [("a", pa.float64(), [1.5])],
        {("a", "arrow"): 1},
        arrow={"a": {"name": "decimal128", "precision": 10, "scale": 2}},
    ),
    Case(
        "binary-as-base64",
        {"a": {"type": "string", "maxLength": 4}},
        [("a", pa.binary(), [b"abc", b"abcd"])],
        {("a", "maxLength"): 1},
        arrow={"a": {"name": "binary"}},
    ),
    Case(
        "bounds-exact-beyond-doubles",
        {"a": {"type": "integer", "maximum": 2**53 + 1}},
        [("a", pa.int64(), [2**53 + 1, 2**53 + 2])],
        {("a", "maximum"): 1},
    ),
    Case(
        "bounds-exclusive",
        {"a": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}},
        [("a", pa.float64(), [0.0, 0.5, 1.0])],
        {("a", "exclusiveMinimum"): 1, ("a", "exclusiveMaximum"): 1},
    ),
    Case(
        "enum-of-numbers",
        {"a": {"type": "number", "enum": [1, 2.5]}},
        [("a", pa.float64(), [1.0, 2.5, 3.0])],
        {("a", "enum"): 1},
    ),
    Case(
        "const-true-is-not-one",
        {"a": {"type": "integer", "const": 1}, "b": {"type": "boolean", "const": True}},
        [("a", pa.int64(), [1, 0]), ("b", pa.bool_(), [True, False])],
        {("a", "const"): 1, ("b", "const"): 1},
    ),
    Case(
        "multiple-of",
        {"a": {"type": "integer", "multipleOf": 5}},
        [("a", pa.int64(), [5, 7, 0])],
        {("a", "multipleOf"): 1},
    ),
    Case(
        "multiple-of-a-fraction",
        {"a": {"type": "number", "multipleOf": 0.01}, "b": {"type": "number", "multipleOf": 0.7}},
        [
            ("a", pa.float64(), [0.07, 0.075, 19.99, -4.35, 0.1 + 0.2, 1e300, None]),
            ("b", pa.float64(), [0.7, 7e16, 7e22, 2.1, 1e-9, -0.0, NAN]),
        ],
        {("a", "multipleOf"): 2, ("b", "multipleOf"): 2, ("b", "type"): 1},
    ),
    Case(
        "multiple-of-a-fraction-of-decimals",
        {"a": {"type": "number", "multipleOf": 0.25}, "b": {"type": "integer", "multipleOf": 2.5}},
        [
            (
                "a",
                pa.decimal128(38, 4),
                [Decimal("0.5"), Decimal("0.6"), Decimal("1234567890123456789012345678901234.25")],
            ),
            ("b", pa.int64(), [5, 6, None]),
        ],
        {("a", "multipleOf"): 1, ("b", "multipleOf"): 1},
        arrow={"a": {"name": "decimal128", "precision": 38, "scale": 4}, "b": {"name": "int64"}},
    ),
    Case(
        "unique-items",
        {"a": {"type": "array", "items": {"type": ["string", "null"]}, "uniqueItems": True}},
        [("a", pa.list_(pa.string()), [["x", "y"], ["x", "x"], [], None, [None, "x"], [None, None], ["y", "x", "y"]])],
        {("a", "uniqueItems"): 3},
    ),
    Case(
        "unique-items-of-numbers",
        {
            "a": {"type": "array", "items": NUMBER, "uniqueItems": True},
            "b": {"type": "array", "items": INTEGER, "uniqueItems": True},
        },
        [
            ("a", pa.list_(pa.float64()), [[0.0, -0.0], [0.1, 0.2], [NAN, 1.0], [NAN, INF]]),
            ("b", pa.large_list(pa.float64()), [[1.0, 2.0], [1.0, 1.0], [2.0**53, 2.0**53 + 2], [0.5, 0.5]]),
        ],
        {("a", "uniqueItems"): 2, ("a", "type"): 2, ("b", "uniqueItems"): 2, ("b", "type"): 1},
    ),
    Case(
        "unique-items-of-dictionary-text",
        {"a": {"type": "array", "items": STRING, "uniqueItems": True}},
        [("a", pa.list_(pa.dictionary(pa.int8(), pa.string())), [["x", "y"], ["y", "y"]])],
        {("a", "uniqueItems"): 1},
    ),
    Case(
        "unique-items-of-times",
        {"a": {"type": "array", "items": STAMP, "uniqueItems": True}},
        [("a", pa.list_(pa.timestamp("ms", "UTC")), [[0, 1], [1, 1]])],
        {("a", "uniqueItems"): 1},
        arrow={"a": {"name": "list", "item": {"name": "timestamp", "unit": "us", "tz": "UTC"}}},
    ),
    Case(
        "unique-items-that-are-objects-is-residual",
        {"a": {"type": "array", "items": LEVEL, "uniqueItems": True}},
        [("a", LEVELS, [[{"price": 1.0, "size": 1}, {"price": 1.0, "size": 1}], [{"price": 1.0, "size": 1}]])],
        {("a", "uniqueItems"): 1},
    ),
    Case(
        "length-in-code-points",
        {"a": {"type": "string", "minLength": 2}},
        [("a", pa.string(), ["é", "\U0001f600", "ab"])],
        {("a", "minLength"): 2},
    ),
    Case(
        "pattern-ecma",
        {"a": {"type": "string", "pattern": "^\\d+$"}},
        [("a", pa.string(), ["12", "1\n", "١", "a1"])],
        {("a", "pattern"): 3},
    ),
    Case(
        "format-date-time-of-text",
        {"t": STAMP},
        [("t", pa.string(), ["2026-01-05T12:00:00Z", "2026-02-30T12:00:00Z", "2026-01-05"])],
        {("t", "format"): 2},
        arrow={"t": {"name": "utf8"}},
    ),
    Case(
        "book-nested",
        {"bids": {"type": "array", "items": LEVEL, "maxItems": 2}},
        [
            (
                "bids",
                LEVELS,
                [
                    [{"price": 1.5, "size": 1}],
                    [{"price": 0.0, "size": 0}, {"price": 2.0, "size": None}],
                    None,
                    [],
                    [{"price": 1.0, "size": 1}] * 3,
                    [None],
                ],
            )
        ],
        {
            ("bids", "exclusiveMinimum"): 1,
            ("bids", "minimum"): 1,
            ("bids", "required"): 1,
            ("bids", "maxItems"): 1,
            ("bids", "type"): 1,
        },
    ),
    Case(
        "book-nested-extra-member",
        {"bids": {"type": "array", "items": LEVEL}},
        [
            (
                "bids",
                pa.list_(pa.struct([("price", pa.float64()), ("size", pa.int64()), ("n", pa.int64())])),
                [[{"price": 1.5, "size": 1, "n": None}], []],
            )
        ],
        {("bids", "additionalProperties"): 1},
    ),
    Case(
        "if-then-else",
        {"side": STRING, "limit": NUMBER},
        [("side", pa.string(), ["B", "B", "S", None]), ("limit", pa.float64(), [1.0, None, None, None])],
        {("limit", "required"): 2},
        rest={"if": {"properties": {"side": {"const": "B"}}}, "then": {"required": ["limit"]}},
    ),
    Case(
        "closed-under-a-guard",
        {"a": INTEGER, "b": INTEGER, "c": INTEGER},
        [("a", pa.int64(), [1, 2, 1]), ("b", pa.int64(), [None, 5, None]), ("c", pa.int64(), [7, None, None])],
        {("c", "additionalProperties"): 1},
        rest={
            "if": {"properties": {"a": {"const": 1}}},
            "then": {"properties": {"a": True}, "additionalProperties": False},
        },
    ),
    Case(
        "any-of",
        {"a": INTEGER, "b": INTEGER},
        [("a", pa.int64(), [1, None, None]), ("b", pa.int64(), [None, 2, None])],
        {(None, "anyOf"): 1},
        rest={"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    ),
    Case(
        "one-of",
        {"a": {"type": "integer", "oneOf": [{"maximum": 2}, {"minimum": 2}]}},
        [("a", pa.int64(), [1, 2, 3])],
        {("a", "oneOf"): 1},
    ),
    Case(
        "not",
        {"a": {"type": "string", "not": {"enum": ["x"]}}},
        [("a", pa.string(), ["x", "y", None])],
        {("a", "not"): 1},
    ),
    Case(
        "reference",
        {"a": {"$ref": "#/definitions/positive"}},
        [("a", pa.int64(), [1, 0])],
        {("a", "minimum"): 1},
        rest={"definitions": {"positive": {"type": "integer", "minimum": 1}}},
    ),
    Case(
        "residual-over-the-row",
        {"a": INTEGER, "b": INTEGER},
        [("a", pa.int64(), [1, 1]), ("b", pa.int64(), [1, None])],
        {("b", "dependencies"): 1},
        rest={"dependencies": {"a": ["b"]}},
    ),
    Case("empty-conforming", {"a": INTEGER}, [("a", pa.int64(), [])], rest={"required": ["a"]}),
    Case(
        "empty-missing-required",
        {"a": INTEGER, "b": INTEGER},
        [("a", pa.int64(), [])],
        {("b", "required"): 0},
        rest={"required": ["b"]},
    ),
]


def document_of(case: Case) -> dict[str, Any]:
    """The case's document, as a person would write it."""
    document: dict[str, Any] = {"$id": "case_v1", "type": "object", "properties": case.properties, **case.rest}
    if case.arrow:
        document["arrow"] = {"fields": [{"name": name, "type": kind} for name, kind in case.arrow.items()]}
    return document | {"version": "1.0.0"}


def write(case: Case) -> None:
    """Write one case, in its own folder."""
    folder = HERE / case.name
    folder.mkdir()
    (folder / "document.json").write_text(json.dumps(document_of(case), indent=2, ensure_ascii=False) + "\n")
    schema = pa.schema([pa.field(name, kind) for name, kind, _ in case.columns])
    arrays = [pa.array(values, kind) for _, kind, values in case.columns]
    with pa.ipc.new_file(folder / "batch.arrow", schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    report = judged(folder)
    found = {(item.column, item.rule): item.count for item in report.violations}
    assert (report.error.reason if report.error else "") == case.undecided, (case.name, report.error)
    assert found == case.found, (case.name, found)
    text = json.dumps(portable(report), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n")


def judged(folder: Path) -> Report:
    """The report on a case, its file named as from its own folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return check(find(["batch.arrow"]), compile_contract(parse(Path("document.json").read_bytes())))
    finally:
        os.chdir(before)


def portable(report: Report) -> dict[str, Any]:
    """The report without what hangs on the run."""
    return {name: value for name, value in report.to_json().items() if name not in OF_THE_RUN}


def main() -> None:
    """Write every case anew."""
    for folder in (path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"):
        shutil.rmtree(folder)
    for case in CASES:
        write(case)
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
