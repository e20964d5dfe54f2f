"""Say what is wrong with JSON text, and at which byte, in the words of the C++ loader (`json_text.cpp`).

Only texts that `json_text.py` refuses are read here: it is fast and says less.
"""

import json
import re
from typing import Final, NoReturn

from schemaregistry.data.arrow.literals import FARTHEST, exactly, plainly

DEEPEST: Final = 200
"""Levels of nesting."""
MOST_DIGITS: Final = 4300
"""Digits of an integer; Python's int() takes no more by default."""
MORE_FOLLOWS: Final = "something follows the value"
"""How the sentence begins about a text that goes on after its value."""

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_RUN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_NUMBER: Final = re.compile(rb"-?(?:0(?![0-9])|[1-9][0-9]*)")
_FRACTION: Final = re.compile(rb"\.[0-9]+")
_EXPONENT: Final = re.compile(rb"[eE][+-]?")
_DIGITS: Final = re.compile(rb"[0-9]+")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{0,4}")
_WORDS: Final = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_BEYOND: Final = (b"NaN", b"Infinity", b"-Infinity")


class JsonFault(ValueError):
    """What is wrong, and the byte at which it was noticed."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(f"{what} (at byte {at})")
        self.at = at


def fault_of(text: bytes, *, whole: bool = True) -> JsonFault | None:
    """Return the first fault of a text; None where it is a JSON value.

    With `whole` nothing but white space may follow the value.
    """
    try:
        reading = _Scanner(text)
        reading.space()
        reading.value(0)
        reading.space()
        if whole and reading.at < len(text):
            reading.fail(MORE_FOLLOWS)
    except JsonFault as fault:
        return fault
    return None


class _Scanner:
    """A text, read up to byte `at`. Each method reads one part and raises JsonFault."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.at = 0

    def fail(self, what: str) -> NoReturn:
        raise JsonFault(what, self.at)

    def peek(self) -> bytes:
        return self.text[self.at : self.at + 1]

    def space(self) -> None:
        self._skip(_SPACE)

    def value(self, depth: int) -> None:
        if depth > DEEPEST:
            self.fail(f"nested deeper than {DEEPEST}")
        match self.peek():
            case b"{":
                self._object(depth)
            case b"[":
                self._array(depth)
            case b'"':
                self._string()
            case b"t" | b"f" | b"n" as letter:
                word = _WORDS[letter[0]]
                if not self.text.startswith(word, self.at):
                    self.fail("no JSON value stands here")
                self.at += len(word)
            case _:
                self._number()

    def _skip(self, pattern: re.Pattern[bytes]) -> bytes:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else b""

    def _object(self, depth: int) -> None:
        names: set[str] = set()
        self.at += 1
        self.space()
        while self.peek() != b"}" or names:
            if self.peek() != b'"':
                self.fail("a name in quotes is missing")
            name = self._string()
            if name in names:
                self.fail(f"the name {json.dumps(name, ensure_ascii=False)} is there twice")
            names.add(name)
            self.space()
            if self.peek() != b":":
                self.fail("a colon is missing")
            self.at += 1
            self.space()
            self.value(depth + 1)
            if self._ends(b"}", "a comma or the object's end is missing"):
                return
        self.at += 1

    def _array(self, depth: int) -> None:
        self.at += 1
        self.space()
        if self.peek() == b"]":
            self.at += 1
            return
        self.value(depth + 1)
        while not self._ends(b"]", "a comma or the array's end is missing"):
            self.value(depth + 1)

    def _ends(self, end: bytes, what: str) -> bool:
        """Read a comma and the space after it, or the end; returns whether it was the end."""
        self.space()
        letter = self.peek()
        if letter not in (end, b",") or not letter:
            self.fail(what)
        self.at += 1
        if letter == b",":
            self.space()
        return letter == end

    def _string(self) -> str:
        begin = self.at
        self.at += 1
        while True:
            self._skip(_RUN)
            letter = self.peek()
            if not letter:
                self.fail("a string has no end")
            if letter == b'"':
                break
            if letter != b"\\":
                self.fail("a control character stands in a string")
            self._escape()
        self.at += 1
        try:
            found: str = json.loads(self.text[begin : self.at])
        except UnicodeDecodeError:
            self.at = begin
            self.fail("a string is not UTF-8")
        return found

    def _escape(self) -> None:
        self.at += 1
        letter = self.peek()
        if letter != b"u":
            if not letter or letter not in b'"\\/bfnrt':
                self.fail("an unknown escape")
            self.at += 1
            return
        code = self._code()
        if 0xD800 <= code < 0xDC00:
            if not self.text.startswith(b"\\u", self.at):
                self.fail("half of a surrogate pair")
            self.at += 1
            if not 0xDC00 <= self._code() <= 0xDFFF:
                self.fail("half of a surrogate pair")
        elif 0xDC00 <= code <= 0xDFFF:
            self.fail("half of a surrogate pair")

    def _code(self) -> int:
        self.at += 1
        digits = self._skip(_HEX)
        if len(digits) < 4:
            self.fail("an escape of four hex digits is broken")
        return int(digits, 16)

    def _number(self) -> None:
        begin = self.at
        if not self._skip(_NUMBER):
            word = next((word for word in _BEYOND if self.text.startswith(word, begin)), None)
            self.fail(f"{word.decode()} isn't JSON" if word else "no JSON value stands here")
        is_integer = True
        if self.peek() == b"." and not self._skip(_FRACTION):
            self.at += 1
            self.fail("digits after the point are missing")
        if self._skip(_EXPONENT) and not self._skip(_DIGITS):
            self.fail("an exponent's digits are missing")
        written = self.text[begin : self.at].decode()
        is_integer = not set(written).intersection(".eE")
        if is_integer and len(written.lstrip("-")) > MOST_DIGITS:
            self.fail(f"an integer has more than {MOST_DIGITS:,} digits")
        if not is_integer and plainly(written) is None and exactly(written) is None:
            self.fail(f"the exponent of a number is beyond {FARTHEST:,}")
