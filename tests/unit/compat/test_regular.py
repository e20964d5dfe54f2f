"""Patterns as automata: the same texts as Python's `re` on ASCII, and the differences that ECMA-262 asks for."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaregistry.compat.backtracking import longest_text
from schemaregistry.compat.ecma import language
from schemaregistry.compat.formula import Space
from schemaregistry.compat.search_result import Found, No
from schemaregistry.compat.solving import Solver

texts = st.text("ab0 ", max_size=6)
atoms = st.sampled_from(["a", "b", "0", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "\\S", "[a-b0]", "^", "$"])


def _quantified(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}", ""])
    return st.tuples(inner, counts).map(lambda parts: f"(?:{parts[0]}){parts[1]}")


patterns = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | _quantified(inner)
    ),
    max_leaves=6,
)


@settings(max_examples=250, deadline=None)
@given(patterns, st.lists(texts, min_size=5, max_size=10))
def test_the_same_texts_match_as_in_python(pattern: str, tried: list[str]) -> None:
    known = language(pattern)
    if known is not None:
        for text in tried:
            assert known.holds(text) is (re.search(pattern.replace("$", "\\Z"), text) is not None), text


@settings(max_examples=100, deadline=None)
@given(patterns, patterns)
def test_a_text_in_one_language_and_not_in_the_other_is_found_or_there_is_none(one: str, two: str) -> None:
    space = Space()
    answer = Solver(space, 1e12).solve_text(space.all_of(space.match(one), space.match(two).negation))
    known, other = language(one), language(two)
    if isinstance(answer, Found) and known and other:
        assert known.holds(answer.value)
        assert not other.holds(answer.value)
    if answer is No.EMPTY and known and other:
        every = ("", "a", "b", "0", " ", "ab", "ba", "a0", "0b", "aaa", "aba", "b a", "0000")
        assert not any(known.holds(text) and not other.holds(text) for text in every)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^a$", "a\n", False),
        ("^\\d$", "\u0663", False),
        ("^\\w$", "é", False),
        ("^\\s$", "\ufeff", True),
        ("^.$", "\u2028", False),
        ("^.$", "😀", True),
        ("^[^]$", "\n", True),
        ("a|^b", "cb", False),
        ("(^a|b)c", "xbc", True),
        ("(^a|b)c", "xac", False),
        ("^\\u0041\\x42\\cJ$", "AB\n", True),
    ],
)
def test_ecma_262_is_what_counts(pattern: str, text: str, matches: bool) -> None:
    known = language(pattern)
    assert known is not None
    assert known.holds(text) is matches


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "\\bfoo", "(a)\\1", "\\p{L}", "a{,2}", "a**", "[a-\\d]", "(?i)a", "x" * 2000]
)
def test_what_is_not_regular_or_not_portable_is_left_alone(pattern: str) -> None:
    assert language(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [("^[a-z]+$", 100_000), ("a*b*", 2_000), ("^(a+)+$", 20), ("^(a|aa)+$", 20), ("^((a+)+)+$", 8)],
)
def test_backtracking_engines_are_asked_about_short_texts_alone(pattern: str, longest: int) -> None:
    assert longest_text(pattern) == longest
