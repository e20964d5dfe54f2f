"""A document proposed from rows: the parser takes it, the rows conform to it, and it says no less than they do."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import arrow_schema
from schemaregistry.data.inference.propose import Proposal, id_of, propose
from schemaregistry.data.readers.tables import rows_of
from schemaregistry.document import Document, parse


def proposed(table: pa.Table) -> Proposal:
    return propose(rows_of(table)[0].open([]), "rows")


def document_of(table: pa.Table) -> Document:
    return parse(json.dumps(proposed(table).document).encode())


DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
TIMES = st.times()
MOMENTS = st.datetimes(
    dt.datetime.fromisoformat("1700-01-01"), dt.datetime.fromisoformat("2250-01-01")
)  # what nanoseconds hold
LEAVES: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    *((getattr(pa, f"int{bits}")(), st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)) for bits in (8, 16, 32, 64)),
    *((getattr(pa, f"uint{bits}")(), st.integers(0, 2**bits - 1)) for bits in (8, 16, 32, 64)),
    (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    (pa.float32(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.text(max_size=5)),
    (pa.large_string(), st.text(max_size=5)),
    (pa.string_view(), st.text(max_size=20)),
    (pa.binary(), st.binary(max_size=5)),
    (pa.binary(3), st.binary(min_size=3, max_size=3)),
    (pa.date32(), DAYS),
    (pa.time32("s"), TIMES.map(lambda time: time.replace(microsecond=0))),
    (pa.time64("us"), TIMES),
    *(
        (pa.timestamp(unit), MOMENTS.map(lambda moment: moment.replace(microsecond=0)))
        for unit in ("s", "ms", "us", "ns")
    ),
    (pa.timestamp("us", "UTC"), MOMENTS),
    (pa.timestamp("ns", "America/New_York"), MOMENTS),
    (pa.decimal128(9, 3), st.decimals(-999999, 999999, places=3)),
    (pa.decimal64(9, 3), st.decimals(-999999, 999999, places=3)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["B", "S"])),
    (pa.dictionary(pa.uint16(), pa.int32()), st.integers(0, 9)),
]
TYPES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        inner.map(lambda each: (pa.list_(each[0]), st.lists(each[1] | st.none(), max_size=3)))
        | inner.map(lambda each: (pa.large_list(each[0]), st.lists(each[1], max_size=3)))
        | inner.map(lambda each: (pa.list_(each[0], 2), st.lists(each[1], min_size=2, max_size=2)))
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda members: (
                pa.struct([(f"m{at}", kind) for at, (kind, _) in enumerate(members)]),
                st.fixed_dictionaries({f"m{at}": values | st.none() for at, (_, values) in enumerate(members)}),
            )
        )
    ),
    max_leaves=3,
)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Tables of up to three columns; each has nulls, or doesn't."""
    columns = {}
    rows = draw(st.integers(0, 4))
    for at, (kind, values) in enumerate(draw(st.lists(TYPES, min_size=1, max_size=3))):
        drawn = values | st.none() if draw(st.booleans()) else values
        columns[f"c{at}"] = pa.array(draw(st.lists(drawn, min_size=rows, max_size=rows)), kind)
    return pa.table(columns)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_rows_conform_to_what_is_proposed_for_them(table: pa.Table) -> None:
    document = document_of(table)
    report = schemaregistry.check(table, document)
    assert (report.verdict, report.violations) == ("conforms", ())
    assert document.warnings == ()


@settings(max_examples=50, deadline=None)
@given(tables())
def test_the_proposed_types_are_those_of_the_rows(table: pa.Table) -> None:
    """But for layouts: a document knows one of each."""
    schema = arrow_schema(compile_contract(document_of(table)))
    assert schema.names == table.schema.names
    again = document_of(schema.empty_table())
    assert arrow_schema(compile_contract(again)).types == schema.types


def test_a_column_without_a_null_is_required_and_one_with_a_null_is_not() -> None:
    table = pa.table({"a": [1, 2], "b": [1, None], "c": pa.array([None, None], pa.int32())})
    assert proposed(table).document["required"] == ["a"]


def test_of_no_rows_those_columns_are_required_that_the_schema_lets_have_no_null() -> None:
    schema = pa.schema([pa.field("a", pa.int32(), nullable=False), pa.field("b", pa.int32())])
    assert proposed(schema.empty_table()).document["required"] == ["a"]


def test_integers_are_bounded_as_their_type_is() -> None:
    properties = proposed(pa.table({"a": pa.array([1], pa.int32()), "b": [1]})).document["properties"]
    assert properties == {"a": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}, "b": {"type": "integer"}}


def test_items_may_be_null_where_one_is() -> None:
    properties = proposed(pa.table({"a": [[1], []], "b": [[None, 1], None]})).document["properties"]
    assert properties["a"]["items"]["type"] == "integer"
    assert properties["b"]["items"]["type"] == ["integer", "null"]


def test_members_of_a_struct_are_required_where_every_struct_has_them() -> None:
    table = pa.table({"a": [{"x": 1, "y": None}, None, {"x": 2, "y": 3}]})
    assert proposed(table).document["properties"]["a"]["required"] == ["x"]


def test_metadata_of_a_field_is_kept_but_not_a_formats_own() -> None:
    field = pa.field("a", pa.int64(), metadata={"unit": "USD", "PARQUET:field_id": "1", "raw": b"\xff"})
    table = pa.table([pa.array([1])], schema=pa.schema([field]))
    assert proposed(table).document["arrow"]["fields"][0]["metadata"] == {"unit": "USD"}


@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(1),
        pa.array([dt.timedelta(1)]),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([Decimal(1)], pa.decimal256(50, 0)),
        pa.array([{}], pa.struct([])),
        pa.array([[None]]),
        pa.array([0], pa.timestamp("us", "no zone!")),
    ],
)
def test_a_column_that_no_document_can_name_is_left_out_and_the_document_open(column: pa.Array) -> None:
    table = pa.table({"a": [1], "odd": column})
    proposal = proposed(table)
    assert list(proposal.left_out) == ["odd"]
    assert "additionalProperties" not in proposal.document
    assert schemaregistry.check(table, document_of(table)).verdict == "conforms"


def test_few_texts_in_a_dictionary_are_told_not_taken() -> None:
    few = pa.array(["B", "S", None]).dictionary_encode()
    many = pa.array([str(number) for number in range(13)]).dictionary_encode()
    proposal = proposed(pa.table({"side": few, "text": ["a", "b", "c"]}))
    assert proposal.few == {"side": ("B", "S")}
    assert "enum" not in proposal.document["properties"]["side"]
    assert proposed(pa.table({"symbol": many})).few == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ticks.parquet", "ticks"),
        ("data/Ticks 2026-01.csv.gz", "ticks_2026_01"),
        ("2026.parquet", "rows_2026"),
        ("株.parquet", "rows"),
        ("a" * 200, "a" * 128),
    ],
)
def test_an_id_is_made_of_the_files_name(name: str, expected: str) -> None:
    assert id_of(name) == expected
