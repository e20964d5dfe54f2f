"""What a Parquet file's footer says of its column chunks. Reads no page.

pyarrow's own view of a chunk ends the process where the chunk is encrypted, or isn't there: the exception that
Parquet's C++ throws has no way out of it. So the footer is read here before pyarrow is asked for any column.

Source: parquet.thrift of Apache Parquet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from schemaregistry.data.readers.thrift import CompactProtocol

_TAIL: Final = 8
"""Bytes after the footer: its length and the magic."""


class ColumnChunk(NamedTuple):
    """One column of one row group: sizes in bytes, offsets in the file; `path` as names joined by dots.

    `has_deltas`: its texts are stored as what differs from the one before, which some writers fall back to.
    """

    path: str
    column: str
    is_encrypted: bool
    values: int
    packed: int
    size: int
    data_page: int
    dictionary_page: int | None
    has_deltas: bool = False

    @property
    def offset(self) -> int:
        """Where it starts."""
        return min(self.dictionary_page or self.data_page, self.data_page)


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Some rows, with a chunk for each leaf of the schema."""

    rows: int
    size: int
    chunks: tuple[ColumnChunk, ...]


def row_groups(stream: BinaryIO, size: int) -> list[RowGroup]:
    """The row groups of a file of `size` bytes that ends as Parquet does. Raises ValueError for a damaged footer."""
    stream.seek(size - _TAIL)
    length = int.from_bytes(stream.read(4), "little")
    start = max(0, size - _TAIL - length)
    stream.seek(start)
    try:
        return list(_row_groups(CompactProtocol(stream.read(size - _TAIL - start))))
    except IndexError:
        raise ValueError("the footer ends within its list of row groups") from None


def _row_groups(footer: CompactProtocol) -> Iterator[RowGroup]:
    for number, kind in footer.fields():
        if number == 4:
            yield from (_row_group(footer) for _ in footer.items())
        else:
            footer.skip(kind)


def _row_group(footer: CompactProtocol) -> RowGroup:
    rows, size, chunks = 0, 0, tuple[ColumnChunk, ...]()
    for number, kind in footer.fields():
        match number:
            case 1:
                chunks = tuple(_chunk(footer) for _ in footer.items())
            case 2:
                size = footer.integer()
            case 3:
                rows = footer.integer()
            case _:
                footer.skip(kind)
    return RowGroup(rows, size, chunks)


def _chunk(footer: CompactProtocol) -> ColumnChunk:
    chunk: ColumnChunk | None = None
    is_encrypted, path = False, tuple[bytes, ...]()
    for number, kind in footer.fields():
        match number:
            case 3:
                chunk = _metadata(footer)
            case 8:
                is_encrypted, path = True, _encrypted_path(footer)
            case 9:
                is_encrypted = True
                footer.skip(kind)
            case _:
                footer.skip(kind)
    if chunk is None and not is_encrypted:
        raise ValueError("a column chunk has no metadata")
    chunk = chunk or ColumnChunk(*_names(path), False, 0, 0, 0, 0, None)
    return chunk._replace(is_encrypted=is_encrypted) if is_encrypted else chunk


def _metadata(footer: CompactProtocol) -> ColumnChunk:
    path: tuple[bytes, ...] = ()
    numbers: dict[int, int] = {}
    has_deltas = False
    for number, kind in footer.fields():
        if number == 2:
            has_deltas = not _DELTAS.isdisjoint([footer.integer() for _ in footer.items()])
        elif number == 3:
            path = _texts(footer)
        elif number in _NUMBERS:
            numbers[number] = footer.integer()
        else:
            footer.skip(kind)
    values, size, packed, data_page = (numbers.get(number, 0) for number in (5, 6, 7, 9))
    return ColumnChunk(*_names(path), False, values, packed, size, data_page, numbers.get(11), has_deltas)


_DELTAS: Final = frozenset((6, 7))
"""DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY."""
_NUMBERS: Final = frozenset((5, 6, 7, 9, 11))
"""num_values, total_uncompressed_size, total_compressed_size, data_page_offset, dictionary_page_offset."""


def _encrypted_path(footer: CompactProtocol) -> tuple[bytes, ...]:
    """The path in ENCRYPTION_WITH_COLUMN_KEY, whose column may have no other metadata; else nothing."""
    path: tuple[bytes, ...] = ()
    for way, kind in footer.fields():
        if way != 2:
            footer.skip(kind)
            continue
        for number, inner in footer.fields():
            if number == 1:
                path = _texts(footer)
            else:
                footer.skip(inner)
    return path


def _texts(footer: CompactProtocol) -> tuple[bytes, ...]:
    return tuple(footer.binary() for _ in footer.items())


def _names(path: tuple[bytes, ...]) -> tuple[str, str]:
    """The whole path and its first name. What isn't UTF-8 is refused where the schema is read."""
    names = [part.decode(errors="replace") for part in path] or [""]
    return ".".join(names), names[0]
