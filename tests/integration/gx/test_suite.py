"""The suite of a contract: what it says, what it says it can't, and the command that writes it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.app import app
from schemaregistry.contract import compile_contract
from schemaregistry.contract.expectations import suite
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from tests.support.gx_files import SCHEMAS, great_expectations, suite_of

IDS = sorted(path.stem for path in SCHEMAS.glob("*.json"))


def suite_for(properties: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The suite of a document with these properties."""
    document = {
        "$id": "rows",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "version": "1.2.3",
        **members,
    }
    return suite(compile_contract(parse(json.dumps(document).encode())))


def said(made: dict[str, Any], rule: str) -> list[tuple[str, dict[str, Any]]]:
    """Type and arguments of the expectations for a rule."""
    found = [each for each in made["expectations"] if each["meta"].get("rule") == rule]
    return [(each["type"].removeprefix("expect_column_values_to_"), each["kwargs"]) for each in found]


def unsaid(made: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(each["column"], each["pointer"]) for each in made["meta"]["schemaregistry"]["unsaid"]]


def test_the_suite_for_ticks_has_about_fourteen_expectations_and_leaves_no_rule_out() -> None:
    made = suite_of("ticks_v1")
    assert 12 <= len(made["expectations"]) <= 16
    assert unsaid(made) == []


def test_the_suite_names_its_contract() -> None:
    document = parse((SCHEMAS / "ticks_v1.json").read_bytes())
    made = suite_of("ticks_v1")
    assert made["name"] == "ticks_v1"
    meta = made["meta"]["schemaregistry"]
    assert (meta["id"], meta["version"], meta["fingerprint"]) == ("ticks_v1", "1.1.0", document.fingerprint)


@pytest.mark.parametrize("schema_id", IDS)
def test_great_expectations_takes_every_expectation_as_it_stands(schema_id: str) -> None:
    made = suite_of(schema_id)
    read = great_expectations().read(schema_id)
    assert len(read.expectations) == len(made["expectations"])
    assert read.meta["schemaregistry"] == made["meta"]["schemaregistry"]


@pytest.mark.parametrize("schema_id", IDS)
def test_every_rule_of_a_contract_is_said_or_listed_as_unsaid(schema_id: str) -> None:
    made = suite_of(schema_id)
    contract = compile_contract(parse((SCHEMAS / f"{schema_id}.json").read_bytes()))
    known = {each["meta"].get("pointer") for each in made["expectations"]} | {pointer for _, pointer in unsaid(made)}
    implied = {"types", "format", "present"}  # by the type of the column; by its being there
    assert {check.pointer for check in contract.checks if check.WhichOneof("kind") not in implied} <= known


def test_columns_must_be_there_and_others_may_be_where_the_document_is_open() -> None:
    made = suite_for({"a": {"type": "integer"}})
    assert made["expectations"][0]["kwargs"] == {"column_set": ["a"], "exact_match": False}


def test_a_required_column_that_may_be_null_is_not_asked_for_values() -> None:
    made = suite_for({"a": {"type": ["integer", "null"]}}, required=["a"])
    assert said(made, "required") == []


@pytest.mark.parametrize(
    ("schema", "rule", "expected"),
    [
        ({"type": "integer", "minimum": 1}, "minimum", {"min_value": 1}),
        ({"type": "integer", "minimum": 0.5}, "minimum", {"min_value": 1}),
        ({"type": "integer", "exclusiveMaximum": 7}, "exclusiveMaximum", {"max_value": 7, "strict_max": True}),
        ({"type": "number", "exclusiveMinimum": 0.5}, "exclusiveMinimum", {"min_value": 0.5, "strict_min": True}),
        ({"type": "string", "minLength": 2}, "minLength", {"min_value": 2}),
        ({"type": "string", "const": "x"}, "const", {"value_set": ["x"]}),
        ({"type": ["string", "null"], "enum": ["a", None]}, "enum", {"value_set": ["a"]}),
    ],
)
def test_a_keyword_becomes_its_expectation(schema: dict[str, Any], rule: str, expected: dict[str, Any]) -> None:
    ((_, arguments),) = said(suite_for({"a": schema}), rule)
    assert arguments == {"column": "a", **expected}


@pytest.mark.parametrize(
    ("divisor", "good", "bad"),
    [(5, [0, 5, -10, 115], [1, -7, 51]), (100, [0, 100, -2500], [10, 50, 101]), (8, [0, 8, -16, 1008], [4, 12, 1004])],
)
def test_multiples_are_told_by_their_last_digits(divisor: int, good: list[int], bad: list[int]) -> None:
    import re

    ((_, arguments),) = said(suite_for({"a": {"type": "integer", "multipleOf": divisor}}), "multipleOf")
    for number in range(-3000, 3000):
        assert bool(re.search(arguments["regex"], str(number))) == (number % divisor == 0)
        assert bool(re.search(arguments["regex"], str(float(number)))) == (number % divisor == 0)
    assert all(number % divisor == 0 for number in good)
    assert all(number % divisor for number in bad)


