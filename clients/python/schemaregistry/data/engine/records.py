"""JSON records as values, and how a line is read as one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemaregistry.data.arrow import json_text
from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.literals import exactly
from schemaregistry.document import Json


@dataclass(frozen=True, slots=True)
class Records:
    """Consecutive records of a file, as JSON, with the line of each: its number, and its text.

    `renamed` has for each record the members that have another name than in the line, with that name.
    """

    values: Sequence[Json]
    lines: Sequence[int]
    texts: Sequence[bytes] = ()
    renamed: Sequence[Mapping[str, str]] = ()

    def filter(self, mask: Mask) -> "Records":
        """The records that are marked."""
        kept = np.flatnonzero(mask).tolist()
        return Records(
            [self.values[index] for index in kept],
            [self.lines[index] for index in kept],
            [self.texts[index] for index in kept] if self.texts else (),
            [self.renamed[index] for index in kept] if self.renamed else (),
        )


def read_line(line: bytes) -> Json:
    """One JSON value (`jsontext.read`); raises ValueError for anything else."""
    return json_text.read(line.decode())


def read_exactly(line: bytes) -> Json:
    """The same, with each number that isn't an integer as a Decimal: for decimal columns."""
    read_line(line)
    return json.loads(line, parse_float=exactly, parse_int=json_text.integer)
