"""The interpreter against jsonschema-rs row by row, on documents and tables that hypothesis makes up."""

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.data.readers.json_batch import RecordLayout
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.contract_pb2 import Contract, TypeName

Json = Any
EXAMPLES = int(os.environ.get("DATA_FUZZ_EXAMPLES", "300"))
"""Pairs of a document and a table; `make data-fuzz` takes more."""

numbers = st.one_of(st.integers(-5, 5), st.sampled_from([0.5, -1.5, 2.5, 2**53, 2**53 + 1, 10**20, 1e300]))


def some(**options: st.SearchStrategy[Json]) -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries({}, optional=options)


number_rules = some(
    minimum=numbers,
    maximum=numbers,
    exclusiveMinimum=numbers,
    exclusiveMaximum=numbers,
    multipleOf=st.sampled_from([1, 2, 3, 0.5, 0.1, 0.01, 0.7, 2.5, 1e-7, 2**60]),
    enum=st.lists(numbers, min_size=1, max_size=3, unique=True),
    const=numbers,
)
text_rules = some(
    minLength=st.integers(0, 3),
    maxLength=st.integers(0, 3),
    pattern=st.sampled_from(["^[A-Z]{2}$", "b", r"^\d", r"\s", ".", "a|é", r"\W", "^(?:a|b)+$"]),
    format=st.sampled_from(["email", "ipv4", "time"]),
    enum=st.lists(st.sampled_from(["AA", "b", "é", ""]), min_size=1, max_size=3, unique=True),
    const=st.sampled_from(["AA", "b"]),
)
texts = st.one_of(
    st.sampled_from(["AA", "b", "ab", "é", "", "\u2028", "\U0001f600", "09:30:00Z", "a@b.c", " "]), st.text(max_size=4)
)
int64s = st.one_of(st.integers(-6, 6), st.integers(-(2**63), 2**63 - 1), st.sampled_from([2**31, 2**53, 2**53 + 1]))
doubles = st.one_of(
    st.sampled_from([0.0, 0.5, 1.5, -2.0, 3.0, 0.1, 0.3, 0.07, 1.15, 7e22, 1e20, 2.0**53]), st.floats(width=64)
)
YEAR_0, YEAR_10000 = -62_167_219_200_000_000, 253_402_300_800_000_000
stamps = st.integers(YEAR_0 - 10**7, YEAR_10000 + 10**7)


@st.composite
def composed(draw: st.DrawFn, rules: st.SearchStrategy[dict[str, Json]], base: dict[str, Json]) -> dict[str, Json]:
    """A schema of one type with rules of its own, and sometimes schemas within."""
    schema = base | draw(rules)
    how = draw(st.sampled_from(["plain"] * 6 + ["allOf", "anyOf", "oneOf", "not", "if"]))
    if how in ("allOf", "anyOf", "oneOf"):
        schema[how] = draw(st.lists(rules, min_size=1, max_size=2))
    elif how == "not":
        inner = draw(rules)
        assume(inner)
        schema["not"] = inner
    elif how == "if":
        schema |= {"if": draw(rules), "then": draw(rules), "else": draw(rules)}
    return schema