def test_every_integer_is_a_multiple_of_one() -> None:
    made = suite_for({"a": {"type": "integer", "multipleOf": 1}})
    assert said(made, "multipleOf") == []
    assert unsaid(made) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "multipleOf": 7},
        {"type": "number", "multipleOf": 2},
        {"type": "string", "format": "ipv4"},
        {"type": "string", "pattern": r"\bA"},
        {"type": "string", "not": {"const": "x"}},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "integer", "maximum": 2}]},
    ],
)
def test_what_great_expectations_cant_say_is_listed_with_the_reason(schema: dict[str, Any]) -> None:
    made = suite_for({"a": schema})
    listed = [each for each in made["meta"]["schemaregistry"]["unsaid"] if each["column"] == "a"]
    assert listed
    assert all(each["why"] and each["pointer"].startswith("/properties/a") for each in listed)


def test_a_rule_of_the_whole_row_is_listed() -> None:
    made = suite_for({"a": {"type": "integer"}}, minProperties=1)
    assert (None, "/minProperties") in unsaid(made)


def test_a_condition_on_a_plain_column_becomes_a_condition_on_rows() -> None:
    made = suite_for(
        {"kind": {"type": "string"}, "ratio": {"type": "number"}},
        **{
            "if": {"properties": {"kind": {"const": "split"}}},
            "then": {"required": ["ratio"]},
            "else": {"properties": {"ratio": False}},
        },
    )
    column = {"name": "kind"}
    ((kind, then),) = said(made, "required")
    assert (kind, then["row_condition"]) == (
        "not_be_null",
        {
            "type": "or",
            "conditions": [
                {"type": "nullity", "column": column, "is_null": True},
                {"type": "comparison", "column": column, "operator": "IN", "parameter": ["split"]},
            ],
        },
    )
    ((kind, other),) = said(made, "false")
    assert (kind, other["row_condition"]) == (
        "be_null",
        {
            "type": "and",
            "conditions": [
                {"type": "nullity", "column": column, "is_null": False},
                {"type": "comparison", "column": column, "operator": "NOT_IN", "parameter": ["split"]},
            ],
        },
    )


@pytest.mark.parametrize("name", ["a-b", "a b", "`x`", "__import__('os').system('true')", "a\nb"])
def test_no_name_of_a_column_gets_into_a_condition_that_isnt_a_plain_one(name: str) -> None:
    made = suite_for(
        {name: {"type": "string"}, "ratio": {"type": "number"}},
        **{"if": {"properties": {name: {"const": "x"}}}, "then": {"required": ["ratio"]}},
    )
    assert ("ratio", "/then/required") in unsaid(made)


@pytest.mark.parametrize("value", ['"', "@x", "a\\", "`", "\n", "{x}"])
def test_no_value_gets_into_a_condition_that_isnt_plain(value: str) -> None:
    made = suite_for(
        {"kind": {"type": "string"}, "ratio": {"type": "number"}},
        **{"if": {"properties": {"kind": {"const": value}}}, "then": {"required": ["ratio"]}},
    )
    assert ("ratio", "/then/required") in unsaid(made)


def test_null_or_a_schema_is_that_schema() -> None:
    made = suite_for({"a": {"anyOf": [{"type": "null"}, {"type": "number", "minimum": 1}]}})
    assert [arguments for _, arguments in said(made, "anyOf")] == [{"column": "a", "min_value": 1}]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["gx", *arguments])
    if result.exception:
        raise result.exception
    return result.stdout


def test_the_command_writes_the_suite(tmp_path: Path) -> None:
    schema, file = str(SCHEMAS / "trades_v1.json"), tmp_path / "suite.json"
    assert json.loads(run(schema)) == suite_of("trades_v1")
    assert run(schema, "-o", str(file)) == ""
    assert json.loads(file.read_text(encoding="utf-8")) == suite_of("trades_v1")


def test_a_place_that_cant_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="can't write"):
        run(str(SCHEMAS / "ticks_v1.json"), "-o", str(tmp_path / "none" / "suite.json"))


def test_the_suite_is_made_without_great_expectations_and_pandas() -> None:
    code = f"""
import sys
from schemaregistry.contract import compile_contract
from schemaregistry.contract.expectations import suite
from schemaregistry.document import parse
suite(compile_contract(parse(open({str(SCHEMAS / "ticks_v1.json")!r}, "rb").read())))
print([name for name in ("great_expectations", "pandas", "pyarrow") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
