"""What is to be read: a file with its format, and its bytes. Which files these are is finding's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import pyarrow as pa

from schemaregistry.document.csv_dialect import PLAIN_CSV, CsvDialect

FORMATS: Final = ("parquet", "arrow", "csv", "ndjson")

Compression: TypeAlias = Literal["gzip", "zstd"]
MAGIC: Final = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"))
"""How files of a format start."""
COMPRESSED: Final[tuple[tuple[bytes, Compression], ...]] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read."""

    path: str
    format: str
    compression: Compression | None = None
    csv: CsvDialect = PLAIN_CSV
    """What is said of this file's CSV besides what the contract says."""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return Path(self.path).stat().st_size

    @property
    def remark(self) -> str:
        """What is to be said of how it was read; empty where nothing is."""
        return ""

    def opened(self) -> Any:
        """The bytes, from the first, as a binary file with `peek`."""
        return Path(self.path).open("rb")


class Input:
    """The bytes of a source, decompressed as they are read. `position` counts bytes on disk."""

    def __init__(self, source: Source) -> None:
        self._file: BinaryIO = source.opened()
        self._stream = pa.CompressedInputStream(self._file, source.compression) if source.compression else self._file

    @property
    def position(self) -> int:
        """How far the file on disk has been read."""
        return self._file.tell()

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
