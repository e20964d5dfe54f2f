"""What a check expects, in words for the report. Judges nothing."""

from collections.abc import Iterable, Sequence
from typing import Final

from schemaregistry.document import ArrowType, Json, canonical
from schemaregistry.document.arrow_block import describe

_SHOWN: Final = 10
"""Values of a list that are named."""


def types(names: Iterable[str]) -> str:
    """`string or null`."""
    return " or ".join(names)


def values(options: Iterable[Json]) -> str:
    """`one of "B", "S"`, or the value alone where there is one."""
    texts = [canonical(option).decode() for option in options]
    if len(texts) == 1:
        return texts[0]
    more = f", … ({len(texts):,} values)" if len(texts) > _SHOWN else ""
    return f"one of {', '.join(texts[:_SHOWN])}{more}"


def bound(keyword: str, limit: Json) -> str:
    """`at least 0`."""
    words = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    return f"{words[keyword]} {canonical(limit).decode()}"


def count(keyword: str, limit: int) -> str:
    """`at least 1 item`."""
    noun = "item" if keyword.endswith("Items") else "character"
    return f"at {'least' if keyword.startswith('min') else 'most'} {limit:,} {noun}{'' if limit == 1 else 's'}"


def closed(members: Sequence[str]) -> str:
    """`no other columns than a, b`."""
    more = f", … ({len(members):,})" if len(members) > _SHOWN else ""
    return f"no other than {', '.join(members[:_SHOWN])}{more}" if members else "no members"


def fits(kind: ArrowType, said: str) -> str:
    """`integer (int32)`: what the JSON side says and the Arrow type that holds it."""
    if kind.name == "json":
        return "JSON text"
    return f"{said} ({describe(kind)})" if said else describe(kind)
