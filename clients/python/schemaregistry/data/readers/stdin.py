"""Standard input as a source: read while it arrives, or spooled to a temporary file for formats that need to seek.

The format is recognized by the first bytes unless `--format` states it.
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
"""How standard input is named in reports."""
_BOM: Final = b"\xef\xbb\xbf"
_IPC_STREAM: Final = b"\xff\xff\xff\xff"
"""An Arrow IPC stream starts with the continuation marker of its first message."""
_HEAD: Final = 4096
"""Bytes looked at to recognize the format: JSON may start with white space."""
_CHUNK: Final = 1 << 20
"""Bytes copied to the temporary file at a time."""
MOST_KEPT: Final = 64 << 30
"""Bytes that are spooled at most; more has to be passed as a file."""


class Pipe:
    """A stream without seek, with a `peek` and a count of the bytes read."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self._done = 0
        self.kept = 0
        """Bytes that were spooled to a temporary file."""

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end, without consuming them."""
        self._ahead += self._stream.read(max(size - len(self._ahead), 0))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        ahead, self._ahead = self._ahead[:size], self._ahead[size:]
        data = ahead + self._stream.read(size - len(ahead)) if len(ahead) < size else ahead
        self._done += len(data)
        return data

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self._done

    def readable(self) -> bool:
        """Return True; part of the file interface that pyarrow asks for."""
        return True

    def seekable(self) -> bool:
        """Return False; part of the file interface that pyarrow asks for."""
        return False

    def close(self) -> None:
        """Do nothing: the stream belongs to the caller."""

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Piped(Source):
    """A source that is a pipe and can be read once."""

    pipe: Pipe = field(kw_only=True)

    @property
    def size(self) -> int:
        """Bytes that have arrived so far."""
        return self.pipe.tell()

    @property
    def remark(self) -> str:
        """Say how many bytes were spooled to a temporary file; empty for none."""
        kept = self.pipe.kept
        return f"{self.path}: {kept:,} bytes were kept in a temporary file while they were checked" if kept else ""

    def opened(self) -> Any:
        """Return the pipe itself, or a temporary file with its bytes for formats that are read from their end."""
        if self.format == "parquet" or self.compression == "zip" or self.pipe.peek(len(b"ARROW1")) == b"ARROW1":
            return self._kept()
        return self.pipe

    def _kept(self) -> Any:
        # It has no name, so that the space is freed even if the process is killed.
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
    """Return standard input, or `stream`, as a source of the stated format.

    Raises InvalidArgument: UNKNOWN_FORMAT where the first bytes don't show a format, NO_INPUT for a terminal.
    """
    if stream is None and sys.stdin.isatty():
        raise InvalidArgument("- is standard input, and nothing is piped into it.", reason="NO_INPUT")
    pipe = Pipe(stream or sys.stdin.buffer)
    head = pipe.peek(_HEAD)
    compression = next((name for magic, name in COMPRESSED if head.startswith(magic)), None)
    # Compressed bytes show no format of what is in them.
    found = stated or (None if compression else _format_of(head))
    if found is None:
        message = (
            "The first bytes of standard input don't tell its format. Say --format csv, ndjson, json, parquet or arrow."
        )
        raise InvalidArgument(message, reason="UNKNOWN_FORMAT")
    return Piped(NAME, found, compression if found in TEXT_FORMATS else None, csv, pipe=pipe)


def _format_of(head: bytes) -> str | None:
    """Recognize the format: `{` starts NDJSON, `[` a JSON array. CSV has no mark."""
    letter = head.removeprefix(_BOM).lstrip()[:1]
    if letter in (b"{", b"["):
        return "ndjson" if letter == b"{" else "json"
    if head.startswith(_IPC_STREAM):
        return "arrow"
    return next((name for magic, name in MAGIC if head.startswith(magic)), None)
