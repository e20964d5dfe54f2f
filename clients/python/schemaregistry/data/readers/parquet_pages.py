"""Check the page headers of a Parquet file before pyarrow reads a page.

pyarrow allocates and clears as many bytes as a header states before it notices that the page isn't as large: a file of
some kilobytes with one wrong byte takes gigabytes. So every header is compared with the footer's sizes of its column.

Source: parquet.thrift of Apache Parquet.
"""

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, NamedTuple

from schemaregistry.data.readers.parquet_footer import ColumnChunk, RowGroup
from schemaregistry.data.readers.thrift import CompactProtocol
from schemaregistry.data.report.unreadable import UnreadableFile

_USUAL: Final = 256
"""Bytes that hold nearly every header."""
_LARGEST: Final = 16 << 20
"""Bytes of the largest header; pyarrow has the same limit."""
_SIZE_TOLERANCE: Final = 100
"""Bytes by which a column's sizes may be short: some writers don't count the header of the dictionary page."""
_SMALL: Final = 1 << 20
"""Bytes of a page that are allowed whatever the footer says: some writers state its sizes carelessly."""
_BOMB_BYTES: Final = 256 << 20
"""Decompressed bytes held at a time from which the compression ratio is limited."""
_BOMB_VALUES: Final = 1 << 27
"""Number of values from which the values for each compressed byte are limited."""
_BOMB_RATIO: Final = 500
"""The largest ratio of decompressed bytes, or of values, to compressed bytes."""
_DATA, _DICTIONARY, _DATA_2 = 5, 7, 8
"""Field numbers of PageHeader that hold the header of a data page, a dictionary page and a data page of version 2."""


class PageHeader(NamedTuple):
    """One page: `offset` in the file, sizes in bytes of the header, the decompressed and the compressed page.

    `kind` is the field number of the kind of page; 0 for a kind without values.
    """

    offset: int
    header: int
    size: int
    packed: int
    values: int
    kind: int


def refuse_bombs(path: str, stream: BinaryIO, groups: Iterable[RowGroup], names: Iterable[str]) -> None:
    """Reject pages that would take far more memory than their file has bytes, in the columns `names`.

    Raises UnreadableFile: CORRUPT where a header states more than the footer does, DECOMPRESSION_BOMB where both state
    too much.
    """
    wanted, file, size = frozenset(names), stream.fileno(), os.fstat(stream.fileno()).st_size
    for group in groups:
        held = packed = 0
        for chunk in group.chunks:
            if chunk.column not in wanted:
                continue
            if chunk.values > max(group.rows, _BOMB_VALUES) and chunk.values > _BOMB_RATIO * chunk.packed:
                raise _bomb(path, chunk, f"{chunk.packed:,} bytes", f"{chunk.values:,} values", chunk.offset)
            _refuse_outside(path, chunk, size)
            largest = None
            for page in pages(path, file, chunk):
                _refuse(path, chunk, page)
                largest = page if largest is None or page.size > largest.size else largest
            # pyarrow holds one page of each column at a time, in the worst case the largest ones.
            held += largest.size if largest else 0
            packed += largest.packed if largest else 0
            if held > _BOMB_BYTES and held > _BOMB_RATIO * packed:
                raise _bomb(path, chunk, f"pages of {packed:,} bytes up to that", f"{held:,} at a time", chunk.offset)


def _refuse_outside(path: str, chunk: ColumnChunk, size: int) -> None:
    if chunk.offset < 0 or chunk.packed < 0 or chunk.offset + chunk.packed > size:
        message = (
            f'"{chunk.path}" is at byte {chunk.offset:,} with {chunk.packed:,} bytes, says the footer, '
            f"and the file has {size:,}"
        )
        raise UnreadableFile(path, "CORRUPT", message, offset=size)


def _refuse(path: str, chunk: ColumnChunk, page: PageHeader) -> None:
    end = chunk.offset + chunk.packed + _SIZE_TOLERANCE
    wrong = ""
    if page.packed < 0 or page.offset + page.header + page.packed > end:
        left = max(end - page.offset - page.header, 0)
        wrong = f"has {page.packed:,} bytes where its column has {left:,} left"
    elif page.size < 0 or page.size > max(chunk.size + _SIZE_TOLERANCE, _SMALL):
        wrong = f"becomes {page.size:,} bytes, and its whole column {chunk.size:,}"
    elif page.kind == _DICTIONARY and page.values > page.size:
        wrong = f"is a dictionary of {page.values:,} values in {page.size:,} bytes"
    elif page.values < 0:
        wrong = f"has {page.values:,} values"
    if wrong:
        message = f'a page of "{chunk.path}" {wrong}, it says: the file is damaged'
        raise UnreadableFile(path, "CORRUPT", message, offset=page.offset)
    if page.values > _BOMB_VALUES and page.values > _BOMB_RATIO * page.packed:
        raise _bomb(path, chunk, f"{page.packed:,} bytes", f"{page.values:,} values", page.offset)


def _bomb(path: str, chunk: ColumnChunk, packed: str, would_be: str, offset: int) -> UnreadableFile:
    message = f'{packed} of "{chunk.path}" would become {would_be}: write smaller row groups and pages'
    return UnreadableFile(path, "DECOMPRESSION_BOMB", message, offset=offset)


def pages(path: str, file: int, chunk: ColumnChunk) -> Iterator[PageHeader]:
    """Yield the headers of the pages that hold a column's values; bytes after the last value aren't read."""
    at, end, values = chunk.offset, chunk.offset + chunk.packed, 0
    while values < chunk.values and at < end:
        page = _page(path, file, chunk, at)
        yield page
        at += page.header + page.packed
        if page.kind in (_DATA, _DATA_2):
            values += page.values


def _page(path: str, file: int, chunk: ColumnChunk, at: int) -> PageHeader:
    length = _USUAL
    while True:
        # pread doesn't move the stream's position.
        data = os.pread(file, length, at)
        try:
            return _header(CompactProtocol(data), at)
        except IndexError:
            if len(data) < length or length >= _LARGEST:
                message = f'a page\'s header of "{chunk.path}" ends nowhere'
                raise UnreadableFile(path, "CORRUPT", message, offset=at) from None
            # The header was longer than what was read: statistics in it may hold long values.
            length *= 16
        except ValueError:
            message = f'there is no page of "{chunk.path}" where one should be'
            raise UnreadableFile(path, "CORRUPT", message, offset=at) from None


def _header(header: CompactProtocol, at: int) -> PageHeader:
    size = packed = values = kind = 0
    for number, form in header.fields():
        if number == 2:
            # PageHeader.uncompressed_page_size
            size = header.integer()
        elif number == 3:
            # compressed_page_size
            packed = header.integer()
        elif number in (_DATA, _DICTIONARY, _DATA_2):
            kind, values = number, _values(header)
        else:
            header.skip(form)
    return PageHeader(at, header.position, size, packed, values, kind)


def _values(header: CompactProtocol) -> int:
    """Return the number of values of a page: in each kind of header it is field 1.

    The rest is skipped at once, since a file has very many headers.
    """
    for number, form in header.fields():
        if number == 1:
            values = header.integer()
            header.skip_rest()
            return values
        header.skip(form)
    return 0
