"""Find a second file behind the first, as `cat a.parquet b.parquet` writes it.

Readers of Parquet and Arrow IPC files go by the last footer, whose offsets count from the start of its own file. In
such a file they find the first file's data there, and the rows of one of the files vanish.
"""

import struct
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import pyarrow as pa

from schemaregistry.data.report.unreadable import READ_ERRORS, UnreadableFile

_PIECE: Final = 1 << 20
"""Bytes searched at a time."""
_LENGTH: Final = 4
"""Bytes of a footer's length, which stands before the magic at a file's end."""
_BLOCK: Final = struct.Struct("<qi4xq")
"""Offset, length of the metadata and of the body: Block in File.fbs of Apache Arrow."""


def refuse_second_file(path: str, stream: BinaryIO, magic: bytes, room: int, opened: Callable[[Any], Any]) -> None:
    """Raise UnreadableFile (CORRUPT) where one file ends, and another starts, within the first `room` bytes.

    `room` is the number of bytes between the end of the data that the last footer lists and this footer. What comes
    before the last file takes as many bytes at most, since all that the footer lists is in the last file; other files
    have only a few there, such as page indexes. `opened` opens a file of the format by its footer, so that no text in
    the data is taken for a file's end.
    """
    seam, start = magic + magic, 0
    while start < room:
        stream.seek(start)
        piece = stream.read(min(_PIECE, room - start) + len(seam))
        found = piece.find(seam)
        while found >= 0:
            second = start + found + len(magic)
            if _ends_a_file(stream, magic, second, opened):
                message = "two files one after another: give each a file of its own"
                raise UnreadableFile(path, "CORRUPT", message, offset=second)
            found = piece.find(seam, found + 1)
        start += _PIECE


def _ends_a_file(stream: BinaryIO, magic: bytes, end: int, opened: Callable[[Any], Any]) -> bool:
    tail = _LENGTH + len(magic)
    stream.seek(max(end - tail, 0))
    length = int.from_bytes(stream.read(_LENGTH), "little")
    if not 0 < length <= end - tail - len(magic):
        return False
    stream.seek(end - tail - length)
    # A file without data: the footer between the two magics, the first filled up to 8 bytes as Arrow does.
    footer = magic.ljust(8, b"\0") + stream.read(length + tail)
    try:
        opened(pa.BufferReader(footer))
    except READ_ERRORS:
        return False
    return True


def ipc_room(stream: BinaryIO, size: int, magic: bytes) -> int:
    """Return how many bytes lie between the last block that an Arrow IPC file's footer lists and the footer.

    Source: Footer in File.fbs of Apache Arrow, and the binary format of FlatBuffers. 0 for a damaged footer.
    """
    tail = _LENGTH + len(magic)
    stream.seek(max(size - tail, 0))
    length = int.from_bytes(stream.read(_LENGTH), "little")
    start = size - tail - length
    if start < 0:
        return 0
    stream.seek(start)
    footer = stream.read(length)
    try:
        ends = [offset + header + body for offset, header, body in (*_blocks(footer, 2), *_blocks(footer, 3))]
    except struct.error:
        return 0
    return max(start - max(ends, default=0), 0)


def _blocks(footer: bytes, field: int) -> list[tuple[int, int, int]]:
    """Read a vector of blocks: field 2 of the footer is the dictionaries, 3 the record batches."""
    (table,) = struct.unpack_from("<I", footer)
    (back,) = struct.unpack_from("<i", footer, table)
    fields = table - back
    if fields < 0:
        raise struct.error
    (size,) = struct.unpack_from("<H", footer, fields)
    at = fields + 4 + 2 * field
    # A footer by an older writer may lack the last fields.
    step = struct.unpack_from("<H", footer, at)[0] if at < fields + size else 0
    if not step:
        return []
    vector = table + step + struct.unpack_from("<I", footer, table + step)[0]
    (count,) = struct.unpack_from("<I", footer, vector)
    if count * _BLOCK.size > len(footer):
        raise struct.error
    return [_BLOCK.unpack_from(footer, vector + 4 + number * _BLOCK.size) for number in range(count)]
