"""How a document's own names and values stand in a message: short, and on one line. Decides nothing."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from schemaregistry.document.model import Json

MAX_SHOWN: Final = 60
MAX_COMPARED: Final = 1000


def cut(text: str, most: int = MAX_SHOWN) -> str:
    """The text, or its beginning and an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shown(value: Json) -> str:
    """The JSON text of a value, cut where it is long; a string is in its quotes."""
    return cut(json.dumps(value, ensure_ascii=False))


def meant(name: str, known: Iterable[str]) -> str:
    """A question after the known name that is nearest, to put behind a sentence; empty where none is near."""
    if len(name) > MAX_SHOWN:
        return ""
    names = [each for each in known if len(each) <= MAX_SHOWN][:MAX_COMPARED]
    near = get_close_matches(name, names, 1)
    return f" Is {shown(near[0])} meant?" if near else ""
