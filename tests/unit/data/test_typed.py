"""Texts read as types: strictly, and the same whatever stands beside them."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.fitting import fit, holds_decimal
from schemaregistry.data.engine.validator import format_validator


def mangled(texts: list[str], letters: str) -> st.SearchStrategy[str]:
    """Texts with one or two letters changed."""

    def change(text: str, changes: list[tuple[int, str]]) -> str:
        for place, letter in changes:
            text = text[: place % len(text)] + letter + text[place % len(text) + 1 :]
        return text

    changes = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(letters)), max_size=2)
    return st.builds(change, st.sampled_from(texts), changes)


stamps = mangled(
    [
        "2026-01-05T09:30:00Z",
        "2024-02-29T23:59:59.123456+01:00",
        "1999-12-31T00:00:00.000000-23:59",
        "2026-01-05 09:30:00.5",
        "2026-01-05 09:30:00-05",
        "2026-01-05T09:30:00.123456+0000",
        "2026-01-05",
    ],
    "0123456789:-+.TtZz ",
)
numbers = mangled(
    [
        "123.456e7",
        "-12",
        "100.0",
        "12.50e1",
        "9007199254740993.00",
        "1e99999999999999999999",
        "+.5",
        "1e-3",
        "0x1F",
        "007",
        "nan",
        "-Infinity",
        "1_0",
        "2147483648",
    ],
    "0123456789+-.eExXnN ",
)
TYPES = [pa.float64(), pa.float32(), pa.int8(), pa.int32(), pa.int64(), pa.uint16(), pa.uint64(), pa.decimal128(10, 2)]


def one(text: str, kind: pa.DataType) -> Any:
    values, unread = text_parsing.read(pa.array([text]), kind)
    assert (unread is None) == values.is_valid()[0].as_py()
    return values[0]


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(numbers, min_size=1, max_size=12), kind=st.sampled_from(TYPES))
def test_a_number_is_read_the_same_alone_and_among_others(texts: list[str], kind: pa.DataType) -> None:
    together, _ = text_parsing.read(pa.array(texts), kind)
    assert [value.as_py() for value in together] == [one(text, kind).as_py() for text in texts]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(stamps, min_size=1, max_size=12),
    kind=st.sampled_from(
        [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("s"), pa.timestamp("ns", "Europe/Paris")]
    ),
)
def test_a_timestamp_is_read_the_same_alone_and_among_others(texts: list[str], kind: pa.DataType) -> None:
    together, _ = text_parsing.read(pa.array(texts), kind)
    assert together.view(pa.int64()).to_pylist() == [one(text, kind).value for text in texts]


@settings(max_examples=300, deadline=None)
@given(text=stamps)
def test_a_date_time_of_json_is_read_wherever_a_validator_passes_it(text: str) -> None:
    """But for leap seconds, which no timestamp holds."""
    kind = pa.timestamp("us")
    read = one(text, kind)
    passes = format_validator("date-time").is_valid(text) and text[17:19] != "60"
    assert read.is_valid or not passes


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("2026-01-05T09:30:00.123456Z", pa.timestamp("us"), 1767605400123456),
        ("2026-01-05T09:30:00.100200Z", pa.timestamp("us"), 1767605400100200),
        ("2026-01-05T09:30:00.000003000Z", pa.timestamp("us"), 1767605400000003),
        ("2026-01-05T11:30:00.5+02:00", pa.timestamp("ms"), 1767605400500),
        ("2026-01-05T09:30:00.123456Z", pa.timestamp("ms"), None),
        ("2300-01-01T00:00:00Z", pa.timestamp("ns"), None),
        ("09:30:00.5Z", pa.time64("us"), 34200500000),
        ("09:30:00Z", pa.time32("s"), 34200),
        ("09:30:00+01:00", pa.time32("s"), None),
        ("24:00:00Z", pa.time32("s"), None),
        ("2026-01-05", pa.date32(), 20458),
        ("2026-02-30", pa.date32(), None),
        ("2026-1-5", pa.date32(), None),
    ],
)
def test_times_are_read_exactly_or_not_at_all(text: str, kind: pa.DataType, value: int | None) -> None:
    read = one(text, kind)
    assert (read.value if read.is_valid else None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1677-09-21T00:12:43.145224192Z", -(2**63)),
        ("1677-09-21T01:12:43.145224193+01:00", 1 - 2**63),
        ("1677-09-21T00:12:43.5Z", -(2**63) + 354775808),
        ("1677-09-21T00:12:43.145224191Z", None),
        ("1677-09-21T00:12:43Z", None),
    ],
)
def test_the_first_second_of_nanoseconds_is_read(text: str, value: int | None) -> None:
    values, _ = text_parsing.read(pa.array([text, "2026-01-05T09:30:00Z"]), pa.timestamp("ns", "UTC"))
    assert values.view(pa.int64())[0].as_py() == value


@pytest.mark.parametrize("kind", [pa.uint8(), pa.uint32(), pa.uint64()], ids=str)
@pytest.mark.parametrize("text", ["-0", "-00", "-0.0"])
def test_a_negative_zero_is_an_unsigned_zero(text: str, kind: pa.DataType) -> None:
    assert one(text, kind).as_py() == 0


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("1", True), ("yes", None), ("", None)])
def test_truths_are_read_as_arrow_reads_them(text: str, value: bool | None) -> None:
    assert one(text, pa.bool_()).as_py() is value


@pytest.mark.parametrize(("text", "value"), [("aGk=", b"hi"), ("aGk", None), ("!", None)])
def test_bytes_are_base64(text: str, value: bytes | None) -> None:
    assert one(text, pa.binary()).as_py() == value


@given(value=st.decimals(allow_nan=True, allow_infinity=True), precision=st.integers(1, 38), scale=st.integers(0, 38))
def test_a_decimal_type_holds_what_arrow_would_store_without_loss(value: Decimal, precision: int, scale: int) -> None:
    scale = min(scale, precision)
    kind = pa.decimal128(precision, scale)
    try:
        stored = pa.array([f"{value:f}"]).cast(kind)[0].as_py() == value
    except (pa.ArrowInvalid, OverflowError):
        stored = False
    assert holds_decimal(kind, value) == stored


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_an_integer_fits_a_float_exactly_when_nothing_is_lost(value: int) -> None:
    misfits = fit(pa.int64(), pa.float64()).misfits
    assert misfits is not None
    assert (misfits(pa.array([value])) is None) == (int(float(value)) == value)
