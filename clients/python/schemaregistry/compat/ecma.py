"""Parse a draft-07 `pattern` (ECMA-262 syntax) into a regular expression of `regular.py`.

A pattern that isn't regular, or that engines read differently (look-around, back references, `\\b`, `\\p`, case
folding, braces without a count), is not parsed: the result is None, and callers treat the pattern as opaque.
"""

from functools import lru_cache
from typing import Final

from schemaregistry.compat.regular import (
    EMPTY,
    END,
    NOTHING,
    START,
    Chars,
    Language,
    Ranges,
    Regex,
    alt,
    anchored,
    cat,
    merged,
    repeat,
    without,
)

# Larger patterns are opaque: the automata of counted repetitions grow with the counts, and the parser recurses.
MAX_LENGTH: Final = 1000
MAX_REPEAT: Final = 1000
MAX_DEPTH: Final = 50

# ECMA-262's classes, as ranges of code points: `\d` and `\w` are ASCII only, `\s` and `.` follow Unicode.
DIGIT: Final[Ranges] = ((48, 57),)
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final[Ranges] = (
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
LINE_ENDS: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
CLASSES: Final[dict[str, Ranges]] = {
    "d": DIGIT,
    "w": WORD,
    "s": SPACE,
    "D": without(DIGIT),
    "W": without(WORD),
    "S": without(SPACE),
}
CONTROLS: Final = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11}
SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/-")


class _Irregular(Exception):
    """The pattern is not in the part of the syntax that is parsed."""


@lru_cache(maxsize=1024)
def language(pattern: str) -> Language | None:
    """Return the language of the texts in which the pattern matches, or None where the pattern is opaque."""
    regex = parse(pattern)
    return None if regex is None else Language(regex)


def parse(pattern: str) -> Regex | None:
    """Return the parsed pattern, or None where it is opaque."""
    if len(pattern) > MAX_LENGTH:
        return None
    reader = _PatternReader(pattern)
    try:
        regex = reader.disjunction(0)
    except _Irregular:
        return None
    return regex if reader.at == len(pattern) else None


class _PatternReader:
    """A recursive-descent parser of one pattern; each method reads one production of ECMA-262 22.2.1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """Return the next character, "" at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, token: str) -> bool:
        """Skip `token` if it comes next, and tell whether it did."""
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def one(self) -> str:
        """Skip and return the next character; at the end the pattern is malformed."""
        char = self.peek()
        if not char:
            raise _Irregular
        self.at += 1
        return char

    def disjunction(self, depth: int) -> Regex:
        if depth > MAX_DEPTH:
            raise _Irregular
        options = [self.alternative(depth)]
        while self.take("|"):
            options.append(self.alternative(depth))
        return alt(*options)

    def alternative(self, depth: int) -> Regex:
        terms = []
        while self.peek() not in ("", "|", ")"):
            terms.append(self.term(depth))
        regex: Regex = EMPTY
        for term in reversed(terms):
            regex = cat(term, regex)
        return regex

    def term(self, depth: int) -> Regex:
        if self.take("^"):
            return START
        if self.take("$"):
            return END
        return self.quantified(self.atom(depth))

    def atom(self, depth: int) -> Regex:
        char = self.one()
        match char:
            case ".":
                return Chars(without(LINE_ENDS))
            case "(":
                return self.group(depth)
            case "[":
                return self.char_class()
            case "\\":
                return Chars(self.escape(in_class=False))
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise _Irregular
            case _:
                return Chars(((ord(char), ord(char)),))

    def group(self, depth: int) -> Regex:
        if self.peek() == "?" and not self.take("?:"):
            raise _Irregular
        body = self.disjunction(depth + 1)
        if not self.take(")"):
            raise _Irregular
        return body

    def quantified(self, body: Regex) -> Regex:
        if self.take("*"):
            least, most = 0, None
        elif self.take("+"):
            least, most = 1, None
        elif self.take("?"):
            least, most = 0, 1
        elif self.take("{"):
            least, most = self.counts()
        else:
            return body
        self.take("?")  # lazy: the same texts match
        if self.peek() in ("*", "+", "?", "{"):
            raise _Irregular
        return _repeated(body, least, most)

    def counts(self) -> tuple[int, int | None]:
        least = self.integer()
        most: int | None = least
        if self.take(","):
            most = None if self.peek() == "}" else self.integer()
        if not self.take("}") or (most is not None and most < least):
            raise _Irregular
        return least, most

    def integer(self) -> int:
        start = self.at
        while self.peek() in tuple("0123456789"):
            self.at += 1
        digits = self.text[start : self.at]
        if not digits or len(digits) > 4 or int(digits) > MAX_REPEAT:
            raise _Irregular
        return int(digits)

    def char_class(self) -> Regex:
        negative = self.take("^")
        ranges: list[tuple[int, int]] = []
        while not self.take("]"):
            ranges += self.class_range()
        have = merged(ranges)
        inside = without(have) if negative else _scalars(have)
        return Chars(inside) if inside else NOTHING

    def class_range(self) -> Ranges:
        low = self.class_atom()
        if self.peek() != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        self.at += 1
        high = self.class_atom()
        if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1] or low > high:
            raise _Irregular
        return ((low[0][0], high[0][0]),)

    def class_atom(self) -> Ranges:
        char = self.one()
        if char == "\\":
            return self.escape(in_class=True)
        if char == "[" or (char in "&~-" and self.peek() == char):
            raise _Irregular  # `[[`, `&&`, `--` and `~~` are set operations in some engines, Rust's among them
        return ((ord(char), ord(char)),)

    def escape(self, *, in_class: bool) -> Ranges:
        char = self.one()
        if char in CLASSES:
            return CLASSES[char]
        if char in CONTROLS:
            code = CONTROLS[char]
        elif char == "c" and not in_class and self.peek().isascii() and self.peek().isalpha():
            code = ord(self.one()) % 32
        elif char in ("x", "u"):
            code = self.hexadecimal(2 if char == "x" else 4)
        elif char in SYNTAX:
            code = ord(char)
        else:
            raise _Irregular
        return ((code, code),)

    def hexadecimal(self, length: int) -> int:
        digits = self.text[self.at : self.at + length]
        if len(digits) != length or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise _Irregular
        self.at += length
        code = int(digits, 16)
        if 0xD800 <= code <= 0xDFFF:
            raise _Irregular
        return code


def _scalars(ranges: Ranges) -> Ranges:
    """Drop surrogates, which no JSON text has: `without` complements within the scalar values, so twice drops them."""
    return without(without(ranges))


def _repeated(body: Regex, least: int, most: int | None) -> Regex:
    if not anchored(body):
        return repeat(body, least, most)
    # `regular.derivative` handles an anchored body only in r*, so other repetitions are written with r*, or refused.
    match least, most:
        case 0, None:
            return repeat(body, 0, None)
        case 1, None:
            return cat(body, repeat(body, 0, None))
        case 0, 1:
            return alt(EMPTY, body)
        case _:
            raise _Irregular
