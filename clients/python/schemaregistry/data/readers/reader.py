"""The protocol of readers: each yields the schema of a file and then its rows, batch by batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import pyarrow as pa

from schemaregistry.data.readers.lines import Proven
from schemaregistry.data.readers.rows import Rows


@dataclass(frozen=True, slots=True)
class FileSchema:
    """The columns of a file as far as it has been read; a reader yields it before the rows with these columns.

    `notes` are pairs of a place and a remark on how its column was read. A remark goes into the report only if every
    value at the place fits its type.
    """

    schema: pa.Schema
    notes: Sequence[tuple[int, str]] = ()


ReadPart: TypeAlias = FileSchema | Rows | Proven
"""What a reader yields."""


class Reader(Protocol):
    """An iterable over one file of one format."""

    @property
    def position(self) -> int:
        """Bytes of the file on disk read so far, for progress."""
        ...

    def __iter__(self) -> Iterator[ReadPart]:
        """Yield the schema and the rows in the file's order. Raises UnreadableFile where the file is damaged."""
        ...
