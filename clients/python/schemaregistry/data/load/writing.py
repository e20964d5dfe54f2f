"""A Parquet file that is written a batch at a time, and knows its digest."""

import contextlib
import hashlib
import io
import os
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP_ROWS: Final = 1 << 17
"""Rows of a row group: few enough to be held in memory."""


class ParquetOutput:
    """A Parquet file that is being written; `digest` is of its contents, once it is finished."""

    def __init__(self, descriptor: int, schema: pa.Schema) -> None:
        self.rows = 0
        self._file = _Hashing(os.fdopen(descriptor, "wb"))
        self._writer = pq.ParquetWriter(pa.PythonFile(self._file, "w"), schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    @property
    def digest(self) -> str:
        """Twelve hex digits."""
        return self._file.digest

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows."""
        self.rows += batch.num_rows
        self._waiting.append(batch)
        if sum(waiting.num_rows for waiting in self._waiting) >= _GROUP_ROWS:
            self._flush()

    def finish(self) -> None:
        """Write what is left, and make it durable."""
        self._flush()
        self._writer.close()
        self._file.sync()

    def close(self) -> None:
        """Let the file go, finished or not, and a lock on it with it.

        What can't be written any more doesn't matter: a finished file is on disk, an unfinished one is not for keeping.
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
    """A file that knows the digest of what was written to it."""

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
        """Let the lock go with the file: that comes last."""
        try:
            self._file.close()
        finally:
            super().close()
