"""Destinations of rows: a directory or a stream. Nothing can be seen there before `publish`.

`duckdb.py` has the one for DuckDB tables.
"""

import contextlib
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from schemaregistry.data.load.atomic_files import hidden_file
from schemaregistry.data.load.overlap import OutputPlace
from schemaregistry.data.load.writing import ParquetOutput


class Destination(Protocol):
    """Takes rows and publishes all of them at once, or none. `name` is its name in messages.

    A destination in the file system has its path or descriptor in `place`, so that overlaps with sources can be
    refused.
    """

    name: str

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch of rows, unpublished."""
        ...

    def publish(self) -> str:
        """Publish all rows and return where they are.

        Raises OSError or RegistryError where that fails, with no row published.
        """
        ...

    def discard(self) -> None:
        """Remove whatever isn't published."""
        ...


class Directory:
    """Writes one Parquet file `STEM-DIGEST.parquet` in a directory.

    The digest is of the file's contents, so that the same load again changes nothing.
    """

    def __init__(self, path: Path, schema: pa.Schema, stem: str) -> None:
        """Create the temporary file. Raises InvalidArgument (DESTINATION_UNWRITABLE) where that fails."""
        self.name = str(path)
        self.place: OutputPlace = path
        self._path = path
        self._stem = stem
        self._hidden = hidden_file(path)
        self._file = ParquetOutput(self._hidden.descriptor, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch to the temporary file."""
        self._file.write(batch)

    def publish(self) -> str:
        """Finish the file, make it durable and rename it; return its path."""
        self._file.finish()
        final = self._path / f"{self._stem}-{self._file.digest}.parquet"
        # Renamed while still locked: otherwise another load could take the file for an abandoned one.
        self._hidden.show(final)
        self._file.close()
        return str(final)

    def discard(self) -> None:
        """Remove the temporary file, and the directory if it was created for it."""
        self._file.close()
        self._hidden.discard()


class Stream:
    """Writes an Arrow IPC stream to `out`, from a temporary file that takes the rows until all of them are checked.

    The schema's metadata state the number of rows (`schemaregistry.rows`), since a stream cut between two messages
    looks complete.
    """

    def __init__(self, out: BinaryIO, schema: pa.Schema) -> None:
        self.name = "stdout"
        self.place: OutputPlace = _descriptor(out)
        self._out: Any = out
        self._rows = 0
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._spool, "w"), schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch to the temporary file."""
        self._rows += batch.num_rows
        self._writer.write_batch(batch)

    def publish(self) -> str:
        """Write the stream to `out` and return its name."""
        self._writer.close()
        self._spool.seek(0)
        rows = pa.ipc.open_stream(self._spool)
        # The number of rows is known only now, and the schema comes first in a stream.
        schema = rows.schema.with_metadata({**(rows.schema.metadata or {}), "schemaregistry.rows": str(self._rows)})
        with pa.ipc.new_stream(pa.PythonFile(self._out, "w"), schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
        self._out.flush()
        self._spool.close()
        return self.name

    def discard(self) -> None:
        """Close the temporary file, which removes it; errors don't matter any more."""
        if not self._spool.closed:
            for part in (self._writer, self._spool):
                with contextlib.suppress(OSError, pa.ArrowException):
                    part.close()


def _descriptor(out: BinaryIO) -> int | None:
    try:
        return out.fileno()
    except (OSError, AttributeError):
        return None
