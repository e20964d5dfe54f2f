"""The exception for a file that can't be checked."""

from typing import Final

import pyarrow as pa

from schemaregistry.data.report.facts import Fault

READ_ERRORS: Final = (pa.ArrowException, OSError, EOFError, MemoryError, UnicodeDecodeError)
"""What pyarrow raises for damaged files; UnicodeDecodeError is for names that aren't UTF-8."""


class UnreadableFile(Exception):
    """A file can't be read to its end; `fault` has the place, the reason and the message."""

    def __init__(
        self, path: str, reason: str, message: str, offset: int | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.fault = Fault(path, offset, line, reason, message)
