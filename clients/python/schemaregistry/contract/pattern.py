"""ECMA-262 patterns in RE2's syntax. Holds the translation of what means the same text by text; the rest is refused.

Source: ECMA-262 (2018), 21.2.1 and annex B.1.4; RE2's syntax page. What both read alike is passed on as it stands.
"""

import re
from typing import Final

_SPACES: Final = r"\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_DOT: Final = r"[^\n\r\x{2028}\x{2029}]"
_SAME: Final = frozenset("dDwWtnvfr")
"""Letters after a backslash that mean the same in both. Not `b` and `B`: the validator's words have more letters."""
_SETS: Final = frozenset((r"\d", r"\D", r"\w", r"\W", _SPACES))
_MAX_REPEAT: Final = 1000
"""RE2's limit of a counted repetition."""

_QUANTIFIER: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_HEX: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_NAMED_GROUP: Final = re.compile(r"\(\?<[A-Za-z_$][\w$]*>")
_CLASS: Final = re.compile(r"\[(\^?+)((?:[^\]\\]|\\.)+)\]", re.DOTALL)


class _Untranslatable(Exception):
    """No RE2 pattern is known to mean the same."""


def to_re2(pattern: str) -> str | None:
    """The same language in RE2's syntax, or None where that isn't sure."""
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
    """The translation of what stands at a place, and the place after it."""
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
    """`[\\d-x]` is three things in ECMA-262 and refused by RE2."""
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
    """A counted repetition, or a brace that stands for itself (annex B)."""
    counted = _QUANTIFIER.match(pattern, at)
    if counted is None:
        return "\\{", at + 1
    if max(int(number or 0) for number in counted.groups()) > _MAX_REPEAT:
        raise _Untranslatable
    return counted[0], counted.end()
