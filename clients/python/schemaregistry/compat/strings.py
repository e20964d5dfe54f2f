"""Finds a string within length bounds that some patterns match and others do not, as a product of automata."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from schemaregistry.compat.answer import Answer, Found, No, Solving
from schemaregistry.compat.ecma import language
from schemaregistry.compat.formula import Formula
from schemaregistry.compat.regular import LAST, SCALARS, Language

MAX_NODES: Final = 20_000
MAX_LENGTH: Final = 100_000
MAX_DISTINCT: Final = 20_000
PREFERRED: Final = "axbycz0123456789ABCXYZ -_.:/@"

Suffixes = tuple[str, ...]


@dataclass(slots=True)
class _Wanted:
    """The literals, gathered; `opaque` are those whose pattern is no automaton."""

    least: int = 0
    most: int | None = None
    patterns: list[tuple[Language, bool]] = field(default_factory=list)
    barred: set[str] = field(default_factory=set)
    opaque: list[Formula] = field(default_factory=list)


class _Node(NamedTuple):
    """A place in the product: a state per pattern, what of each barred text is still ahead, the length so far."""

    states: tuple[int, ...]
    barred: Suffixes
    length: int


def solve_string(solving: Solving, literals: Iterable[Formula]) -> Answer:
    """Find a string that satisfies every literal; without the opaque ones there are more, so EMPTY stays a proof."""
    wanted = _gather(literals)
    found = _solve(solving, wanted)
    if isinstance(found, Found) and not all(solving.holds(literal, found.value) for literal in wanted.opaque):
        return No.UNKNOWN
    return found


def _solve(solving: Solving, wanted: _Wanted) -> Answer:
    if wanted.most is not None and wanted.most < wanted.least:
        return No.EMPTY
    if not wanted.patterns:
        return _by_length(wanted)
    return _search(solving, wanted)


def _gather(literals: Iterable[Formula]) -> _Wanted:
    wanted = _Wanted()
    for literal in literals:
        value = literal.args[0]
        match literal.op:
            case "min_length":
                wanted.least = max(wanted.least, value)
            case "max_length":
                wanted.most = value if wanted.most is None else min(wanted.most, value)
            case "not_in":
                wanted.barred |= {text for _, text in value}
            case "match" | "mismatch":
                found = language(value)
                if found is None:
                    wanted.opaque.append(literal)
                else:
                    wanted.patterns.append((found, literal.op == "match"))
    return wanted


def _by_length(wanted: _Wanted) -> Answer:
    """Without patterns: length 0 has one text, every other length more than can be barred here."""
    top = len(wanted.barred) + 1
    if wanted.least > MAX_LENGTH or top > MAX_DISTINCT:
        return No.UNKNOWN
    for length in range(wanted.least, wanted.least + 2):
        if wanted.most is not None and length > wanted.most:
            return No.EMPTY
        for text in _texts(length, top):
            if text not in wanted.barred:
                return Found(text)
    return No.UNKNOWN


def _texts(length: int, enough: int) -> Iterable[str]:
    """Give `enough` distinct texts of one length; the empty one alone where the length is 0."""
    if length == 0:
        return [""]
    return (chr(97 + index if index < 26 else 0x100 + index) + "a" * (length - 1) for index in range(enough))


def _search(solving: Solving, wanted: _Wanted) -> Answer:
    """Look among printable ASCII first, on which all engines agree, then among all there is."""
    letters = _letters(wanted)
    plain = [letter for letter in letters if " " <= letter <= "~"]
    found = _walk(solving, wanted, plain)
    return found if isinstance(found, Found) or plain == letters else _walk(solving, wanted, letters)


def _walk(solving: Solving, wanted: _Wanted, letters: list[str]) -> Answer:
    """Breadth first, so that the text found is shortest; lengths from `least` on are one.

    Characters between two cuts step alike in every pattern, so one of each interval stands for all; those that a
    barred text needs next have intervals of their own. The nodes are finite: all seen and none accepting is a proof.
    """
    root = _Node(tuple(0 for _ in wanted.patterns), tuple(sorted(wanted.barred)), 0)
    seen, queue = {root}, deque([(root, "")])
    while queue:
        node, text = queue.popleft()
        if node.length >= wanted.least and _accepts(wanted, node):
            return Found(text)
        if wanted.most is not None and len(text) >= wanted.most:
            continue
        solving.tick()
        for letter in letters:
            after = _step(wanted, node, letter)
            if after not in seen:
                seen.add(after)
                queue.append((after, text + letter))
        if len(seen) > MAX_NODES:
            return No.UNKNOWN
    return No.EMPTY


def _accepts(wanted: _Wanted, node: _Node) -> bool:
    return "" not in node.barred and all(
        pattern.accepts(state) is wish for (pattern, wish), state in zip(wanted.patterns, node.states, strict=True)
    )


def _step(wanted: _Wanted, node: _Node, letter: str) -> _Node:
    code = ord(letter)
    states = tuple(pattern.step(state, code) for (pattern, _), state in zip(wanted.patterns, node.states, strict=True))
    barred = tuple(rest[1:] for rest in node.barred if rest[:1] == letter)
    return _Node(states, barred, min(node.length + 1, wanted.least))


def _letters(wanted: _Wanted) -> list[str]:
    """Give one character of each interval between cuts, a plain one where there is one."""
    cuts = {0, LAST + 1}.union(*(pattern.cuts for pattern, _ in wanted.patterns))
    for text in wanted.barred:
        for char in text:
            cuts |= {ord(char), ord(char) + 1}
    edges = sorted(cuts)
    letters = [_plain(low, high - 1) for low, high in pairwise(edges)]
    return sorted((letter for letter in letters if letter), key=_plainness)


def _plain(low: int, high: int) -> str:
    for char in PREFERRED:
        if low <= ord(char) <= high:
            return char
    printable = max(low, 0x21)
    if printable <= min(high, 0x7E):
        return chr(printable)
    return next((chr(max(low, first)) for first, last in SCALARS if max(low, first) <= min(high, last)), "")


def _plainness(char: str) -> tuple[int, str]:
    return (PREFERRED.index(char) if char in PREFERRED else 100 + (not char.isascii()) + (not char.isprintable()), char)
