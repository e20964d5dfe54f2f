"""Finds a string within length bounds that some patterns match and others do not, as a product of automata."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from typing import Final, NamedTuple

from schemaregistry.compat.ecma import language
from schemaregistry.compat.formula import Formula
from schemaregistry.compat.regular import LAST, SCALARS, Language
from schemaregistry.compat.search_result import Found, No, SearchResult, Solving

MAX_NODES: Final = 20_000
MAX_LENGTH: Final = 100_000
MANY: Final = 4
"""Patterns that are to match, from which on a text made of one match after another is tried first."""
PREFERRED: Final = "axbycz0123456789ABCXYZ -_.:/@"


@dataclass(slots=True)
class _StringLiterals:
    """The literals, gathered; `opaque` are those whose pattern is no automaton."""

    least: int = 0
    most: int | None = None
    patterns: list[tuple[Language, bool]] = field(default_factory=list)
    barred: set[str] = field(default_factory=set)
    opaque: list[Formula] = field(default_factory=list)


class _Node(NamedTuple):
    """A place in the product: a state per pattern, the place in the barred texts' trie, the length so far."""

    states: tuple[int, ...]
    barred: int
    length: int


class _Trie:
    """The barred texts as one automaton: a state per beginning, 0 the empty one, OUT for all that begins otherwise."""

    OUT: Final = -1

    def __init__(self, texts: Iterable[str]) -> None:
        self._next: dict[tuple[int, str], int] = {}
        self.ends: set[int] = set()
        for text in texts:
            at = 0
            for char in text:
                at = self._next.setdefault((at, char), len(self._next) + 1)
            self.ends.add(at)

    def step(self, state: int, char: str) -> int:
        return self._next.get((state, char), self.OUT)


def solve_string(solving: Solving, literals: Iterable[Formula]) -> SearchResult:
    """Find a string that satisfies every literal; without the opaque ones there are more, so EMPTY stays a proof."""
    wanted = _gather(literals)
    found = _solve(solving, wanted)
    if isinstance(found, Found) and not all(solving.holds(literal, found.value) for literal in wanted.opaque):
        return No.UNKNOWN
    return found


def _solve(solving: Solving, wanted: _StringLiterals) -> SearchResult:
    if wanted.most is not None and wanted.most < wanted.least:
        return No.EMPTY
    if not wanted.patterns:
        return _by_length(wanted)
    return _one_after_another(solving, wanted) or _search(solving, wanted)


def _one_after_another(solving: Solving, wanted: _StringLiterals) -> Found | None:
    """Try a match of each pattern in a row: where many are to match somewhere, their product has too many states."""
    matching = [pattern for pattern, wish in wanted.patterns if wish]
    if len(matching) < MANY:
        return None
    text = "".join(dict.fromkeys(_sample(solving, pattern) for pattern in matching))
    text += "a" * (wanted.least - len(text))
    fits = wanted.most is None or len(text) <= wanted.most
    right = fits and all(pattern.holds(text) is wish for pattern, wish in wanted.patterns)
    return Found(text) if right and text not in wanted.barred else None


def _sample(solving: Solving, pattern: Language) -> str:
    """Give a shortest text of a pattern, found once; the empty one where none is found."""
    if pattern.sample is None:
        found = _search(solving, _StringLiterals(patterns=[(pattern, True)]))
        pattern.sample = str(found.value) if isinstance(found, Found) else ""
    return pattern.sample


def _gather(literals: Iterable[Formula]) -> _StringLiterals:
    wanted = _StringLiterals()
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


def _by_length(wanted: _StringLiterals) -> SearchResult:
    """Without patterns: length 0 has one text, every other length more than can be barred here."""
    if wanted.least > MAX_LENGTH:
        return No.UNKNOWN
    for length in range(wanted.least, wanted.least + 2):
        if wanted.most is not None and length > wanted.most:
            return No.EMPTY
        for text in _texts(length, len(wanted.barred) + 1):
            if text not in wanted.barred:
                return Found(text)
    return No.UNKNOWN


def _texts(length: int, enough: int) -> Iterable[str]:
    """Give `enough` distinct texts of one length; the empty one alone where the length is 0."""
    if length == 0:
        return [""]
    letters = chain(range(97, 123), range(0x100, 0xD800), range(0xE000, LAST + 1))
    return (chr(letter) + "a" * (length - 1) for letter in islice(letters, enough))


def _search(solving: Solving, wanted: _StringLiterals) -> SearchResult:
    """Look among printable ASCII first, on which all engines agree, then among all there is."""
    letters = _letters(wanted)
    plain = [letter for letter in letters if " " <= letter <= "~"]
    found = _walk(solving, wanted, plain)
    return found if isinstance(found, Found) or plain == letters else _walk(solving, wanted, letters)


def _walk(solving: Solving, wanted: _StringLiterals, letters: list[str]) -> SearchResult:
    """Breadth first, so that the text found is shortest; lengths from `least` on are one.

    Characters between two cuts step alike in every pattern, so one of each interval stands for all; those that a
    barred text needs next have intervals of their own. The nodes are finite: all seen and none accepting is a proof.
    """
    barred = _Trie(wanted.barred)
    root = _Node(tuple(0 for _ in wanted.patterns), 0, 0)
    seen, queue = {root}, deque([(root, "")])
    while queue:
        node, text = queue.popleft()
        if node.length >= wanted.least and _accepts(wanted, node, barred):
            return Found(text)
        if wanted.most is not None and len(text) >= wanted.most:
            continue
        solving.tick()
        for letter in letters:
            after = _step(wanted, node, letter, barred)
            if after not in seen:
                seen.add(after)
                queue.append((after, text + letter))
        if len(seen) > MAX_NODES:
            return No.UNKNOWN
    return No.EMPTY


def _accepts(wanted: _StringLiterals, node: _Node, barred: _Trie) -> bool:
    return node.barred not in barred.ends and all(
        pattern.accepts(state) is wish for (pattern, wish), state in zip(wanted.patterns, node.states, strict=True)
    )


def _step(wanted: _StringLiterals, node: _Node, letter: str, barred: _Trie) -> _Node:
    code = ord(letter)
    states = tuple(pattern.step(state, code) for (pattern, _), state in zip(wanted.patterns, node.states, strict=True))
    return _Node(states, barred.step(node.barred, letter), min(node.length + 1, wanted.least))


def _letters(wanted: _StringLiterals) -> list[str]:
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
