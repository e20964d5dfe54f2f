"""Find where the values of a JSON text stand in it: JSON pointers become lines and columns."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[][{}:,]|[^][{}:,"\s]++', re.DOTALL)


@dataclass(frozen=True, slots=True)
class JsonSpan:
    """Where a value stands, as offsets in characters: its key (or itself, in an array), the value, and its end."""

    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class TextPlace:
    """A part of one line: its number, and its first and last column, all from 1 on."""

    line: int
    column: int
    end_column: int


@dataclass(slots=True)
class _Open:
    """An object or array whose end hasn't been read; `index` is None for an object, `key` "" before a member's name."""

    pointer: str
    start: int
    value: int
    index: int | None
    key: str | None = None
    key_start: int = 0

    def child(self, at: int) -> tuple[str, int]:
        """Return the pointer and the start of the value that begins at `at`."""
        if self.index is not None:
            return f"{self.pointer}/{self.index}", at
        name = str(self.key).replace("~", "~0").replace("/", "~1")
        return f"{self.pointer}/{name}", self.key_start


def spans(text: str) -> dict[str, JsonSpan]:
    """Return where each value of a JSON text stands, by its JSON pointer (RFC 6901); linear in the text's length.

    A text that isn't JSON gives the values that were read up to its fault; of a repeated key the last counts.
    """
    found: dict[str, JsonSpan] = {}
    within: list[_Open] = []
    for token in _TOKEN.finditer(text):
        first, top = token[0][0], within[-1] if within else None
        if first == ":":
            continue
        if first == ",":
            if top is not None:
                top.key, top.index = None, None if top.index is None else top.index + 1
        elif first in "]}":
            if top is not None:
                found[top.pointer] = JsonSpan(top.start, top.value, token.end())
                within.pop()
        elif first == '"' and top is not None and top.index is None and top.key is None:
            top.key, top.key_start = _name(token[0]), token.start()
        else:
            pointer, start = top.child(token.start()) if top is not None else ("", token.start())
            if first in "[{":
                within.append(_Open(pointer, start, token.start(), 0 if first == "[" else None))
            else:
                found[pointer] = JsonSpan(start, token.start(), token.end())
    return found


def places(text: str, pointers: Iterable[str]) -> Mapping[str, TextPlace]:
    """Return the first line of the value at each pointer, with its key.

    Where nothing stands at a pointer the place is that of the nearest value around it.
    """
    known = spans(text)
    found = {}
    for pointer in pointers:
        nearest = pointer
        while nearest and nearest not in known:
            nearest = nearest.rpartition("/")[0]
        if nearest in known:
            found[pointer] = _place(text, known[nearest])
    return found


def _place(text: str, span: JsonSpan) -> TextPlace:
    before = text.rfind("\n", 0, span.start) + 1
    line_end = text.find("\n", span.start)
    end = min(span.end, line_end if line_end >= 0 else len(text))
    return TextPlace(text.count("\n", 0, span.start) + 1, span.start - before + 1, max(end - before, 1))


def _name(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except json.JSONDecodeError:
        return literal
