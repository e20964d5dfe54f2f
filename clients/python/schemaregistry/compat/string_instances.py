"""Find a string within length bounds in which some patterns match and others don't, by a product of automata."""

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
"""States of the product automaton that a search may visit before it gives up."""
MAX_LENGTH: Final = 100_000
"""Code points of the longest string that is built."""
MANY: Final = 4
"""With this many patterns that must match, first try a sample of each, concatenated."""
PREFERRED: Final = "axbycz0123456789ABCXYZ -_.:/@"
"""Characters to prefer, in this order, so that witnesses are easy to read."""


@dataclass(slots=True)
class _StringLiterals:
    """What the literals ask for, together: bounds of the length, patterns to match or not, excluded texts.

    `opaque` holds the literals whose pattern `ecma.py` can't parse.
    """

    least: int = 0
    most: int | None = None
    patterns: list[tuple[Language, bool]] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    opaque: list[Formula] = field(default_factory=list)


class _Node(NamedTuple):
    """A state of the product: one state per pattern, the one in the trie of excluded texts, the length so far."""

    states: tuple[int, ...]
    excluded: int
    length: int


class _Trie:
    """The excluded texts as one automaton with a state per prefix.

    State 0 is the empty prefix; OUT is the state of texts that begin like none of them.
    """

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
    """Find a string that satisfies every literal.

    The search leaves opaque patterns out, which can only add strings, so EMPTY is still a proof. A string that it finds
    is then tested against them.
    """
    constraints = _gather(literals)
    found = _solve(solving, constraints)
    if isinstance(found, Found) and not all(solving.holds(literal, found.value) for literal in constraints.opaque):
        return No.UNKNOWN
    return found


def _solve(solving: Solving, constraints: _StringLiterals) -> SearchResult:
    if constraints.most is not None and constraints.most < constraints.least:
        return No.EMPTY
    if not constraints.patterns:
        return _by_length(constraints)
    return _one_after_another(solving, constraints) or _search(solving, constraints)


def _one_after_another(solving: Solving, constraints: _StringLiterals) -> Found | None:
    """Try the sample matches of all patterns joined, where the product of many automata would have too many states."""
    matching = [pattern for pattern, must_match in constraints.patterns if must_match]
    if len(matching) < MANY:
        return None
    text = "".join(dict.fromkeys(_sample(solving, pattern) for pattern in matching))
    text += "a" * (constraints.least - len(text))
    fits = constraints.most is None or len(text) <= constraints.most
    right = fits and all(pattern.holds(text) is must_match for pattern, must_match in constraints.patterns)
    return Found(text) if right and text not in constraints.excluded else None


def _sample(solving: Solving, pattern: Language) -> str:
    """Return a shortest text in which `pattern` matches, searched for once; "" where none is found."""
    if pattern.sample is None:
        found = _search(solving, _StringLiterals(patterns=[(pattern, True)]))
        pattern.sample = str(found.value) if isinstance(found, Found) else ""
    return pattern.sample


def _gather(literals: Iterable[Formula]) -> _StringLiterals:
    constraints = _StringLiterals()
    for literal in literals:
        value = literal.args[0]
        match literal.op:
            case "min_length":
                constraints.least = max(constraints.least, value)
            case "max_length":
                constraints.most = value if constraints.most is None else min(constraints.most, value)
            case "not_in":
                constraints.excluded |= {text for _, text in value}
            case "match" | "mismatch":
                found = language(value)
                if found is None:
                    constraints.opaque.append(literal)
                else:
                    constraints.patterns.append((found, literal.op == "match"))
    return constraints


def _by_length(constraints: _StringLiterals) -> SearchResult:
    """Find a string where there are no patterns.

    Two lengths are enough: there is one text of length 0, but of every other length more than can be excluded.
    """
    if constraints.least > MAX_LENGTH:
        return No.UNKNOWN
    for length in range(constraints.least, constraints.least + 2):
        if constraints.most is not None and length > constraints.most:
            return No.EMPTY
        for text in _texts(length, len(constraints.excluded) + 1):
            if text not in constraints.excluded:
                return Found(text)
    return No.UNKNOWN


def _texts(length: int, enough: int) -> Iterable[str]:
    """Return `enough` distinct texts of one length; for length 0 only the empty one."""
    if length == 0:
        return [""]
    # Code points from a to z, then those above Latin-1 except the surrogates, which no JSON text has.
    letters = chain(range(97, 123), range(0x100, 0xD800), range(0xE000, LAST + 1))
    return (chr(letter) + "a" * (length - 1) for letter in islice(letters, enough))


def _search(solving: Solving, constraints: _StringLiterals) -> SearchResult:
    """Search texts of printable ASCII first, on which all regex engines agree, then texts of all characters."""
    letters = _letters(constraints)
    # Texts of printable ASCII are a subset, so EMPTY among them is no proof yet.
    plain = [letter for letter in letters if " " <= letter <= "~"]
    found = _walk(solving, constraints, plain)
    return found if isinstance(found, Found) or plain == letters else _walk(solving, constraints, letters)


def _walk(solving: Solving, constraints: _StringLiterals, letters: list[str]) -> SearchResult:
    """Search the product breadth first, so that the text found is a shortest one; lengths from `least` on count as one.

    `letters` has one character for each class that all patterns and excluded texts treat alike. The product is finite,
    so it is a proof if every node was visited and none accepts.
    """
    excluded = _Trie(constraints.excluded)
    root = _Node(tuple(0 for _ in constraints.patterns), 0, 0)
    seen, queue = {root}, deque([(root, "")])
    while queue:
        node, text = queue.popleft()
        if node.length >= constraints.least and _accepts(constraints, node, excluded):
            return Found(text)
        if constraints.most is not None and len(text) >= constraints.most:
            continue
        solving.tick()
        for letter in letters:
            after = _step(constraints, node, letter, excluded)
            if after not in seen:
                seen.add(after)
                queue.append((after, text + letter))
        if len(seen) > MAX_NODES:
            return No.UNKNOWN
    return No.EMPTY


def _accepts(constraints: _StringLiterals, node: _Node, excluded: _Trie) -> bool:
    return node.excluded not in excluded.ends and all(
        pattern.accepts(state) is must_match
        for (pattern, must_match), state in zip(constraints.patterns, node.states, strict=True)
    )


def _step(constraints: _StringLiterals, node: _Node, letter: str, excluded: _Trie) -> _Node:
    code = ord(letter)
    states = tuple(
        pattern.step(state, code) for (pattern, _), state in zip(constraints.patterns, node.states, strict=True)
    )
    return _Node(states, excluded.step(node.excluded, letter), min(node.length + 1, constraints.least))


def _letters(constraints: _StringLiterals) -> list[str]:
    """Return one character of each interval between two cuts, a plain one where there is one.

    Each character of an excluded text is an interval of its own.
    """
    cuts = {0, LAST + 1}.union(*(pattern.cuts for pattern, _ in constraints.patterns))
    for text in constraints.excluded:
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
