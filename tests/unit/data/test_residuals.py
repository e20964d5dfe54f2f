"""What the plan has no kind for is left to the validator, on the values concerned, and judged as rightly."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse

Json = Any
BIG = 2**53 + 1
PAIR = {"type": "object", "properties": {"p": {"type": "integer"}}, "required": ["p"]}

CASES: dict[str, tuple[Json, list[Json], pa.DataType]] = {
    "uniqueItems over objects": (
        {"type": "array", "uniqueItems": True, "items": PAIR},
        [[{"p": 1}, {"p": 2}], [{"p": 1}, {"p": 1}], [], [{"p": 3}]],
        pa.list_(pa.struct([("p", pa.int64())])),
    ),
    "uniqueItems over lists": (
        {"type": "array", "uniqueItems": True, "items": {"type": "array", "items": {"type": "integer"}}},
        [[[1], [1, 2]], [[1], [2], [1]], [[], []], [[]]],
        pa.list_(pa.list_(pa.int64())),
    ),
    "a divisor beyond 2^53": (
        {"type": "integer", "multipleOf": BIG},
        [BIG, BIG + 1, 3 * BIG, 3 * BIG - 1, 0, -BIG],
        pa.int64(),
    ),
    "contains": (
        {"type": "array", "contains": {"const": 2}, "items": {"type": "integer"}},
        [[1, 2], [1], []],
        pa.list_(pa.int64()),
    ),
    "enum of lists": (
        {"type": "array", "items": {"type": "integer"}, "enum": [[1], [2, 3]]},
        [[1], [3, 2], [2, 3]],
        pa.list_(pa.int64()),
    ),
    "minProperties": (
        {"type": "object", "properties": {"p": {"type": "integer"}, "q": {"type": "integer"}}, "minProperties": 2},
        [{"p": 1, "q": 2}, {"p": 1}],
        pa.struct([("p", pa.int64()), ("q", pa.int64())]),
    ),
}


@pytest.mark.parametrize("kind", ["parquet", "arrow", "ndjson"])
@pytest.mark.parametrize("name", CASES)
def test_a_residual_is_judged_as_the_validator_does(name: str, kind: str, tmp_path: Path) -> None:
    rules, values, column = CASES[name]
    document = {"$id": "r_v1", "version": "1.0.0", "type": "object", "properties": {"a": rules}}
    contract = compile_contract(parse(json.dumps(document).encode()))
    assert len(contract.residuals) == 1
    table, path = pa.table({"a": pa.array(values, column)}), tmp_path / f"t.{kind}"
    match kind:
        case "parquet":
            pq.write_table(table, path)
        case "arrow":
            feather.write_feather(table, str(path))
        case "ndjson":
            path.write_text("".join(f"{json.dumps({'a': value})}\n" for value in values))
    validator = jsonschema_rs.Draft7Validator(rules)
    expected = [row for row, value in enumerate(values) if not validator.is_valid(value)]
    (violation,) = check(find([str(path)]), contract).violations
    assert [example.row for example in violation.examples] == expected
    assert 0 < len(expected) < len(values)
    assert violation.pointer == f"/properties/a/{violation.rule}"


def test_the_largest_divisor_with_a_kind_leaves_nothing_to_the_validator() -> None:
    document = {
        "$id": "r_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": "integer", "multipleOf": 2**53}},
    }
    assert not compile_contract(parse(json.dumps(document).encode())).residuals
