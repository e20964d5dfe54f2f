"""One table in every format: the same report."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from devtools.make_ticks import FAULTS, Ticks, make
from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

SAME = [None, *(fault for fault in FAULTS if fault not in ("truncated", "bad_timestamp", "nan"))]
"""A time that isn't one, NaN and a file cut off are other faults in a binary format than in text."""


def as_arrow(parquet: Path, path: Path) -> None:
    table = pq.read_table(parquet)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def found(path: Path, contract: Contract) -> dict[str, Any]:
    report = check(find([str(path)]), contract)
    assert report.error is None
    return {
        "verdict": report.verdict,
        "rows": report.rows,
        "rows_failing": report.rows_failing,
        "violations": [
            (it.column, it.pointer, it.rule, it.expected, it.count, [example.row for example in it.examples])
            for it in report.violations
        ],
    }


@pytest.mark.parametrize("fault", SAME)
def test_the_four_formats_of_one_table_give_the_same_report(fault: str | None, tmp_path: Path, ticks: Contract) -> None:
    for kind in ("parquet", "csv", "ndjson"):
        make(tmp_path / f"ticks.{kind}", Ticks(3000, kind, fault))
    as_arrow(tmp_path / "ticks.parquet", tmp_path / "ticks.arrow")
    reports = [found(tmp_path / f"ticks.{kind}", ticks) for kind in ("parquet", "arrow", "csv", "ndjson")]
    assert reports[0]["verdict"] == ("violates" if fault else "conforms")
    assert reports[1:] == reports[:1] * 3


RULES: dict[str, tuple[pa.DataType, list[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "integer": (
        pa.int64(),
        [{}, {"minimum": 0}, {"exclusiveMaximum": 5}, {"multipleOf": 3}, {"enum": [1, 2, 2**40]}, {"const": 1}],
        st.one_of(st.integers(-6, 6), st.sampled_from([2**40, -(2**63), 2**63 - 1, 2**53 + 1])),
    ),
    "number": (
        pa.float64(),
        [{}, {"minimum": 0.5}, {"maximum": 1e20}, {"multipleOf": 0.01}, {"enum": [0.1, 2]}],
        st.one_of(
            st.sampled_from([0.1, 0.07, 2.0, -0.0, 1e20, 1e300]), st.floats(allow_nan=False, allow_infinity=False)
        ),
    ),
    "string": (
        pa.string(),
        [{}, {"maxLength": 1}, {"pattern": "^[A-Z]+$"}, {"enum": ["A", "é"]}, {"format": "ipv4"}],
        st.one_of(
            st.sampled_from(["A", "", " A", "é", "NaN", "null", "10.0.0.1", 'a"b', "a,b", "x\ny"]),
            st.text("Aa,\"' \n", max_size=3),
        ),
    ),
    "boolean": (pa.bool_(), [{}, {"const": True}], st.booleans()),
}
NAMES = ("a", "b", "c")


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Any], pa.Table]:
    """A document, and a table with a column too few or too many now and then."""
    kinds = {name: draw(st.sampled_from(list(RULES))) for name in NAMES}
    properties = {
        name: {"type": [kind, "null"] if draw(st.booleans()) else kind} | draw(st.sampled_from(RULES[kind][1]))
        for name, kind in kinds.items()
    }
    document = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": properties,
        "required": draw(st.lists(st.sampled_from(NAMES), unique=True)),
        "additionalProperties": draw(st.booleans()),
    }
    if draw(st.booleans()):
        condition, claim = draw(st.permutations(NAMES))[:2]
        document |= {
            "if": {
                "properties": {condition: draw(st.sampled_from(RULES[kinds[condition]][1]))},
                "required": [condition],
            },
            "then": {"properties": {claim: draw(st.sampled_from(RULES[kinds[claim]][1]))}},
        }
    names = [name for name in NAMES if draw(st.integers(0, 9))] or ["a"]
    count = draw(st.integers(1, 6))
    columns = {
        name: pa.array(
            draw(
                st.lists(
                    st.one_of(st.none(), RULES[kinds[name]][2], RULES[kinds[name]][2]), min_size=count, max_size=count
                )
            ),
            RULES[kinds[name]][0],
        )
        for name in names
    }
    if not draw(st.integers(0, 9)):
        columns["extra"] = pa.array(range(count))
    return document, pa.table(columns)


def field_of(value: Any) -> str:
    """A field of CSV: a null is an empty one without quotes."""
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else json.dumps(value)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=tables())
def test_the_four_formats_of_any_table_give_the_same_report(
    made: tuple[dict[str, Any], pa.Table], tmp_path_factory: pytest.TempPathFactory
) -> None:
    document, table = made
    rows, folder = table.to_pylist(), tmp_path_factory.mktemp("made")
    lines = [",".join(table.column_names), *(",".join(map(field_of, row.values())) for row in rows)]
    assume(all(lines))  # An empty line is no row.
    contract = compile_contract(parse(json.dumps(document).encode()))
    pq.write_table(table, folder / "t.parquet")
    as_arrow(folder / "t.parquet", folder / "t.arrow")
    (folder / "t.csv").write_text("".join(f"{line}\n" for line in lines))
    (folder / "t.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    reports = [found(folder / f"t.{kind}", contract) for kind in ("parquet", "arrow", "csv", "ndjson")]
    assert reports[1:] == reports[:1] * 3
