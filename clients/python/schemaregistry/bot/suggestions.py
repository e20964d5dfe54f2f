"""Suggest edits of a document that make a blocked change pass; each is judged before it is shown."""

import json
from difflib import unified_diff
from typing import Final

from schemaregistry.bot.review import SchemaReview, Suggestion
from schemaregistry.document import canonical, loads
from schemaregistry.document.json_places import spans

_LONG_LINE: Final = 240


def larger_version(found: SchemaReview) -> Suggestion | None:
    """Return the edit of `version` by which the change is a large enough step; None where it is one already."""
    new, least = found.document, found.least
    if new is None or least is None or found.stated_bump == "major":
        return None
    if new.version >= least and found.stated_bump not in ("none", "lowered"):
        return None
    text = new.raw.decode()
    at = spans(text)["/version"]
    edited = f"{text[: at.value]}{canonical(str(least)).decode()}{text[at.end :]}"
    return Suggestion(
        "With this version the step is large enough, and readers choose when they take it:", diff(text, edited)
    )


def diff(old: str, new: str) -> tuple[str, ...]:
    """Return the lines that differ, with two around them, as a unified diff without the names of files.

    Documents on few long lines, in which no difference could be seen, are compared as they would be with a line for
    each member.
    """
    if max(map(len, old.splitlines()), default=0) > _LONG_LINE:
        old, new = (json.dumps(loads(text.encode()), indent=2, ensure_ascii=False) for text in (old, new))
    return tuple(unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm=""))[2:]


def suggestions(found: SchemaReview) -> tuple[Suggestion, ...]:
    """Return the edits that make a blocked change pass, the nearest one first."""
    larger = larger_version(found)
    return (larger,) if larger else ()
