"""A plan's patterns in the syntax of Python's `re`. Holds the translation from RE2 alone.

Source: RE2's syntax page; Python's `re`, where classes are Unicode's unless they are written out.
"""

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(r"\\x\{([0-9a-f]+)\}|\\?.", re.DOTALL)
_SETS: Final = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}
_OPPOSITES: Final = {r"\D": "[^0-9]", r"\W": "[^A-Za-z0-9_]"}


class _Untranslatable(Exception):
    """No pattern is known to mean the same."""


def to_python(re2: str) -> str | None:
    """The same language in Python's syntax, or None where that isn't sure."""
    try:
        return "".join(_translated(re2))
    except _Untranslatable:
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
    if text in (r"\b", r"\B") or (text in _OPPOSITES and in_class):
        raise _Untranslatable
    if text == "$" and not in_class:
        return r"\Z"
    return _OPPOSITES.get(text, text)
