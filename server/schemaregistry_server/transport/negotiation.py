"""Content negotiation by `Accept` and `Accept-Encoding` (RFC 9110, sections 12.5.1, 12.5.3 and 12.4.2)."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

# A comma or semicolon within a quoted string separates nothing (RFC 9110, section 5.6.4).
_ITEM: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PART: Final = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
_QUALITY: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


@lru_cache(maxsize=256)
def prefers_text(accept: str) -> bool:
    """Whether `Accept` prefers `text/plain` to JSON: by quality, then by the more specific range, then by position."""
    ranges = list(_ranges(accept))
    text, json = _rank(ranges, "text/plain"), _rank(ranges, "application/json")
    return text is not None and (json is None or text > json)


@lru_cache(maxsize=256)
def chosen_encoding(accept_encoding: str, offered: Sequence[str]) -> str:
    """The encoding of `offered` with the highest quality, the first of several; "" for no encoding (identity)."""
    wanted = {name: quality for name, _, quality in _ranges(accept_encoding)}
    best, best_quality = "", 0.0
    for name in offered:
        quality = wanted.get(name, wanted.get("*", 0.0))
        if quality > best_quality:
            best, best_quality = name, quality
    return best if best_quality >= wanted.get("identity", 0.0) else ""


def _ranges(field: str) -> Iterator[tuple[str, tuple[str, ...], float]]:
    """Yield each item of a header in lower case: its name, its parameters without q, and its quality.

    A missing or invalid quality is 1.
    """
    for item in _ITEM.findall(field):
        name, *parts = (part.strip().lower() for part in _PART.findall(item))
        quality = 1.0
        parameters = []
        for part in parts:
            key, _, value = (piece.strip() for piece in part.partition("="))
            if key == "q":
                quality = float(value) if _QUALITY.fullmatch(value) else 1.0
                break  # parameters after q aren't the media type's
            parameters.append(f"{key}={value}")
        if name:
            yield name, tuple(parameters), quality


def _rank(ranges: list[tuple[str, tuple[str, ...], float]], kind: str) -> tuple[float, int, int] | None:
    """How much a media type is preferred: its quality, how specific its range is, and that range's position.

    The most specific range that matches decides; None where none does, or its quality is 0. A range with a parameter
    other than `charset` is for another type.
    """
    family = f"{kind.partition('/')[0]}/*"
    closest = max(
        (
            ((kind, family, "*/*")[::-1].index(name), -place, quality)
            for place, (name, parameters, quality) in enumerate(ranges)
            if name in {kind, family, "*/*"} and all(each.startswith("charset=") for each in parameters)
        ),
        default=None,
    )
    if closest is None or closest[2] == 0:
        return None
    closeness, place, quality = closest
    return quality, closeness, place
