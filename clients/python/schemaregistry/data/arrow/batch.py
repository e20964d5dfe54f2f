"""A batch: consecutive rows of a file by column, as a reader read them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask, flat
from schemaregistry.data.arrow.types import Array, DataType, Field

_UNNAMED: Final[dict[bytes | str, bytes | str]] = {b"schemaregistry": b"unnamed"}
"""Metadata of a field whose column has no name in the file."""


def field_of(name: str, kind: DataType, unnamed: Collection[str]) -> Field:
    """Return a column's field, marked where the name is one of `unnamed`."""
    return pa.field(name, kind, metadata=_UNNAMED if name in unnamed else None)


def is_unnamed(column: Field) -> bool:
    """Whether a field was marked by `field_of`."""
    metadata: Any = column.metadata
    return bool(metadata) and metadata.items() >= _UNNAMED.items()


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows by column; `texts` and `misfits` are by place.

    In text formats `texts` are the fields as they stand in the file, `misfits` mark those that couldn't be read as
    their type (they are null in the column), and `line_of` returns the line of a row. `is_utf8`: all texts are known to
    be UTF-8. `unnamed` are columns without a name in the file: a row has a value there, or no such member.
    """

    columns: Mapping[str, Array]
    rows: int
    misfits: Mapping[int, Mask] = field(default_factory=dict)
    texts: Mapping[int, Array] = field(default_factory=dict)
    line_of: Callable[[int], int] | None = None
    is_utf8: bool = False
    unnamed: frozenset[str] = frozenset()

    @property
    def schema(self) -> pa.Schema:
        """The column names with the types of their arrays."""
        return pa.schema([field_of(name, array.type, self.unnamed) for name, array in self.columns.items()])

    def filter(self, mask: Mask) -> "Batch":
        """Return the rows where `mask` is true."""
        chosen, kept = pa.array(mask), np.flatnonzero(mask)
        line = self.line_of
        return Batch(
            # Arrow's filter doesn't support every layout.
            columns={name: flat(column).filter(chosen) for name, column in self.columns.items()},
            rows=len(kept),
            misfits={place: misfits[mask] for place, misfits in self.misfits.items()},
            texts={place: texts.filter(chosen) for place, texts in self.texts.items()},
            line_of=None if line is None else lambda row: line(int(kept[row])),
            is_utf8=self.is_utf8,
            unnamed=self.unnamed,
        )

    def slice(self, start: int, stop: int) -> "Batch":
        """Return the rows from `start` up to but without `stop`."""
        line, count = self.line_of, stop - start
        return Batch(
            columns={name: column.slice(start, count) for name, column in self.columns.items()},
            rows=count,
            misfits={place: mask[start:stop] for place, mask in self.misfits.items() if mask[start:stop].any()},
            texts={place: texts.slice(start, count) for place, texts in self.texts.items()},
            line_of=None if line is None else lambda row: line(start + row),
            is_utf8=self.is_utf8,
            unnamed=self.unnamed,
        )
