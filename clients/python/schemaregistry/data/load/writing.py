"""Write a Parquet file batch by batch, and compute the digest of its contents."""

import contextlib
import hashlib
import io
import os
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP_ROWS: Final = 1 << 17
"""Rows of a row group, which is held in memory until it is written."""


class ParquetOutput:
    """A Parquet file being written."""

    def __init__(self, descriptor: int, schema: pa.Schema) -> None:
        self.rows = 0
        self._file = _Hashing(os.fdopen(descriptor, "wb"))
        self._writer = pq.ParquetWriter(pa.PythonFile(self._file, "w"), schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    @property
    def digest(self) -> str:
        """The first twelve hex digits of the contents' SHA-256, once the file is finished."""
        return self._file.digest

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch of rows."""
        self.rows += batch.num_rows
        self._waiting.append(batch)
        # Batches are collected, since each write makes a row group.
        if sum(waiting.num_rows for waiting in self._waiting) >= _GROUP_ROWS:
            self._flush()

    def finish(self) -> None:
        """Write the rest, and make the file durable."""
        self._flush()
        self._writer.close()
        self._file.sync()

    def close(self) -> None:
        """Close the file, finished or not, and release the lock on it.

        Errors don't matter here: a finished file is on disk already, and an unfinished one is removed.
        """
        with contextlib.suppress(OSError):
            self._writer.close()
        with contextlib.suppress(OSError):
            self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []


class _Hashing(io.RawIOBase):
    """A file that computes the digest of what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()[:12]

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        if not self._file.closed:
            self._file.flush()

    def tell(self) -> int:
        return self._file.tell()

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, and with its descriptor the lock on it."""
        try:
            self._file.close()
        finally:
            super().close()