@st.composite
def column(draw: st.DrawFn) -> tuple[dict[str, Json], pa.DataType, st.SearchStrategy[Json]]:
    """A property's schema, the type of the column that is checked by it, and values for it."""
    kind = draw(st.sampled_from(["integer", "number", "float integer", "string", "boolean", "stamp", "list", "struct"]))
    null = draw(st.booleans())
    types: Json = ["string", "null"] if null else "string"

    def typed(name: str) -> dict[str, Json]:
        return {"type": [name, "null"] if null else name}

    match kind:
        case "integer":
            return draw(composed(number_rules, typed("integer"))), pa.int64(), int64s
        case "float integer":
            return draw(composed(number_rules, typed("integer"))), pa.float64(), doubles
        case "number":
            return draw(composed(number_rules, typed("number"))), pa.float64(), doubles
        case "string":
            return draw(composed(text_rules, typed("string"))), pa.string(), texts
        case "boolean":
            rules = some(enum=st.just([True]), const=st.booleans())
            return draw(composed(rules, typed("boolean"))), pa.bool_(), st.booleans()
        case "stamp":
            rules = some(minLength=st.integers(26, 28), pattern=st.sampled_from(["^19", "Z$"]))
            return draw(composed(rules, {"type": types, "format": "date-time"})), pa.timestamp("us", "UTC"), stamps
        case "list":
            item = draw(composed(number_rules, {"type": draw(st.sampled_from(["integer", ["integer", "null"]]))}))
            rules = some(
                minItems=st.integers(0, 3), maxItems=st.integers(0, 3), uniqueItems=st.just(True), contains=number_rules
            )
            schema = draw(composed(rules, typed("array") | {"items": item}))
            return schema, pa.list_(pa.int64()), st.lists(st.one_of(st.none(), st.integers(-6, 6)), max_size=4)
    members = {"p": draw(composed(number_rules, {"type": "integer"})), "q": draw(composed(text_rules, {"type": types}))}
    rules = some(
        required=st.sampled_from([["p"], ["p", "q"]]),
        additionalProperties=st.just(False),
        minProperties=st.integers(0, 2),
    )
    schema = draw(composed(rules, typed("object") | {"properties": members}))
    values = st.fixed_dictionaries({"p": st.one_of(st.none(), st.integers(-6, 6)), "q": st.one_of(st.none(), texts)})
    return schema, pa.struct([("p", pa.int64()), ("q", pa.string())]), values


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Json], pa.Schema, list[dict[str, Json]]]:
    """A document, the types of a table's columns, and its rows."""
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    columns = {name: draw(column()) for name in names}
    document: dict[str, Json] = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {name: schema for name, (schema, _, _) in columns.items()},
    }
    some_names = st.lists(st.sampled_from(names), unique=True, max_size=2)
    document |= draw(
        some(
            required=some_names,
            additionalProperties=st.one_of(st.just(False), st.just({"type": "integer"})),
            anyOf=st.lists(st.fixed_dictionaries({"required": some_names}), min_size=1, max_size=2),
            minProperties=st.integers(0, 3),
            dependencies=st.fixed_dictionaries({names[0]: some_names}),
        )
    )
    if draw(st.booleans()):
        condition = draw(column())[0]
        document |= {
            "if": {
                "properties": {
                    names[0]: {
                        key: value for key, value in condition.items() if key not in ("type", "items", "properties")
                    }
                }
            },
            "then": {"required": draw(some_names)},
            "else": {"required": draw(some_names)},
        }
    if draw(st.booleans()):
        columns["extra"] = ({}, pa.int64(), st.integers(0, 3))
    present = [name for name in columns if draw(st.integers(0, 9)) < 9]
    assume(present)
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    name: st.one_of(st.none(), columns[name][2]) if draw(st.booleans()) else columns[name][2]
                    for name in present
                }
            ),
            max_size=6,
        )
    )
    return document, pa.schema([(name, columns[name][1]) for name in present]), rows


def as_json(value: Json, kind: pa.DataType) -> Json:
    """The JSON value of one value, by the words of contract.proto."""
    if pa.types.is_timestamp(kind) and value is not None:
        seconds, micros = divmod(value, 10**6)
        days, second = divmod(seconds, 86400)
        # The civil calendar from days (proleptic Gregorian), by Howard Hinnant's algorithm.
        z = days + 719468
        era, doe = divmod(z, 146097)
        yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
        doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
        mp = (5 * doy + 2) // 153
        day, month = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
        year = yoe + era * 400 + (month <= 2)
        clock = f"{second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}"
        return f"{year:04}-{month:02}-{day:02}T{clock}.{micros:06}Z"
    if isinstance(value, float) and 2**53 <= abs(value) < 2**63:
        return int(value)  # every digit: the text 5.756734117167675e+16 is a multiple of 3, the double isn't
    return value


def fits(value: Json, held: str | None) -> bool:
    """Whether the contract's type holds a value of the column's; None where the contract has no type."""
    if held == "TYPE_NAME_TIMESTAMP":
        return YEAR_0 <= value < YEAR_10000
    if held not in ("TYPE_NAME_INT64", "TYPE_NAME_FLOAT64") or not isinstance(value, int | float):
        return True
    if held == "TYPE_NAME_INT64":
        return math.isfinite(value) and value == int(value) and -(2**63) <= value < 2**63
    return math.isfinite(value) and float(value) == value


