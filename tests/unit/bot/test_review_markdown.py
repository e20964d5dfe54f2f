"""The comment, whatever the review's JSON has: it may come from the run of a fork, and nothing in it acts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from schemaregistry.bot.review_input import read_review
from schemaregistry.bot.review_markdown import MARK, MOST, length, review_markdown
from tests.unit.bot.test_markdown import LINKS

CORPUS = Path(__file__).parents[2] / "corpus/review"
REVIEWS = {
    path.stem: json.loads(path.read_text("utf-8"))["review"] | {"base": "0" * 40, "head": "1" * 40}
    for path in sorted(CORPUS.glob("*.json"))
}
HOSTILE = (
    "@everyone </details><img src=x> ::error:: [x](http://evil.example) ![y](//evil.example/y) www.evil.example #1 "
    "a/b#2 GH-3 deadbeefcafe \u202e\u2066 `` ``` | \n\n# h\n- i\n> q\n```\n<!-- --> *b* _i_ 1. one ~~~ "
    "&amp; \x1b[31m \r\n"
)
KEPT = frozenset({"status", "reason", "risk", "verdict", "required_bump", "stated_bump", "effect", "kind", "source"})
"""Members with enumerated words."""
ALLOWED = re.compile(
    "(paragraph|strong|heading|bullet_list|list_item|table|thead|tbody|tr|th|td)_(open|close)"
    "|inline|text|softbreak|code_inline|fence|html_block"
)


def forged(value: Any, text: str) -> Any:
    """A review with a hostile text in each place that takes a text."""
    if isinstance(value, dict):
        return {name: value[name] if _is_fixed(name, value[name]) else forged(value[name], text) for name in value}
    if isinstance(value, list):
        return [forged(each, text) for each in value]
    return text if isinstance(value, str) else value


def _is_fixed(name: str, value: Any) -> bool:
    words = name in (*KEPT, "direction", "witness_valid_under", "base", "head") and not isinstance(value, dict)
    return words or name == "places"


@pytest.mark.parametrize("name", REVIEWS)
def test_a_forged_review_is_shown_and_does_nothing(name: str) -> None:
    review = forged(REVIEWS[name], HOSTILE) | {
        "overridden_by": HOSTILE[:60],
        "notes": [{"path": HOSTILE, "text": HOSTILE}],
    }
    body = review_markdown(read_review(json.dumps(review).encode()))
    assert body.replace("\n", "").isprintable()
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(body)
    assert [token.content.strip() for token in tokens if token.type == "html_block"] == [MARK]
    assert body.startswith(f"{MARK}\n**")
    inner = [inner for token in tokens for inner in (token, *(token.children or ()))]
    assert [token.type for token in inner if not ALLOWED.fullmatch(token.type)] == []
    assert not [token.content for token in inner if token.type == "text" and LINKS.search(token.content)]


@pytest.mark.parametrize("most", [MOST, 5_000])
@pytest.mark.parametrize("letter", ["x", "\N{GRINNING FACE}", "`", "@ "])
def test_a_comment_is_never_too_long(letter: str, most: int) -> None:
    review = forged(REVIEWS["consumers_of_a_wider_column"], letter * 60_000)
    schema = review["schemas"][0]
    whole = review | {"schemas": [schema] * 50, "blocked_because": review["blocked_because"] * 200}
    assert length(review_markdown(whole, most=most)) <= most
