"""Sources: a file with its format and compression, and the stream of its bytes.

`discovery.py` decides which files are read.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from schemaregistry.data.readers.compression import COMPRESSED, SUFFIXES, Compression, Unpacked
from schemaregistry.data.report.facts import Fault
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document.model import PLAIN_CSV, CsvDialect

FORMATS: Final = ("parquet", "arrow", "csv", "ndjson", "json")
"""Names of the formats, as `--format` takes them."""
TEXT_FORMATS: Final = ("csv", "ndjson", "json")
"""The formats that may be compressed as a whole file."""

MAGIC: Final = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"))
"""The first bytes of the binary formats."""


_HEAD: Final = 64
"""Bytes looked at to recognize a format."""
_MAGIC_HEAD: Final = 10
"""Bytes of these that show a compression or a binary format."""
_NAME_AT: Final = 30
"""Where the first member's name stands in a zip archive (PKWARE APPNOTE.TXT, 4.3.7)."""
_OFFICE: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"mimetypeapplication/vnd.oasis")
"""What the first member of a workbook is called; in OpenDocument its content follows its name."""
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of workbooks of Excel before 2007."""
_WORKBOOK: Final = "an Excel workbook or another Office document: export it as CSV"
_UTF16: Final = re.compile(rb"\xff\xfe|\xfe\xff|[\[{\s]\0|\0[\[{\s]")
"""How JSON in UTF-16 begins: with a byte order mark, or an ASCII character in two bytes."""
_FEATHER: Final = b"FEA1"
"""The first bytes of Feather version 1."""
_BEYOND_TEXT: Final = re.compile(rb"[^\t\n\r\x20-\x7e]|1AY&SY")
"""Bytes that no CSV header has: control characters, and bzip2's block magic (`BZh` alone may be a column's name)."""


class FileState(NamedTuple):
    """What tells a file from a changed or another one under its name: device, inode, bytes, time of the last write."""

    device: int
    inode: int
    size: int
    written_ns: int


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read. `fault` is why it can't be read, where that is known beforehand.

    `note` goes into the report; `given` is the file name, directory or glob on the command line that found the file.
    """

    path: str
    format: str
    compression: Compression | None = None
    csv: CsvDialect = PLAIN_CSV
    """The CSV options of the command line; they take precedence over the contract's."""
    fault: Fault | None = None
    note: str = ""
    given: str = ""

    @property
    def size(self) -> int:
        """Size on disk in bytes."""
        return 0 if self.fault else Path(self.path).stat().st_size

    @property
    def state(self) -> FileState | None:
        """The file's state now; None for what isn't a regular file, or is gone."""
        return state_of(self.path)

    @property
    def remark(self) -> str:
        """A note for the report on how the source was found or read; empty for none."""
        return self.note

    def opened(self) -> Any:
        """Open the file for reading bytes; the stream has `peek`."""
        return Path(self.path).open("rb")


def state_of(path: str) -> FileState | None:
    """Return the state of a regular file; None for anything else, and where there is nothing."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def open_native(path: str) -> Any:
    """Open a file with Arrow's own file class, by the bytes of its name, which need not be UTF-8."""
    name: Any = os.fsencode(path)
    return pa.OSFile(name, "r")


def other_format(head: bytes) -> str:
    """Say which other format a file's first bytes show and what to do about it; empty where they show none."""
    is_zip = head.startswith(b"PK\x03\x04")
    if head.startswith(_OLE) or (is_zip and head.startswith(_OFFICE, _NAME_AT)):
        return _WORKBOOK
    if head.startswith(_FEATHER):
        return "Feather version 1: write it anew as Arrow IPC, which is Feather version 2"
    head = head[:_MAGIC_HEAD]
    for magic, compression in COMPRESSED:
        if head.startswith(magic) and _BEYOND_TEXT.search(head):
            suffix = next(end for end, name in SUFFIXES.items() if name == compression)
            return f"{compression}: let its name end in {suffix}"
    for magic, name in MAGIC:
        if head.startswith(magic) and _BEYOND_TEXT.search(head):
            return f"{name}: let its name say so, or say --format {name}"
    return ""


def _refuse_utf16(source: Source, head: bytes) -> None:
    """Raise UnreadableFile (BAD_ENCODING) for JSON in UTF-16, by its mark or the NUL in its first letter."""
    if source.format != "csv" and _UTF16.match(head):
        message = "it is UTF-16, and JSON is UTF-8: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)"
        raise UnreadableFile(source.path, "BAD_ENCODING", message, offset=0, line=1)


class Input:
    """The bytes of a source, decompressed while they are read."""

    def __init__(self, source: Source) -> None:
        """Open the source.

        Raises UnreadableFile: WRONG_FORMAT for a text file that starts as another format does, TRUNCATED for an empty
        file whose name says that it is compressed.
        """
        self._file: Any = source.opened()
        # peek may return more bytes than were asked for.
        head = self._file.peek(_HEAD)[:_HEAD]
        if not source.compression and (other := other_format(head)):
            self._file.close()
            raise UnreadableFile(source.path, "WRONG_FORMAT", f"not {source.format}: it is {other}", offset=0)
        if not source.compression:
            try:
                _refuse_utf16(source, head)
            except UnreadableFile:
                self._file.close()
                raise
        if source.compression and not head:
            self._file.close()
            message = f"the file is empty: not even the start of {source.compression} is there"
            raise UnreadableFile(source.path, "TRUNCATED", message, offset=0)
        self._source = source
        self._stream = Unpacked(source.path, self._file, source.compression) if source.compression else self._file
        self._head: bytes | None = None if source.compression else b""

    @property
    def position(self) -> int:
        """Bytes of the file on disk read so far, before decompression."""
        return int(self._file.tell())

    def passed_over(self, _offset: int) -> int:
        """Return 0: every line of the file is in the text. (`CsvText` leaves comments out.)"""
        return 0

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end.

        Raises UnreadableFile: CORRUPT for damaged data, WRONG_FORMAT where what was packed isn't text.
        """
        if self._head is None:
            self._head = self._first_bytes()
        ready, self._head = self._head[:size], self._head[size:]
        left = size - len(ready)
        return ready + self._stream.read(left) if left else ready

    def _first_bytes(self) -> bytes:
        """Decompress the first bytes. Raises UnreadableFile (WRONG_FORMAT) where they show another format."""
        head: bytes = self._stream.read(_HEAD)
        if other := other_format(head):
            what = f"not {self._source.format}: within the {self._source.compression} it is {other.partition(':')[0]}"
            raise UnreadableFile(self._source.path, "WRONG_FORMAT", f"{what}: unpack it", offset=0)
        _refuse_utf16(self._source, head)
        return head

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()
