"""Lines proven to conform by one match of an expression: only such as do, and the same report as where each is read."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaregistry.contract import compile_contract
from schemaregistry.data import find
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.load.pipeline import Pipeline
from schemaregistry.data.load.sinks import ReportSink
from schemaregistry.data.readers import lines
from schemaregistry.data.readers.line_proofs import CsvLines, JsonLines
from schemaregistry.data.readers.proof import Dialect, fields
from schemaregistry.document import parse

EXAMPLES = int(os.environ.get("DATA_FUZZ_EXAMPLES", "300"))
"""`make data-fuzz` takes more."""

TICK = b'{"ts":"2026-01-05T09:30:00.001498Z","symbol":"AAX","price":501.86,"size":44,"side":"B","venue":"XNAS"}\n'
ROW = b"2026-01-05T09:30:00.001498Z,AAX,501.86,44,B,XNAS\n"
HEADER = ["ts", "symbol", "price", "size", "side", "venue"]

RULES: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "text": ({"type": "string"}, None),
    "text or null": ({"type": ["string", "null"]}, None),
    "short text": ({"type": "string", "minLength": 2, "maxLength": 3}, None),
    "long text": ({"type": "string", "minLength": 2}, None),
    "enum": ({"type": "string", "enum": ["B", "", "a b", "ü", 'q"', "c,d", "a|b", "x.y"]}, None),
    "pattern": ({"type": "string", "pattern": r"^[A-Z]{2}-\d+ ?[a-z0-9.]*$"}, None),
    "pattern of nothing": ({"type": "string", "pattern": "^[A-Z]*$"}, None),
    "date-time text": ({"type": "string", "format": "date-time"}, {"name": "utf8"}),
    "timestamp": ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "us"}),
    "seconds": ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "s", "tz": "UTC"}),
    "nanoseconds": ({"type": "string", "format": "date-time"}, {"name": "timestamp", "unit": "ns"}),
    "date": ({"type": "string", "format": "date"}, {"name": "date32"}),
    "time": ({"type": "string", "format": "time"}, {"name": "time64", "unit": "us"}),
    "integer": ({"type": "integer"}, None),
    "int8": ({"type": "integer"}, {"name": "int8"}),
    "uint64": ({"type": "integer"}, {"name": "uint64"}),
    "positive": ({"type": "integer", "exclusiveMinimum": 0}, {"name": "int32"}),
    "from one": ({"type": "integer", "minimum": 1, "maximum": 1000}, None),
    "within": ({"type": "integer", "minimum": -250, "exclusiveMaximum": 99}, None),
    "number": ({"type": "number"}, None),
    "price": ({"type": "number", "exclusiveMinimum": 0}, None),
    "cents": ({"type": "number", "minimum": 0, "multipleOf": 0.01}, None),
    "from a half": ({"type": "number", "minimum": 0.5, "maximum": 1e6}, None),
    "whole from one": ({"type": "number", "minimum": 1, "multipleOf": 1}, None),
    "share": ({"type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 1}, None),
    "wide": ({"type": "number", "exclusiveMinimum": -1e300, "maximum": 1e300}, None),
    "truth": ({"type": "boolean"}, None),
}


def planned(rules: dict[str, Any], arrow: dict[str, Any] | None, *, required: bool) -> Plan:
    document: dict[str, Any] = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": rules, "b": {"type": "integer"}},
        "required": ["a", "b"] if required else ["b"],
        "additionalProperties": False,
    }
    if arrow:
        document["arrow"] = {"fields": [{"name": "a", "type": arrow}, {"name": "b", "type": {"name": "int64"}}]}
    return Plan.of(compile_contract(parse(json.dumps(document).encode())))


def facts(plan: Plan, path: Path, *, by_proof: bool) -> dict[str, Any]:
    report = Pipeline(plan, ReportSink(), proving=by_proof).run(find([str(path)])).to_json()
    return {
        name: fact for name, fact in report.items() if name not in ("seconds", "rows_per_second", "peak_memory_bytes")
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


VALUES = [
    *(b'"B"', b"1", b"-1", b"0", b"0.5", b"-0", b"01", b"1e5", b"1.e5", b"1e999", b"null", b"true", b"{}", b"[1]"),
    *(b"NaN", b"128", b"2147483648", b"0.005", b"99.99999999999999999", b'"\\u0041B"', b'"A,B"', b'"\xff"', b'""'),
    *(b'"2026-02-29T09:30:00Z"', b'"2026-01-31T09:30:00.1234567Z"', b'"9999-12-31T23:59:59-00:01"', b'"2026-01-05"'),
    *(b'"2026-01-05 09:30:00"', b'"2026-01-05T09:30:00+0100"', b'"2026-01-05 09:30:00.5-05"', b'"09:30:00"', b"1.0"),
    *(b'"AB-1"', b'1,"b":2', b'1,"c":2', b'1}{"a":1', b"", b" 1", b"1 ", b'"a"b"', b'"\x01"', b'"\xed\xa0\x80"'),
]
dialects = st.sampled_from(["csv", "ndjson"])
rules = st.sampled_from(sorted(RULES))


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(rule=rules, dialect=dialects, data=st.data(), required=st.booleans())
def test_a_text_that_the_expression_matches_conforms_where_it_is_read(
    rule: str, dialect: Dialect, folder: Path, data: st.DataObject, required: bool
) -> None:
    plan = planned(*RULES[rule], required=required)
    found = fields(plan, dialect)
    assert found is not None
    if found.values["a"] is None:
        assert (rule, dialect) == ("pattern of nothing", "csv")
        return
    texts = data.draw(st.lists(st.from_regex(found.values["a"], fullmatch=True), min_size=1, max_size=5))
    if dialect == "csv":
        made, prove = [f"{text},1" for text in texts], CsvLines(plan, ["a", "b"]).prove
    else:
        quote = '"' * ("a" in found.texts)
        made, prove = [f'{{"a":{quote}{text}{quote},"b":1}}' for text in texts], JsonLines(plan).prove
    body = "\n".join(made)
    path = folder / f"made.{dialect}"
    path.write_text(("a,b\n" if dialect == "csv" else "") + body, encoding="utf-8", newline="")
    assert prove(body.encode())
    read = facts(plan, path, by_proof=False)
    assert (read["verdict"], read["rows"]) == ("conforms", len(texts)), (texts, read)
    assert facts(plan, path, by_proof=True) == read


LIMITS = st.sampled_from([-100, -10, -9.5, -1, -0.5, 0, 0.5, 1, 1.5, 5, 9, 10, 99, 100, 127, 1e15, 1e20])
LENGTHS = st.integers(0, 4)
ANY_RULES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "integer"])},
        optional={
            **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"), LIMITS),
            "multipleOf": st.sampled_from([1, 1, 2, 10, 0.1, 0.01, 0.5, 1e-7]),
            "allOf": st.lists(
                st.fixed_dictionaries({}, optional={"minimum": LIMITS, "multipleOf": st.just(1)}), min_size=1
            ),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            **dict.fromkeys(("minLength", "maxLength"), LENGTHS),
            "pattern": st.sampled_from(["^[A-Z]{2}$", "^[a-z]+$", r"^\d{1,3}$", "^A?$", "b"]),
            "enum": st.lists(st.sampled_from(["", "A", "AB", "ü", "a b"]), min_size=1, unique=True),
            "allOf": st.lists(st.fixed_dictionaries({}, optional={"maxLength": LENGTHS}), min_size=1),
        },
    ),
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules=ANY_RULES, dialect=dialects, data=st.data())
def test_whatever_rules_come_together_what_matches_conforms(
    rules: dict[str, Any], dialect: Dialect, folder: Path, data: st.DataObject
) -> None:
    plan = planned(rules, None, required=data.draw(st.booleans()))
    found = fields(plan, dialect)
    expression = found and found.values["a"]
    if not found or expression is None:
        return
    texts = data.draw(st.lists(st.from_regex(expression, fullmatch=True), min_size=1, max_size=8))
    quote = '"' * ("a" in found.texts)
    lines = [f"{text},1" if dialect == "csv" else f'{{"a":{quote}{text}{quote},"b":1}}' for text in texts]
    path = folder / f"any.{dialect}"
    path.write_text("\n".join(["a,b"] * (dialect == "csv") + lines), encoding="utf-8", newline="")
    assert facts(plan, path, by_proof=False)["verdict"] == "conforms"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rule=rules,
    required=st.booleans(),
    texts=st.lists(
        st.one_of(
            st.sampled_from(VALUES),
            st.binary(max_size=3),
        ),
        min_size=1,
        max_size=6,
    ),
    ended=st.booleans(),
    dialect=dialects,
)
def test_the_report_is_that_of_reading_each_line(
    rule: str, required: bool, texts: list[bytes], ended: bool, dialect: str, folder: Path
) -> None:
    plan = planned(*RULES[rule], required=required)
    path = folder / f"made.{dialect}"
    if dialect == "csv":
        made = [b"a,b", *(text.strip(b'"') + b",1" for text in texts)]
    else:
        made = [b'{"a":' + text + b',"b":1}' for text in texts]
    path.write_bytes(b"\n".join(made) + b"\n" * ended)
    assert facts(plan, path, by_proof=True) == facts(plan, path, by_proof=False)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_the_report_on_a_file_of_many_blocks_is_that_of_reading_each_line(
    kind: str, plan: Plan, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and lines are counted through blocks that are proven and blocks that are read."""
    monkeypatch.setattr(lines, "BLOCK", 4096)
    row, bad, head = (
        (ROW, b"B,XNAS", b",".join(map(str.encode, HEADER)) + b"\n") if kind == "csv" else (TICK, b'"B"', b"")
    )
    body = b"".join(
        row.replace(bad, bad.replace(b"B", b"X")) if at in (0, 700, 701, 1999) else row for at in range(2000)
    )
    (folder / f"many.{kind}").write_bytes(head + body.strip())
    proven = facts(plan, folder / f"many.{kind}", by_proof=True)
    assert proven == facts(plan, folder / f"many.{kind}", by_proof=False)
    assert [example["row"] for example in proven["violations"][0]["examples"]] == [0, 700, 701, 1999]


