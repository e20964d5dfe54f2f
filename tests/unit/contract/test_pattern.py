"""ECMA-262 patterns in RE2's syntax: the same texts match, or there is no translation."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaregistry.contract.pattern import to_re2
from schemaregistry.data.engine.validator import pattern_validator

ATOMS = [
    *(
        "a",
        "b",
        "é",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        ".",
        "[ab]",
        "[^a]",
        r"[\d_-]",
        r"[\s]",
        "[a-c]",
        r"\.",
        r"\-",
    ),
    *(r"\u0061", r"\x62", "(?:a|b)", "(a)", "(?<n>b)", "]", "}", "{", r"\/", r"\b", r"[\]]", "[[]", r"\t", "[^\\d]"),
]
TIMES = ["", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"]
patterns = st.builds(
    lambda start, parts, end: start + "".join(atom + times for atom, times in parts) + end,
    st.sampled_from(["", "^"]),
    st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(TIMES)), min_size=1, max_size=4),
    st.sampled_from(["", "$", "|b"]),
)
texts = st.text(st.sampled_from("abcé1_-. \n\t\r\u00a0\u2028\ufeff]}{/[\U0001f600\u0663"), max_size=5)


@settings(max_examples=300, deadline=None)
@given(pattern=patterns, text=texts)
def test_a_translated_pattern_matches_what_a_validator_matches(pattern: str, text: str) -> None:
    try:
        validator = pattern_validator(pattern)
    except ValueError:
        return
    re2 = to_re2(pattern)
    if re2 is not None:
        assert pc.match_substring_regex(pa.array([text]), pattern=re2)[0].as_py() == validator.is_valid(text)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(?=a)", "(?!a)", "(?<=a)", r"(a)\1", "a{1001}", r"[\d-x]", "[]", "[^]", "(?i:a)", r"\cA", r"\p{L}"),
        *(r"\b", r"\B"),
    ],
)
def test_what_re2_may_read_otherwise_is_not_translated(pattern: str) -> None:
    assert to_re2(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "re2"),
    [
        ("^[A-Z0-9]{4}$", "^[A-Z0-9]{4}$"),
        ("a.b", r"a[^\n\r\x{2028}\x{2029}]b"),
        ("{a}", r"\{a\}"),
        (r"(?<year>\d{4})", r"(?:\d{4})"),
        (r"\u00e9", r"\x{e9}"),
    ],
)
def test_translations(pattern: str, re2: str) -> None:
    assert to_re2(pattern) == re2
