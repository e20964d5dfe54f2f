"""Edit a JSON text at a JSON pointer and leave every other character as it is."""

import json
import re
from typing import Final

from schemaregistry.document.json_places import JsonSpan, spans
from schemaregistry.document.model import Json

_SPACE: Final = re.compile(r"[ \t\r\n]*")


def text_at(text: str, pointer: str) -> str:
    """Return the text of the value at a pointer. Raises KeyError where nothing is there."""
    span = spans(text)[pointer]
    return text[span.value : span.end]


def replaced(text: str, pointer: str, value: str) -> str:
    """Return the text with another value (as JSON text) at a pointer. Raises KeyError where nothing is there."""
    span = spans(text)[pointer]
    return f"{text[: span.value]}{value}{text[span.end :]}"


def removed(text: str, pointer: str) -> str:
    """Return the text without a member or item. Raises KeyError where it isn't there."""
    span = spans(text)[pointer]
    after = _past_space(text, span.end)
    if text[after : after + 1] == ",":
        return text[: span.start] + text[_past_space(text, after + 1) :]
    before = text[: span.start].rstrip()
    return before.removesuffix(",") + text[span.end :]


def inserted(text: str, within: str, value: str, *, name: str | None = None, at: int | None = None) -> str:
    """Return the text with one more member (by `name`) or item in the object or array at the pointer `within`.

    It becomes the one at the position `at`, or the last one, with the white space that its neighbours have. Raises
    KeyError where nothing is there.
    """
    known = spans(text)
    whole, parts = known[within], _parts(known, within)
    made = value if name is None else f"{json.dumps(name, ensure_ascii=False)}: {value}"
    if not parts:
        inner = f"{text[whole.value]}{made}{text[whole.end - 1]}"
        return f"{text[: whole.value]}{inner}{text[whole.end :]}"
    if at is not None and at < len(parts):
        start = parts[at].start
        return f"{text[:start]}{made},{_space_before(text, parts[-1].start) or ' '}{text[start:]}"
    end = parts[-1].end
    return f"{text[:end]},{_space_before(text, parts[-1].start) or ' '}{made}{text[end:]}"


def as_text(value: Json) -> str:
    """Return a value as JSON text on one line."""
    return json.dumps(value, ensure_ascii=False)


def _parts(known: dict[str, JsonSpan], within: str) -> list[JsonSpan]:
    """Return the members or items of an object or array, in the order of the text."""
    inner = (span for pointer, span in known.items() if pointer and pointer.rpartition("/")[0] == within)
    return sorted(inner, key=lambda span: span.start)


def _space_before(text: str, at: int) -> str:
    return text[len(text[:at].rstrip(" \t\r\n")) : at]


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