@pytest.fixture
def plan(ticks: Any) -> Plan:
    return Plan.of(ticks)


def test_clean_ticks_are_proven(plan: Plan) -> None:
    assert JsonLines(plan).prove(TICK * 3)
    assert JsonLines(plan).prove(TICK.replace(b'"B"', b"null") + TICK.replace(b"\n", b"\r\n") + TICK.strip())
    assert CsvLines(plan, HEADER).prove(ROW * 3)
    assert CsvLines(plan, HEADER).prove(ROW.replace(b",B,", b",,") + ROW.replace(b"\n", b"\r\n") + ROW.strip())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"AAX", b'A","size":1,"symbol":"X'),
        (b"AAX", b"A\\u0041X"),
        (b"AAX", b"\xed\xa0\x80"),
        (b"AAX", b"A\x00X"),
        (b'"AAX"', b"null"),
        (b"501.86", b"NaN"),
        (b"501.86", b"1."),
        (b"44", b"2147483648"),
        (b"44", b"044"),
        (b'"B"', b'"X"'),
        (b"01-05T", b"02-30T"),
        (b"498Z", b"4981Z"),
        (b"\n", b"\n\n"),
        (b"}", b'} {"a":1}'),
        (b'"venue"', b'"Venue"'),
        (b'"side":"B",', b'"side":"B","side":"B",'),
    ],
)
def test_a_line_that_is_not_sure_to_conform_is_not_proven(plan: Plan, old: bytes, new: bytes) -> None:
    assert not JsonLines(plan).prove(TICK + TICK.replace(old, new))
    assert not JsonLines(plan).prove(TICK.replace(old, new) + TICK)


