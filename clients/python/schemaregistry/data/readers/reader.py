"""What every reader gives: the schema of a file, and then its rows, batch by batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import pyarrow as pa

from schemaregistry.data.readers.lines import Proven
from schemaregistry.data.readers.rows import Rows


@dataclass(frozen=True, slots=True)
class FileSchema:
    """The columns of a file as far as it has been read: it comes before the rows that have them.

    `notes` say how columns were read, by place: they hold where every value at the place fits its type in the end.
    """

    schema: pa.Schema
    notes: Sequence[tuple[int, str]] = ()


ReadPart: TypeAlias = FileSchema | Rows | Proven


class Reader(Protocol):
    """What reads one file of one format."""

    @property
    def position(self) -> int:
        """Bytes on disk that are done."""
        ...

    def __iter__(self) -> Iterator[ReadPart]:
        """The schema and the rows, in the file's order; raises Unreadable."""
        ...
