"""Every layout that Arrow has for a value, beside every rule: the report is that of the plain layout.

Each case goes through a check of a file and of a table, a load with a quarantine, a clean, and the C++ client where
it is built.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, Report, check, find, load
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[3]
CPP = ROOT / "build" / "cpp" / "schema-load"
Layout = Callable[[pa.Array], pa.Array]
_BYTE = pa.int8()


def coded(values: pa.Array, index: pa.DataType = _BYTE) -> pa.Array:
    """A dictionary whose values are in their own layout; null is an index that is none."""
    distinct = [value for value in dict.fromkeys(values.to_pylist()) if value is not None]
    codes = [None if value is None else distinct.index(value) for value in values.to_pylist()]
    return pa.DictionaryArray.from_arrays(pa.array(codes, index), pa.array(distinct, values.type))


def null_coded(values: pa.Array) -> pa.Array:
    """A dictionary in which null is a value."""
    distinct = list(dict.fromkeys(values.to_pylist()))
    codes = [distinct.index(value) for value in values.to_pylist()]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(distinct, values.type))


def runs(values: pa.Array) -> pa.Array:
    """Runs of one row each."""
    return pa.RunEndEncodedArray.from_arrays(pa.array(np.arange(1, len(values) + 1), pa.int32()), values)


def sliced(values: pa.Array) -> pa.Array:
    """The same after rows that aren't looked at."""
    return pa.concat_arrays([values, values]).slice(len(values))


SHAPES: dict[str, Layout] = {
    "as it is": lambda values: values,
    "coded": coded,
    "coded by uint32": lambda values: coded(values, pa.uint32()),
    "null coded": null_coded,
    "runs": runs,
    "runs of coded": lambda values: runs(coded(values)),
    "runs sliced": lambda values: runs(pa.concat_arrays([values, values])).slice(len(values)),
    "coded sliced": lambda values: sliced(coded(values)),
}

KINDS: dict[str, tuple[list[Any], list[pa.DataType], dict[str, Any], dict[str, Any]]] = {
    "text": (
        ["x", "yy", None, "2026-01-05", "a text of more than twelve bytes"],
        [pa.string(), pa.large_string(), pa.string_view()],
        {"type": "string"},
        {"maxLength": 2, "minLength": 2, "pattern": "^x", "enum": ["x"], "format": "date", "not": {"const": "yy"}},
    ),
    "bytes": (
        [b"abcd", b"wxyz", None],
        [pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(4)],
        {"type": "string"},
        {"maxLength": 2, "enum": ["YWJjZA=="], "pattern": "^Y"},
    ),
    "integer": (
        [1, 20, None, -3],
        [pa.int64(), pa.int8()],
        {"type": "integer"},
        {"minimum": 2, "exclusiveMaximum": 20, "enum": [1, 20], "multipleOf": 20, "not": {"const": 1}},
    ),
    "number": (
        [0.5, 20.0, None, -3.25],
        [pa.float64(), pa.float32(), pa.float16()],
        {"type": "number"},
        {"minimum": 2, "maximum": 2.5, "enum": [0.5], "multipleOf": 0.5, "not": {"const": 20}},
    ),
    "boolean": ([True, False, None], [pa.bool_()], {"type": "boolean"}, {"const": True, "not": {"const": True}}),
    "decimal": (
        [Decimal("0.50"), Decimal("20.00"), None],
        [pa.decimal128(8, 2), pa.decimal256(8, 2), pa.decimal64(8, 2), pa.decimal32(8, 2)],
        {"type": "number"},
        {"minimum": 2, "maximum": 2, "enum": [0.5], "multipleOf": 20, "not": {"const": 0.5}},
    ),
}
ARROW: dict[str, Any] = {
    "bytes": {"name": "binary"},
    "decimal": {"name": "decimal128", "precision": 10, "scale": 2},
}


def one_column(values: pa.Array) -> pa.Array:
    return values


def as_member(values: pa.Array) -> pa.Array:
    """A member of a struct, some of which are null."""
    return pa.StructArray.from_arrays([values], ["a"], mask=pa.array([row == 1 for row in range(len(values))]))


