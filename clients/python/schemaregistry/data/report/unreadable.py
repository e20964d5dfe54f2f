"""Why a file can't be judged. Holds the one exception for it; each reader says what it found."""

from typing import Final

import pyarrow as pa

from schemaregistry.data.report.facts import Fault

READ_ERRORS: Final = (pa.ArrowException, OSError, EOFError, MemoryError, UnicodeDecodeError)
"""What pyarrow raises for bytes that it can't read, names that aren't UTF-8 among them."""


class UnreadableFile(Exception):
    """A file that can't be judged, with the place and the reason."""

    def __init__(
        self, path: str, reason: str, message: str, offset: int | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.fault = Fault(path, offset, line, reason, message)
