"""Numbers as text: a column holds what is written, or the row fails; nothing wraps, and nothing becomes another."""

import io
import json
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Stream, check, load
from schemaregistry.data.readers import stdin
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

CORPUS = json.loads((Path(__file__).parents[2] / "corpus" / "text" / "numbers.json").read_text())
CASES = [
    (case["written"], column, column in case["held_by"]) for case in CORPUS["cases"] for column in CORPUS["columns"]
]
WITH_INTEGERS = ("int64", "uint64")


def contract(column: str) -> Contract:
    document = {
        "$id": "numbers_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"v": {"type": "integer" if column in WITH_INTEGERS else "number"}, "s": {"type": "string"}},
        "arrow": {
            "fields": [{"name": "v", "type": CORPUS["columns"][column]}, {"name": "s", "type": {"name": "utf8"}}]
        },
    }
    return compile_contract(parse(json.dumps(document).encode()))


def text_of(kind: str, written: str) -> bytes:
    """A file with a plain number before it and one after it."""
    if kind == "csv":
        return f"v,s\n1,a\n{written},b\n2,c\n".encode()
    return "".join(f'{{"v": {number}, "s": "a"}}\n' for number in ("1", written, "2")).encode()


def each(kind: str) -> Any:
    """CSV has no integer with a fraction of zero in every dialect: such texts are NDJSON's."""
    chosen = [
        case for case in CASES if kind == "ndjson" or case[1] not in WITH_INTEGERS or case[0].lstrip("-").isdigit()
    ]
    return [(kind, *case) for case in chosen]


@pytest.mark.parametrize(("kind", "written", "column", "is_held"), [*each("csv"), *each("ndjson")])
def test_a_number_is_held_or_its_row_fails(kind: str, written: str, column: str, is_held: bool) -> None:
    out = io.BytesIO()
    loaded = load(
        [stdin.piped(kind, io.BytesIO(text_of(kind, written)))], contract(column), lambda schema: Stream(out, schema)
    )
    if not is_held:
        assert loaded.report.verdict == "violates"
        assert [(each.column, each.rule, each.count) for each in loaded.report.violations] == [("v", "type", 1)]
        return
    out.seek(0)
    value = pa.ipc.open_stream(out).read_all()["v"][1].as_py()
    assert is_the_same(column, written, value)


def is_the_same(column: str, written: str, value: Any) -> bool:
    """As numbers; a float is the nearest one."""
    if column == "float64":
        return bool(value == float(written))
    if column == "float32":
        return bool(value == pa.scalar(float(written), pa.float32()).as_py())
    number = Decimal(written) if "e99999" not in written else Decimal(0)
    return Fraction(value) == Fraction(number)


@pytest.mark.parametrize("exponent", ["6000", "99999999999999999999", "-99999999999999999999"])
def test_an_exponent_that_nobody_reads_is_undecided_in_json_and_fails_in_csv(exponent: str) -> None:
    written = f"1e{exponent}"
    for column in CORPUS["columns"]:
        report = check([stdin.piped("ndjson", io.BytesIO(text_of("ndjson", written)))], contract(column))
        assert report.error is not None
        assert (report.error.reason, report.error.line) == ("NOT_JSON", 2)
        report = check([stdin.piped("csv", io.BytesIO(text_of("csv", written)))], contract(column))
        assert [(each.rule, each.count) for each in report.violations] == [("type", 1)]


def test_a_number_that_does_not_fit_is_shown_as_it_is_written() -> None:
    for written, shown in (("1e-400", "1E-400"), ("9007199254740993.0", "9007199254740993.0")):
        report = check([stdin.piped("ndjson", io.BytesIO(text_of("ndjson", written)))], contract("float64"))
        assert report.violations[0].examples[0].value == shown


@pytest.mark.parametrize("column", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
@pytest.mark.parametrize("other", ["1", "1e-400"])
def test_a_zero_keeps_its_sign(kind: str, column: str, other: str) -> None:
    """Read with the lines beside it, or one by one where one of these has to be."""
    text = text_of(kind, "-0") + text_of(kind, other).splitlines(keepends=True)[1]
    out = io.BytesIO()
    load([stdin.piped(kind, io.BytesIO(text))], contract(column), lambda schema: Stream(out, schema), policy="warn")
    out.seek(0)
    zero = pa.ipc.open_stream(out).read_all()["v"][1].as_py()
    assert (zero, math.copysign(1, zero)) == (0, -1)
