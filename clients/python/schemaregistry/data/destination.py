"""Where rows go that conform: a directory, or a stream. Nothing can be seen there before `publish`.

Holds no judging; what is written is what was judged, in the same pass.
"""

import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry.errors import InvalidArgument

_PARTIAL: Final = ".schemaregistry-*.partial"
_YOUNG: Final = 60
"""Seconds."""
_GROUP_ROWS: Final = 1 << 17
"""Rows of a row group: few enough to be held in memory."""


class Destination(Protocol):
    """Takes rows, and shows them at once or never. `name` is its name for a person."""

    name: str

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows, unseen."""
        ...

    def publish(self) -> str:
        """Let all of them be seen, and say where."""
        ...

    def discard(self) -> None:
        """Let go of all of them."""
        ...


class Directory:
    """One Parquet file in a directory, there whole from one moment to the next.

    It is named for its contents, so that the same load again changes nothing: `STEM-DIGEST.parquet`.
    """

    def __init__(self, path: Path, schema: pa.Schema, stem: str) -> None:
        """Raises InvalidArgument (DESTINATION_UNWRITABLE) where no file can be made there."""
        self.name = str(path)
        self._path = path
        self._stem = stem
        self._made = not path.exists()
        try:
            path.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(path)
            descriptor, name = tempfile.mkstemp(prefix=".schemaregistry-", suffix=".partial", dir=path)
        except OSError as error:
            message = f"can't write to {path} ({error.strerror}): name a directory that can be written"
            raise InvalidArgument(message, reason="DESTINATION_UNWRITABLE", metadata={"file": str(path)}) from None
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._partial = Path(name)
        self._file = _Hashing(os.fdopen(descriptor, "wb"))
        self._writer = pq.ParquetWriter(pa.PythonFile(self._file, "w"), schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows into the unfinished file."""
        self._waiting.append(batch)
        if sum(waiting.num_rows for waiting in self._waiting) >= _GROUP_ROWS:
            self._flush()

    def publish(self) -> str:
        """Finish the file, make it durable, and give it its name; returns its path."""
        self._flush()
        self._writer.close()
        self._file.sync()
        final = self._path / f"{self._stem}-{self._file.digest}.parquet"
        self._partial.chmod(0o666 & ~_umask())
        self._partial.replace(final)
        _sync_directory(self._path)
        self._file.close()
        return str(final)

    def discard(self) -> None:
        """Remove the unfinished file, and the directory if it was made for it."""
        with contextlib.suppress(OSError):
            self._writer.close()
        self._file.close()
        self._partial.unlink(missing_ok=True)
        if self._made and not any(self._path.iterdir()):
            self._path.rmdir()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []


class Stream:
    """An Arrow IPC stream, kept on disk until all of it may go out."""

    def __init__(self, out: BinaryIO, schema: pa.Schema) -> None:
        self.name = "stdout"
        self._out = out
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._kept, "w"), schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows into the unseen file."""
        self._writer.write_batch(batch)

    def publish(self) -> str:
        """Write the stream out."""
        self._writer.close()
        self._kept.seek(0)
        shutil.copyfileobj(self._kept, self._out)
        self._out.flush()
        self._kept.close()
        return self.name

    def discard(self) -> None:
        """Forget the rows."""
        if not self._kept.closed:
            self._writer.close()
            self._kept.close()


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
        self._file.close()
        super().close()


def _remove_abandoned(path: Path) -> None:
    """Remove what loads left that were killed: theirs is no longer locked. A young one may not be locked yet."""
    for partial in path.glob(_PARTIAL):
        with partial.open("rb") as file:
            if time.time() - partial.stat().st_mtime < _YOUNG:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            partial.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
