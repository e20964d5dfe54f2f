"""Translate ECMA-262 patterns to RE2's syntax, where both match exactly the same texts.

Syntax that both read alike is copied, other syntax is rewritten or refused. Sources: ECMA-262 (2018), 21.2.1 and annex
B.1.4; RE2's syntax page.
"""

import re
from typing import Final

# `\s` and `.` differ between ECMA-262 and RE2 (Unicode spaces, four line ends), so they are written out.
_SPACES: Final = r"\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_DOT: Final = r"[^\n\r\x{2028}\x{2029}]"
_SAME: Final = frozenset("dDwWtnvfr")
"""Letters after a backslash that mean the same in both.

`b` and `B` aren't among them: the validator's engine counts Unicode letters as parts of words.
"""
_SETS: Final = frozenset((r"\d", r"\D", r"\w", r"\W", _SPACES))
_MAX_REPEAT: Final = 1000
"""The largest count in a repetition that RE2 accepts."""

_QUANTIFIER: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_HEX: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_NAMED_GROUP: Final = re.compile(r"\(\?<[A-Za-z_$][\w$]*>")
_CLASS: Final = re.compile(r"\[(\^?+)((?:[^\]\\]|\\.)+)\]", re.DOTALL)


class _Untranslatable(Exception):
    """No RE2 pattern is known that matches the same texts."""


def to_re2(pattern: str) -> str | None:
    """Return the pattern in RE2's syntax, or None where it isn't certain that both match the same texts."""
    parts: list[str] = []
    at = 0
    try:
        while at < len(pattern):
            text, at = _next(pattern, at)
            parts.append(text)
    except _Untranslatable:
        return None
    return "".join(parts)


def _next(pattern: str, at: int) -> tuple[str, int]:
    """Return the translation of the token at index `at`, and the index after it."""
    read = {"\\": _escape, "[": _class, "(": _group, "{": _braces}.get(pattern[at])
    if read:
        return read(pattern, at)
    return {".": _DOT, "]": r"\]", "}": r"\}"}.get(pattern[at], pattern[at]), at + 1


def _escape(pattern: str, at: int, *, in_class: bool = False) -> tuple[str, int]:
    letter = pattern[at + 1 : at + 2]
    if letter in _SAME:
        return f"\\{letter}", at + 2
    if letter == "s":
        return _SPACES if in_class else f"[{_SPACES}]", at + 2
    if letter == "S" and not in_class:
        return f"[^{_SPACES}]", at + 2
    if code := _HEX.match(pattern, at):
        return _code_point(int(code[1] or code[2], 16)), code.end()
    if letter and letter.isascii() and not letter.isalnum() and letter != "_":
        return f"\\{letter}", at + 2
    raise _Untranslatable


def _code_point(number: int) -> str:
    if 0xD800 <= number <= 0xDFFF:
        raise _Untranslatable
    return f"\\x{{{number:x}}}"


def _class(pattern: str, at: int) -> tuple[str, int]:
    whole = _CLASS.match(pattern, at)
    if whole is None:
        raise _Untranslatable
    inner = whole[2]
    parts: list[str] = []
    place = 0
    while place < len(inner):
        if inner[place] == "\\":
            text, place = _escape(inner, place, in_class=True)
        else:
            text, place = ("\\[" if inner[place] == "[" else inner[place]), place + 1
        parts.append(text)
    _refuse_ranges_of_sets(parts)
    return f"[{whole[1]}{''.join(parts)}]", whole.end()


def _refuse_ranges_of_sets(parts: list[str]) -> None:
    """Refuse a range with a class as one end: `[\\d-x]` is a class and two characters in ECMA-262, an error in RE2."""
    for before, dash, after in zip(parts, parts[1:], parts[2:], strict=False):
        if dash == "-" and {before, after} & _SETS:
            raise _Untranslatable


def _group(pattern: str, at: int) -> tuple[str, int]:
    if pattern.startswith("(?:", at):
        return "(?:", at + 3
    if name := _NAMED_GROUP.match(pattern, at):
        return "(?:", name.end()
    if pattern.startswith("(?", at):
        raise _Untranslatable
    return "(?:", at + 1


def _braces(pattern: str, at: int) -> tuple[str, int]:
    """Return a counted repetition, or else a literal brace (ECMA-262, annex B)."""
    counted = _QUANTIFIER.match(pattern, at)
    if counted is None:
        return "\\{", at + 1
    if max(int(number or 0) for number in counted.groups()) > _MAX_REPEAT:
        raise _Untranslatable
    return counted[0], counted.end()
