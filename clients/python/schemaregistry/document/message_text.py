"""Shorten a document's names and values for a message, and suggest the name that was meant."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from schemaregistry.document.model import Json

MAX_SHOWN: Final = 60
"""Characters of a name or value in a message."""
MAX_COMPARED: Final = 1000
"""Known names among which `meant` looks; the time of difflib grows with their number."""


def cut(text: str, most: int = MAX_SHOWN) -> str:
    """Return the text, or where it is longer than `most` characters its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shown(value: Json) -> str:
    """Return the JSON text of a value, cut after MAX_SHOWN characters; a string is in quotes."""
    return cut(json.dumps(value, ensure_ascii=False))


def meant(name: str, known: Iterable[str]) -> str:
    """Return a question with the most similar known name, to append to a sentence; "" where none is similar."""
    if len(name) > MAX_SHOWN:
        return ""
    names = [each for each in known if len(each) <= MAX_SHOWN][:MAX_COMPARED]
    near = get_close_matches(name, names, 1)
    return f" Is {shown(near[0])} meant?" if near else ""
