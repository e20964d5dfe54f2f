"""The words for what a check expects, as the report shows them."""

from collections.abc import Iterable, Sequence
from typing import Final

from schemaregistry.document import ArrowType, Json, canonical
from schemaregistry.document.arrow_block import describe

_SHOWN: Final = 10
"""Values of a list that are named; the rest are counted."""


def types(names: Iterable[str]) -> str:
    """Return `string or null`, say."""
    return " or ".join(names)


def values(options: Iterable[Json]) -> str:
    """Return `one of "B", "S"`, say; a single value stands alone."""
    texts = [canonical(option).decode() for option in options]
    if len(texts) == 1:
        return texts[0]
    more = f", … ({len(texts):,} values)" if len(texts) > _SHOWN else ""
    return f"one of {', '.join(texts[:_SHOWN])}{more}"


def bound(keyword: str, limit: Json) -> str:
    """Return `at least 0`, say."""
    words = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    return f"{words[keyword]} {canonical(limit).decode()}"


def count(keyword: str, limit: int) -> str:
    """Return `at least 1 item`, say."""
    noun = "item" if keyword.endswith("Items") else "character"
    return f"at {'least' if keyword.startswith('min') else 'most'} {limit:,} {noun}{'' if limit == 1 else 's'}"


def closed(members: Sequence[str]) -> str:
    """Return `no other than a, b`, say."""
    more = f", … ({len(members):,})" if len(members) > _SHOWN else ""
    return f"no other than {', '.join(members[:_SHOWN])}{more}" if members else "no members"


def fits(kind: ArrowType, json_words: str) -> str:
    """Return `integer (int32)`, say: the words for the JSON side, which may be "", and the Arrow type."""
    if kind.name == "json":
        return "JSON text"
    return f"{json_words} ({describe(kind)})" if json_words else describe(kind)