def expected_of(
    document: dict[str, Json], held: dict[str, str], schema: pa.Schema, row: dict[str, Json]
) -> set[tuple[str | None, str, str]]:
    """What jsonschema-rs finds wrong with one row: column, pointer and keyword."""
    record: dict[str, Json] = {}
    found: set[tuple[str | None, str, str]] = set()
    misfits: set[str] = set()
    for name, value in row.items():
        rules = document["properties"].get(name)
        if value is None:
            # An undeclared null is absent, but `additionalProperties: false` forbids its column (docs/document.md).
            if rules is None and document.get("additionalProperties") is False:
                found.add((name, "/additionalProperties", "additionalProperties"))
            elif rules is not None and None in as_types(rules):
                record[name] = None
        elif rules is not None and not fits(value, held.get(name)):
            misfits.add(name)
            rule = "format" if "format" in rules else "type"
            found.add((name, f"/properties/{name}/{rule}", rule))
        elif isinstance(value, dict) and name in held:
            keep_null = {member: None in as_types(rules["properties"][member]) for member in value}
            record[name] = {member: inner for member, inner in value.items() if inner is not None or keep_null[member]}
        else:
            record[name] = as_json(value, schema.field(name).type)
    judged = {key: value for key, value in document.items() if key not in ("$id", "version")}
    for error in jsonschema_rs.Draft7Validator(judged, validate_formats=True).iter_errors(record):
        pointer = "".join(f"/{step}" for step in error.schema_path)
        last = pointer.rpartition("/")[2]
        rule = last if last in ("additionalProperties", "dependencies") else error.kind.name
        names = [error.instance_path[0]] if error.instance_path else [None]
        if rule in ("required", "dependencies") and not error.instance_path:
            if error.kind.property in misfits and rule == "required":
                continue
            names = [error.kind.property]
        elif rule == "additionalProperties" and not error.instance_path:
            names = error.kind.unexpected
        found |= {(name, pointer, rule) for name in names}
    return found


def as_types(schema: Json) -> list[Json]:
    """The types that a schema names, `null` as None."""
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return [None if name == "null" else name for name in names]


Case = tuple[dict[str, Json], pa.Schema, list[dict[str, Json]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder; when all is done, what was compared is said: a law is worth as much as what it was tried on."""
    yield tmp_path_factory.mktemp("made")
    said = ", ".join(f"{count:,} {what}" for what, count in sorted(COMPARED.items()))
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        print(f"\nagree: {said}")


COMPARED: Counter[str] = Counter()


def compared(kind: str, rows: int, expected: dict[Any, set[int]]) -> None:
    COMPARED[kind] += 1
    COMPARED["of these with rows that fail"] += any(expected.values())
    COMPARED["rows"] += rows
    COMPARED["rules broken"] += len(expected)


def compiled(document: dict[str, Json]) -> Contract:
    """The contract; none is made of rules that contradict one another, for whose values no one Arrow type is left."""
    try:
        contract = compile_contract(parse(json.dumps(document).encode()))
        assume("TYPE_NAME_JSON" not in str(contract.columns))
        return contract
    except InvalidArgument:
        assume(False)
        raise


def found_in(path: Path, contract: Contract) -> tuple[dict[Any, set[int]], int]:
    report = check(find([str(path)]), contract)
    assert report.error is None
    found = {(it.column, it.pointer, it.rule): {example.row for example in it.examples} for it in report.violations}
    return {key: rows for key, rows in found.items() if rows}, report.rows_failing


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_batches_and_a_validator_row_by_row_agree(case: Case, folder: Path) -> None:
    document, schema, rows = case
    contract = compiled(document)
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    with pa.ipc.new_file(folder / "made.arrow", schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    expected = by_row(document, contract, schema, rows)
    assert found_in(folder / "made.arrow", contract) == (expected, len(set().union(*expected.values())))
    compared("batches", len(rows), expected)


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases(), together=st.booleans())
def test_lines_of_json_and_a_validator_row_by_row_agree(case: Case, together: bool, folder: Path) -> None:
    """Read together by Arrow's parser where that is sure, or each by itself."""
    document, schema, rows = case
    contract = compiled(document)
    lines = [{name: as_json(value, schema.field(name).type) for name, value in row.items()} for row in rows]
    try:
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
    except ValueError:
        assume(False)
    (folder / "made.ndjson").write_text(text)
    expected = by_row(document, contract, schema, rows)
    with pytest.MonkeyPatch.context() as patch:
        if not together:
            patch.setattr(RecordLayout, "of", lambda _plan, **_: None)
        assert found_in(folder / "made.ndjson", contract) == (expected, len(set().union(*expected.values())))
    compared("files of JSON lines", len(rows), expected)


def by_row(
    document: dict[str, Json], contract: Contract, schema: pa.Schema, rows: list[dict[str, Json]]
) -> dict[Any, set[int]]:
    held = {column.field.name: TypeName.Name(column.field.type.name) for column in contract.columns}
    expected: dict[Any, set[int]] = {}
    for index, row in enumerate(rows):
        for key in expected_of(document, held, schema, row):
            expected.setdefault(key, set()).add(index)
    return expected
