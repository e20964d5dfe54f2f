"""Translate a contract's patterns from RE2's syntax to Python's `re`.

In Python `\\d` and `\\w` match Unicode characters, so they are written out. Sources: RE2's syntax page; Python's `re`.
"""

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(r"\\x\{([0-9a-f]+)\}|\\?.", re.DOTALL)
_SETS: Final = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}
_OPPOSITES: Final = {r"\D": "[^0-9]", r"\W": "[^A-Za-z0-9_]"}


class _NoPythonPattern(Exception):
    """No pattern for Python is known that matches the same texts."""


def to_python(re2: str) -> str | None:
    """Return the pattern in Python's syntax, or None where it isn't certain that both match the same texts."""
    try:
        return "".join(_translated(re2))
    except _NoPythonPattern:
        return None


def _translated(re2: str) -> Iterator[str]:
    in_class = False
    for token in _TOKEN.finditer(re2):
        text, code = token[0], token[1]
        if text == "[" and not in_class:
            in_class = True
        elif text == "]":
            in_class = False
        yield _token(text, code, in_class=in_class)


def _token(text: str, code: str | None, *, in_class: bool) -> str:
    if code:
        return re.escape(chr(int(code, 16)))
    if text in _SETS:
        return _SETS[text] if in_class else f"[{_SETS[text]}]"
    # Python's word boundary is Unicode's, and a class within a class can't be negated.
    if text in (r"\b", r"\B") or (text in _OPPOSITES and in_class):
        raise _NoPythonPattern
    if text == "$" and not in_class:  # Python's `$` also matches before a final line end
        return r"\Z"
    return _OPPOSITES.get(text, text)
