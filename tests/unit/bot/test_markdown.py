"""Text of documents in GitHub's Markdown: it reads as it was, and is never markup, a mention or a link."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from schemaregistry.bot.markdown import block, code, sentence
from schemaregistry.terminal import printable

HOSTILE = [
    "@everyone",
    "</details>",
    "::error file=x::",
    "<script>alert(1)</script>",
    "[link](http://evil.example)",
    "![picture](http://evil.example/x.png)",
    "see www.evil.example or http://evil.example",
    "#1 and GH-12 and org/repo#3",
    "a@b.example",
    "1. one",
    "- item",
    "# heading",
    "> quote",
    "*bold* _italic_ ~~gone~~",
    "`code` ``more`` ```",
    "deadbeefcafe1234",
    "| a | b |",
    "line\nanother\n\n# third",
    "evil.example",
    "&amp; &#64;everyone",
    "\\*not escaped\\*",
    "JIRA-123 and (gh-4)",
    "\u202egnihton\u202c \u200b@\u200bme \u2066x",
    "$`1+1`$ $$x$$",
    ":smile: #fff",
    "(www.evil.example)",
    "1) one",
    "-->",
    "@" + "x" * 60_000,
]
LINKS = re.compile(r"@|://|www\.|#\d|(?i:[a-z]-\d)|[0-9a-f]{7}|\.[a-z]{2}")


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text):
        yield token
        yield from token.children or ()


def shown(text: str) -> tuple[str, str]:
    """What a reader sees of Markdown: all of it, and what isn't code."""
    parts = [
        token for token in tokens(text) if token.type in ("text", "code_inline", "softbreak", "code_block", "fence")
    ]
    words = [" " if part.type == "softbreak" else part.content for part in parts]
    plain = [part.content for part in parts if part.type == "text"]
    return "".join(words), " ".join(plain)


def holds(text: str) -> None:
    kinds = {token.type for token in tokens(sentence(text))}
    assert kinds <= {"paragraph_open", "inline", "text", "code_inline", "paragraph_close"}
    everything, plain = shown(sentence(text))
    assert not LINKS.search(plain)
    escaped = "".join(map(printable, text.split()))
    assert re.sub(r"[`\s]", "", everything) == re.sub(r"[`\s]", "", escaped)
    assert sentence(text).replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    holds(text)


@given(
    st.lists(
        st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), max_size=6
    )
)
def test_whatever_a_sentence_has_it_reads_the_same_and_does_nothing(words: list[str]) -> None:
    holds(" ".join(words))


@given(st.text("`ab \n", max_size=30))
def test_no_text_ends_its_code(text: str) -> None:
    assert [token.type for token in tokens(block(text))] == ["fence"]
    assert {token.type for token in tokens(code(text))} <= {
        "paragraph_open",
        "inline",
        "code_inline",
        "paragraph_close",
    }


def test_plain_words_stay_plain_and_names_become_code() -> None:
    assert sentence("Column `size` goes from int32 to int64.") == "Column `size` goes from int32 to int64."
    assert sentence('The record {"a": 1} fails.') == 'The record `{"a": 1}` fails.'
