"""What a document says of itself, for lists and their filters. Holds no check: registered documents were checked."""

import json
from dataclasses import dataclass
from sys import intern
from typing import Final

from schemaregistry.document import Json
from schemaregistry.document.subschemas import (
    INNER_MANY,
    INNER_NAMED,
    INNER_ONE,
    SAME_VALUE_MANY,
    SAME_VALUE_NAMED,
    SAME_VALUE_ONE,
    at_inner_values,
    at_same_value,
)


@dataclass(frozen=True, slots=True)
class About:
    """Title, owner and tags as written; `fields` names every property, nested ones too.

    `words` is what a text is looked for in: title and description without their case.
    """

    title: str
    owner: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    words: str


def read(raw: bytes) -> About:
    """Read a registered document: much cheaper than `parse`, which matters for a list of all of them."""
    document = json.loads(raw)
    title = document.get("title", "")
    return About(
        title=title,
        owner=document.get("x-owner", ""),
        tags=tuple(document.get("x-tags", ())),
        # The same names are in many documents: one text for all of them.
        fields=tuple(dict.fromkeys(map(intern, _fields(document)))),
        words=f"{title}\n{document.get('description', '')}".casefold(),
    )


_SUBSCHEMAS: Final = frozenset(
    (*SAME_VALUE_ONE, *SAME_VALUE_MANY, *SAME_VALUE_NAMED, *INNER_ONE, *INNER_MANY, *INNER_NAMED)
)


def _fields(document: Json) -> list[str]:
    names: list[str] = []
    waiting = [document]
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, dict) and not _SUBSCHEMAS.isdisjoint(schema):
            names += schema.get("properties", ())
            waiting += (inner for _, inner in at_same_value(schema, ()))
            waiting += (inner for _, inner in at_inner_values(schema, ()))
    return names
