"""What each compatibility level asks for, and whether one level promises less than another."""

from collections.abc import Mapping
from typing import Final

from schemaregistry.compat.verdict import Way
from schemaregistry.document.model import Level

_BACKWARD: Final[tuple[Way, ...]] = ("backward",)
_FORWARD: Final[tuple[Way, ...]] = ("forward",)
_BOTH: Final[tuple[Way, ...]] = ("backward", "forward")
WAYS: Final[Mapping[str, tuple[Way, ...]]] = {"backward": _BACKWARD, "forward": _FORWARD, "full": _BOTH}
"""The directions of a level, without regard to `_transitive`."""


def schema_ways(level: Level | None) -> tuple[Way, ...]:
    """Return the directions in which a level (None: the default level) asks about the JSON side."""
    return WAYS[_plain(level or "backward")]


def column_ways(level: Level | None) -> tuple[Way, ...]:
    """Return the directions in which a level asks about the columns; the default is both.

    Old and new readers are at work at the same time, and both depend on a column's physical type.
    """
    return WAYS[_plain(level or "full")]


def is_transitive(level: Level | None) -> bool:
    """Tell whether a level asks for a judgement against the whole history."""
    return level is not None and level.endswith("_transitive")


def promises_less(new: Level | None, old: Level | None) -> bool:
    """Tell whether `new` leaves out a direction that `old` asks for, of either side, or the history."""
    return (
        not {*schema_ways(old)} <= {*schema_ways(new)}
        or not {*column_ways(old)} <= {*column_ways(new)}
        or (is_transitive(old) and not is_transitive(new))
    )


def _plain(level: Level) -> str:
    return level.removesuffix("_transitive")
