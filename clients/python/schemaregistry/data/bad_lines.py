"""Lines of a text file that are no records of its format: where they stand and what is wrong. Judges nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemaregistry.data.faults import Unreadable

MOST_BAD_LINES: Final = 10_000
"""Lines of a file that are set aside for being no records; with more it is another file than it is taken for."""


@dataclass(frozen=True, slots=True)
class BadLines:
    """Consecutive lines of a file that are no records: number and text of each, and what is wrong with the first.

    `rule` is the format whose rule they break. `cut_off`: the file ends within the last of them.
    """

    rule: str
    expected: str
    lines: Sequence[int]
    texts: Sequence[bytes]
    fault: Unreadable
    cut_off: bool = False
