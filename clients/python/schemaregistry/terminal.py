"""Escape text for terminals and CI logs, so that nothing in data, documents or names acts as a command."""

import json
import re
from typing import Any, Final

_COLONS: Final = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)
_HASHES: Final = re.compile(r"#(?=#\w*\[)")
"""What CI runners read as commands: `::name` at the start of a line; `##[name]`, `##vso[` and `##teamcity[` anywhere.

Sources: `ActionCommand.cs` of GitHub's runner; "Logging commands" of Azure Pipelines; "Service messages" of TeamCity.
"""


def printable(text: str) -> str:
    r"""Return a text on one line, with unprintable characters as escapes, such as `\x1b`, `\n` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def inert(text: str) -> str:
    r"""Return lines of which no CI runner reads one as a command: `::error` at the start becomes `\x3a:error`."""
    return _HASHES.sub(r"\\x23", _COLONS.sub(r"\1\\x3a", text))


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""Return a value as JSON in printable characters; others, lone surrogates too, are escapes such as `\u202e`."""
    text = _HASHES.sub(r"\\u0023", json.dumps(value, ensure_ascii=False, indent=indent))
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)
