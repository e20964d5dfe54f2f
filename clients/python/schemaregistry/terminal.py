"""Text for terminals and CI logs, in which nothing that comes from data, documents or names is acted upon."""

import json
import re
from typing import Any, Final

_COLONS: Final = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)
_HASHES: Final = re.compile(r"#(?=#\w*\[)")
"""What CI runners take for a command: `::name` where a line begins; `##[name]`, `##vso[` and `##teamcity[` anywhere.

Sources: `ActionCommand.cs` of GitHub's runner; "Logging commands" of Azure Pipelines; "Service messages" of TeamCity.
"""


def printable(text: str) -> str:
    r"""A text on one line with what a terminal would act on written out, such as `\x1b`, `\n` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def inert(text: str) -> str:
    r"""Lines, of which no CI runner takes one for a command: `::error` becomes `\x3a:error` where a line begins."""
    return _HASHES.sub(r"\\x23", _COLONS.sub(r"\1\\x3a", text))


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""A value as JSON of printable text: other letters, lone surrogates too, are escapes such as `\u202e`."""
    text = _HASHES.sub(r"\\u0023", json.dumps(value, ensure_ascii=False, indent=indent))
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)
