"""The laws of the canonical form, and RFC 8785's own examples."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.document import canonical, fingerprint, loads, parse
from schemaregistry.errors import InvalidArgument

whole = st.integers(-(10**25), 10**25)
broken = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer())
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | whole | broken | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(values)
def test_reading_and_writing_again_changes_nothing(value: Any) -> None:
    text = canonical(value)
    assert canonical(loads(text)) == text


@given(values)
def test_it_is_json_for_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(texts, values), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical(dict(items)) == canonical(value)


@given(values, st.sampled_from([None, 1, "\t"]))
def test_white_space_does_not_matter(value: Any, indent: int | str | None) -> None:
    assert canonical(loads(json.dumps(value, indent=indent).encode())) == canonical(value)


@given(values)
def test_escapes_do_not_matter(value: Any) -> None:
    plain, escaped = json.dumps(value, ensure_ascii=False).encode(), json.dumps(value, ensure_ascii=True).encode()
    assert canonical(loads(plain)) == canonical(loads(escaped))


@given(values, values)
def test_different_values_differ(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == _same(one, other)


def _same(one: Any, other: Any) -> bool:
    """JSON equality: Python's, but for true and 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


@pytest.mark.parametrize("text", [b"1", b"1.0", b"1e0", b"10e-1", b"0.1e1"])
def test_one_is_one_however_it_is_written(text: bytes) -> None:
    assert canonical(loads(text)) == b"1"


def test_true_is_not_one() -> None:
    assert canonical(True) != canonical(1)


def test_large_integers_are_exact_and_in_full() -> None:
    assert canonical(loads(b"1e23")) == b"100000000000000000000000"
    assert canonical(2**64 + 1) == b"18446744073709551617"


@pytest.mark.parametrize(
    ("bits", "text"),
    [  # RFC 8785, appendix B, those that aren't whole
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_fractions_are_written_as_the_rfc_says(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(value) == text.encode()


def test_keys_are_sorted_as_the_rfc_says() -> None:
    # RFC 8785, 3.2.3: by UTF-16 code units, so an emoji comes before U+FB33
    keys = ["\u20ac", "\r", "\ufb33", "1", "\N{GRINNING FACE}", "\x80", "\u00f6"]
    written = list(json.loads(canonical(dict.fromkeys(keys, 0))))
    assert written == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\N{GRINNING FACE}", "\ufb33"]


def test_strings_are_written_as_the_rfc_says() -> None:
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    assert canonical(text) == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


def test_nan_has_no_canonical_form() -> None:
    with pytest.raises(InvalidArgument):
        canonical(float("nan"))


@given(values)
def test_the_fingerprint_names_its_hash(value: Any) -> None:
    kind, digest = fingerprint(value).split(":")
    assert kind == "sha256"
    assert len(bytes.fromhex(digest)) == 32


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_what_curl_strips_from_a_file_changes_no_fingerprint(line_end: bytes) -> None:
    lines = [b"{", b'  "$id": "ticks_v1",', b'  "version": "1.0.0",', b'  "type": "object"', b"}", b""]
    sent = parse(b"".join(lines))  # `curl -d @file` drops CR, LF and NUL
    assert parse(line_end.join(lines)).fingerprint == sent.fingerprint


def test_the_fingerprint_covers_the_registrys_own_members() -> None:
    base = b'{"$id": "ticks_v1", "version": "1.0.0", "type": "object"%s}'
    prints = {
        parse(base % more).fingerprint for more in (b"", b', "x-owner": "a"', b', "x-other": 1', b', "title": "T"')
    }
    assert len(prints) == 4
