"""Standard input as a source: read as it comes, or kept in a file for as long as a format needs to go back in it.

A format is told by the first bytes where nobody states it. Reading the format is the readers'.
"""

import sys
import tempfile
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from schemaregistry.data.readers.compression import COMPRESSED
from schemaregistry.data.readers.sources import MAGIC, TEXT_FORMATS, Source
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document.model import PLAIN_CSV, CsvDialect
from schemaregistry.errors import InvalidArgument

NAME: Final = "<stdin>"
_BOM: Final = b"\xef\xbb\xbf"
_IPC_STREAM: Final = b"\xff\xff\xff\xff"
_HEAD: Final = 4096
_CHUNK: Final = 1 << 20
MOST_KEPT: Final = 64 << 30
"""Bytes that are kept in a temporary file; more have to be put into a file by whoever has them."""


class Pipe:
    """A stream that can't go back, but tells what comes next and how much has been read."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self._done = 0
        self.kept = 0
        """Bytes that were put into a file."""

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer only at the end; they stay to be read."""
        self._ahead += self._stream.read(max(size - len(self._ahead), 0))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        ahead, self._ahead = self._ahead[:size], self._ahead[size:]
        data = ahead + self._stream.read(size - len(ahead)) if len(ahead) < size else ahead
        self._done += len(data)
        return data

    def tell(self) -> int:
        """How many bytes have been read."""
        return self._done

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It isn't."""
        return False

    def close(self) -> None:
        """The stream is its owner's."""

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Piped(Source):
    """What comes through a pipe, to be read once."""

    pipe: Pipe = field(kw_only=True)

    @property
    def size(self) -> int:
        """Bytes that have come so far."""
        return self.pipe.tell()

    @property
    def remark(self) -> str:
        """How much was kept in a file, where something was."""
        kept = self.pipe.kept
        return f"{self.path}: {kept:,} bytes were kept in a temporary file while they were checked" if kept else ""

    def opened(self) -> Any:
        """The bytes; in a file that nobody else sees where the format is read from its end."""
        if self.format == "parquet" or self.compression == "zip" or self.pipe.peek(len(b"ARROW1")) == b"ARROW1":
            return self._kept()
        return self.pipe

    def _kept(self) -> Any:
        kept = tempfile.TemporaryFile()  # noqa: SIM115 - the reader closes it
        while chunk := self.pipe.read(_CHUNK):
            if self.pipe.tell() > MOST_KEPT:
                kept.close()
                message = f"more than {MOST_KEPT >> 30} GiB of {self.format} through a pipe: give a file"
                raise UnreadableFile(self.path, "TOO_LARGE", message, offset=MOST_KEPT)
            kept.write(chunk)
        self.pipe.kept = kept.tell()
        kept.seek(0)
        return kept


def piped(stated: str | None, stream: BinaryIO | None = None, csv: CsvDialect = PLAIN_CSV) -> Piped:
    """Standard input, or another stream, as a source of the stated format.

    Raises InvalidArgument: UNKNOWN_FORMAT where the first bytes don't tell it, NO_INPUT for a terminal.
    """
    if stream is None and sys.stdin.isatty():
        raise InvalidArgument("- is standard input, and nothing is piped into it.", reason="NO_INPUT")
    pipe = Pipe(stream or sys.stdin.buffer)
    head = pipe.peek(_HEAD)
    compression = next((name for magic, name in COMPRESSED if head.startswith(magic)), None)
    found = stated or (None if compression else _told(head))
    if found is None:
        message = (
            "The first bytes of standard input don't tell its format. Say --format csv, ndjson, json, parquet or arrow."
        )
        raise InvalidArgument(message, reason="UNKNOWN_FORMAT")
    return Piped(NAME, found, compression if found in TEXT_FORMATS else None, csv, pipe=pipe)


def _told(head: bytes) -> str | None:
    """JSON records start with a brace, an array of them with a bracket. Nothing tells CSV."""
    letter = head.removeprefix(_BOM).lstrip()[:1]
    if letter in (b"{", b"["):
        return "ndjson" if letter == b"{" else "json"
    if head.startswith(_IPC_STREAM):
        return "arrow"
    return next((name for magic, name in MAGIC if head.startswith(magic)), None)
