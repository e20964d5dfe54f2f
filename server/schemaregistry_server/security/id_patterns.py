"""Patterns of document ids: an id, or a prefix followed by `*`; `*` alone matches every id."""

import re
from collections.abc import Iterable
from typing import Final

from schemaregistry.document.message_text import shown
from schemaregistry.document.naming import ID_PATTERN
from schemaregistry.errors import InvalidArgument

_PATTERN: Final = re.compile(rf"{ID_PATTERN}|[a-z][a-z0-9_]{{0,127}}\*|\*")
"""A prefix is the beginning of an id, so `Ticks_*` or `ticks-*`, which could match nothing, are refused."""


def check_pattern(text: str) -> str:
    """Return `text` if it is a pattern of ids. Raises InvalidArgument (BAD_ID_PATTERN) where it isn't."""
    if not _PATTERN.fullmatch(text):
        raise InvalidArgument(
            f"{shown(text)} is no pattern of ids. Write an id (ticks_v1), the beginning of ids and * (ticks_*), "
            "or * alone for every id.",
            reason="BAD_ID_PATTERN",
        )
    return text


def matches(patterns: Iterable[str], id_: str) -> bool:
    """Whether one of `patterns`, which `check_pattern` has passed, matches the id."""
    return any(_matches(pattern, id_) for pattern in patterns)


def _matches(pattern: str, id_: str) -> bool:
    return id_.startswith(pattern[:-1]) if pattern.endswith("*") else id_ == pattern
