"""Samples: rows that the gate finds to conform, or to break the one rule that was asked for."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.data.engine.plan import Plan
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument, Unimplemented
from schemaregistry.sampling import KINDS, Wanted, possible, sample
from schemaregistry.sampling.columns import column_makers
from schemaregistry.sampling.row_maker import CHUNK
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = {path.stem: compile_contract(parse(path.read_bytes())) for path in sorted(ROOT.glob("schemas/*.json"))}
ENDINGS = ("parquet", "arrow", "arrows", "csv", "tsv", "ndjson")
TICKS = CONTRACTS["ticks_v1"]
NESTED = ("order_book_v1", "trades_v1")


def contract(properties: dict[str, Any], **members: Any) -> Contract:
    document = {"$id": "s_v1", "version": "1.0.0", "type": "object", "properties": properties, **members}
    return compile_contract(parse(json.dumps(document).encode()))


def rows(made: Contract, out: Path, count: int = 300, **wishes: Any) -> list[dict[str, Any]]:
    """The rows of a sample, which the gate has found to conform a second time."""
    sample(made, out, Wanted(count, **wishes))
    assert check(find([str(out)]), made).verdict == "conforms"
    return pq.read_table(out).to_pylist()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_schema_of_the_repository_has_a_sample_in_every_format(tmp_path: Path, name: str, ending: str) -> None:
    out = tmp_path / f"s.{ending}"
    if name in NESTED and ending in ("csv", "tsv"):
        with pytest.raises(InvalidArgument, match="CSV has no lists"):
            sample(CONTRACTS[name], out, Wanted(300))
        assert list(tmp_path.iterdir()) == []
        return
    sample(CONTRACTS[name], out, Wanted(300))
    report = check(find([str(out)]), CONTRACTS[name])
    assert (report.verdict, report.rows) == ("conforms", 300)


FAULTY = [
    (name, fault)
    for name, made in CONTRACTS.items()
    for fault in possible(Plan.of(made), column_makers(Plan.of(made), 7))
]


@pytest.mark.parametrize(("name", "fault"), FAULTY)
def test_a_fault_is_in_as_many_rows_as_asked_for(tmp_path: Path, name: str, fault: str) -> None:
    for ending in ("parquet", "ndjson"):
        out = tmp_path / f"s.{ending}"
        faulty = sample(CONTRACTS[name], out, Wanted(200, fault, fault_rows=3)).faulty
        report = check(find([str(out)]), CONTRACTS[name])
        if report.verdict == "undecided":
            assert fault in ("truncated", "duplicate") or (fault, ending) == ("nan", "ndjson")
            continue
        assert (report.verdict, report.rows_failing) == ("violates", len(faulty))
        found = {example.row for violation in report.violations for example in violation.examples}
        assert found == set(list(faulty)[: len(found)])


def test_every_kind_of_fault_is_in_some_schema_of_the_repository() -> None:
    assert {fault for _, fault in FAULTY} | {"format"} == set(KINDS)


def test_a_fault_goes_into_the_column_that_is_named(tmp_path: Path) -> None:
    sample(TICKS, tmp_path / "t.csv", Wanted(100, "null:size", fault_rows=2))
    [violation] = check(find([str(tmp_path / "t.csv")]), TICKS).violations
    assert (violation.column, violation.rule, violation.count) == ("size", "required", 2)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample(TICKS, tmp_path / f"{name}.parquet", Wanted(5_000, seed=seed))
    first, again, other = ((tmp_path / f"{name}.parquet").read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_rows_beyond_the_first_chunk_change_nothing_in_it(tmp_path: Path) -> None:
    for name, count in (("few", CHUNK), ("more", CHUNK + 1_000)):
        sample(TICKS, tmp_path / f"{name}.parquet", Wanted(count))
    few, more = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("few", "more"))
    assert more.slice(0, CHUNK).equals(few)


def test_timestamps_grow_from_row_to_row_across_chunks(tmp_path: Path) -> None:
    sample(CONTRACTS["quotes_v1"], tmp_path / "q.parquet", Wanted(600_000))
    times = pq.read_table(tmp_path / "q.parquet", columns=["ts"])["ts"].cast(pa.int64()).to_numpy()
    assert (times[1:] > times[:-1]).all()


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"type": "integer", "minimum": -5, "maximum": -3}, lambda value: -5 <= value <= -3),
        ({"type": "integer", "multipleOf": 7, "minimum": 100}, lambda value: value % 7 == 0 and value >= 100),
        ({"type": "integer", "minimum": 2**53 + 1}, lambda value: value > 2**53),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9}, lambda value: 0 < value < 1e-9),
        ({"type": "number", "minimum": 1e300}, lambda value: value >= 1e300),
        ({"type": "number", "const": 0.1}, lambda value: value == 0.1),
        ({"type": "number", "multipleOf": 0.25}, lambda value: value * 4 % 1 == 0),
        ({"type": "string", "pattern": "^[a-c]{3}-\\d+$"}, lambda value: value[3] == "-"),
        ({"type": "string", "pattern": "^[A-Z]+$", "minLength": 40}, lambda value: len(value) >= 40),
        ({"type": "string", "minLength": 3, "maxLength": 3}, lambda value: len(value) == 3),
        ({"type": "string", "maxLength": 0}, lambda value: value == ""),
        ({"type": "string", "format": "ipv6"}, lambda value: ":" in value),
        ({"type": "string", "format": "email"}, lambda value: "@" in value),
        ({"type": "string", "enum": ['a"b', "c,d\n", "NULL"]}, lambda value: value in ('a"b', "c,d\n", "NULL")),
        (
            {"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": True},
            lambda value: len(set(value)) >= 2,
        ),
        ({"not": {"const": "A"}, "type": "string", "enum": ["A", "B"]}, lambda value: value == "B"),
        ({"oneOf": [{"maximum": 100}, {"minimum": 50}], "type": "number"}, lambda value: value < 50 or value > 100),
    ],
)
def test_a_rule_is_met(tmp_path: Path, rule: dict[str, Any], holds: Any) -> None:
    made = rows(contract({"a": rule}, required=["a"]), tmp_path / "s.parquet")
    assert all(holds(row["a"]) for row in made)


def test_optional_values_are_missing_now_and_then(tmp_path: Path) -> None:
    values = [row["a"] for row in rows(contract({"a": {"type": "integer"}}), tmp_path / "s.parquet", 1_000)]
    assert 0 < sum(value is None for value in values) < 100


def test_rows_meet_conditions_between_columns(tmp_path: Path) -> None:
    rare = contract(
        {"kind": {"type": "string"}, "size": {"type": "integer"}},
        required=["kind", "size"],
        **{"if": {"properties": {"size": {"minimum": 1}}}, "then": {"properties": {"kind": {"const": "trade"}}}},
    )
    assert {row["kind"] for row in rows(rare, tmp_path / "s.parquet") if row["size"] >= 1} == {"trade"}


def test_every_arrow_type_that_a_document_names_has_samples_in_parquet_and_ndjson(tmp_path: Path) -> None:
    number, text, plain = {"type": "number"}, {"type": "string"}, {"type": "integer"}
    point = {"type": "object", "properties": {"x": plain}, "required": ["x"]}
    deep = {"type": "object", "properties": {"l": {"type": "array", "items": point}}, "required": ["l"]}
    kinds: dict[str, tuple[Any, Any]] = {
        **{f"{sign}int{bits}": (plain, {}) for sign in ("", "u") for bits in (8, 16, 32, 64)},
        "float32": (number, {}),
        "decimal128": ({**number, "minimum": 1e20, "maximum": 1e21}, {"precision": 38, "scale": 10}),
        "bool": ({"type": "boolean"}, {}),
        "large_utf8": (text, {}),
        "binary": (text, {}),
        **{f"date{bits}": ({**text, "format": "date"}, {}) for bits in (32, 64)},
        "time32": ({**text, "format": "time"}, {"unit": "s"}),
        "time64": ({**text, "format": "time"}, {"unit": "ns"}),
        "timestamp": ({**text, "format": "date-time"}, {"unit": "ms", "tz": "America/New_York"}),
        "dictionary": (text, {"index": {"name": "int8"}, "value": {"name": "utf8"}}),
        "struct": (point, {"fields": [{"name": "x", "type": {"name": "int16"}}]}),
        "json": ({}, {}),
    }
    fields = [{"name": name, "type": {"name": name, **more}} for name, (_, more) in kinds.items()]
    made = contract({name: rule for name, (rule, _) in kinds.items()}, arrow={"fields": fields})
    for each in (made, contract({"deep": deep}), contract({"j": {"enum": [1, "a", None]}}, required=["j"])):
        for ending in ("parquet", "ndjson"):
            sample(each, tmp_path / f"s.{ending}", Wanted(500))
            assert check(find([str(tmp_path / f"s.{ending}")]), each).verdict == "conforms"


def test_days_meet_a_pattern(tmp_path: Path) -> None:
    made = contract({"d": {"type": "string", "format": "date", "pattern": "^2024-02-29$"}}, required=["d"])
    assert {str(row["d"]) for row in rows(made, tmp_path / "s.parquet", 5)} == {"2024-02-29"}


def test_a_contract_without_columns_has_no_sample(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no columns"):
        sample(contract({}), tmp_path / "s.parquet", Wanted(5))


def test_the_dialect_of_the_contract_is_written(tmp_path: Path) -> None:
    said = {"delimiter": ";", "encoding": "utf-16", "skip_lines": 2, "comment": "#", "null": ["A"]}
    made = contract({"a": {"type": "string", "enum": ["A", "#", ";"]}, "b": {"type": "number"}}, **{"x-csv": said})
    sample(made, tmp_path / "s.csv", Wanted(50))
    assert check(find([str(tmp_path / "s.csv")]), made).rows == 50
    assert '"a";"b"' in (tmp_path / "s.csv").read_text(encoding="utf-16")


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"type": "integer", "minimum": 2, "maximum": 1}, "/properties/a/minimum"),
        ({"type": "string", "enum": ["A"], "pattern": "^B$"}, "/properties/a/pattern"),
        ({"type": "string", "minLength": 2, "maxLength": 1}, "/properties/a/minLength"),
        ({"type": "number", "not": {"type": "number"}}, "/properties/a"),
    ],
)
def test_rules_that_no_value_meets_are_named_and_nothing_is_written(tmp_path: Path, rule: Any, pointer: str) -> None:
    with pytest.raises(Unimplemented, match=pointer) as refused:
        sample(contract({"a": rule}, required=["a"]), tmp_path / "s.parquet", Wanted(10))
    assert refused.value.reason == "NO_SAMPLE"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "wanted", "reason"),
    [
        ("s.txt", Wanted(1), "UNKNOWN_FORMAT"),
        ("s.csv", Wanted(1, "range"), "UNKNOWN_FAULT"),
        ("s.csv", Wanted(1, "colour"), "UNKNOWN_FAULT"),
        ("s.csv", Wanted(1, "null:side"), "UNKNOWN_FAULT"),
        ("s.csv", Wanted(-1), "BAD_COUNT"),
        ("s.csv", Wanted(0, "null"), "BAD_COUNT"),
    ],
)
def test_what_cant_be_asked_for_is_refused(tmp_path: Path, name: str, wanted: Wanted, reason: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        sample(TICKS, tmp_path / name, wanted)
    assert refused.value.reason == reason
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_sample_may_have_no_rows(tmp_path: Path, ending: str) -> None:
    sample(TICKS, tmp_path / f"s.{ending}", Wanted(0))
    if ending != "ndjson":
        assert check(find([str(tmp_path / f"s.{ending}")]), TICKS).rows == 0


def test_a_sample_is_put_over_the_file_that_is_there_and_over_it_alone(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("old")
    sample(TICKS, tmp_path / "s.csv", Wanted(3))
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]
    assert (tmp_path / "s.csv").stat().st_mode & 0o044


def test_sides_and_symbols_are_spread(tmp_path: Path) -> None:
    sample(TICKS, tmp_path / "s.parquet", Wanted(10_000))
    table = pq.read_table(tmp_path / "s.parquet")
    assert pc.count_distinct(table["symbol"]).as_py() > 100
    assert set(table["side"].unique().to_pylist()) == {"B", "S", None}
