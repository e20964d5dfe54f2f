"""What stands between reading and evaluating: rows as they were read, or as they are once they are repaired."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from schemaregistry.data.clean.repairs import ValueRepair
from schemaregistry.data.readers.reader import FileSchema
from schemaregistry.data.readers.rows import Rows
from schemaregistry.data.readers.sources import Source


@dataclass(frozen=True, slots=True)
class Repaired:
    """Rows as they are to be evaluated, with their schema where it isn't that of rows before, and what was done."""

    rows: Rows
    schema: FileSchema | None
    changes: Sequence[ValueRepair] = ()


class Repairer(Protocol):
    """What makes of a file's rows those that are evaluated. It keeps nothing from one batch to the next."""

    def schema(self, read: FileSchema) -> FileSchema | None:
        """The schema of what will come of a file, where that is known before its rows are read."""
        ...

    def repair(self, source: Source, read: FileSchema, rows: Rows) -> Repaired:
        """The rows of a source repaired; `read` is the schema that they have there. Raises Unreadable."""
        ...


class _Identity:
    """Rows as they were read."""

    def schema(self, read: FileSchema) -> FileSchema:
        """The file's own."""
        return read

    def repair(self, source: Source, read: FileSchema, rows: Rows) -> Repaired:  # noqa: ARG002
        """The rows themselves."""
        return Repaired(rows, read)


AS_READ: Final = _Identity()
