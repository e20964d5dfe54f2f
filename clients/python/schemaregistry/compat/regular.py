"""Regular expressions and their automata by derivatives (Brzozowski 1964), with the anchors `^` and `$`.

The derivative of a language by a character is the set of texts that may follow that character. `^` is the empty word at
the start of the text only and `$` the one at its end only: each step removes `^`, and `$` counts where the text ends.
`ecma.py` parses patterns into these expressions.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Sorted, disjoint, inclusive ranges of code points."""

LAST: Final = 0x10FFFF
SCALARS: Final[Ranges] = ((0, 0xD7FF), (0xE000, LAST))
"""Every character of a JSON text: the Unicode scalar values."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of `ranges`; without ranges, the empty language, which has no text at all."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Cat:
    """`head` followed by `tail`."""

    head: "Regex"
    tail: "Regex"


@dataclass(frozen=True, slots=True)
class Alt:
    """Any one of two or more options."""

    options: "frozenset[Regex]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """`body`, `least` to `most` times; without a limit where `most` is None."""

    body: "Regex"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Word:
    """The empty word: anywhere, or (`where` "start" or "end") only at that place of the text."""

    where: str = ""


Regex: TypeAlias = Chars | Cat | Alt | Repeat | Word

NOTHING: Final = Chars(())
EMPTY: Final = Word()
START: Final = Word("start")
END: Final = Word("end")
ANY: Final = Repeat(Chars(SCALARS), 0, None)


def cat(head: Regex, tail: Regex) -> Regex:
    """Return `head` followed by `tail`; nested to the right, so that equal languages are more often equal values."""
    if NOTHING in (head, tail):
        return NOTHING
    if head == EMPTY:
        return tail
    if tail == EMPTY:
        return head
    return Cat(head.head, cat(head.tail, tail)) if isinstance(head, Cat) else Cat(head, tail)


def alt(*options: Regex) -> Regex:
    """Return the union; NOTHING without options."""
    flat: set[Regex] = set()
    for option in options:
        flat |= option.options if isinstance(option, Alt) else {option}
    flat.discard(NOTHING)
    if len(flat) > 1:
        return ANY if ANY in flat else Alt(frozenset(flat))
    return flat.pop() if flat else NOTHING


def repeat(body: Regex, least: int, most: int | None) -> Regex:
    """Return `body` repeated `least` to `most` times; without a limit where `most` is None."""
    if most == 0 or (body == NOTHING and least == 0) or body == EMPTY:
        return EMPTY
    if body == NOTHING or (least, most) == (1, 1):
        return body
    return Repeat(body, least, most)


def nullable(regex: Regex, *, start: bool, end: bool) -> bool:
    """Tell whether the empty word matches at a place that is the start or the end of the text, both or neither."""
    match regex:
        case Word(where):
            return where == "" or (where == "start" and start) or (where == "end" and end)
        case Cat(head, tail):
            return nullable(head, start=start, end=end) and nullable(tail, start=start, end=end)
        case Alt(options):
            return any(nullable(option, start=start, end=end) for option in options)
        case Repeat(body, least, _):
            return least == 0 or nullable(body, start=start, end=end)
        case _:
            return False


def anchored(regex: Regex) -> bool:
    """Tell whether `regex` contains an anchor."""
    match regex:
        case Word(where):
            return where != ""
        case Cat(head, tail):
            return anchored(head) or anchored(tail)
        case Alt(options):
            return any(anchored(option) for option in options)
        case Repeat(body, _, _):
            return anchored(body)
        case _:
            return False


@lru_cache(maxsize=8192)
def past_start(regex: Regex) -> Regex:
    """Return `regex` as it applies after the first character, where `^` can't match."""
    match regex:
        case Word("start"):
            return NOTHING
        case Cat(head, tail):
            return cat(past_start(head), past_start(tail))
        case Alt(options):
            return alt(*(past_start(option) for option in options))
        case Repeat(body, least, most):
            return repeat(past_start(body), least, most)
        case _:
            return regex


@lru_cache(maxsize=65536)
def derivative(regex: Regex, char: int, start: bool) -> Regex:
    """Return the expression for what may follow `char`; `start` tells whether `char` is the text's first character."""
    match regex:
        case Chars(ranges):
            return EMPTY if contains(ranges, char) else NOTHING
        case Cat(head, tail):
            after = cat(derivative(head, char, start), past_start(tail))
            # A character follows, so this is not the end of the text: `$` can't match.
            return alt(after, derivative(tail, char, start)) if nullable(head, start=start, end=False) else after
        case Alt(options):
            return alt(*(derivative(option, char, start) for option in options))
        case Repeat(body, least, most):
            # This also holds for a nullable body, for which r{m,n} equals r{0,n}. An anchored body is nullable at some
            # places only; `ecma.py` builds no other repetition of it than r*, where an empty turn changes nothing.
            fewer = repeat(past_start(body), max(least - 1, 0), None if most is None else most - 1)
            return cat(derivative(body, char, start), fewer)
        case _:
            return NOTHING


def contains(ranges: Ranges, char: int) -> bool:
    """Tell whether `char` is in `ranges`."""
    return any(low <= char <= high for low, high in ranges)


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    """Return the ranges sorted, with overlapping and adjacent ones joined."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def without(ranges: Ranges) -> Ranges:
    """Return the complement of `ranges` within the Unicode scalar values."""
    out, at = [], 0
    for low, high in (*ranges, (LAST + 1, LAST + 1)):
        out += [(max(at, first), min(low - 1, last)) for first, last in SCALARS if max(at, first) <= min(low - 1, last)]
        at = high + 1
    return tuple(out)


def cuts(regex: Regex) -> set[int]:
    """Return the code points where a character class starts or has just ended.

    All characters between two neighbouring cuts have the same derivatives, so one of them represents the rest.
    """
    match regex:
        case Chars(ranges):
            return {low for low, _ in ranges} | {high + 1 for _, high in ranges}
        case Cat(head, tail):
            return cuts(head) | cuts(tail)
        case Alt(options):
            return set().union(*(cuts(option) for option in options))
        case Repeat(body, _, _):
            return cuts(body)
        case _:
            return set()


class Language:
    """The texts in which a regex matches somewhere, as a deterministic automaton whose states are built on demand.

    A state is a number; 0 is the start.
    """

    def __init__(self, regex: Regex) -> None:
        search = cat(ANY, cat(regex, ANY))
        self.sample: str | None = None
        """A text in which the regex matches; None until `string_instances.py` has looked for one."""
        self.cuts = frozenset(cuts(regex))
        self._states: dict[tuple[Regex, bool], int] = {(search, True): 0}
        self._regexes = [(search, True)]
        self._next: dict[tuple[int, int], int] = {}

    def step(self, state: int, char: int) -> int:
        """Return the state after the code point `char`."""
        found = self._next.get((state, char))
        if found is None:
            regex, start = self._regexes[state]
            # `search` ends in ANY, also after a `$`: the derivative by a character that follows `$` is NOTHING.
            key = (derivative(regex, char, start), False)
            found = self._states.setdefault(key, len(self._regexes))
            if found == len(self._regexes):
                self._regexes.append(key)
            self._next[state, char] = found
        return found

    def accepts(self, state: int) -> bool:
        """Tell whether a text that ends in `state` belongs to the language."""
        regex, start = self._regexes[state]
        return nullable(regex, start=start, end=True)

    def holds(self, text: str) -> bool:
        """Tell whether the regex matches somewhere in `text`."""
        state = 0
        for char in text:
            state = self.step(state, ord(char))
        return self.accepts(state)
