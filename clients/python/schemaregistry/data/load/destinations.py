"""Where rows go that conform: a directory, or a stream. Nothing can be seen there before `publish`.

Holds no judging; what is written is what was judged, in the same pass. A database is duckdb's.
"""

import contextlib
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from schemaregistry.data.load.atomic_files import hidden_file
from schemaregistry.data.load.overlap import SourcePlace
from schemaregistry.data.load.writing import ParquetOutput


class Destination(Protocol):
    """Takes rows, and shows them at once or never. `name` is its name for a person.

    One that writes to a file or a folder names it in `place`, so that no load reads what it writes.
    """

    name: str

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows, unseen."""
        ...

    def publish(self) -> str:
        """Let all of them be seen, and say where; where that can't be, raise OSError or RegistryError: none is seen."""
        ...

    def discard(self) -> None:
        """Let go of what isn't published."""
        ...


class Directory:
    """One Parquet file in a directory, there whole from one moment to the next.

    It is named for its contents, so that the same load again changes nothing: `STEM-DIGEST.parquet`.
    """

    def __init__(self, path: Path, schema: pa.Schema, stem: str) -> None:
        """Raises InvalidArgument (DESTINATION_UNWRITABLE) where no file can be made there."""
        self.name = str(path)
        self.place: SourcePlace = path
        self._path = path
        self._stem = stem
        self._hidden = hidden_file(path)
        self._file = ParquetOutput(self._hidden.descriptor, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows into the unfinished file."""
        self._file.write(batch)

    def publish(self) -> str:
        """Finish the file, make it durable, and give it its name; returns its path."""
        self._file.finish()
        final = self._path / f"{self._stem}-{self._file.digest}.parquet"
        self._hidden.show(final)
        self._file.close()
        return str(final)

    def discard(self) -> None:
        """Remove the unfinished file, and the directory if it was made for it."""
        self._file.close()
        self._hidden.discard()


class Stream:
    """An Arrow IPC stream, kept on disk until all of it may go out.

    Its schema's metadata say how many rows there are (`schemaregistry.rows`): a stream that was cut off between two
    messages looks like one that has ended.
    """

    def __init__(self, out: BinaryIO, schema: pa.Schema) -> None:
        self.name = "stdout"
        self.place: SourcePlace = _descriptor(out)
        self._out: Any = out
        self._rows = 0
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._kept, "w"), schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take more rows into the unseen file."""
        self._rows += batch.num_rows
        self._writer.write_batch(batch)

    def publish(self) -> str:
        """Write the stream out."""
        self._writer.close()
        self._kept.seek(0)
        rows = pa.ipc.open_stream(self._kept)
        schema = rows.schema.with_metadata({**(rows.schema.metadata or {}), "schemaregistry.rows": str(self._rows)})
        with pa.ipc.new_stream(pa.PythonFile(self._out, "w"), schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
        self._out.flush()
        self._kept.close()
        return self.name

    def discard(self) -> None:
        """Forget the rows; what can't be written any more doesn't matter."""
        if not self._kept.closed:
            for part in (self._writer, self._kept):
                with contextlib.suppress(OSError, pa.ArrowException):
                    part.close()


def _descriptor(out: BinaryIO) -> int | None:
    try:
        return out.fileno()
    except (OSError, AttributeError):
        return None
