"""What is refused as JSON, with its place, and what the rest is read as."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.document import loads
from schemaregistry.errors import InvalidArgument, TooLarge
from tests.support.patience import at_most_tenfold


def refused(data: bytes) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        loads(data)
    return caught.value


def test_a_body_over_one_mebibyte_is_too_large() -> None:
    with pytest.raises(TooLarge) as caught:
        loads(b" " * (1 << 20) + b"1")
    assert caught.value.reason == "TOO_LARGE"


def test_a_body_of_one_mebibyte_is_read() -> None:
    assert loads(b" " * ((1 << 20) - 1) + b"1") == 1


def test_sixty_four_levels_are_read_and_the_next_is_refused() -> None:
    assert loads(b"[" * 64 + b"]" * 64)
    assert refused(b"[" * 65 + b"]" * 65).reason == "TOO_DEEP"
    with pytest.raises(InvalidArgument, match="record") as batch:
        loads(b'[{"a": "]"}, {"b": [1, {}], "c,": ' + b"[" * 63 + b"]" * 63 + b"}]", what="batch")
    assert (batch.value.reason, batch.value.pointer) == ("TOO_DEEP", "/1/c," + "/0" * 62)


def test_brackets_in_strings_are_not_depth() -> None:
    assert loads(b'["' + b"[{" * 1000 + b'\\"["]') == ["[{" * 1000 + '"[']


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"":' * 100_000, b"[" * 500_000 + b"]" * 500_000])
def test_depth_bombs_are_refused_at_once(data: bytes) -> None:
    with at_most_tenfold(0.1):
        assert refused(data).reason == "TOO_DEEP"


def test_a_refusal_takes_little_memory() -> None:
    data = b"[" * 500_000 + b"]" * 500_000
    tracemalloc.start()
    refused(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * len(data)


@pytest.mark.parametrize(
    ("data", "pointer", "key"),
    [
        (b'{"a": 1, "a": 1}', "", "a"),
        (b'{"x": {"y/z": [0, {"b": 1, "b": 2}]}}', "/x/y~1z/1", "b"),
        (b'{"a": {"b": 1, "b": 2}, "a": 3}', "", "a"),
        (b'{"\\u0061": 1, "a": 2}', "", "a"),
    ],
)
def test_a_repeated_key_is_named_with_its_object(data: bytes, pointer: str, key: str) -> None:
    error = refused(data)
    assert (error.reason, error.pointer, error.metadata["key"]) == ("DUPLICATE_KEY", pointer, key)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_no_numbers_and_have_a_place(literal: str) -> None:
    error = refused(b'["NaN",\n  ' + literal.encode() + b"]")
    assert (error.reason, error.metadata) == ("NOT_A_NUMBER", {"line": "2", "column": "3"})


@pytest.mark.parametrize(
    "literal", ["1e999999", "-1e999999", "1" + "0" * 309, "9" * 5000, "1e-400", "0." + "1" * 100_000, "1e309"]
)
def test_numbers_that_no_double_reaches_are_refused_with_their_place(literal: str) -> None:
    error = refused(b'{"a":\n ' + literal.encode() + b"}")
    assert (error.reason, error.metadata) == ("NUMBER_OUT_OF_RANGE", {"line": "2", "column": "2"})


def test_a_number_out_of_range_before_broken_text_still_has_a_place() -> None:
    assert refused(b"[1e999.5]").reason == "NUMBER_OUT_OF_RANGE"


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("1", 1),
        ("1.0", 1),
        ("1e0", 1),
        ("-0.0", 0),
        ("0e99999", 0),
        ("1e23", 10**23),
        ("9007199254740993", 9007199254740993),
        ("1e308", 10**308),
        ("2.5", 2.5),
        ("5e-324", 5e-324),
    ],
)
def test_numbers_are_read_exactly_and_whole_ones_as_integers(literal: str, value: float) -> None:
    read = loads(literal.encode())
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("data", "pointer"),
    [(b'{"a": ["\\ud800"]}', "/a/0"), (b'{"\\udc00x": 1}', ""), (b'{"a": "\\ud83d\\ud83d"}', "/a")],
)
def test_half_a_surrogate_pair_is_refused(data: bytes, pointer: str) -> None:
    error = refused(data)
    assert (error.reason, error.pointer) == ("LONE_SURROGATE", pointer)


def test_half_a_surrogate_in_a_repeated_key_gives_a_message_that_can_be_sent() -> None:
    assert refused(b'{"\\ud800": 1, "\\ud800": 2}').message.encode()


def test_a_surrogate_pair_is_a_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize("data", [b"\xff", b"\xed\xa0\x80", b'"\xc3"', "{}".encode("utf-16")])
def test_what_is_not_utf8_is_refused(data: bytes) -> None:
    assert refused(data).reason == "NOT_UTF8"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  ",
        b"{",
        b'{"a":1,}',
        b"[1,]",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"{} {}",
        b"{}\0",
        b"'a'",
        b'"\x01"',
        b'"\\x"',
    ],
)
def test_what_is_not_json_is_refused_with_line_and_column(data: bytes) -> None:
    error = refused(data)
    assert error.reason == "NOT_JSON"
    assert int(error.metadata["line"]) == 1
    assert int(error.metadata["column"]) <= len(data) + 1


def test_a_byte_order_mark_is_refused_in_words() -> None:
    assert "byte order mark" in refused(b"\xef\xbb\xbf{}").message


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 500_000, b'"' + b"[" * 900_000, b'"\\' * 300_000])
def test_unterminated_strings_are_refused_at_once(data: bytes) -> None:
    with at_most_tenfold(0.1):
        assert refused(data).reason == "NOT_JSON"


def test_a_very_long_pointer_is_cut() -> None:
    error = refused(b'{"' + b"k" * 100_000 + b'": {"b": 1, "b": 2}}')
    assert error.pointer is not None
    assert len(error.pointer) <= 1000
    assert len(error.message) <= 1200


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    said = ""
    try:
        loads(data)
    except InvalidArgument as error:
        said = error.message
    assert said.isprintable()


def json_values() -> st.SearchStrategy[Any]:
    whole = st.integers(-(10**30), 10**30)
    broken = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer())
    leaves = st.none() | st.booleans() | whole | broken | st.text(st.characters(exclude_categories=["Cs"]))
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=20
    )


@given(json_values())
def test_what_the_standard_library_writes_is_read_as_it_was(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
