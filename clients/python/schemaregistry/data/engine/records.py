"""JSON records, and the parsing of a line as one."""

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
    """Consecutive JSON records of a file, with the number and text of each one's line.

    `renamed` has, for each record, the members that `clean` renamed: the new name, and the name in the line.
    """

    values: Sequence[Json]
    lines: Sequence[int]
    texts: Sequence[bytes] = ()
    renamed: Sequence[Mapping[str, str]] = ()

    def filter(self, mask: Mask) -> "Records":
        """Return the records where `mask` is true."""
        kept = np.flatnonzero(mask).tolist()
        return Records(
            [self.values[index] for index in kept],
            [self.lines[index] for index in kept],
            [self.texts[index] for index in kept] if self.texts else (),
            [self.renamed[index] for index in kept] if self.renamed else (),
        )


def read_line(line: bytes) -> Json:
    """Parse one JSON value strictly (`json_text.read`). Raises ValueError for anything else."""
    return json_text.read(line.decode())


def read_exactly(line: bytes) -> Json:
    """Parse a line like `read_line`, with every number that isn't an integer as a Decimal: for decimal columns."""
    # For its errors: json.loads alone accepts duplicate names, NaN and lone surrogates.
    read_line(line)
    return json.loads(line, parse_float=exactly, parse_int=json_text.integer)