def test_spaces_and_order_are_those_of_the_first_line(plan: Plan) -> None:
    spaced = json.dumps(json.loads(TICK)).encode() + b"\n"
    turned = json.dumps(dict(reversed(json.loads(TICK).items()))).encode() + b"\n"
    prove = JsonLines(plan).prove
    assert prove(spaced * 2)
    assert prove(turned * 2)
    assert not prove(spaced + turned)


def test_a_text_with_a_comma_is_proven_wherever_it_stands(plan: Plan) -> None:
    comma = TICK.replace(b"AAX", b"A, {X:[")
    assert JsonLines(plan).prove(comma + TICK)
    assert JsonLines(plan).prove(TICK + comma)


def test_a_contract_with_a_rule_across_columns_proves_nothing() -> None:
    document = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    }
    for rules in (
        {},
        {"minProperties": 1},
        {"anyOf": [{"required": ["a"]}]},
        {"if": {"required": ["a"]}, "then": False},
    ):
        plan = Plan.of(compile_contract(parse(json.dumps(document | rules).encode())))
        assert JsonLines(plan).prove(b'{"a":1,"b":2}\n') == (not rules)
        assert CsvLines(plan, ["a", "b"]).prove(b"1,2\n") == (not rules)


def test_lines_of_a_hundred_columns_are_proven_and_of_thousands_are_not() -> None:
    for count, proves in ((100, True), (3000, False)):
        names = [f"column_{index}" for index in range(count)]
        document = {
            "$id": "made_v1",
            "version": "1.0.0",
            "type": "object",
            "properties": {name: {"type": "number"} for name in names},
        }
        plan = Plan.of(compile_contract(parse(json.dumps(document).encode())))
        assert JsonLines(plan).prove(json.dumps(dict.fromkeys(names, 1.5)).encode() + b"\n") == proves
        assert CsvLines(plan, names).prove(b",".join([b"1.5"] * count) + b"\n") == proves
