"""Patterns for Python: the same texts match as in RE2, which is what the check plan's readers use."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.contract.pattern import to_re2
from schemaregistry.contract.python_pattern import to_python

ATOMS = st.sampled_from(
    [
        "a",
        "Z",
        "1",
        ".",
        r"\d",
        r"\w",
        r"\W",
        r"\D",
        r"\s",
        r"\S",
        "[a-z]",
        r"[\d.]",
        r"[^\w]",
        r"\u00e9",
        r"\x41",
        r"\.",
        "^",
        "$",
    ]
)
QUANTIFIERS = st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}", "*?"])
PARTS = st.builds(lambda atom, quantifier: atom if atom in "^$" else atom + quantifier, ATOMS, QUANTIFIERS)
PATTERNS = st.lists(PARTS, min_size=1, max_size=4).map("".join) | st.tuples(PARTS, PARTS).map(
    "(?:{0[0]}|{0[1]})x".format
)
TEXTS = st.text(alphabet="aZ1. é٣\n_-", max_size=6)


@given(PATTERNS, TEXTS)
def test_a_translated_pattern_matches_the_same_texts(ecma: str, text: str) -> None:
    re2 = to_re2(ecma)
    assert re2 is not None
    python = to_python(re2)
    assert python is not None
    assert bool(re.search(python, text)) == pc.match_substring_regex(pa.array([text]), re2)[0].as_py()


def test_the_end_is_the_end_of_the_text() -> None:
    pattern = to_python("^[A-Z]{4}$")
    assert pattern is not None
    assert re.search(pattern, "XNAS")
    assert not re.search(pattern, "XNAS\n")


@pytest.mark.parametrize("re2", [r"\bx", r"\Bx", r"[\D]", r"[^\W]"])
def test_what_means_another_thing_in_python_is_not_translated(re2: str) -> None:
    assert to_python(re2) is None
