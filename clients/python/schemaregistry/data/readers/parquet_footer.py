"""Parse the column chunks listed in a Parquet file's footer.

pyarrow's own view of a chunk ends the process where the chunk is encrypted or missing: the C++ exception isn't
translated to Python. So the footer is parsed here before pyarrow is asked for any column.

Source: parquet.thrift of Apache Parquet; the numbers below are its field numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from schemaregistry.data.readers.thrift import CompactProtocol

_TAIL: Final = 8
"""Bytes after the footer: its length and the magic."""


class ColumnChunk(NamedTuple):
    """One column of one row group: sizes in bytes, offsets in the file; `path` has the schema's names joined by dots.

    `column` is the first name of the path. `has_deltas`: some texts are stored as differences from the text before, an
    encoding that some writers fall back to from dictionaries.
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
        """The offset of the first page."""
        return min(self.dictionary_page or self.data_page, self.data_page)


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Consecutive rows, with a chunk for each leaf column of the schema; `size` in decompressed bytes."""

    rows: int
    size: int
    chunks: tuple[ColumnChunk, ...]


def row_groups(stream: BinaryIO, size: int) -> list[RowGroup]:
    """Parse the row groups of a file of `size` bytes, whose magic was checked.

    Raises ValueError for a damaged footer.
    """
    start = footer_start(stream, size)
    stream.seek(start)
    try:
        return list(_row_groups(CompactProtocol(stream.read(size - _TAIL - start))))
    except IndexError:
        raise ValueError("the footer ends within its list of row groups") from None


def footer_start(stream: BinaryIO, size: int) -> int:
    """Return the offset of the footer of a file of `size` bytes, whose magic was checked."""
    stream.seek(size - _TAIL)
    return max(0, size - _TAIL - int.from_bytes(stream.read(4), "little"))


def _row_groups(footer: CompactProtocol) -> Iterator[RowGroup]:
    for number, kind in footer.fields():
        # FileMetaData.row_groups
        if number == 4:
            yield from (_row_group(footer) for _ in footer.items())
        else:
            footer.skip(kind)


def _row_group(footer: CompactProtocol) -> RowGroup:
    rows, size, chunks = 0, 0, tuple[ColumnChunk, ...]()
    for number, kind in footer.fields():
        match number:
            case 1:
                # RowGroup.columns
                chunks = tuple(_chunk(footer) for _ in footer.items())
            case 2:
                # total_byte_size
                size = footer.integer()
            case 3:
                # num_rows
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
                # ColumnChunk.meta_data
                chunk = _metadata(footer)
            case 8:
                # crypto_metadata
                is_encrypted, path = True, _encrypted_path(footer)
            case 9:
                # encrypted_column_metadata
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
            # ColumnMetaData.encodings
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
"""The encodings DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY."""
_NUMBERS: Final = frozenset((5, 6, 7, 9, 11))
"""num_values, total_uncompressed_size, total_compressed_size, data_page_offset, dictionary_page_offset."""


def _encrypted_path(footer: CompactProtocol) -> tuple[bytes, ...]:
    """Return the path from ENCRYPTION_WITH_COLUMN_KEY, as such a column may lack metadata; empty for another one."""
    path: tuple[bytes, ...] = ()
    for way, kind in footer.fields():
        # The union ColumnCryptoMetaData: 1 is ENCRYPTION_WITH_FOOTER_KEY, which has no path.
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
    """Return the whole path and its first name.

    Names that aren't UTF-8 are rejected with the schema, in `schemas.py`.
    """
    names = [part.decode(errors="replace") for part in path] or [""]
    return ".".join(names), names[0]
