"""The contracts in schemas/: each is a sound document, and its examples are judged alike by two validators."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from schemaregistry.document import parse

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
IDS = sorted(path.stem for path in SCHEMAS.glob("*.json"))

# RFC 3339, 5.6
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """The second validator's own package has no check of this format."""
    if not isinstance(value, str):
        return True
    whole = DATE_TIME.fullmatch(value)
    return bool(whole) and bool(datetime.fromisoformat(re.sub(r"\.\d+", "", value)))


def examples(kind: str) -> list[Any]:
    return [
        pytest.param(path.parent.parent.name, path, id=f"{path.parent.parent.name}/{path.stem}")
        for path in sorted(SCHEMAS.glob(f"examples/*/{kind}/*.json"))
    ]


def by_rust(schema: dict[str, Any], record: Any) -> set[tuple[str, str]]:
    """The keyword and the place of each fault that jsonschema-rs finds."""
    validator = jsonschema_rs.Draft7Validator(schema, validate_formats=True, offline=True)
    false = jsonschema_rs.ValidationErrorKind.FalseSchema
    return {
        ("false" if isinstance(error.kind, false) else str(error.schema_path[-1]), place(error.instance_path))
        for error in validator.iter_errors(record)
    }


def by_python(schema: dict[str, Any], record: Any) -> set[str]:
    """The keyword of each fault that python-jsonschema finds; it doesn't tell the place of a `false` schema."""
    validator = jsonschema.Draft7Validator(schema, format_checker=FORMATS)
    return {error.validator or "false" for error in validator.iter_errors(record)}


def place(path: Any) -> str:
    return "".join(f"/{step}" for step in path)


def test_there_are_at_least_seven_contracts() -> None:
    assert len(IDS) >= 7


@pytest.mark.parametrize("name", IDS)
def test_a_contract_is_sound_and_described(name: str) -> None:
    document = parse((SCHEMAS / f"{name}.json").read_bytes(), id=name)
    assert document.title
    assert not document.arrow_derived
    assert {note.reason for note in document.warnings} <= ({"BOUNDS_MISSING"} if name == "ticks_v1" else set())


@pytest.mark.parametrize("name", IDS)
def test_a_contract_has_valid_and_invalid_examples(name: str) -> None:
    assert len(list(SCHEMAS.glob(f"examples/{name}/valid/*.json"))) >= 3
    assert len(list(SCHEMAS.glob(f"examples/{name}/invalid/*.json"))) >= 5


@pytest.mark.parametrize("name", IDS)
def test_every_invalid_example_has_its_fault_written_down(name: str) -> None:
    faults = json.loads((SCHEMAS / "examples" / name / "faults.json").read_text())
    assert set(faults) == {path.name for path in SCHEMAS.glob(f"examples/{name}/invalid/*.json")}


@pytest.mark.parametrize(("name", "path"), examples("valid"))
def test_a_valid_example_is_valid(name: str, path: Path) -> None:
    schema = parse((SCHEMAS / f"{name}.json").read_bytes()).schema
    record = json.loads(path.read_text())
    assert (by_rust(schema, record), by_python(schema, record)) == (set(), set())


@pytest.mark.parametrize(("name", "path"), examples("invalid"))
def test_an_invalid_example_has_the_one_fault_that_is_written_down(name: str, path: Path) -> None:
    schema = parse((SCHEMAS / f"{name}.json").read_bytes()).schema
    record = json.loads(path.read_text())
    fault = json.loads((path.parent.parent / "faults.json").read_text())[path.name]
    assert by_rust(schema, record) == {(fault["keyword"], fault["pointer"])}
    assert by_python(schema, record) == {fault["keyword"]}


@pytest.mark.parametrize("name", IDS)
def test_every_property_has_a_valid_example(name: str) -> None:
    document = parse((SCHEMAS / f"{name}.json").read_bytes())
    seen = {key for path in SCHEMAS.glob(f"examples/{name}/valid/*.json") for key in json.loads(path.read_text())}
    assert seen == {field.name for field in document.arrow}
