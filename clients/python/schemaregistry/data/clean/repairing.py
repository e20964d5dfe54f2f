"""The repair step of the pipeline, between reading and evaluating; without `clean` it returns rows unchanged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from schemaregistry.data.clean.repairs import ValueRepair
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import Rows
from schemaregistry.data.readers.sources import Source


@dataclass(frozen=True, slots=True)
class Repaired:
    """Rows to evaluate and the repairs that were made; `schema` is None where it is that of the rows before."""

    rows: Rows
    schema: FileSchema | None
    changes: Sequence[ValueRepair] = ()


class Repairer(Protocol):
    """Repairs the rows of files; no state is carried from one batch to the next."""

    def schema(self, read: FileSchema) -> FileSchema | None:
        """Return the schema after repairs, where it is known before any row is read."""
        ...

    def repair(self, source: Source, read: FileSchema, rows: Rows) -> Repaired:
        """Repair rows of a source; `read` is their schema in the file. Raises UnreadableFile."""
        ...


class _Identity:
    """Returns rows unchanged."""

    def schema(self, read: FileSchema) -> FileSchema:
        """Return the file's own schema."""
        return read

    def repair(self, source: Source, read: FileSchema, rows: Rows) -> Repaired:  # noqa: ARG002
        """Return the rows themselves."""
        return Repaired(rows, read)


AS_READ: Final = _Identity()
