"""What is to be read: a file with its format, and its bytes. Which files these are is discovery's."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from schemaregistry.data.readers.compression import COMPRESSED, SUFFIXES, Compression, Unpacked
from schemaregistry.data.report.facts import Fault
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document.model import PLAIN_CSV, CsvDialect

FORMATS: Final = ("parquet", "arrow", "csv", "ndjson", "json")
TEXT_FORMATS: Final = ("csv", "ndjson", "json")

MAGIC: Final = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"))
"""How files of a format start."""


_HEAD: Final = 10
_BEYOND_TEXT: Final = re.compile(rb"[^\t\n\r\x20-\x7e]|1AY&SY")
"""What no header of CSV has that starts as a format does by chance: control characters, and how bzip2 goes on."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read; where it is known beforehand that it can't be, `fault` says why.

    `note` is said of it in the report; `given` is the name, directory or glob that it was found by.
    """

    path: str
    format: str
    compression: Compression | None = None
    csv: CsvDialect = PLAIN_CSV
    """What is said of this file's CSV besides what the contract says."""
    fault: Fault | None = None
    note: str = ""
    given: str = ""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return 0 if self.fault else Path(self.path).stat().st_size

    @property
    def remark(self) -> str:
        """What is to be said of how it was read or found; empty where nothing is."""
        return self.note

    def opened(self) -> Any:
        """The bytes, from the first, as a binary file with `peek`."""
        return Path(self.path).open("rb")


def open_native(path: str) -> Any:
    """A file as Arrow opens it itself; by the name's bytes, which need not be UTF-8."""
    name: Any = os.fsencode(path)
    return pa.OSFile(name, "r")


def _other(head: bytes) -> str:
    """What a file is that should be text and isn't, and what to do; nothing where its first bytes don't tell."""
    for magic, compression in COMPRESSED:
        if head.startswith(magic) and _BEYOND_TEXT.search(head):
            suffix = next(end for end, name in SUFFIXES.items() if name == compression)
            return f"{compression}: let its name end in {suffix}"
    for magic, name in MAGIC:
        if head.startswith(magic) and _BEYOND_TEXT.search(head):
            return f"{name}: let its name say so, or say --format {name}"
    return ""


class Input:
    """The bytes of a source, decompressed as they are read. `position` counts bytes on disk."""

    def __init__(self, source: Source) -> None:
        """Raises Unreadable: WRONG_FORMAT; TRUNCATED for no bytes at all where they should be compressed."""
        self._file: Any = source.opened()
        head = self._file.peek(_HEAD)[:_HEAD]
        if not source.compression and (other := _other(head)):
            self._file.close()
            raise UnreadableFile(source.path, "WRONG_FORMAT", f"not {source.format}: it is {other}", offset=0)
        if source.compression and not head:
            self._file.close()
            message = f"the file is empty: not even the start of {source.compression} is there"
            raise UnreadableFile(source.path, "TRUNCATED", message, offset=0)
        self._stream = Unpacked(source.path, self._file, source.compression) if source.compression else self._file

    @property
    def position(self) -> int:
        """How far the file on disk has been read."""
        return int(self._file.tell())

    def passed_over(self, _offset: int) -> int:
        """Every line is in it."""
        return 0

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        return self._stream.read(size)

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()
        self._file.close()