def as_items(values: pa.Array) -> pa.Array:
    """A list of two and of none, by turns, of a column that is read twice."""
    twice = pa.concat_arrays([values, values]) if not pa.types.is_run_end_encoded(values.type) else None
    ends = [0, *np.repeat(np.arange(1, len(values) // 2 + 1) * 2, 2)]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values if twice is None else twice)


PLACES = {"column": one_column, "member": as_member, "items": as_items}


def within(place: str, schema: dict[str, Any], kind: Any) -> tuple[dict[str, Any], Any]:
    match place:
        case "member":
            outer = {"type": ["object", "null"], "properties": {"a": schema}}
            return outer, {"name": "struct", "fields": [{"name": "a", "type": kind}]}
        case "items":
            item = schema | {"type": [schema["type"], "null"]}
            return {"type": ["array", "null"], "items": item}, {"name": "list", "item": kind}
    return schema, kind


_DEFAULT = {"text": "utf8", "integer": "int64", "number": "float64", "boolean": "bool"}


def contract_of(kind: str, place: str, rule: tuple[str, Any]) -> Contract:
    schema, arrow = within(place, KINDS[kind][2] | dict([rule]), ARROW.get(kind) or {"name": _DEFAULT[kind]})
    document = {
        "$id": "a_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"v": schema},
        "arrow": {"fields": [{"name": "v", "type": arrow}]},
    }
    return compile_contract(parse(json.dumps(document).encode()))


def found(report: Report) -> tuple[Any, ...]:
    assert report.error is None, report.error
    rules = [
        (item.pointer, item.rule, item.count, [(example.row, example.value) for example in item.examples])
        for item in report.violations
    ]
    return report.verdict, report.rows_failing, rules


def write(path: Path, array: pa.Array) -> None:
    with pa.ipc.new_file(path, pa.schema([("v", array.type)])) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays([array], names=["v"]))


def cases() -> Iterator[Any]:
    for kind, (_, _, _, rules) in KINDS.items():
        for place in PLACES:
            for rule in rules:
                yield pytest.param(kind, place, rule, id=f"{kind}-{place}-{rule}")


@pytest.mark.parametrize(("kind", "place", "rule"), list(cases()))
def test_every_layout_is_judged_alike(tmp_path: Path, kind: str, place: str, rule: str) -> None:
    values, types, _, rules = KINDS[kind]
    contract = contract_of(kind, place, (rule, rules[rule]))
    plain: tuple[Any, ...] | None = None
    for type_ in types:
        for name, shape in SHAPES.items():
            array = PLACES[place](shape(pa.array(values, type_)))
            path = tmp_path / "v.arrow"
            write(path, array)
            of_file = found(check(find([str(path)]), contract))
            plain = plain or of_file
            assert of_file == plain, (type_, name)
            table = pa.table({"v": array})
            assert found(schemaregistry.check(table, contract)) == plain, (type_, name, "table")
            if rule == next(iter(rules)):
                assert_handed_on(tmp_path, path, contract, of_file[1])
    assert plain
    assert plain[0] == "violates" or place == "member"


def assert_handed_on(tmp_path: Path, path: Path, contract: Contract, failing: int) -> None:
    """Rows go on or to the quarantine, and none is lost."""
    for hand_on in (load, clean):
        to, aside = tmp_path / f"to-{hand_on.__name__}", tmp_path / f"aside-{hand_on.__name__}"
        make = lambda schema, to=to: Directory(to, schema, "v")  # noqa: E731
        keep = lambda aside=aside: Quarantine(aside, "v")  # noqa: E731
        if hand_on is load:
            loaded = load(find([str(path)]), contract, make, policy=keep)
        else:
            loaded = clean(find([str(path)]), contract, make, keep).loaded
        assert loaded.report.error is None, loaded.report.error
        assert bool(loaded.quarantine) == bool(failing)
        if not loaded.quarantine:
            continue
        set_aside = pq.read_table(Path(loaded.quarantine) / "v.arrow.parquet")
        assert (loaded.rows, set_aside.num_rows) == (loaded.report.rows - failing, failing)


@pytest.mark.skipif(not CPP.exists(), reason="the C++ client isn't built: make cpp")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_cpp_judges_every_layout_alike(tmp_path: Path, kind: str, place: str) -> None:
    values, types, _, rules = KINDS[kind]
    contract = tmp_path / "c.pb"
    files = []
    for number, (type_, shape) in enumerate(product(types, SHAPES.values())):
        files.append(tmp_path / f"{number}.arrow")
        write(files[-1], PLACES[place](shape(pa.array(values, type_))))
    for rule in rules.items():
        compiled = contract_of(kind, place, rule)
        contract.write_bytes(compiled.SerializeToString(deterministic=True))
        command = [CPP, *files, "--contract", contract, "--check-only", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        theirs, ours = json.loads(done.stdout), check(find(list(map(str, files))), compiled).to_json()
        for told in (theirs, ours):
            for measured in ("seconds", "rows_per_second", "peak_memory_bytes"):
                del told[measured]
        assert theirs == json.loads(json.dumps(ours)), rule
