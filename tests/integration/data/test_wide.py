"""Files of many columns and many small files: what one costs doesn't grow with the number of the others."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, check, find, load
from schemaregistry.data.engine import validator
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse
from schemaregistry.v1 import contract_pb2
from schemaregistry.v1.contract_pb2 import Contract


def steps(work: Callable[[], object]) -> int:
    """How many instructions of this project's own Python a piece of work takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "/schemaregistry/" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def document(columns: int) -> bytes:
    names = [f"c{index}" for index in range(columns)]
    return json.dumps(
        {
            "$id": "wide_v1",
            "version": "1.0.0",
            "type": "object",
            "properties": {name: {"type": "number", "minimum": 0} for name in names},
            "required": names,
            "additionalProperties": False,
        }
    ).encode()


def contract_of(columns: int) -> Contract:
    return compile_contract(parse(document(columns)))


def conforming(columns: int) -> pa.Table:
    return pa.table({f"c{index}": pa.array([0.5, 1.5]) for index in range(columns)})


def renamed(columns: int) -> pa.Table:
    return pa.table({f"d{index}": pa.array([0.5, 1.5]) for index in range(columns)})


def of_texts(columns: int) -> pa.Table:
    return pa.table({f"c{index}": ["x", "1"] for index in range(columns)})


def write(table: pa.Table, path: Path) -> None:
    match path.suffix:
        case ".parquet":
            pq.write_table(table, path)
        case ".arrow":
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
        case ".csv":
            pcsv.write_csv(table, path)
        case _:
            path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))


def assert_linear(cost: Callable[[int], int]) -> None:
    """Twice as many cost twice as much: four times would be quadratic."""
    assert cost(120) < 2.3 * cost(60)


def test_a_document_of_many_columns_is_compiled_in_proportion() -> None:
    def cost(columns: int) -> int:
        parsed = parse(document(columns))
        return steps(lambda: compile_contract(parsed))

    assert_linear(cost)


@pytest.mark.parametrize("table", [conforming, renamed, of_texts], ids=lambda table: table.__name__)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv", "ndjson"])
def test_a_check_of_many_columns_grows_in_proportion(
    tmp_path: Path, kind: str, table: Callable[[int], pa.Table]
) -> None:
    def cost(columns: int) -> int:
        path, contract = tmp_path / f"{columns}.{kind}", contract_of(columns)
        write(table(columns), path)
        return steps(lambda: check(find([str(path)]), contract))

    assert_linear(cost)


@pytest.mark.parametrize("table", [conforming, of_texts], ids=lambda table: table.__name__)
def test_loading_and_cleaning_many_columns_grow_in_proportion(tmp_path: Path, table: Callable[[int], pa.Table]) -> None:
    def cost(columns: int, *, mends: bool) -> int:
        path, contract = tmp_path / f"{columns}.parquet", contract_of(columns)
        write(table(columns), path)
        to, aside = tmp_path / f"to-{columns}-{mends}", tmp_path / f"aside-{columns}-{mends}"
        hand_on = clean if mends else load
        rest: dict[str, Any] = {} if mends else {"policy": lambda: Quarantine(aside, "x")}
        more = [lambda: Quarantine(aside, "x")] if mends else []
        return steps(
            lambda: hand_on(find([str(path)]), contract, lambda schema: Directory(to, schema, "x"), *more, **rest)
        )

    assert_linear(lambda columns: cost(columns, mends=False))
    assert_linear(lambda columns: cost(columns, mends=True))


def test_a_parquet_file_s_schema_is_made_as_often_for_many_columns_as_for_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    schema_arrow = pq.ParquetFile.schema_arrow

    def counted(file: pq.ParquetFile) -> pa.Schema:
        nonlocal made
        made += 1
        return schema_arrow.fget(file)

    monkeypatch.setattr(pq.ParquetFile, "schema_arrow", property(counted))
    write(of_texts(300), tmp_path / "wide.parquet")
    check(find([str(tmp_path / "wide.parquet")]), contract_of(300))
    assert made <= 2


def test_many_files_grow_in_proportion(tmp_path: Path) -> None:
    contract = contract_of(2)

    def cost(files: int) -> int:
        folder = tmp_path / str(files)
        folder.mkdir()
        for index in range(files):
            write(conforming(2), folder / f"{index}.parquet")
        return steps(lambda: check(find([str(folder)]), contract, progress=lambda _: None))

    assert_linear(cost)


NAMED: dict[str, Any] = {"definitions": {"n": {"pattern": "^c", "maxLength": 4}}}
RULES: dict[str, tuple[Any, str]] = {
    "names": ({"propertyNames": {"pattern": "^c"}}, ""),
    "names by reference": ({"propertyNames": {"$ref": "#/definitions/n"}}, ""),
    "no name": ({"propertyNames": False}, ""),
    "names, of a part": ({"properties": {"o": {"propertyNames": {"maxLength": 2}, "required": ["c1", "q"]}}}, "o"),
    "required": ({"required": ["c1", "q", "r"]}, ""),
    "required, and its own reference": ({"required": ["q"], "properties": {"c1": {"$ref": "#"}}}, ""),
    "others": ({"additionalProperties": {"type": "string"}, "minProperties": 400, "required": ["c1"]}, ""),
    "nothing": ({"required": ["c1"], "propertyNames": {"maxLength": 4}}, ""),
}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_an_object_of_many_members_breaks_what_one_of_few_does(
    rules: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, within = {**NAMED, "type": "object", **rules[0]}, rules[1]
    members: Any = {f"{'cx'[index % 2]}{index}": index for index in range(300)} | {"c1": {}}
    record = {within: members} if within else members
    residuals = [contract_pb2.Residual(schema_pointer=f"/properties/{within}" if within else "")]

    def broken(many: int) -> list[set[tuple[str, str, tuple[Any, ...], tuple[str, ...]]]]:
        monkeypatch.setattr(validator, "MANY", many)
        judge = validator.Validator(schema, residuals)
        return [
            {(each.pointer, each.rule, each.place, each.names) for each in found}
            for found in (judge.whole(record), judge.residual(0, members))
        ]

    assert broken(100) == broken(10_000)


def test_wrong_names_are_no_error_each(tmp_path: Path) -> None:
    """Each error has a copy of its object: a line of 30,000 wrong names took minutes and gigabytes."""
    schema = {"type": "object", "propertyNames": {"pattern": "^c"}}
    record = {f"x{index}": 1 for index in range(30_000)}
    assert len(validator.Validator(schema, []).whole(record)) == 1
    (tmp_path / "a.ndjson").write_text(json.dumps(record) + "\n")
    facts = {"$id": "wide_v1", "version": "1.0.0", "properties": {"c": {}}}
    contract = compile_contract(parse(json.dumps(facts | schema).encode()))
    (violation,) = check(find([str(tmp_path / "a.ndjson")]), contract).violations
    assert (violation.rule, violation.pointer) == ("propertyNames", "/propertyNames/pattern")
