"""Write text of documents into GitHub's Markdown, where none of it becomes markup, a mention or a link."""

import re
from itertools import groupby
from typing import Final

from schemaregistry.terminal import printable

_PLAIN: Final = re.compile(r"""[("“‘]?[^\W_]+(?:[.,'’-][^\W_]+)*[.,;:!?)"”’]*|→|–|%|≤|≥""")
"""Words that are safe anywhere in Markdown."""
_ACTING: Final = re.compile(r"(?i)www\.|[^\W\d_]-\d|[0-9a-f]{7}|^\d+[.)]|\.[a-z]{2}|://")
"""Words that GitHub may turn into links or lists.

Domains, `GH-1` and the references of other trackers (a repository can make any prefix a link), hashes of commits, and
`1.` at the start of a line.
"""

_QUOTED: Final = re.compile(r"`([^`]+)`([.,;:]?)")


def sentence(text: str) -> str:
    """Return a sentence as Markdown that reads the same: words with any character that might act are code spans.

    Characters that can't be printed, such as those that turn the direction of text, are escapes (`\\u202e`).
    """
    shown: list[str] = []
    acting: list[str] = []
    for word in map(printable, text.split()):
        if _PLAIN.fullmatch(word) and not _ACTING.search(word):
            shown += [*_spans(acting), word]
            acting = []
        else:
            acting.append(word)
    return " ".join([*shown, *_spans(acting)])


def _spans(words: list[str]) -> list[str]:
    """Return neighbouring words as one code span; a word already in backticks gets its own."""
    spans: list[str] = []
    for quoted, group in groupby(words, lambda word: bool(_QUOTED.fullmatch(word))):
        found = list(group)
        spans += map(_quoted, found) if quoted else [_span(" ".join(found))]
    return spans


def _quoted(word: str) -> str:
    found = _QUOTED.fullmatch(word)
    assert found
    return f"{code(found[1])}{found[2]}"


def _span(text: str) -> str:
    end = text[-1] if re.search(r"\w[.,;:]$", text) else ""
    return code(text.removesuffix(end)) + end


def code(text: str) -> str:
    """Return a text as a code span on one line, whatever backticks it has (CommonMark 0.31, 6.1).

    Characters that can't be printed are escapes.
    """
    shown = printable(" ".join(text.split())) or " "
    fence = "`" * (_longest(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def block(text: str, language: str = "") -> str:
    """Return lines as a code block with a fence longer than any run of backticks in them (CommonMark 0.31, 4.5).

    Characters that can't be printed are escapes.
    """
    fence = "`" * max(3, _longest(text) + 1)
    lines = "\n".join(map(printable, text.split("\n")))
    return f"{fence}{language}\n{lines}\n{fence}"


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
